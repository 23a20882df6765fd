"""What every archive format keeps: paths, kinds, depth, limits, who is told at fault; scratch is left clean."""

import errno
import gzip
import os
from functools import partial

import pytest

from migrator.errors import ReasonCode, StateUnusable, Stopped
from migrator.formats import archive
from migrator.formats.archive import cleaned
from tests.migrator.formats.archives import MAKERS, MIB, a_tar, a_tar_gz, a_zip, refused, unpack

# Without the time of day, so that a test that is named after its data has one name in every process.
gz = partial(gzip.compress, mtime=0)
every_archive = pytest.mark.parametrize(("name", "make"), MAKERS)


@every_archive
def test_members_are_read_in_order_under_their_cleaned_paths(tmp_path, name, make):
    data = make(("./m//n.csv", b"a\n1\n"), ("m/./o.json", b"[]"), ("ä 日.txt", b"x"))
    assert list(unpack(tmp_path, name, data).items()) == [
        ("m/n.csv", b"a\n1\n"),
        ("m/o.json", b"[]"),
        ("ä 日.txt", b"x"),
    ]


def test_a_gz_holds_one_member_named_without_its_extension(tmp_path):
    assert unpack(tmp_path, "n.csv.gz", gz(b"a\n1\n")) == {"n.csv": b"a\n1\n"}


@every_archive
def test_folders_hidden_paths_and_macos_attributes_are_passed_over(tmp_path, name, make):
    data = make(("a.csv", b"1"), ("__MACOSX/._a.csv", b"x"), (".hidden/b.csv", b"x"), ("c/.d", b"x"), (".empty", b""))
    assert unpack(tmp_path, name, data) == {"a.csv": b"1"}


@every_archive
@pytest.mark.parametrize("members", [[], [(".a.csv", b"1")], [("__MACOSX/a.csv", b"1")]])
def test_an_archive_without_a_member_that_counts_is_empty(tmp_path, name, make, members):
    assert refused(tmp_path, name, make(*members)).code is ReasonCode.EMPTY_FILE


@every_archive
@pytest.mark.parametrize(
    "path", ["/a.csv", "../a.csv", "a/../b.csv", "a/..", ".hidden/../../b.csv", "..\\a.csv", "C:\\a.csv", "C:/a.csv"]
)
def test_paths_that_lead_out_are_unsafe(tmp_path, name, make, path):
    refusal = refused(tmp_path, name, make(("good.csv", b"1"), (path, b"1")))
    assert refusal.code is ReasonCode.UNSAFE_ARCHIVE
    assert repr(path) in refusal.message


@pytest.mark.parametrize("path", ["a\\b.csv", "a..b.csv", "...x/..y.csv", "c:d.csv"])
def test_odd_but_harmless_paths_are_not_unsafe(path):
    assert "/".join(cleaned(path)) == path


@every_archive
def test_two_members_of_one_path_are_unsafe(tmp_path, name, make):
    refusal = refused(tmp_path, name, make(("m/a.csv", b"1"), ("b.csv", b"1"), ("./m//a.csv", b"2")))
    assert refusal.code is ReasonCode.UNSAFE_ARCHIVE


@every_archive
def test_names_that_differ_in_case_are_two_members(tmp_path, name, make):
    assert len(unpack(tmp_path, name, make(("a.csv", b"1"), ("A.csv", b"1"), ("a.CSV", b"1")))) == 3


@every_archive
def test_a_member_of_another_format_is_unsupported_and_named(tmp_path, name, make):
    refusal = refused(tmp_path, name, make(("a.csv", b"1"), ("m/b.xlsx", b"1")))
    assert refusal.code is ReasonCode.UNSUPPORTED_FORMAT
    assert "m/b.xlsx" in refusal.message


@every_archive
def test_an_empty_member_is_an_empty_file_and_named(tmp_path, name, make):
    refusal = refused(tmp_path, name, make(("a.csv", b"1"), ("m/b.csv", b"")))
    assert refusal.code is ReasonCode.EMPTY_FILE
    assert "m/b.csv" in refusal.message


