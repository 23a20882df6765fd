"""`verify`, `recover` and `retry` as whole processes against a real server."""

import fcntl
import os
import shutil

import pytest

from harness.folders import look
from tests.migrator.crash.migration import ENDED, SMALL, arrive

BAD = "failed/bad.csv"
REASON = f"{BAD}.reason.json"


@pytest.fixture
def ended(crash_world):
    with crash_world.case(ENDED) as case:
        yield case


def rewritten(file, data):
    """Other bytes, as if nobody had touched the file."""
    times = file.stat()
    file.write_bytes(data)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def moved(case, place, to):
    (case.source / to).parent.mkdir(parents=True, exist_ok=True)
    (case.source / place).rename(case.source / to)


BREAKS = {
    "nothing": (lambda case: None, []),
    "a pending file": (lambda case: arrive(case.source, {"new/one.csv": b"a\n1\n"}), []),
    "objects outside the prefix": (
        lambda case: [case.bucket.put(key, b"x") for key in ("other/x", "lake2/x")],
        [],
    ),
    "an object gone": (
        lambda case: case.bucket.lose("lake/two.sql/t.parquet"),
        [("missing-object", "two.sql", "lake/two.sql/t.parquet")],
    ),
    "an object changed": (
        lambda case: case.bucket.put("lake/a/one.csv.parquet", b"other"),
        [("changed-object", "a/one.csv", "lake/a/one.csv.parquet")],
    ),
    "a stranger in the bucket": (
        lambda case: case.bucket.put("lake/a/one.csv/stranger", b"x"),
        [("unknown-object", None, "lake/a/one.csv/stranger")],
    ),
    "a done file gone": (
        lambda case: (case.source / "done/pack.zip").unlink(),
        [("missing-file", "pack.zip", None)],
    ),
    "a failed file gone": (
        lambda case: [(case.source / place).unlink() for place in (BAD, REASON)],
        [("missing-file", "bad.csv", None)],
    ),
    "a reason gone": (lambda case: (case.source / REASON).unlink(), [("missing-file", "bad.csv", None)]),
    "a file grown": (
        lambda case: (case.source / "done/two.sql").open("ab").write(b"\n"),
        [("changed-file", "two.sql", None)],
    ),
    "a file of the same size": (
        lambda case: rewritten(case.source / "done/a/one.csv", b"n,t\n1,y\n2,\n"),
        [("changed-file", "a/one.csv", None)],
    ),
    "a done file moved back": (
        lambda case: moved(case, "done/a/one.csv", "a/one.csv"),
        [("misplaced-file", "a/one.csv", None)],
    ),
    "a failed file in done": (
        lambda case: [moved(case, BAD, "done/bad.csv"), (case.source / REASON).unlink()],
        [("misplaced-file", "bad.csv", None)],
    ),
    "a stranger in done": (
        lambda case: (case.source / "done/stranger.txt").write_text("x"),
        [("unknown-file", "done/stranger.txt", None)],
    ),
    "a stranger in failed": (
        lambda case: (case.source / "failed/stranger.txt").write_text("x"),
        [("unknown-file", "failed/stranger.txt", None)],
    ),
}


@pytest.mark.parametrize("what", BREAKS)
def test_verify_names_every_difference_and_changes_nothing(ended, what):
    act, expected = BREAKS[what]
    act(ended)
    before = look(ended.source), ended.state_files(), ended.bucket.versions()
    told = ended.command_with_target("verify", "--json")
    assert told.code == (3 if expected else 0), told.stderr
    found = told.json()["differences"]
    assert [(each["difference"], each["path"], each["key"]) for each in found] == expected
    assert all(each["detail"] for each in found)
    assert (look(ended.source), ended.state_files(), ended.bucket.versions()) == before
    plain = ended.command_with_target("verify")
    assert plain.code == told.code
    assert all(kind in plain.stdout for kind, _, _ in expected)


LONG = bool(os.environ.get("TEST_LONG"))


