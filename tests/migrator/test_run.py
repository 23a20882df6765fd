"""What a run does with files, by the contract's sentences, against a bucket that is a folder."""

import json
import os
import signal
from pathlib import Path

import pytest

from migrator import crew_here
from migrator.cli import main
from migrator.entries import NewFile
from migrator.errors import KeyRefused, StateUnusable, TargetRefused, TargetUnavailable
from migrator.folders import Folders
from migrator.reconcile import open_state
from migrator.state_file import StateFile
from migrator.work import Workshop
from tests.migrator.fakes import FakeBucket, install


class World:
    def __init__(self, root: Path, bucket: FakeBucket, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self.bucket, self._capsys = root, bucket, capsys
        self.err = ""

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def run(self, *options: str) -> int:
        code = main(["run", str(self.root), "s3://bucket/lake", *options])
        self.err = self._capsys.readouterr().err
        return code

    def command(self, name: str, *arguments: str) -> int:
        code = main([name, str(self.root), *arguments])
        self.err = self._capsys.readouterr().err
        return code

    def status(self) -> dict[str, dict]:
        assert main(["status", str(self.root), "--json"]) == 0
        out = self._capsys.readouterr()
        self.err = out.err
        told = json.loads(out.out)
        states = [file["state"] for file in told["files"]]
        assert {**told["counts"], "total": 0} == {
            **{state: states.count(state) for state in ("pending", "in_progress", "done", "failed")},
            "total": 0,
        }
        return {file["place"] or f"vanished {file['path']}": file for file in told["files"]}

    def files(self) -> list[str]:
        return sorted(
            str(file.relative_to(self.root))
            for file in self.root.rglob("*")
            if file.is_file() and ".migrator" not in file.parts
        )

    def kept(self) -> list[str]:
        return sorted(file.name for file in (self.root / ".migrator").iterdir())


@pytest.fixture
def world(tmp_path, monkeypatch, capsys):
    bucket = FakeBucket(tmp_path / "bucket")
    install(monkeypatch, bucket)
    root = tmp_path / "source"
    root.mkdir()
    handlers = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    yield World(root, bucket, capsys)
    for number, handler in handlers:
        signal.signal(number, handler)


def test_each_file_ends_where_its_state_says(world):
    world.write("orders/a.csv", "1")
    world.write("b.csv", "bad")
    world.write("d.sql", "t u")
    world.write("empty.sql", "")
    assert world.run() == 3
    assert world.files() == [
        "done/d.sql", "done/empty.sql", "done/orders/a.csv", "failed/b.csv", "failed/b.csv.reason.json",
    ]  # fmt: skip
    assert world.bucket.held() == ["lake/d.sql/t.parquet", "lake/d.sql/u.parquet", "lake/orders/a.csv.parquet"]
    status = world.status()
    done = status["done/orders/a.csv"]
    assert (done["state"], done["attempts"], done["path"], len(done["objects"])) == ("done", 1, "orders/a.csv", 1)
    assert done["discovered_at"] <= done["started_at"] <= done["finished_at"]
    failed = status["failed/b.csv"]
    assert failed["error"] == {"code": "malformed-csv", "message": "line 1: it is bad"}
    reason = json.loads((world.root / "failed/b.csv.reason.json").read_text())
    assert reason["failed_at"] == failed["finished_at"]
    assert {name: reason[name] for name in ("path", "code", "attempts", "size", "sha256")} == {
        "path": "b.csv", "code": "malformed-csv", "attempts": 1, "size": 3, "sha256": failed["sha256"],
    }  # fmt: skip
    assert world.kept() == ["lock", "state.sqlite3"]


def test_a_second_run_does_nothing_and_asks_nobody(world):
    world.write("a.csv", "1")
    assert world.run() == 0
    before = world.status()
    state = (world.root / ".migrator/state.sqlite3").read_bytes()
    world.bucket.before = lambda what, key: pytest.fail(f"asked to {what}")
    assert world.run() == 0
    assert world.status() == before
    assert (world.root / ".migrator/state.sqlite3").read_bytes() == state


def test_the_same_bytes_again_are_done_without_an_upload(world):
    world.write("a.csv", "1")
    world.run()
    world.write("a.csv", "1")
    assert world.run() == 0
    assert world.files() == ["done/a.csv", "done/a~2.csv"]
    assert world.bucket.puts("lake/a.csv.parquet") == 1
    status = world.status()
    assert status["done/a~2.csv"]["objects"] == status["done/a.csv"]["objects"]


def test_other_bytes_at_a_done_path_are_name_taken_also_when_malformed(world):
    world.write("a.csv", "1")
    world.run()
    world.write("a.csv", "bad")
    assert world.run() == 3
    assert world.status()["failed/a.csv"]["error"]["code"] == "name-taken"


def test_a_failed_path_takes_a_new_file(world):
    world.write("a.csv", "bad")
    assert world.run() == 3
    world.write("a.csv", "bad too")
    assert world.run() == 3
    assert sorted(world.status()) == ["failed/a.csv", "failed/a~2.csv"]
    world.write("a.csv", "1")
    assert world.run() == 3
    assert "done/a.csv" in world.status()


def test_a_done_file_that_is_moved_back_is_done_again_at_its_name(world):
    world.write("a.csv", "1")
    world.run()
    (world.root / "done/a.csv").rename(world.root / "a.csv")
    assert world.run() == 0
    assert world.files() == ["done/a.csv"]
    assert world.bucket.puts("lake/a.csv.parquet") == 1


def test_names_in_done_and_failed_are_never_overwritten(world):
    for place in ("done/a.csv", "failed/b.csv.reason.json", "done/dir", "done/n.csv.gz"):
        world.write(place, "somebody else's")
    for path, text in (("a.csv", "1"), ("b.csv", "bad"), ("dir/c.csv", "2"), ("n.csv.gz", "3")):
        world.write(path, text)
    assert world.run() == 3
    assert world.files() == sorted([
        "done/a.csv", "done/a~2.csv", "done/dir", "done/dir~2/c.csv", "done/n.csv.gz", "done/n~2.csv.gz",
        "failed/b.csv.reason.json", "failed/b~2.csv", "failed/b~2.csv.reason.json",
    ])  # fmt: skip
    assert (world.root / "done/a.csv").read_text() == "somebody else's"


def test_a_key_that_holds_somebody_elses_object_fails_the_file_and_leaves_nothing(world):
    world.bucket.put("lake/d.sql/u.parquet", {"source-path": "other", "source-sha256": "0"})
    world.write("d.sql", "t u v")
    assert world.run() == 3
    assert world.status()["failed/d.sql"]["error"]["code"] == "name-taken"
    assert world.bucket.held() == ["lake/d.sql/u.parquet"]


def test_an_outage_leaves_all_pending_and_the_next_run_goes_on(world):
    for number in range(30):
        world.write(f"{number}.csv", str(number))

    def out(what, key):
        if what == "put" and len(world.bucket.held()) >= 10:
            raise TargetUnavailable("the target was out for 1 s")

    world.bucket.before = out
    assert world.run() == 4
    counts = [file["state"] for file in world.status().values()]
    assert counts.count("done") + counts.count("pending") == 30
    assert "Traceback" not in world.err
    world.bucket.before = lambda what, key: None
    assert world.run() == 0
    assert all(world.bucket.puts(key) == 1 for key in world.bucket.held())
    assert len(world.bucket.held()) == 30


def test_a_target_that_refuses_everybody_leaves_all_pending(world):
    world.write("a.csv", "1")

    def refuse(what, key):
        raise TargetRefused("no such bucket")

    world.bucket.before = refuse
    assert world.run() == 4
    assert world.status()["a.csv"]["state"] == "pending"
    assert world.kept() == ["lock", "state.sqlite3"]


@pytest.mark.parametrize("refused", ["a.csv", "z.csv"])
def test_a_refused_key_is_the_files_fault_if_another_object_could_be_written(world, refused):
    for name in ("a.csv", "m.csv", "z.csv"):
        world.write(name, name)

    def refuse(what, key):
        if what == "put" and refused in key:
            raise KeyRefused("403 AccessDenied")

    world.bucket.before = refuse
    assert world.run("--workers", "1") == 3
    assert world.status()[f"failed/{refused}"]["error"]["code"] == "upload-rejected"


def test_refused_keys_alone_leave_the_files_pending(world):
    for number in range(50):
        world.write(f"{number}.csv", "1")

    def refuse(what, key):
        if what == "put":
            raise KeyRefused("403 AccessDenied")

    world.bucket.before = refuse
    assert world.run() == 4
    assert {file["state"] for file in world.status().values()} == {"pending"}


def test_refused_keys_do_not_keep_a_big_file_waiting(world, monkeypatch):
    monkeypatch.setattr(crew_here, "BUDGET", 10)
    for number in range(5):
        world.write(f"{number}.csv", "1")
    world.write("big.csv", "longer than the budget")

    def refuse(what, key):
        if what == "put" and "big" not in key:
            raise KeyRefused("403 AccessDenied")

    world.bucket.before = refuse
    assert world.run() == 3
    assert [file["place"] for file in world.status().values() if file["state"] == "done"] == ["done/big.csv"]


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


def test_a_stop_finishes_what_is_in_flight_and_begins_nothing_new(world):
    for number in range(20):
        world.write(f"{number:02}.csv", str(number))

    def stop(what, key):
        if what == "put" and "03" in key:
            os.kill(os.getpid(), signal.SIGTERM)

    world.bucket.after = stop
    assert world.run("--workers", "1") == 143
    states = [file["state"] for file in world.status().values()]
    assert states.count("in_progress") == 0
    assert 4 <= states.count("done") <= 5
    world.bucket.after = lambda what, key: None
    assert world.run() == 0
    assert all(world.bucket.puts(key) == 1 for key in world.bucket.held())


def test_a_hung_upload_does_not_hold_a_stop_up(world, monkeypatch):
    import threading

    world.write("a.csv", "1")
    release = threading.Event()
    ended = []

    def hang(what, key):
        if what == "put":
            os.kill(os.getpid(), signal.SIGINT)
            release.wait(20)

    def end(code):
        ended.append(code)

    world.bucket.before = hang
    monkeypatch.setattr("os._exit", end)
    assert world.run("--grace", "0.2") == 130
    assert ended == [130]
    assert world.status()["a.csv"]["state"] == "pending"
    release.set()


def test_links_dots_and_specials_are_left_alone(world):
    world.write(".hidden/a.csv", "1")
    world.write(".b.csv", "1")
    real = world.write("real.csv", "1")
    (world.root / "link.csv").symlink_to(real)
    (world.root / "hard.csv").hardlink_to(real)
    os.mkfifo(world.root / "pipe.csv")
    assert world.run() == 0
    assert sorted(world.status()) == ["done/hard.csv", "done/real.csv"]


def test_names_that_are_not_utf8_survive_in_state_and_status(world):
    name = os.fsdecode(b"caf\xe9.csv")
    (world.root / name).write_text("bad")
    assert world.run() == 3
    (file,) = world.status().values()
    assert file["path"] == name
    assert file["place"] == f"failed/{name}"


@pytest.mark.parametrize("top", ["done", "failed"])
@pytest.mark.parametrize("what", ["file", "link"])
def test_done_or_failed_that_is_no_folder_ends_with_2_before_anything(world, top, what):
    world.write("a.csv", "1")
    (world.root / "else").mkdir()
    if what == "file":
        (world.root / top).touch()
    else:
        (world.root / top).symlink_to(world.root / "else")
    assert world.run() == 2
    assert top in world.err.splitlines()[-1]
    assert not (world.root / ".migrator").exists()
