"""What a run makes of files that change, vanish, or are taken away and put back, before it or under it."""

import pytest

from migrator.errors import StateUnusable, TargetRefused
from migrator.folders import Folders
from migrator.work import Workshop


def test_a_file_that_changes_under_the_run_stays_pending_and_leaves_no_object(world):
    file = world.write("a.csv", "1")
    world.write("b.csv", "2")

    def change(what, key):
        if what == "put" and "a.csv" in key:
            file.write_text("longer")

    world.bucket.after = change
    assert world.run() == 4
    assert world.bucket.held() == ["lake/b.csv.parquet"]
    world.bucket.after = lambda what, key: None
    assert world.run() == 0


def test_a_file_that_vanishes_is_told_once_and_leaves_no_object(world):
    file = world.write("a.csv", "1")
    world.bucket.after = lambda what, key: file.unlink() if what == "put" else None
    assert world.run() == 3
    told = world.status()["vanished a.csv"]
    assert (told["state"], told["error"]["code"], told["place"]) == ("failed", "source-vanished", None)
    assert world.bucket.held() == []
    assert world.run() == 0
    assert world.status() == {}


@pytest.mark.parametrize("then", ["vanishes", "changes"])
def test_a_second_arrival_that_could_not_be_moved_takes_no_object_of_the_first_one_back(world, monkeypatch, then):
    world.write("a.csv", "1")
    assert world.run() == 0
    again = world.write("a.csv", "1")

    def full(self, place, destination):
        raise StateUnusable(f"cannot move {place}")

    with monkeypatch.context() as change:
        change.setattr(Folders, "move", full)
        assert world.run() == 4
    if then == "vanishes":
        again.unlink()
        assert world.run() == 3
    else:
        # After the inventory, which would forget what was recorded of other bytes.
        unchanged = Workshop._unchanged
        monkeypatch.setattr(Workshop, "_unchanged", lambda self, task: again.write_text("23") and unchanged(self, task))
        assert world.run() == 4
    assert world.bucket.held() == ["lake/a.csv.parquet"]


def test_a_pending_file_that_a_user_removes_is_told_once(world):
    file = world.write("a.csv", "1")

    def refuse(what, key):
        raise TargetRefused("no")

    world.bucket.before = refuse
    assert world.run() == 4
    file.unlink()
    world.bucket.before = lambda what, key: None
    assert world.run() == 3
    assert "vanished a.csv" in world.status()


def test_a_failed_file_that_a_user_takes_away_is_forgotten_with_its_reason(world):
    world.write("a.csv", "bad")
    world.run()
    (world.root / "failed/a.csv").unlink()
    assert world.run() == 0
    assert world.files() == []
    assert world.status() == {}


def test_retry_puts_files_back_and_names_those_whose_place_is_taken(world):
    world.write("a/a.csv", "bad")
    world.write("b.csv", "bad")
    world.run()
    world.write("b.csv", "1")
    assert world.command("retry", "--code", "empty-file") == 0
    assert sorted(world.status()) == ["b.csv", "failed/a/a.csv", "failed/b.csv"]
    assert world.command("retry") == 0
    assert "failed/b.csv" in world.err
    assert world.files() == ["a/a.csv", "b.csv", "failed/b.csv", "failed/b.csv.reason.json"]
    assert world.status()["a/a.csv"]["state"] == "pending"
    (world.root / "a/a.csv").write_text("1")
    assert world.run() == 3
    assert world.status()["done/a/a.csv"]["attempts"] == 2
