"""The standard test data are what the scenarios need, and their truth is what other readers find in the bytes."""

import csv as stdlib_csv
import gzip
import hashlib
import io
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
import unicodedata
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest

from harness import contents, contents_json, mock_files, mock_folder, truth
from harness.mock_text import column_names
from tests.libraries.paper_parquet import as_text

LIBRARIES = Path(mock_files.__file__).parents[1]


@pytest.fixture(scope="module")
def mock(tmp_path_factory):
    return mock_folder.write(tmp_path_factory.mktemp("standard") / "test-data", mock_files.standard_files(), 20251115)


def _text(data):
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding)
    return data.decode()


def _good(mock, file_format):
    return [file for file in mock.ending("done") if file.format == file_format]


def test_there_are_many_files_of_every_format(mock):
    assert len(mock.files) >= 30
    assert not [row for row in mock_folder.format_rows(mock) if not row.right]


def test_every_reason_code_that_a_file_can_have_by_itself_is_there(mock):
    assert mock.codes == {
        *("malformed-csv", "malformed-json", "malformed-sql", "not-text", "empty-file", "unsupported-format"),
        *("corrupt-archive", "encrypted-archive", "unsafe-archive", "unsupported-name", "name-taken"),
    }
    assert not mock.ending("either")


def test_some_failures_are_members_of_archives(mock):
    assert {file.format for file in mock.ending("failed")} >= {"zip", "tar", "tar.gz", "gz"}


def test_one_file_has_several_mebibytes(mock):
    assert mock.file("big/measurements.csv").size > 3 << 20


def test_every_key_stands_once_and_fits_both_servers(mock):
    keys = [each.key for each in mock.objects]
    assert len(keys) == len(set(keys))
    for key in keys:
        assert len(key.encode()) <= 1024 - len("any/prefix/")
        for segment in key.split("/"):
            assert segment not in {"", ".", ".."}
            # A file system holds 255 bytes, and SeaweedFS keeps a key's versions in a folder named `KEY.versions`.
            assert len(segment.encode()) <= 255 - len(".versions")
            assert segment.isprintable() or not any(unicodedata.category(sign) == "Cc" for sign in segment)


def test_names_differ_in_case_and_normalisation_alone(mock):
    paths = [file.path for file in mock.files]
    assert len({path.lower() for path in paths}) < len(paths)
    assert len({unicodedata.normalize("NFC", path) for path in paths}) < len(paths)


def test_paths_are_too_long_for_metadata_and_for_a_reason_name(mock):
    assert any(len(each.source_path) > truth.LONGEST_METADATA_PATH for each in mock.objects)
    assert any(len(truth.reason_path(file.path)) < len(file.path) + 12 for file in mock.ending("failed"))


def test_modes_and_times_are_kept_to_the_nanosecond(mock):
    modes = {file.mode for file in mock.files}
    assert 0o640 in modes
    assert len(modes) > 3
    assert any(file.mtime_ns < 1_000_000_000 * 10**9 and file.mtime_ns % 10**9 for file in mock.files)
    assert not [row for row in mock_folder.rows(mock.root, mock) if not row.right]


def test_the_bytes_are_the_same_in_any_process(mock):
    program = (
        "import hashlib, io; from harness import mock_files; digest = hashlib.sha256()\n"
        "for recipe in mock_files.standard_files():\n"
        "    file = recipe.write(io.BytesIO())\n"
        "    digest.update(repr((file.path, file.sha256, file.mode, file.mtime_ns)).encode())\n"
        "print(digest.hexdigest())"
    )
    expected = hashlib.sha256()
    for file in mock.files:
        expected.update(repr((file.path, file.sha256, file.mode, file.mtime_ns)).encode())
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(LIBRARIES)}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == expected.hexdigest()


