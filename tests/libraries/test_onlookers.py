"""The keywords for whoever looks at a live run fail where a look tells what is not so, or changes something."""

import json
from dataclasses import replace

import pytest

from harness.process import Finished
from Onlookers import Onlookers
from paper_world import balanced_world, pend

ONLOOKERS = Onlookers()
KEY = "lake/a.csv.parquet"


class LiveRun:
    """A migrator that runs as long as nobody ends it."""

    running = True


@pytest.fixture
def world(tmp_path):
    """A world whose run has `a.csv` in hand, and nothing else to do; `verify` finds nothing."""
    world = balanced_world(tmp_path)
    world.process = LiveRun()
    pend(world, "a.csv")
    world.record("a.csv").update(state="in_progress")
    world.gate.upload(KEY)
    world.gate.exchanges[-1].fate = "held before it reaches the server"
    answer(world, 0)
    return world


def answer(world, code, *named, deed=lambda: None):
    """Let `verify` do something, name these differences, and end with that code."""

    def run(*_, within):
        assert within
        deed()
        world.process = None
        return Finished("migrator verify", code, None, json.dumps({"differences": list(named)}), "", 0.1)

    world.run = run


def test_looks_that_tell_what_is_so_pass(world):
    ONLOOKERS.status_should_tell_a_run_under_way(world)
    ONLOOKERS.verify_should_find_nothing_under_a_run(world)
    assert isinstance(world.process, LiveRun)


@pytest.mark.parametrize("entry", [{"state": "pending"}, {"attempts": 2}, {"path": "x.csv"}])
def test_a_status_that_tells_something_else_of_the_held_file_is_told(world, entry):
    world.record("a.csv").update(entry)
    with pytest.raises(AssertionError, match=r"Expected in_progress, 1 attempt, seen .*, at a\.csv, look 1"):
        ONLOOKERS.status_should_tell_a_run_under_way(world)


def test_a_status_that_changes_what_the_next_one_tells_is_told(world):
    looks = []
    told = world.status

    def status():
        looks.append(told())
        world.record("a.csv").update(state="pending")
        return looks[-1]

    world.status = status
    with pytest.raises(AssertionError, match=r"at a\.csv, look 2"):
        ONLOOKERS.status_should_tell_a_run_under_way(world)


def test_a_file_that_status_leaves_out_is_told(world):
    world.document["files"].remove(world.record("bad.json"))
    with pytest.raises(AssertionError, match="Expected 3 files, seen 2, at look 1"):
        ONLOOKERS.status_should_tell_a_run_under_way(world)


@pytest.mark.parametrize("code", [3, 4, 5])
def test_a_verify_that_is_refused_or_differs_is_told(world, code):
    answer(world, code)
    with pytest.raises(AssertionError, match=f"Expected exit code 0, seen exit code {code}"):
        ONLOOKERS.verify_should_find_nothing_under_a_run(world)
    assert isinstance(world.process, LiveRun)


def test_a_difference_that_is_none_is_told(world):
    answer(world, 0, {"path": None, "key": KEY, "difference": "unknown-object", "detail": "so"})
    with pytest.raises(AssertionError, match=f"Expected no difference, seen unknown-object, at {KEY}"):
        ONLOOKERS.verify_should_find_nothing_under_a_run(world)


@pytest.mark.parametrize(
    ("deed", "told"),
    [
        (lambda world: (world.source / "a.csv").rename(world.source / "done/a.csv"), "at the folders"),
        (lambda world: world.bucket.objects.popitem(), "at the bucket"),
        (lambda world: world.bucket.uploads.append(KEY), "at uploads in parts"),
    ],
)
def test_a_verify_that_changes_something_is_told(world, deed, told):
    answer(world, 0, deed=lambda: deed(world))
    with pytest.raises(AssertionError, match=told):
        ONLOOKERS.verify_should_find_nothing_under_a_run(world)


def test_a_run_that_ended_meanwhile_is_told(world):
    run = LiveRun()
    world.process = run
    answer(world, 0, deed=lambda: setattr(run, "running", False))
    with pytest.raises(AssertionError, match="Expected still running, seen ended, at the run"):
        ONLOOKERS.verify_should_find_nothing_under_a_run(world)


@pytest.mark.parametrize(
    "look", [ONLOOKERS.status_should_tell_a_run_under_way, ONLOOKERS.verify_should_find_nothing_under_a_run]
)
def test_a_missing_given_is_told(world, look):
    world.process = None
    with pytest.raises(AssertionError, match="the Given that starts it is missing"):
        look(world)


def test_a_status_without_a_held_upload_says_what_is_missing(world):
    world.gate.exchanges[:] = [replace(each, fate="passed") for each in world.gate.exchanges]
    with pytest.raises(AssertionError, match="The gate holds no upload: the Given is missing"):
        ONLOOKERS.status_should_tell_a_run_under_way(world)
