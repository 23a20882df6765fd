"""What a run makes of a state that cannot be read, is older than the folders, or does not know what lies there."""

import os
from pathlib import Path

import pytest

from migrator.cli import main
from migrator.entries import NewFile
from migrator.errors import TargetRefused
from migrator.reconcile import open_state
from migrator.state_file import StateFile


@pytest.mark.parametrize("how", ["missing", "emptied", "truncated", "overwritten", "a folder", "another version"])
def test_a_state_that_cannot_be_read_is_rebuilt_and_nothing_is_done_twice(world, how):
    for number in range(5):
        world.write(f"x/{number}.csv", str(number))
    world.write("d.sql", "t u")
    world.write("empty.sql", "")
    world.write("bad.csv", "bad")
    world.run()
    world.write("x/1.csv", "1")
    world.run()
    before = world.status()
    state = world.root / ".migrator/state.sqlite3"
    damage(state, how)
    assert main(["status", str(world.root), "--json"]) == 0
    world._capsys.readouterr()
    world.write("new.csv", "new")
    assert world.run() == 3
    after = world.status()
    assert set(after) == {*before, "done/new.csv"}
    for place, file in before.items():
        told = after[place]
        assert (told["path"], told["state"], told["sha256"]) == (file["path"], file["state"], file["sha256"])
        assert told["objects"] == file["objects"]
        assert told["error"] == file["error"]
    assert all(world.bucket.puts(key) == 1 for key in world.bucket.held())
    aside = [name for name in world.kept() if name.startswith("state.sqlite3.")]
    assert bool(aside) == (how != "missing")
    assert all(name in world.err or how == "missing" or name.endswith(("-wal", "-shm")) for name in aside) or aside


def damage(state: Path, how: str) -> None:
    data = state.read_bytes()
    state.unlink()
    if how == "emptied":
        state.touch()
    elif how == "truncated":
        state.write_bytes(data[: len(data) // 2])
    elif how == "overwritten":
        state.write_bytes(os.urandom(len(data)))
    elif how == "a folder":
        state.mkdir()
    elif how == "another version":
        state.write_bytes(data[:60] + (99).to_bytes(4, "big") + data[64:])


def test_a_state_older_than_the_folders_learns_what_was_done_since(world):
    world.write("a.csv", "1")
    world.write("b.csv", "bad")

    def refuse(what, key):
        raise TargetRefused("no")

    world.bucket.before = refuse
    world.run()
    old = (world.root / ".migrator/state.sqlite3").read_bytes()
    world.bucket.before = lambda what, key: None
    assert world.run() == 3
    (world.root / ".migrator/state.sqlite3").write_bytes(old)
    assert world.run() == 3
    assert sorted(world.status()) == ["done/a.csv", "failed/b.csv"]
    assert world.bucket.puts("lake/a.csv.parquet") == 1


def test_foreign_files_in_done_are_looked_at_once(world):
    world.write("done/theirs.csv", "x")
    world.write("failed/theirs.csv", "x")
    assert world.run() == 0
    world.bucket.before = lambda what, key: pytest.fail(f"asked to {what}")
    assert world.run() == 0
    assert world.status() == {}


def test_a_known_file_that_cannot_be_looked_at_stays_pending_and_holds_nobody_up(world):
    world.write("a.csv", "1")
    hidden = "n" * 300 + ".csv"  # no file system tells of it, as of a file in a folder that may not be searched
    (world.root / ".migrator").mkdir()
    with open_state(world.root / ".migrator" / "state.sqlite3") as state, state.transaction():
        state.add_pending([NewFile(hidden, 1, 1)], "2026")
    assert world.run() == 4
    assert "cannot be looked at" in world.err
    assert "defect" not in world.err
    assert {place: file["state"] for place, file in world.status().items()} == {"done/a.csv": "done", hidden: "pending"}


def test_recover_rebuilds_and_keeps_the_old_state(world):
    world.write("a.csv", "1")
    world.write("b.csv", "bad")
    world.run()
    world.write("c.csv", "2")
    assert world.command("recover", "s3://bucket/lake") == 0
    status = world.status()
    assert {place: file["state"] for place, file in status.items()} == {
        "done/a.csv": "done", "failed/b.csv": "failed", "c.csv": "pending",
    }  # fmt: skip
    assert status["done/a.csv"]["attempts"] is None
    assert world.kept() == ["lock", "state.sqlite3", "state.sqlite3.unreadable-1"]


def test_a_state_that_was_rebuilt_and_is_not_whole_replaces_none(world, monkeypatch):
    world.write("a.csv", "1")
    world.run()
    state = world.root / ".migrator" / "state.sqlite3"
    before = state.read_bytes()
    # As where there is no room for the file to grow.
    monkeypatch.setattr(StateFile, "_fold", lambda _: None)
    assert world.command("recover", "s3://bucket/lake") == 4
    assert "the old state stays" in world.err
    assert state.read_bytes() == before
    assert world.kept() == ["lock", "state.sqlite3"]


def test_a_state_among_the_files_is_rebuilt_there_without_being_one_of_them(world):
    option = ("--state", str(world.root / "state.db"))
    world.write("a.csv", "1")
    assert world.run(*option) == 0
    world.write("b.csv", "2")
    assert world.command("recover", "s3://bucket/lake", *option) == 0
    assert world.run(*option) == 0
    names = [name for name in world.files() if not name.startswith("state.db")]
    assert names == ["done/a.csv", "done/b.csv"]
    assert world.bucket.held() == ["lake/a.csv.parquet", "lake/b.csv.parquet"]


@pytest.mark.parametrize("inside", [True, False])
def test_a_users_files_beside_the_state_are_no_drafts_of_it(world, tmp_path, inside):
    state = (world.root if inside else tmp_path) / "state.db"
    theirs = [state.with_name(state.name + suffix) for suffix in (".new", ".recovering", ".new-journal", ".bak")]
    for file in theirs:
        file.write_text("mine")
    assert world.run("--state", str(state)) == (3 if inside else 0)
    assert world.command("recover", "s3://bucket/lake", "--state", str(state)) == 0
    moved = [world.root / "failed" / file.name for file in theirs]
    assert [file.read_text() for file in (moved if inside else theirs)] == ["mine"] * len(theirs)