@pytest.mark.parametrize("renameat2", [True, False], ids=["renameat2", "link and unlink"])
def test_verify_passes_over_what_a_kill_left_half_done(crash_world, renameat2):
    with crash_world.case(SMALL) as case:
        steps = len(case.run(count=True, renameat2=renameat2).steps)
    for point in range(1, steps + 1, 1 if LONG else 9):
        with crash_world.case(SMALL) as case:
            case.run(kill_at=point, renameat2=renameat2)
            told = case.command_with_target("verify", "--json")
            assert told.code in {0, 3}, told.stderr
            assert told.json()["differences"] == [], f"killed at step {point} of {steps}"
            assert told.code == 0


@pytest.mark.parametrize("lost", ["state", "folder", "nothing"])
def test_recover_rebuilds_the_state_from_folders_and_bucket(ended, lost):
    before = {file["place"]: file for file in ended.status()["files"]}
    folder = ended.source / ".migrator"
    if lost == "state":
        ended.lose_state()
    elif lost == "folder":
        shutil.rmtree(folder)
    uploads = len(ended.world.gate.writes())
    told = ended.command_with_target("recover")
    assert told.code == 0, told.stderr
    assert ended.wrong() == []
    after = {file["place"]: file for file in ended.status()["files"]}
    for place, file in after.items():
        for name in ("path", "state", "kind", "format", "size", "sha256", "error"):
            assert file[name] == before[place][name], (place, name)
        key = {each["key"]: each for each in before[place]["objects"]}
        assert {each["key"]: each for each in file["objects"]} == key
    kept = {file.name for file in folder.iterdir()}
    assert {"lock", "state.sqlite3"} <= kept
    assert len(kept) == (3 if lost == "nothing" else 2)
    assert ended.run().code == 3
    assert ended.wrong() == []
    assert len(ended.world.gate.writes()) == uploads


def test_recover_that_cannot_ask_the_target_leaves_the_state(ended):
    state = (ended.source / ".migrator/state.sqlite3").read_bytes()
    arguments = ended.command_of("recover", "s3://no-such-bucket-of-ours/lake")
    told = ended.world.migrators.run(ended.source, arguments)
    assert told.code == 4
    assert "NoSuchBucket" in told.stderr
    assert (ended.source / ".migrator/state.sqlite3").read_bytes() == state
    assert ended.wrong() == []


def test_one_at_a_time(ended):
    with (ended.source / ".migrator/lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert ended.command_with_target("recover").code == 5
        assert ended.retry().code == 5
        assert ended.run().code == 5
        assert ended.command_with_target("verify").code == 0
    assert ended.wrong() == []


def test_retry_puts_failed_files_back_as_they_were(ended):
    arrive(ended.source, {"empty.txt": b"", "deep/er/odd.xyz": b"?"})
    assert ended.run().code == 3
    facts = look(ended.source)
    told = ended.retry("--code", "empty-file")
    assert told.code == 0, told.stderr
    files = {file["path"]: file for file in ended.status()["files"]}
    assert (files["empty.txt"]["state"], files["empty.txt"]["place"]) == ("pending", "empty.txt")
    assert files["empty.txt"]["error"] is None
    assert {files[path]["state"] for path in ("bad.csv", "deep/er/odd.xyz")} == {"failed"}
    assert ended.retry().code == 0
    after = look(ended.source)
    for path in ("empty.txt", "bad.csv", "deep/er/odd.xyz"):
        assert after[path] == facts[f"failed/{path}"]
    assert not [place for place in after if place.startswith("failed/")]
    assert ended.status()["counts"] == {"pending": 3, "in_progress": 0, "done": 4, "failed": 0, "total": 7}
    assert ended.run().code == 3
    assert {file["attempts"] for file in ended.status()["files"] if file["state"] == "failed"} == {2}


def test_retry_leaves_a_file_whose_old_place_is_taken(ended):
    arrive(ended.source, {"bad.csv": b"a,b\n1,2\n"})
    told = ended.retry()
    assert told.code == 0
    assert BAD in told.stderr
    files = {file["place"]: file["state"] for file in ended.status()["files"]}
    assert (files[BAD], files["bad.csv"]) == ("failed", "pending")
    assert {BAD, REASON} <= look(ended.source).keys()
    assert ended.run().code == 3
    states = {file["place"]: file["state"] for file in ended.status()["files"] if file["path"] == "bad.csv"}
    assert states == {BAD: "failed", "done/bad.csv": "done"}
