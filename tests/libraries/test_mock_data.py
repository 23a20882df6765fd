"""The keywords of the mock data pass on a world as it must be and fail, with a sentence, on a broken one."""

import os
from pathlib import Path
from typing import Any, cast

import pytest

from harness import mock_folder
from harness.mock_archives import packed
from harness.mock_json import Form, json_file
from harness.mock_made import Recipe
from harness.mock_sql import Other, dump
from harness.mock_text import csv, txt
from harness.world import World
from MockData import MockData

KEYWORDS = MockData()


def _few():
    table = csv(["a"], ["1"])
    files = {
        "a.csv": table,
        "b/a.json": json_file(Form.ARRAY, 1),
        "a.txt": txt("a"),
        "a.sql": dump(Other("SELECT 1", "SELECT")),
        **{f"a.{how}": packed(how, {"a.csv": table}) for how in ("zip", "tar", "tar.gz")},
        "a.csv.gz": packed("gz", {"a.csv": table}),
        "empty-looking name .csv": table,
        "\udcff.csv": table,
    }
    return [Recipe(path, made, 0o640, 946_684_799_123_456_789) for path, made in files.items()]


@pytest.fixture
def world(tmp_path):
    for name in ("test-data", "source", "evidence"):
        (tmp_path / name).mkdir()
    nothing = cast("Any", None)
    made = World("the source", tmp_path, tmp_path / "evidence", bucket=nothing, gate=nothing, launch=nothing)
    made.mock = mock_folder.write(made.test_data, _few(), 1)
    KEYWORDS.fill_source(made)
    return made


def failure(keyword, *arguments) -> str:
    with pytest.raises(AssertionError) as caught:
        keyword(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_whole_world_passes(world):
    KEYWORDS.test_data_should_hold_at_least(world, 10)
    KEYWORDS.every_format_should_be_present(world)
    KEYWORDS.test_data_should_be_unchanged(world)
    KEYWORDS.source_should_equal_test_data(world)
    KEYWORDS.source_should_share_no_file(world)


def test_the_standard_test_data_are_made_of_a_seed(tmp_path):
    nothing = cast("Any", None)
    world = World("the source", tmp_path, tmp_path / "evidence", bucket=nothing, gate=nothing, launch=nothing)
    KEYWORDS.make_test_data(world, 7)
    assert world.truth.seed == 7
    assert len(world.truth.files) >= 30
    assert not [row for row in mock_folder.rows(world.test_data, world.truth) if not row.right]


@pytest.mark.parametrize(
    ("make", "arguments", "count"),
    [
        (KEYWORDS.make_small_files, (120,), 120),
        (KEYWORDS.make_large_file, (1,), 1),
        (KEYWORDS.make_large_files_of_other_formats, (1, 1), 3),
    ],
)
def test_other_test_data_are_made_for_single_questions(tmp_path, make, arguments, count):
    nothing = cast("Any", None)
    world = World("the source", tmp_path, tmp_path / "evidence", bucket=nothing, gate=nothing, launch=nothing)
    make(world, *arguments)
    assert len(world.truth.files) >= count
    KEYWORDS.fill_source(world)
    assert not [row for row in mock_folder.rows(world.source, world.truth) if not row.right]


def test_too_few_files_are_refused(world):
    assert "Expected at least 11 files, seen 10" in failure(KEYWORDS.test_data_should_hold_at_least, world, 11)


def test_a_missing_format_is_refused(world):
    world.mock = world.truth.only(file.path for file in world.truth.files if file.format != "tar")
    assert failure(KEYWORDS.every_format_should_be_present, world) == "Expected at least one tar file, seen 0, at tar."


def _rewritten(path: Path) -> None:
    times = path.stat()
    path.write_bytes(path.read_bytes().replace(b"1", b"2"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def _linked(path: Path) -> None:
    path.rename(path.with_suffix(".away"))
    path.symlink_to(path.with_suffix(".away"))


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (Path.unlink, "seen nothing, at a.csv"),
        (_rewritten, "Expected the SHA-256"),
        (lambda path: path.write_bytes(b"a\n11\n"), "Expected 4 bytes in {folder}, seen 5 bytes, at a.csv"),
        (lambda path: path.chmod(0o600), "Expected the mode 0640 in {folder}, seen 0600, at a.csv"),
        (lambda path: os.utime(path, ns=(0, 946_684_799_000_000_000)), "Expected the modification time 9466847991234"),
        (_linked, "Expected a regular file in {folder}, seen lrwxrwxrwx, at a.csv"),
        (lambda path: path.with_name("new.csv").touch(), "Expected no such file, seen a file, at new.csv"),
        (lambda path: path.rename(path.with_name("moved.csv")), "(1 more differences"),
    ],
)
@pytest.mark.parametrize("folder", ["test-data", "source"])
def test_whatever_changed_is_named(world, folder, harm, told):
    harm(world.folder / folder / "a.csv")
    changed, other = KEYWORDS.test_data_should_be_unchanged, KEYWORDS.source_should_equal_test_data
    if folder == "source":
        changed, other = other, changed
    assert told.format(folder=folder) in failure(changed, world)
    other(world)


def test_a_link_to_the_test_data_is_refused(world):
    copy = world.source / "a.csv"
    copy.unlink()
    copy.hardlink_to(world.test_data / "a.csv")
    KEYWORDS.source_should_equal_test_data(world)
    told = failure(KEYWORDS.source_should_share_no_file, world)
    assert told == "Expected a copy of its own, seen a link to the test data, at a.csv."


def test_a_name_that_is_no_utf8_is_told_in_text_that_any_log_takes(world):
    (world.source / "\udcff.csv").unlink()
    assert "\\udcff.csv" in failure(KEYWORDS.source_should_equal_test_data, world)


def test_a_folder_that_holds_something_is_not_filled_again(world):
    with pytest.raises(FileExistsError, match="test data goes into an empty folder"):
        KEYWORDS.make_test_data(world, 1)
    with pytest.raises(FileExistsError, match=r"the source holds 'a\.csv' already"):
        KEYWORDS.fill_source(world)
