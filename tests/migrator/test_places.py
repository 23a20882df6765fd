"""Names, locks and the read-only view: what keeps files from being lost."""

import errno
import os
import sqlite3
import subprocess
import sys

import pytest

from migrator import renaming, state_aside, state_check, state_errors, state_schema
from migrator.entries import NewFile
from migrator.errors import Locked, StateUnusable
from migrator.folders import FAILED, Folders, reason_place
from migrator.lock import Lock
from migrator.logs import redacted
from migrator.state import State
from migrator.state_reader import read


@pytest.fixture
def folders(tmp_path):
    (tmp_path / "scratch").mkdir()
    return Folders(tmp_path, tmp_path / "scratch")


@pytest.mark.parametrize("fallback", [False, True])
def test_a_rename_never_overwrites(tmp_path, monkeypatch, fallback):
    if fallback:
        monkeypatch.setattr(renaming, "_renameat2", None)
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("old")
    new.write_text("new")
    with pytest.raises(FileExistsError):
        renaming.rename_exclusively(old, new)
    assert (old.read_text(), new.read_text()) == ("old", "new")
    new.unlink()
    renaming.rename_exclusively(old, new)
    assert new.read_text() == "old"
    assert not old.exists()
    with pytest.raises(FileNotFoundError):
        renaming.rename_exclusively(old, tmp_path / "other")


def test_two_files_on_their_way_get_two_names(folders):
    first, second = folders.choose("a.csv", FAILED), folders.choose("a.csv", FAILED)
    assert (first, second) == ("failed/a.csv", "failed/a~2.csv")
    folders.release(first)
    assert folders.choose("a.csv", FAILED) == "failed/a.csv"


@pytest.mark.parametrize("name", ["n" * 251 + ".csv", "ä" * 125 + ".csv", "n" * 255, "a." + "x" * 253])
def test_a_numbered_name_is_cut_to_what_a_file_system_holds(folders, name):
    taken = folders.choose(name, FAILED)
    assert taken == f"failed/{name}"
    place = folders.choose(name, FAILED)
    last = place.rpartition("/")[2]
    assert last != name
    assert "~2" in last
    assert len(last.encode()) <= 255
    assert len(reason_place(place).rpartition("/")[2].encode()) <= 255


def test_a_lock_is_held_by_one_and_outlives_nobody(tmp_path):
    with Lock(tmp_path), pytest.raises(Locked, match=str(os.getpid())), Lock(tmp_path):
        pass
    code = (
        "import os, pathlib; from migrator.lock import Lock;"
        f" Lock(pathlib.Path({str(tmp_path)!r})).__enter__(); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    with Lock(tmp_path):
        assert (tmp_path / ".migrator/lock").read_text().strip() == str(os.getpid())


def test_a_source_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / ".migrator").touch()
    with pytest.raises(StateUnusable, match="writ"), Lock(tmp_path):
        pass


def state_of(tmp_path):
    path = tmp_path / "state"
    state_schema.create(path)
    state = State(path)
    with state.transaction():
        state.add_pending([NewFile("a.csv", 1, 2), NewFile(os.fsdecode(b"\xff.csv"), 3, 4)], "now")
    return path, state


def listing(folder, *, running):
    """What stands in the folder; a live run's index is its own affair."""
    return {
        file.name: (file.stat().st_mtime_ns, file.read_bytes())
        for file in folder.iterdir()
        if not (running and file.name.endswith("-shm"))
    }


@pytest.mark.parametrize("when", ["closed", "running", "killed", "killed and the index lost"])
def test_reading_a_state_changes_nothing(tmp_path, when):
    path, state = state_of(tmp_path)
    if when == "closed":
        state.close()
    elif when.startswith("killed"):
        copies = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
        state.close()
        for name, data in copies.items():
            if not (name.endswith("-shm") and "lost" in when):
                (tmp_path / name).write_bytes(data)
    before = listing(tmp_path, running=when == "running")
    entries = [entry for entry, _ in read(path)]
    assert [entry.path for entry in entries] == ["a.csv", os.fsdecode(b"\xff.csv")]
    assert listing(tmp_path, running=when == "running") == before


def test_a_state_damaged_at_any_page_is_found(tmp_path):
    path, state = state_of(tmp_path)
    with state.transaction():
        state.add_pending([NewFile(f"{number}.csv", 1, 2) for number in range(2000)], "now")
    state.close()
    whole = path.read_bytes()
    for page in range(0, len(whole), 4096 * 7):
        path.write_bytes(whole[:page] + bytes(4096) + whole[page + 4096 :])
        with pytest.raises(state_errors.StateUnreadable):
            state_check.check(path)
    path.write_bytes(whole)
    state_check.check(path)


def test_setting_aside_takes_the_companions_along(tmp_path):
    for name in ("state", "state-wal", "state-shm"):
        (tmp_path / name).write_text(name)
    assert state_aside.set_aside(tmp_path / "state").name == "state.unreadable-1"
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "state.unreadable-1", "state.unreadable-1-shm", "state.unreadable-1-wal",
    ]  # fmt: skip


def test_a_full_disk_is_no_damage(tmp_path):
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorname = "SQLITE_FULL"
    assert isinstance(state_errors.told_apart(tmp_path, error), StateUnusable)


def test_secrets_are_masked(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush/+hush")
    assert "hush" not in redacted("key hush/+hush at http://user:hush@host/")


def test_a_disk_without_room_leaves_the_file_where_it_is(folders, monkeypatch):
    def full(old, new):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("migrator.folders.rename_exclusively", full)
    with pytest.raises(StateUnusable, match="No space"):
        folders.move("a.csv", "done/a.csv")
