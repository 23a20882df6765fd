"""Zips as tools write them, and every way in which one can lie."""

import io
import os
import stat
import struct
import zipfile

import pytest

from migrator.errors import ReasonCode, Refusal
from tests.migrator.formats.archives import MIB, a_zip, refused, unpack

CORRUPT = ReasonCode.CORRUPT_ARCHIVE
LOCAL, CENTRAL, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"
TEXT = os.urandom(1000).hex().encode() * 100


def patched(data, signature, offset, value, nth=0):
    data = bytearray(data)
    at = -1
    for _ in range(nth + 1):
        at = data.index(signature, at + 1)
    data[at + offset : at + offset + len(value)] = value
    return bytes(data)


def both(data, local, central, value):
    return patched(patched(data, LOCAL, local, value), CENTRAL, central, value)


def with_info(*infos):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for info, data in infos:
            packed.writestr(info, data)
    return out.getvalue()


class Unseekable(io.RawIOBase):
    def __init__(self):
        self.data = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.data += data
        return len(data)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("data", [TEXT, b"x", bytes(3 * MIB)])
def test_each_method_that_python_writes_is_read(tmp_path, method, data):
    assert unpack(tmp_path, "x.zip", a_zip(("a.csv", data), method=method)) == {"a.csv": data}


@pytest.mark.parametrize("method", [1, 9, 93, 95, 98])
def test_another_method_is_unsupported(tmp_path, method):
    data = both(a_zip(("a.csv", b"1")), 8, 10, struct.pack("<H", method))
    assert refused(tmp_path, "x.zip", data).code is ReasonCode.UNSUPPORTED_FORMAT


def test_a_zip_written_to_a_pipe_has_data_descriptors(tmp_path):
    out = Unseekable()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in ("a.csv", "b.csv"):
            with packed.open(name, "w") as member:
                member.write(TEXT)
    assert out.data[6] & 8
    assert list(unpack(tmp_path, "x.zip", out.data).values()) == [TEXT, TEXT]


def test_zip64_members_are_read(tmp_path):
    out = Unseekable()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed,
        packed.open("a.csv", "w", force_zip64=True) as member,
    ):
        member.write(TEXT)
    assert unpack(tmp_path, "x.zip", out.data) == {"a.csv": TEXT}


