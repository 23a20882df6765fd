"""The real formats in real archives: what comes out is what went in, also when a guess breaks late in a stream."""

import gzip
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.convert import ConvertOptions, SourceFile, convert
from migrator.errors import ReasonCode, Refusal
from migrator.formats.archive_scratch import Scratch
from migrator.names import format_of
from tests.migrator.formats.archives import MAKERS, a_tar, a_tar_gz, a_zip
from tests.migrator.staged import MemoryStage

FILES = [
    ("m/a.csv", b"id,zip\n1,007\n2,\n"),
    ("b.ndjson", b'{"x": 1}\n{"x": 2, "y": "z"}\n'),
    ("c.txt", b"one\ntwo\n"),
    ("d.sql", b"CREATE TABLE t (a int);\nINSERT INTO t VALUES (1),(2);\n"),
]
ROWS = {
    "m/a.csv.parquet": [{"id": 1, "zip": "007"}, {"id": 2, "zip": None}],
    "b.ndjson.parquet": [{"x": 1, "y": None}, {"x": 2, "y": "z"}],
    "c.txt.parquet": [{"line_number": 1, "line": "one"}, {"line_number": 2, "line": "two"}],
    "d.sql/t.parquet": [{"a": 1}, {"a": 2}],
}


def run(folder, name, data):
    file = folder / name
    file.write_bytes(data)
    facts = file.stat()
    scratch = folder / ".migrator"
    scratch.mkdir(exist_ok=True)
    stage = MemoryStage()
    source = SourceFile(folder, name, facts.st_size, facts.st_mtime_ns, format_of(name))
    try:
        convert(source, stage, ConvertOptions("", 1 << 30, scratch, lambda: False))
    except Refusal:
        assert stage.left == []
        raise
    finally:
        assert list(scratch.iterdir()) == []
    return {upload.key: upload.parquet().read().to_pylist() for upload in stage.left}


@pytest.mark.parametrize(("name", "make"), MAKERS)
def test_every_format_in_every_archive_and_one_level_deeper(tmp_path, name, make):
    got = run(tmp_path, name, make(*FILES, ("in/y.zip", a_zip(*FILES)), ("e.csv.gz", gzip.compress(FILES[0][1]))))
    for key, rows in ROWS.items():
        assert got.pop(f"{name}/{key}") == rows
        assert got.pop(f"{name}/in/y.zip/{key}") == rows
    assert got.pop(f"{name}/e.csv.gz/e.csv.parquet") == ROWS["m/a.csv.parquet"]
    assert [key.rpartition("/")[2] for key in got] == ["_statements.parquet"] * 2


@pytest.mark.parametrize(
    ("name", "make"),
    [*MAKERS, ("a.csv.gz", lambda member: gzip.compress(member[1])), ("a.csv", lambda member: member[1])],
)
def test_a_guess_that_breaks_late_in_a_stream_loses_nothing(tmp_path, name, make):
    values = [str(number) for number in range(400_000)]
    values[-1] = "007"
    data = "n\n" + "\n".join(values) + "\n"
    (rows,) = run(tmp_path, name, make(("a.csv", data.encode()))).values()
    assert [row["n"] for row in rows] == values


@pytest.mark.parametrize("name", ["x.zip", "x.tar.gz", "a.csv.gz"])
def test_a_bad_checksum_is_told_as_such_whatever_the_text_looks_like(tmp_path, name):
    text = b"a,b\n1\n"
    if name == "x.zip":
        packed = bytearray(a_zip(("a.csv", text)))
        for signature, offset in ((b"PK\3\4", 14), (b"PK\1\2", 16)):
            packed[packed.index(signature) + offset] ^= 1
    else:
        packed = bytearray(a_tar_gz(("a.csv", text)) if name == "x.tar.gz" else gzip.compress(text))
        packed[-8] ^= 1
    with pytest.raises(Refusal) as caught:
        run(tmp_path, name, bytes(packed))
    assert caught.value.code is ReasonCode.CORRUPT_ARCHIVE


def expected(paths):
    """By the contract: the members that count, or None where the archive must be refused."""
    seen = set()
    for path in paths:
        segments = [segment for segment in path.split("/") if segment not in {"", "."}]
        if path.startswith("/") or ".." in segments or "/".join(segments) in seen:
            return None
        seen.add("/".join(segments))
    return {
        path
        for path in seen
        if not path.startswith("__MACOSX/") and not any(s.startswith(".") for s in path.split("/"))
    } or None


SEGMENT = st.sampled_from(
    ["a", ".", "..", "", ".b", "__MACOSX", "ä", "e\u0301", " ", "a b", "日本", "~", "%2F", "c!", "\n"]
)
PATH = st.builds(
    lambda head, tail: "/".join([*head, tail + ".csv"]), st.lists(SEGMENT, max_size=3), st.sampled_from("ab")
)


@settings(max_examples=40, deadline=None)
@given(paths=st.lists(PATH, min_size=1, max_size=4))
def test_members_paths_follow_the_contract_in_zip_and_tar(tmp_path_factory, paths):
    folder = tmp_path_factory.getbasetemp()
    for name, make in (("x.zip", a_zip), ("x.tar", a_tar)):
        data = make(*dict.fromkeys((path, b"n\n1\n") for path in paths))
        wanted = expected(dict.fromkeys(paths))
        if wanted is None:
            with pytest.raises(Refusal) as caught:
                run(folder, name, data)
            assert caught.value.code in {ReasonCode.UNSAFE_ARCHIVE, ReasonCode.EMPTY_FILE}
        else:
            assert set(run(folder, name, data)) == {f"{name}/{path}.parquet" for path in wanted}


def test_a_member_that_cannot_be_kept_in_memory_is_converted_from_scratch(tmp_path, monkeypatch):
    monkeypatch.setattr("migrator.formats.archive_scratch.Scratch", lambda folder: Scratch(folder, 0))
    text = os.urandom(200_000).hex()
    got = run(tmp_path, "x.tar.gz", a_tar_gz(("y.zip", a_zip(("c.txt", text.encode())))))
    assert got == {"x.tar.gz/y.zip/c.txt.parquet": [{"line_number": 1, "line": text}]}
