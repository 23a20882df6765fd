"""Tars and gzips as tools write them, cut, damaged, and with what must not come in."""

import gzip
import io
import os
import tarfile

import pytest

from migrator.errors import ReasonCode
from tests.migrator.formats.archives import MIB, a_tar, a_tar_gz, refused, unpack

CORRUPT = ReasonCode.CORRUPT_ARCHIVE
SMALL = b"id,name\n1,x\n"


def gz(data, **options):
    return gzip.compress(data, mtime=0, **options)


both = pytest.mark.parametrize(("name", "pack"), [("x.tar", bytes), ("x.tar.gz", gz)])


def resummed(block):
    total = sum(block[:148]) + 8 * 32 + sum(block[156:])
    return block[:148] + b"%06o\0 " % total + block[156:]


@both
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_each_form_that_python_writes_is_read(tmp_path, name, pack, form):
    members = [("a.csv", b"1"), ("m" * 90 + "/" + "n" * 90 + ".csv", b"2" * 512), ("b.csv", bytes(MIB))]
    assert unpack(tmp_path, name, pack(a_tar(*members, form=form))) == dict(members)


@both
@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_names_of_any_length_and_script_are_read(tmp_path, name, pack, form):
    members = [("日" * 80 + "/" + "ä" * 300 + ".csv", b"1"), ("e\u0301\n.csv", b"2")]
    assert unpack(tmp_path, name, pack(a_tar(*members, form=form))) == dict(members)


def test_a_name_that_is_not_utf8_is_kept_for_the_key_s_check(tmp_path):
    assert unpack(tmp_path, "x.tar", a_tar(("a\udcff.csv", b"1"), form=tarfile.GNU_FORMAT)) == {"a\udcff.csv": b"1"}


@both
@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE.decode(),
        tarfile.LNKTYPE.decode(),
        tarfile.CHRTYPE.decode(),
        tarfile.BLKTYPE.decode(),
        tarfile.FIFOTYPE.decode(),
    ],
)
@pytest.mark.parametrize("path", ["l.csv", ".hidden", "l/", "./"])
def test_links_and_devices_are_unsafe(tmp_path, name, pack, kind, path):
    refusal = refused(tmp_path, name, pack(a_tar(("a.csv", b"1"), (path, kind))))
    assert refusal.code is ReasonCode.UNSAFE_ARCHIVE
    assert path in refusal.message


@both
def test_folders_are_passed_over(tmp_path, name, pack):
    data = a_tar((".", "5"), ("m", "5"), ("m/", "5"), ("m/a.csv", b"1"))
    assert unpack(tmp_path, name, pack(data)) == {"m/a.csv": b"1"}


@both
@pytest.mark.parametrize("kind", [b"S", b"N", b"M", b"Q"])
def test_entries_that_nobody_reads_are_unsupported(tmp_path, name, pack, kind):
    data = a_tar(("a.csv", b"1"))
    block = data[:156] + kind + data[157:512]
    assert refused(tmp_path, name, pack(resummed(block) + data[512:])).code is ReasonCode.UNSUPPORTED_FORMAT


def test_a_volume_label_and_a_global_header_are_no_members(tmp_path):
    data = a_tar(("a.csv", b"1"))
    label = resummed(data[:124] + b"%011o\0" % 0 + data[136:156] + b"V" + data[157:512])
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", pax_headers={"comment": "x" * 40}) as packed:
        info = tarfile.TarInfo("a.csv")
        info.size = 1
        packed.addfile(info, io.BytesIO(b"1"))
    assert unpack(tmp_path, "x.tar", label + out.getvalue()) == {"a.csv": b"1"}


def test_a_size_in_base_256_is_read(tmp_path):
    data = a_tar(("a.csv", b"1"))
    block = resummed(data[:124] + b"\x80" + (1).to_bytes(11, "big") + data[136:512])
    assert unpack(tmp_path, "x.tar", block + data[512:]) == {"a.csv": b"1"}
    block = resummed(data[:124] + b"\xff" * 12 + data[136:512])
    assert refused(tmp_path, "x.tar", block + data[512:]).code is CORRUPT


def test_a_v7_tar_is_read(tmp_path):
    data = a_tar(("a.csv", b"1"))
    block = resummed(data[:156] + bytes(512 - 156))
    assert unpack(tmp_path, "x.tar", block + data[512:]) == {"a.csv": b"1"}


