"""The walk through a folder."""

import os

import pytest

from migrator.inventory import arrived, put_away
from migrator.side_by_side import side_by_side


def no_trouble(path, error):
    raise AssertionError(f"{path}: {error}")


@pytest.fixture
def tree(tmp_path):
    # Names around the slash, and one that is not UTF-8, whose text sorts otherwise than its bytes.
    for name in ("a/b", "a.b", "a-", "a0", "ab/c/d", "ä", "z/\udcff", "z/\U0001f600", "done.csv", "done0", "failedx/y"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name.encode(errors="replace").decode())
    for name in ("done/a/b", "done/a.b", "failed/a", ".hidden", "a/.hidden", ".migrator/x", "own"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (tmp_path / "link").symlink_to("a-")
    (tmp_path / "linked").symlink_to("a", target_is_directory=True)
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def test_all_that_arrived_comes_by_the_bytes_of_its_path(tree):
    found = [os.fsencode(file.path) for file in arrived(tree, {"own"}, no_trouble)]
    assert found == sorted(found)
    assert {os.fsdecode(each) for each in found} == {
        *("a/b", "a.b", "a-", "a0", "ab/c/d", "ä", "z/\udcff", "z/\U0001f600", "done.csv", "done0", "failedx/y")
    }


def test_what_was_put_away_comes_by_its_bytes_too(tree):
    assert list(put_away(tree, "done", no_trouble)) == [b"done/a.b", b"done/a/b"]
    assert list(put_away(tree, "none", no_trouble)) == []


def test_size_and_time_are_those_of_the_file(tree):
    (file,) = [each for each in arrived(tree, (), no_trouble) if each.path == "ab/c/d"]
    status = (tree / "ab/c/d").stat()
    assert (file.size, file.mtime_ns) == (status.st_size, status.st_mtime_ns)


def test_a_folder_that_cannot_be_read_is_told_and_the_walk_goes_on(tree, monkeypatch):
    scandir = os.scandir

    def refuse(path):
        if path.endswith(b"/ab/"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    troubles = []
    found = [file.path for file in arrived(tree, (), lambda path, error: troubles.append((path, error.strerror)))]
    assert troubles == [("ab", "Permission denied")]
    assert "z/\udcff" in found
    assert "ab/c/d" not in found


@pytest.mark.parametrize(
    ("left", "right", "pairs"),
    [
        ("", "", ""),
        ("abc", "", "a- b- c-"),
        ("", "abc", "-a -b -c"),
        ("abd", "bcd", "a- bb -c dd"),
        ("b", "abbc", "-a bb -b -c"),
    ],
)
def test_two_streams_side_by_side(left, right, pairs):
    found = side_by_side(left, right, str.encode, str.encode)
    assert " ".join(f"{one or '-'}{other or '-'}" for one, other in found) == pairs
