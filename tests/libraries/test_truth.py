"""The suite's own rules of names are the contract's."""

import hashlib
from pathlib import Path

import pytest

from harness import truth
from harness.truth import MockFile, MockSet, State


@pytest.mark.parametrize(
    ("path", "file_format", "kind"),
    [
        ("a/b.csv", "csv", "regular"),
        ("B.CSV", "csv", "regular"),
        ("a.ndjson", "json", "regular"),
        ("a.JSONL", "json", "regular"),
        ("a.json", "json", "regular"),
        ("a.txt", "txt", "regular"),
        ("a.sql", "sql", "regular"),
        ("a.zip", "zip", "archive"),
        ("a.tar", "tar", "archive"),
        ("a.tar.gz", "tar.gz", "archive"),
        ("a.TGZ", "tar.gz", "archive"),
        ("a.csv.gz", "gz", "archive"),
        ("a.csv.parquet", "unknown", "regular"),
        ("a.csv/README", "unknown", "regular"),
        ("csv", "unknown", "regular"),
    ],
)
def test_a_format_is_told_by_the_extension(path, file_format, kind):
    assert truth.format_of(path) == file_format
    assert truth.kind_of(file_format) == kind


@pytest.mark.parametrize(
    ("path", "second"),
    [
        ("orders/2024.csv", "orders/2024~2.csv"),
        ("a.b.csv", "a.b~2.csv"),
        ("n.csv.gz", "n~2.csv.gz"),
        ("x.tar.gz", "x~2.tar.gz"),
        ("x.TGZ", "x~2.TGZ"),
        ("noext", "noext~2"),
        ("a.b/noext", "a.b/noext~2"),
        ("picture.old.png", "picture.old~2.png"),
    ],
)
def test_a_taken_name_is_numbered_before_its_extensions(path, second):
    assert truth.numbered(path, 2) == second


def test_a_source_path_is_percent_encoded_with_a_bang_for_each_level():
    assert truth.source_path("a/b c.csv") == "a/b%20c.csv"
    assert truth.source_path("x.zip", "m/n!ü~.tar.gz", "n.csv") == "x.zip!m/n%21%C3%BC~.tar.gz!n.csv"
    assert truth.source_path("#?%+&=.csv") == "%23%3F%25%2B%26%3D.csv"
    assert truth.source_path(b"\xe4.csv".decode(errors="surrogateescape")) == "%E4.csv"


def test_a_table_is_a_segment():
    assert truth.table_segment("public.Items") == "public.Items"
    assert truth.table_segment("50%/a") == "50%25%2Fa"
    assert truth.table_segment("_statements") == "%5Fstatements"


def test_a_reason_stands_beside_its_file():
    assert truth.reason_path("a/b.json") == "a/b.json.reason.json"
    assert truth.reason_path("x" * 243) == "x" * 243 + ".reason.json"


@pytest.mark.parametrize("name", ["x" * 244, "x" * 255, "ü" * 127, "深" * 85])
def test_the_reason_of_a_long_name_is_cut_to_what_a_file_system_holds(name):
    path = truth.reason_path(f"a/{name}")
    reason = path.removeprefix("a/")
    assert len(reason.encode()) <= 255
    assert reason.endswith(f"~{hashlib.sha256(name.encode()).hexdigest()[:12]}.reason.json")
    assert name.startswith(reason.rpartition("~")[0])


def test_dots_and_empty_segments_are_dropped_from_members():
    assert truth.clean_member("./m//n.csv") == "m/n.csv"
    assert truth.clean_member("././n.csv") == "n.csv"


def test_a_set_finds_its_files():
    files = [MockFile(f"{n}.csv", 0, "", 0o644, 0, state, frozenset(), ()) for n, state in enumerate(State)]
    mock = MockSet(Path(), 1, tuple(files))
    assert mock.file("1.csv") is files[1]
    assert mock.ending("done", "either") == (files[0], files[2])
    assert mock.only(["2.csv"]).files == (files[2],)
    with pytest.raises(KeyError, match=r"no mock file is named 'x'"):
        mock.only(["x"])