@both
def test_one_block_of_zeros_ends_a_tar_and_none_does_not(tmp_path, name, pack):
    data = a_tar(("a.csv", b"1"))
    assert unpack(tmp_path, name, pack(data[:1536])) == {"a.csv": b"1"}
    for length in (1024, 1535, 513, 600, 100):
        assert refused(tmp_path, name, pack(data[:length])).code is CORRUPT, length


def test_a_tar_cut_at_any_length_before_its_end_is_corrupt(tmp_path):
    data = a_tar(("a.csv", SMALL), ("n" * 120 + ".csv", b"1"))[: 512 * 9]
    end = len(data.rstrip(b"\0")) // 512 * 512 + 512
    for length in {*range(1, end + 512, 37), *range(511, end + 512, 512), *range(512, end + 512, 512)}:
        assert refused(tmp_path, "x.tar", data[:length]).code is CORRUPT, length
    assert unpack(tmp_path, "x.tar", data[: end + 512])


@pytest.mark.parametrize(("name", "data"), [("x.tar.gz", gz(a_tar(("a.csv", SMALL)))), ("a.csv.gz", gz(SMALL))])
def test_a_gzip_cut_at_any_length_is_corrupt(tmp_path, name, data):
    for length in range(1, len(data)):
        assert refused(tmp_path, name, data[:length]).code is CORRUPT, length


@both
def test_a_damaged_header_is_corrupt_wherever_it_stands(tmp_path, name, pack):
    data = a_tar(("a.csv", b"1"), ("b.csv", b"2"), form=tarfile.USTAR_FORMAT)
    for at in (0, 124, 150, 257, 1024, 1030, 1024 + 156):
        broken = bytearray(data)
        broken[at] ^= 5
        assert refused(tmp_path, name, pack(bytes(broken))).code is CORRUPT, at


@both
def test_data_after_the_end_is_corrupt(tmp_path, name, pack):
    first, second = a_tar(("a.csv", b"1")), a_tar(("b.csv", b"2"))
    assert refused(tmp_path, name, pack(first + second)).code is CORRUPT


@both
def test_a_file_that_is_no_tar_is_corrupt(tmp_path, name, pack):
    assert refused(tmp_path, name, pack(b"a,b\n1,2\n" * 100)).code is CORRUPT


def test_a_damaged_pax_header_is_corrupt(tmp_path):
    data = a_tar(("n" * 120 + ".csv", b"1"))
    assert data[156:157] == b"x"
    for record in (b"999 path=a\n", b"x", b"12 path", b"0 path=a.csv\n", b"-5 a=b\n"):
        block = data[:512] + record.ljust(512, b"\n") + data[1024:]
        assert refused(tmp_path, "x.tar", block).code is CORRUPT, record


def test_members_of_a_gzip_follow_each_other_with_padding_at_most(tmp_path):
    data = os.urandom(300_000)
    packed = gz(data[:100_000]) + gz(b"") + gz(data[100_000:])
    for tail in (b"", bytes(5), bytes(300_000)):
        assert unpack(tmp_path, "a.csv.gz", packed + tail) == {"a.csv": data}
    for tail in (b"x", bytes(600) + b"x", b"\x1f", b"\x1f\x8b", packed[:20]):
        assert refused(tmp_path, "a.csv.gz", packed + tail).code is CORRUPT, tail


def test_a_gzip_with_every_optional_field_is_read(tmp_path):
    packed = gz(SMALL)
    fields = b"\x02\x00ab" + b"name.txt\0" + b"comment\0"
    assert unpack(tmp_path, "a.csv.gz", packed[:3] + b"\x1c" + packed[4:10] + fields + packed[10:]) == {"a.csv": SMALL}


@pytest.mark.parametrize("at", [-1, -2, -5, -8])
@pytest.mark.parametrize("name", ["x.tar.gz", "a.csv.gz"])
def test_a_wrong_checksum_or_length_of_a_gzip_is_corrupt(tmp_path, name, at):
    data = bytearray(a_tar_gz(("a.csv", SMALL)) if name == "x.tar.gz" else gz(SMALL))
    data[at] ^= 1
    assert refused(tmp_path, name, bytes(data)).code is CORRUPT


def test_a_gzip_of_nothing_is_empty(tmp_path):
    assert refused(tmp_path, "a.csv.gz", gz(b"")).code is ReasonCode.EMPTY_FILE


def test_a_gz_of_another_format_is_unsupported(tmp_path):
    assert refused(tmp_path, "a.gz", gz(SMALL)).code is ReasonCode.UNSUPPORTED_FORMAT
