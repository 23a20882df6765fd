"""What a run does with files, by the contract's sentences, against a bucket that is a folder."""

import json
import os
import signal

import pytest

from migrator import crew_here
from migrator.errors import KeyRefused, TargetRefused, TargetUnavailable


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
