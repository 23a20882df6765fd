"""What a timeline marks, and whether it tells what was stored twice from what was rightly stored anew."""

import json

import pytest

from harness.diary import Deed, Entry
from report.lanes import lanes
from report.marks import marks
from report.worlds import read
from small_runs import evidence


def told(*deeds):
    entries = [Entry(f"2026-01-01T00:00:{at:02}.000Z", deed, detail) for at, (deed, detail) in enumerate(deeds)]
    return [(mark.kind, mark.told) for mark in marks(reversed(entries))]


def test_a_stop_and_a_resume_are_told_by_number():
    seen = told(
        (Deed.STARTED, "run"), (Deed.SIGNAL, "SIGTERM"), (Deed.ENDED, "exit code 143"), (Deed.STARTED, "run"),
        (Deed.ENDED, "exit code 0"), (Deed.STARTED, "verify"),
    )  # fmt: skip
    assert seen == [
        ("start", "run starts"), ("stop", "SIGTERM"), ("end", "ends: exit code 143"), ("resume", "run 2 starts"),
        ("end", "ends: exit code 0"), ("start", "verify starts"),
    ]  # fmt: skip


@pytest.mark.parametrize("how", [(Deed.KILLED, "SIGKILL to the process group"), (Deed.SIGNAL, "SIGKILL")])
def test_a_kill_is_told_once(how):
    seen = told((Deed.STARTED, "run"), how, (Deed.ENDED, "SIGKILL"), (Deed.STARTED, "run"), (Deed.ENDED, "SIGSEGV"))
    assert [kind for kind, _ in seen] == ["start", "kill", "resume", "end"]


def test_outages_and_faults_are_marks_too():
    seen = told(
        (Deed.SERVER_AWAY, "frozen"), (Deed.FAULT, "PutObject: answers 503 SlowDown"), (Deed.SERVER_BACK, "thawed")
    )
    assert [kind for kind, _ in seen] == ["outage", "fault", "recovery"]


def world_of(folder):
    evidence(folder)
    return folder / "evidence" / "a_test" / "the_source"


def test_the_sentence_counts_what_was_done(tmp_path):
    world_of(tmp_path)
    assert read(tmp_path, "evidence/a_test/the_source").sentence == (
        "3 files, 2 runs of the migrator, 1 stop, 1 outage; 3 uploads of 3 keys: no key was stored twice."
    )


def test_a_diary_whose_last_line_is_torn_tells_the_rest(tmp_path):
    diary = world_of(tmp_path) / "timeline.jsonl"
    diary.write_text(diary.read_text() + '{"time": "2026-01-0')
    assert len(read(tmp_path, "evidence/a_test/the_source").marks) == 8


@pytest.mark.parametrize(("deleted", "twice"), [(204, 0), (403, 1), (None, 1)])
def test_an_object_that_was_taken_back_is_not_stored_twice_by_its_next_upload(tmp_path, deleted, twice):
    log = world_of(tmp_path) / "gate.jsonl"
    first = json.loads(log.read_text().splitlines()[0])
    with log.open("a") as more:
        more.write(f"{json.dumps({**first, 'act': 'DeleteObject', 'status': deleted, 'upload': None})}\n")
        more.write(f"{json.dumps(first)}\n")
    assert len(read(tmp_path, "evidence/a_test/the_source").twice) == twice


def entry(state, discovered=1, started=None, finished=None):
    times = {"discovered_at": discovered, "started_at": started, "finished_at": finished}
    return {"path": "a.csv", "state": state, **{name: f"t{time}" if time else None for name, time in times.items()}}


def ways(looks, ends=(), uploads=()):
    return [lane.states for lane in lanes(looks, list(ends), uploads)]


def test_a_file_that_a_stop_sent_back_is_pending_from_the_end_of_that_run_and_in_progress_at_its_next_upload():
    looks = [("t5", [entry("pending", 1, 2)]), ("", [entry("done", 1, 2, 9)])]
    way = [("t1", "pending"), ("t2", "in_progress"), ("t4", "pending"), ("t7", "in_progress"), ("t9", "done")]
    assert ways(looks, ["t4", "t9"], [("t3", "a.csv"), ("t7", "a.csv"), ("t8", "a.csv")]) == [way]


def test_an_upload_of_what_is_done_does_not_take_it_back():
    assert ways([("", [entry("done", 1, 2, 3)])], uploads=[("t5", "a.csv")])[0][-1] == ("t3", "done")


def test_a_state_that_was_rebuilt_with_other_times_makes_no_second_lane():
    looks = [("t4", [entry("done", 1, 2, 3)]), ("t7", [entry("done", 6)]), ("", [entry("done", None)])]
    assert ways(looks) == [[("t1", "pending"), ("t2", "in_progress"), ("t3", "done")]]


def test_a_path_that_arrives_again_has_a_lane_for_each_arrival():
    first, second = entry("done", 1, 2, 3), entry("failed", 5, 6, 7)
    assert [way[-1] for way in ways([("t4", [first]), ("", [first, second])])] == [("t3", "done"), ("t7", "failed")]
