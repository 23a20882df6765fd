"""What is wrong after a kill is told with its point, and points that were not reached are counted."""

import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest

from harness import kill_points
from harness.books import Difference
from harness.gate_rules import Hold, Rule, Stage
from harness.kill_points import AtMoment, AtMove, AtRequest, Killing, wrong_at_the_end
from harness.kill_series import alternating, files_to_kill_over, kill_all
from harness.process import Finished
from harness.s3_requests import Act, S3Request
from Kills import Kills
from paper_world import balanced_world

POINT = AtRequest(7, Stage.ANSWER)


@pytest.fixture
def world(tmp_path):
    return balanced_world(tmp_path)


@pytest.fixture
def kills():
    return Kills()


def _after(kills, *killings):
    kills._killings = list(killings)
    return kills


def test_runs_that_healed_pass(world, kills):
    _after(kills, *[Killing((POINT,), True, 1, ())] * 2).books_of_every_resumed_run_should_balance(world)


def test_what_is_wrong_after_a_kill_is_told_with_its_point(world, kills):
    wrong = (Difference("a.csv", "state done", "pending"), Difference("b.csv", "state done", "pending"))
    told = r"seen a\.csv: expected state done, seen pending \(1 more differences\), at a run killed at request 7, after"
    with pytest.raises(AssertionError, match=told):
        _after(kills, Killing((POINT,), False, 1, wrong)).books_of_every_resumed_run_should_balance(world)


def test_fewer_kills_than_there_are_objects_are_told(world, kills):
    least = len(world.truth.objects)
    assert least > 1
    missed, met = Killing((POINT,), True, 0, ()), Killing((POINT,), True, 1, ())
    _after(kills, missed, missed, *[met] * least).books_of_every_resumed_run_should_balance(world)
    told = f"at least {least} kill points reached.*seen {least - 1}, at the requests"
    with pytest.raises(AssertionError, match=told):
        _after(kills, missed, *[met] * (least - 1)).books_of_every_resumed_run_should_balance(world)


def test_a_rule_that_is_over_meets_nothing_more_and_lets_go_of_nothing():
    request = S3Request(Act.LIST, "bucket", "")
    late = Rule(Hold(), acts=frozenset({Act.LIST}), first=2)
    assert [late.meets(request) for _ in range(3)] == [False, True, True]
    late.expire()
    assert not late.meets(request)
    assert not late.lifted
    early = Rule(Hold(), acts=frozenset({Act.LIST}), first=3)
    early.meets(request)
    early.expire()
    assert not any(early.meets(request) for _ in range(5))
    assert not early.met.is_set()
    once = Rule(Hold(), acts=frozenset({Act.LIST}), count=1)
    assert [once.meets(request) for _ in range(2)] == [True, False]
    once.expire()
    assert not once.meets(request)


def test_no_kill_at_all_is_no_proof(world, kills):
    with pytest.raises(AssertionError, match="seen 0, at the requests"):
        kills.books_of_every_resumed_run_should_balance(world)
    with pytest.raises(ValueError, match="there is no kill point"):
        kill_all(world, None, "built-in", [])


def test_an_end_that_is_wrong_in_code_books_or_contents_is_told(world):
    ended = world.finished
    for path in ("a.csv", "b/c.csv"):
        key = f"lake/{path}.parquet"
        world.bucket.user_metadata[key] |= {"source-path": path}
    assert [str(each) for each in wrong_at_the_end(world, ended)] == []
    died = Finished("migrator run", 137, signal.SIGKILL, "", "", 0.1)
    assert "exit code 3" in str(next(wrong_at_the_end(world, died)))
    world.bucket.user_metadata["lake/a.csv.parquet"]["source-path"] = "b.csv"
    assert [each.where for each in wrong_at_the_end(world, ended)] == ["lake/a.csv.parquet"]
    world.record("a.csv")["state"] = "pending"
    assert "a.csv" in [each.where for each in wrong_at_the_end(world, ended)]


def test_an_upload_of_what_is_there_already_is_told(world):
    world.gate.upload("lake/a.csv.parquet")
    world.gate.upload("lake/new.parquet")
    for each in world.gate.exchanges:
        each.status = 412
    assert list(kill_points._uploaded_again(world.gate.exchanges, {"lake/a.csv.parquet"})) == []
    for each in world.gate.exchanges:
        each.status = 200
    (difference,) = kill_points._uploaded_again(world.gate.exchanges, {"lake/a.csv.parquet"})
    assert str(difference).startswith("lake/a.csv.parquet: expected no upload, as it was in the bucket already, seen 1")


def test_groups_and_single_processes_take_turns():
    points = [(AtMoment(1),), (AtMove(2),), (POINT,)]
    assert [group for _, group in alternating(points, group_first=True)] == [True, False, True]
    assert [group for _, group in alternating(points, group_first=False)] == [False, True, False]
    assert str(Killing((POINT, AtMove(2)), True, 2, ())) == (
        "at request 7, after the server answered, then as soon as 2 files have left their place, process group"
    )


def test_whoever_is_left_of_a_killed_process_is_waited_for():
    orphan = "import os, time; os.fork() or time.sleep(1); os.getppid()"
    process = subprocess.Popen([sys.executable, "-c", orphan], start_new_session=True)
    process.wait(timeout=timedelta(seconds=120).total_seconds())
    kill_points._wait_for_children(process.pid)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_the_files_end_in_every_way():
    made = [recipe.made for recipe in files_to_kill_over()]
    assert {len(each.tables) for each in made} == {0, 1, 2}
    assert sum(bool(each.codes) for each in made) == 2
