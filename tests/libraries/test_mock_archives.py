"""Archives are what others can read, and the same bytes on every machine."""

import gzip
import hashlib
import io
import tarfile
import zipfile
import zlib

import pytest

from harness import archives
from harness.archives import TarMember, ZipMember
from harness.mock_archives import PACKERS, gzipped, packed, tarred, zipped
from harness.mock_made import bad
from harness.mock_sql import Insert, dump, number
from harness.mock_text import csv


@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 258, 259, 1000, 65_535, 65_536])
@pytest.mark.parametrize("letters", [1, 2, 256])
def test_deflate_comes_back(size, letters):
    data = bytes(each % letters for each in hashlib.shake_128(b"any").digest(size))
    assert zlib.decompress(archives.deflate(data), -zlib.MAX_WBITS) == data
    assert gzip.decompress(archives.gzip_bytes(data)) == data


def test_deflate_is_small_where_data_repeat():
    assert len(archives.deflate(b"1,2024-02-29,abc\n" * 1000)) < 500


@pytest.mark.parametrize("size", [1, 2, 258, 259, 260, 5000, 3_000_000])
def test_a_run_unpacks_to_what_was_asked_for(size):
    data = gzip.decompress(archives.gzip_run(size))
    assert size <= len(data) < size + 260
    assert set(data) == {0x30}


def test_a_run_is_a_thousand_times_smaller_packed():
    assert len(archives.gzip_run(10_000_000)) < 10_000


def test_zips_are_read_by_the_standard_library():
    members = [ZipMember("a.csv", b"a\n1\n"), ZipMember("ü 😀/b.csv", b"b" * 5000), ZipMember("f/", b"", stored=True)]
    with zipfile.ZipFile(io.BytesIO(archives.zip_bytes(members))) as found:
        assert found.testzip() is None
        assert {name: found.read(name) for name in found.namelist()} == {each.name: each.data for each in members}


def test_the_bytes_of_archives_are_the_same_everywhere():
    data = b"id,name\n" + b"1,x\n" * 300
    made = archives.zip_bytes([ZipMember("a.csv", data), ZipMember("ä.csv", data, stored=True)])
    made += archives.tar_bytes([TarMember("a.csv", data), TarMember("ä.csv", data)]) + archives.gzip_bytes(data)
    assert hashlib.sha256(made).hexdigest() == "cef2444ad2990919b15a6cae8222f0922d72df287ea69c74e71976f487a28fd2"


@pytest.mark.parametrize("how", PACKERS)
def test_members_nest_in_key_and_source_path(how):
    made = packed(how, {"m/n.sql": dump(Insert("t", "t", ("a",), ((number("1"),),)))})
    [table] = made.tables
    assert table.below == "/m/n.sql/t"
    assert table.levels == ("m/n.sql",)
    [outer] = zipped({"in.x": made}).tables
    assert outer.below == "/in.x/m/n.sql/t"
    assert outer.levels == ("in.x", "m/n.sql")


def test_one_bad_member_spoils_the_archive():
    made = zipped({"good.csv": csv(["a"], ["1"]), "in.tar": tarred({"bad.csv": bad(b"\xff", "not-text")})})
    assert made.codes == {"not-text"}
    assert made.tables == ()


def test_what_is_passed_over_counts_for_nothing():
    junk = bad(b"", "empty-file")
    members = {
        "__MACOSX/._a.csv": junk,
        ".DS_Store": junk,
        "a/.git/x": junk,
        "folder/": None,
        "./a.csv": csv(["a"], ["1"]),
    }
    for made in (zipped(members), tarred(members)):
        assert [table.below for table in made.tables] == ["/a.csv"]
    with tarfile.open(fileobj=io.BytesIO(tarred(members).data)) as found:
        assert len(found.getmembers()) == len(members)


def test_a_gz_holds_its_file():
    assert gzip.decompress(gzipped("a.csv", csv(["a"], ["1"])).data) == b"a\n1\n"