def test_a_zip64_directory_is_read(tmp_path):
    data = a_zip(("a.csv", TEXT))
    at = data.index(END)
    size, offset = struct.unpack_from("<2I", data, at + 12)
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, size, offset)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, at, 1)
    end = struct.pack("<4s4H2IH", END, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert unpack(tmp_path, "x.zip", data[:at] + record + locator + end) == {"a.csv": TEXT}
    assert refused(tmp_path, "x.zip", data[:at] + record[1:] + b"!" + locator + end).code is CORRUPT
    # Info-ZIP, where it cannot seek back, gives the plain numbers as well.
    assert unpack(tmp_path, "x.zip", data[:at] + record + locator + data[at:]) == {"a.csv": TEXT}


@pytest.mark.parametrize("bit", [0x0001, 0x0040, 0x2000])
@pytest.mark.parametrize("name", ["a.csv", ".hidden"])
def test_an_encrypted_member_is_refused(tmp_path, bit, name):
    data = both(a_zip((name, b"1")), 6, 8, struct.pack("<H", bit))
    refusal = refused(tmp_path, "x.zip", data)
    assert refusal.code is ReasonCode.ENCRYPTED_ARCHIVE
    assert name in refusal.message
    local_only = patched(a_zip((name, b"1")), LOCAL, 6, struct.pack("<H", bit))
    assert refused(tmp_path, "x.zip", local_only).code is ReasonCode.ENCRYPTED_ARCHIVE


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
@pytest.mark.parametrize("name", ["a.csv", ".hidden", "a.csv/", "m/", "./"])
def test_links_and_devices_are_unsafe(tmp_path, kind, name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (kind | 0o644) << 16
    refusal = refused(tmp_path, "x.zip", with_info(("good.csv", b"1"), (info, b"/etc/passwd")))
    assert refusal.code is ReasonCode.UNSAFE_ARCHIVE
    assert name in refusal.message


def test_folders_are_passed_over_even_twice(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"):
        data = with_info(("m/", b""), ("m/", b""), ("m/a.csv", b"1"))
    assert unpack(tmp_path, "x.zip", data) == {"m/a.csv": b"1"}


def test_a_folder_with_data_is_corrupt(tmp_path):
    assert refused(tmp_path, "x.zip", with_info(("m/", b"lost"), ("a.csv", b"1"))).code is CORRUPT


def test_a_file_and_a_folder_of_one_path_are_unsafe(tmp_path):
    data = with_info(("m.csv/", b""), ("m.csv", b"1"))
    assert refused(tmp_path, "x.zip", data).code is ReasonCode.UNSAFE_ARCHIVE


def test_names_without_the_utf8_flag_are_utf8_if_valid(tmp_path):
    plain = a_zip(("zzz.csv", b"1"))
    assert unpack(tmp_path, "x.zip", plain.replace(b"zzz.csv", "zß.csv".encode())) == {"zß.csv": b"1"}


def test_a_nul_in_a_name_is_unsupported(tmp_path):
    data = a_zip(("aXb.csv", b"1")).replace(b"aXb.csv", b"a\0b.csv")
    assert refused(tmp_path, "x.zip", data).code is ReasonCode.UNSUPPORTED_NAME


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_cut_at_any_length_is_corrupt(tmp_path, method):
    data = a_zip(("a.csv", b"id,name\n1,x\n" * 3), ("b.csv", b"1"), method=method)
    for length in range(1, len(data)):
        assert refused(tmp_path, "x.zip", data[:length]).code is CORRUPT, length


def test_bytes_that_are_missing_anywhere_are_seen(tmp_path):
    data = a_zip(("a.csv", b"id,name\n1,x\n" * 3), ("b.csv", b"1"))
    for at in range(data.index(END)):
        assert refused(tmp_path, "x.zip", data[:at] + data[at + 1 :]).code is CORRUPT, at


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_flipped_bit_in_the_data_is_corrupt(tmp_path, method):
    data = a_zip(("a.csv", b"id,name\n1,x\n" * 3), method=method)
    start, end = 30 + len("a.csv"), data.index(CENTRAL)
    for at in range(start, end):
        for bit in (1, 128):
            broken = bytearray(data)
            broken[at] ^= bit
            try:
                got = unpack(tmp_path, "x.zip", broken)
            except Refusal as refusal:
                assert refusal.code in {CORRUPT, ReasonCode.UNSUPPORTED_FORMAT}, (at, bit)
            else:
                assert got == {"a.csv": b"id,name\n1,x\n" * 3}


@pytest.mark.parametrize(
    ("local", "central", "value"),
    [
        (14, 16, b"\0\1\2\3"),  # checksum
        (22, 24, b"\5\0\0\0"),  # size
        (None, 16, b"\0\1\2\3"),
        (None, 24, b"\5\0\0\0"),
        (None, 42, b"\1\0\0\0"),  # offset
        (14, None, b"\0\1\2\3"),
        (18, None, b"\1\0\0\0"),  # packed size
        (22, None, b"\1\0\0\0"),
        (30, None, b"b"),  # name
        (8, None, b"\0\0"),  # method
    ],
)
def test_headers_that_disagree_with_each_other_or_the_data_are_corrupt(tmp_path, local, central, value):
    data = a_zip(("a.csv", TEXT))
    if local is not None:
        data = patched(data, LOCAL, local, value)
    if central is not None:
        data = patched(data, CENTRAL, central, value)
    assert refused(tmp_path, "x.zip", data).code is CORRUPT


def test_members_that_share_bytes_are_unsafe(tmp_path):
    inner = a_zip(("b.csv", TEXT), method=zipfile.ZIP_STORED)
    inner_local = inner[: inner.index(CENTRAL)]
    outer = a_zip(("a.csv", inner_local), method=zipfile.ZIP_STORED)
    at = outer.index(CENTRAL)
    hidden = patched(
        inner[inner.index(CENTRAL) : inner.index(END)], CENTRAL, 42, struct.pack("<I", outer.index(LOCAL, 4))
    )
    directory = outer[at : outer.index(END)] + hidden
    end = struct.pack("<4s4H2IH", END, 0, 0, 2, 2, len(directory), at, 0)
    assert refused(tmp_path, "x.zip", outer[:at] + directory + end).code is ReasonCode.UNSAFE_ARCHIVE


def test_a_member_that_the_directory_does_not_list_is_corrupt(tmp_path):
    first, second = a_zip(("a.csv", b"1")), a_zip(("b.csv", b"2"))
    assert refused(tmp_path, "x.zip", first + second).code is CORRUPT
    data = a_zip(("a.csv", b"1"), ("b.csv", b"2"), ("c.csv", b"3"))
    starts = [data.index(CENTRAL), data.index(CENTRAL, data.index(CENTRAL) + 1)]
    third = data.index(CENTRAL, starts[1] + 1)
    directory = data[starts[0] : starts[1]] + data[third : data.index(END)]
    end = struct.pack("<4s4H2IH", END, 0, 0, 2, 2, len(directory), starts[0], 0)
    assert refused(tmp_path, "x.zip", data[: starts[0]] + directory + end).code is CORRUPT


def test_a_comment_and_something_before_the_zip_are_no_fault(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("a.csv", b"1")
        packed.comment = b"said PK\5\6 " * 20
    assert unpack(tmp_path, "x.zip", out.getvalue()) == {"a.csv": b"1"}
    assert unpack(tmp_path, "x.zip", b"#!/bin/sh\n" + out.getvalue()) == {"a.csv": b"1"}


def test_something_that_is_no_zip_is_corrupt(tmp_path):
    assert refused(tmp_path, "x.zip", b"a,b\n1,2\n").code is CORRUPT


def test_a_zip_with_something_behind_it_is_told_so(tmp_path):
    refusal = refused(tmp_path, "x.zip", a_zip(("a.csv", b"1")) + b"behind")
    assert refusal.code is CORRUPT
    assert "more follows" in refusal.message


def test_a_part_of_a_split_zip_is_corrupt(tmp_path):
    assert refused(tmp_path, "x.zip", patched(a_zip(("a.csv", b"1")), END, 4, b"\1\0")).code is CORRUPT