@every_archive
def test_a_member_s_own_fault_names_all_levels(tmp_path, name, make):
    refusal = refused(tmp_path, name, make(("in/y.zip", a_zip(("z.csv.gz", gz(b"BAD"))))))
    assert refusal.code is ReasonCode.MALFORMED_CSV
    assert refusal.message == "member 'in/y.zip': member 'z.csv.gz': member 'z.csv': line 1: bad"


@every_archive
@pytest.mark.parametrize(("inner_name", "inner"), MAKERS)
@pytest.mark.parametrize("memory", [16 * MIB, 0])
def test_archives_nest(tmp_path, name, make, inner_name, inner, memory):
    data = make((f"m/{inner_name}", inner(("n.csv", b"1"), ("o.txt", b"2"))), ("p.csv", b"3"))
    assert unpack(tmp_path, name, data, memory=memory) == {
        f"m/{inner_name}!n.csv": b"1",
        f"m/{inner_name}!o.txt": b"2",
        "p.csv": b"3",
    }


def nested(name, depth):
    makers = dict(MAKERS) | {"x.csv.gz": lambda member: gz(member[1])}
    data, inner = b"a\n1\n", "n.csv"
    names = []
    for level in range(depth):
        last = level == 0 and name == "x.csv.gz"
        outer = name if last or name != "x.csv.gz" else names[-1] + ".gz"
        names.append(outer)
        data = makers[name]((inner, data))
        inner = outer
    return inner, data


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.gz", "x.csv.gz"])
def test_archives_nest_eight_deep_and_no_deeper(tmp_path, name):
    assert list(unpack(tmp_path, *nested(name, 8)).values()) == [b"a\n1\n"]
    assert refused(tmp_path, *nested(name, 9)).code is ReasonCode.UNSAFE_ARCHIVE