def test_another_seed_makes_other_bytes(mock):
    others = {recipe.path: recipe.write(io.BytesIO()).sha256 for recipe in mock_files.standard_files(2)}
    assert others.keys() == {file.path for file in mock.files}
    assert others["big/measurements.csv"] != mock.file("big/measurements.csv").sha256


DELIMITERS = {"layouts/semicolon.csv": ";", "layouts/tab.csv": "\t", "layouts/pipe.csv": "|"}
DELIMITERS |= {
    f"layouts/{name}.csv": ";" for name in ("quoted delimiters", "quoted behind a delimiter", "quote within a name")
}


def test_the_truth_of_csv_files_is_what_the_standard_library_reads(mock):
    for file in _good(mock, "csv"):
        text = _text((mock.root / file.path).read_bytes())
        reader = stdlib_csv.reader(io.StringIO(text, newline=""), delimiter=DELIMITERS.get(file.path, ","), strict=True)
        header, *records = list(reader)
        [each] = file.objects
        if len(header) > 1:
            records = [record for record in records if record]
        values = zip(*(column.values for column in each.columns), strict=True) if each.rows else []
        found = [[field or "" for field in record or [""]] for record in records]
        assert [[value or "" for value in row] for row in values] == found, file.path
        assert [column.name for column in each.columns] == column_names(header), file.path


def test_the_truth_of_json_files_is_what_the_standard_library_reads(mock):
    for file in _good(mock, "json"):
        text = _text((mock.root / file.path).read_bytes())
        try:
            items = json.loads(text, parse_float=Decimal)
            items = items if isinstance(items, list) else [items]
        except json.JSONDecodeError:
            items = [json.loads(line, parse_float=Decimal) for line in text.splitlines()]
        [each] = file.objects
        assert each.rows == len(items), file.path
        for column in each.columns or ():
            objects = all(isinstance(item, dict) for item in items) and any(items)
            found = [item.get(column.name) for item in items] if objects else items
            assert contents_json.same_value(column.values, found), (file.path, column.name)


def test_the_truth_of_the_sqlite_dump_is_what_sqlite_makes_of_it(mock):
    dump = (mock.root / "dumps/SQLite.SQL").read_text()
    statement, rest = dump.split("CREATE TABLE", 1)
    create = "CREATE TABLE" + rest.split(";", 1)[0] + ";"
    database = sqlite3.connect(":memory:")
    database.executescript(create + statement.replace("BEGIN TRANSACTION;", "").replace("PRAGMA foreign_keys=OFF;", ""))
    database.executescript(rest.split(";", 1)[1].replace("COMMIT;", ""))
    rows = database.execute("SELECT CAST(id AS TEXT), name, since FROM people WHERE id < 3 ORDER BY id").fetchall()
    table = next(each for each in mock.file("dumps/SQLite.SQL").objects if each.key.endswith("/people.parquet"))
    assert list(zip(*(column.values for column in table.columns), strict=True)) == rows


def test_good_archives_are_read_by_the_standard_library(mock):
    for file in (*_good(mock, "zip"), *_good(mock, "tar"), *_good(mock, "tar.gz"), *_good(mock, "gz")):
        data = (mock.root / file.path).read_bytes()
        if file.format == "zip":
            with zipfile.ZipFile(io.BytesIO(data)) as found:
                assert found.testzip() is None
        elif file.format == "gz":
            assert gzip.decompress(data)
        else:
            with tarfile.open(fileobj=io.BytesIO(data)) as found:
                assert found.getmembers()


def test_the_archive_in_an_archive_nests_four_levels(mock):
    paths = {each.source_path for each in mock.file("archives/nested.zip").objects}
    assert "archives/nested.zip!second.tar!deeper/third.tar.gz!n.csv.gz!n.csv" in paths
    assert "archives/nested.zip/second.tar/deeper/third.tar.gz/n.csv.gz/n.csv.parquet" in mock.keys


def test_every_object_as_text_equals_its_truth(mock):
    for each in mock.objects:
        assert contents.difference(each, as_text(each)) is None