BOMB = bytes(3 * MIB)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.zip", a_zip(("a.csv", BOMB))),
        ("x.zip", a_zip(("ok.csv", b"1"), (".hidden", BOMB))),
        ("x.zip", a_zip(*((f"{n}.csv", bytes(MIB // 2)) for n in range(8)))),
        ("x.zip", a_zip(("y.zip", a_zip(("a.csv", BOMB))))),
        ("x.zip", a_zip(("ballast.csv", os.urandom(MIB)), ("a.csv", BOMB))),
        ("x.tar.gz", a_tar_gz(("a.csv", BOMB))),
        ("x.tar.gz", a_tar_gz(("ok.csv", b"1"), (".hidden", BOMB))),
        ("x.tar", a_tar(("ballast.csv", os.urandom(MIB)), ("b.tar.gz", a_tar_gz(("a.csv", BOMB))))),
        ("x.tar", a_tar(("ballast.csv", os.urandom(MIB)), ("a.csv.gz", gz(BOMB)))),
        ("a.csv.gz", gz(BOMB)),
        ("a.csv.gz.gz", gz(gz(BOMB))),
        ("a.csv.gz", gz(bytes(MIB)) * 3),
    ],
)
def test_bombs_are_unsafe(tmp_path, name, data):
    refusal = refused(tmp_path, name, data, limit=2 * MIB)
    assert refusal.code is ReasonCode.UNSAFE_ARCHIVE
    assert unpack(tmp_path, name, data, limit=64 * MIB)


def never(source, sink):
    raise AssertionError("a bomb must not reach a format, which might gather all of it as one record")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.zip", a_zip(("a.csv", bytes(70 * MIB)))),
        ("x.tar.gz", a_tar_gz(("a.csv", bytes(70 * MIB)))),
        ("a.csv.gz", gz(bytes(70 * MIB))),
        ("x.tar", a_tar(("a.csv.gz", gz(bytes(70 * MIB))))),
    ],
)
def test_bombs_are_found_before_a_format_reads_them(tmp_path, name, data):
    assert refused(tmp_path, name, data, limit=MIB, reader=never).code is ReasonCode.UNSAFE_ARCHIVE


def test_a_header_that_lies_big_is_corrupt(tmp_path):
    text = b"x" * 1000
    data = a_zip(("a.csv", text)).replace(len(text).to_bytes(4, "little"), (1 << 30).to_bytes(4, "little"))
    assert refused(tmp_path, "x.zip", data, limit=MIB, reader=never).code is ReasonCode.CORRUPT_ARCHIVE


def test_a_header_that_lies_small_does_not_hide_a_bomb(tmp_path):
    data = a_zip(("a.csv", BOMB)).replace(len(BOMB).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert refused(tmp_path, "x.zip", data, limit=2 * MIB).code is ReasonCode.UNSAFE_ARCHIVE
    assert refused(tmp_path, "x.zip", data).code is ReasonCode.CORRUPT_ARCHIVE


def test_much_data_at_a_common_ratio_is_no_bomb(tmp_path):
    data = os.urandom(64 * 1024) * 2 + bytes(MIB)
    for name, packed in [("x.zip", a_zip(("a.csv", data))), ("a.csv.gz", gz(data))]:
        assert list(unpack(tmp_path, name, packed, limit=1024).values()) == [data]


def twice(source, sink):
    """Reads a part, then everything, as a format does whose guess was broken."""
    first = source.open()
    assert len(first.read(1000)) == 1000
    second = source.open()
    sink.read["!".join(sink.levels)] = second.read()
    third = source.open()
    assert third.read(70_000) == sink.read["!".join(sink.levels)][:70_000]
    for stream in (first, second, third):
        stream.close()


@every_archive
@pytest.mark.parametrize("memory", [16 * MIB, 100_000, 0])
def test_a_member_can_be_read_again(tmp_path, name, make, memory):
    first, second = os.urandom(400_000), os.urandom(300_000)
    inner = make(("a.csv", first), ("b.csv", second))
    members = [("a.csv", first), ("y.tar.gz", a_tar_gz(("i.csv", second))), (f"in{name[1:]}", inner)]
    got = unpack(tmp_path, name, make(*members), memory=memory, reader=twice)
    assert list(got.values()) == [first, second, first, second]


def only_the_head(source, sink):
    with source.open() as stream:
        sink.read["!".join(sink.levels)] = stream.read(3)


@every_archive
def test_what_a_reader_leaves_unread_is_passed_on_the_way(tmp_path, name, make):
    data = make(("a.csv", b"abc" * 100_000), ("y.zip", a_zip(("b.csv", b"defg"))), ("c.csv", b"hij"))
    assert list(unpack(tmp_path, name, data, reader=only_the_head).values()) == [b"abc", b"def", b"hij"]


def test_unread_bytes_are_held_against_the_checksum(tmp_path):
    packed = bytearray(gz(b"abc" * 100_000))
    packed[-5] ^= 1
    assert refused(tmp_path, "a.csv.gz", packed, reader=only_the_head).code is ReasonCode.CORRUPT_ARCHIVE
    inside = a_tar(("a.csv.gz", bytes(packed)))
    assert refused(tmp_path, "x.tar", inside, reader=only_the_head).code is ReasonCode.CORRUPT_ARCHIVE


@pytest.mark.parametrize("name", ["x.zip", "x.tar.gz"])
def test_damage_that_looks_like_a_bad_text_is_told_as_damage(tmp_path, name):
    data = bytearray(dict(MAKERS)[name](("a.csv", b"BAD text")))
    local_and_central_checksum = (data.find(b"PK\3\4") + 14, data.find(b"PK\1\2") + 16)
    for where in local_and_central_checksum if name == "x.zip" else [len(data) - 6]:
        data[where] ^= 1
    assert refused(tmp_path, name, bytes(data)).code is ReasonCode.CORRUPT_ARCHIVE


def test_a_scratch_folder_that_takes_nothing_is_not_the_file_s_fault(tmp_path, monkeypatch):
    data = a_tar_gz(("a.csv", os.urandom(300_000)))
    with pytest.raises(StateUnusable, match="missing"):
        unpack(tmp_path, "x.tar.gz", data, memory=0, scratch=tmp_path / "missing")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(StateUnusable, match="No space left"):
        unpack(tmp_path, "x.tar.gz", data, memory=0)


@every_archive
def test_a_stop_is_seen_while_unpacking(tmp_path, name, make):
    asked = iter([False, True])
    with pytest.raises(Stopped):
        unpack(tmp_path, name, make(("a.csv", bytes(MIB)), ("b.csv", b"1")), stop=lambda: next(asked, True))


def test_the_limits_are_the_contract_s():
    assert archive.MAX_DEPTH == 8
