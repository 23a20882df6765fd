"""The keywords over several runs fail where two of them met, where one did something twice, or ended as it must not."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from harness import runs
from paper_world import balanced_world, version
from Restart import Restart
from Runs import Runs

RUNS = Runs()
KEYS = ("lake/a.csv.parquet", "lake/b/c.csv.parquet")


class _Migrator:
    """One that has or has not ended."""

    def __init__(self, *, running):
        self.running = running


@pytest.fixture
def world(tmp_path):
    world = balanced_world(tmp_path)
    for key in KEYS:
        world.gate.upload(key)
        world.gate.exchanges[-1].status = 200
    return world


@pytest.fixture
def remembered(world):
    Restart().remember_this_moment(world)
    return world


def ended(world, code, died_of=None):
    world.finished = replace(world.last_run, exit_code=code, signal=died_of)


@pytest.fixture
def first(world):
    world.process = _Migrator(running=True)
    return world.process


def answer(world, code):
    """Let every command end with an exit code, in a process of its own."""

    def run(command, *_options, within):
        world.process = _Migrator(running=False)
        return replace(world.last_run, command=command, exit_code=code)

    world.run = run


def test_commands_that_are_refused_while_the_first_run_goes_on_pass(world, first):
    answer(world, 5)
    RUNS.every_command_should_find_source_held(world, "run", "retry")
    assert world.process is first


@pytest.mark.parametrize("code", [0, 1, 3, 4])
def test_a_second_run_that_is_not_refused_is_told(world, first, code):
    answer(world, code)
    with pytest.raises(AssertionError, match=f"Expected exit code 5, seen exit code {code}.*, at run "):
        RUNS.every_command_should_find_source_held(world, "run")


def test_a_first_run_that_the_second_one_ended_is_told(world, first):
    def run(command, *_options, within):
        first.running = False
        return replace(world.last_run, command=command, exit_code=5)

    world.run = run
    with pytest.raises(AssertionError, match="Expected still running, seen ended, at the first run"):
        RUNS.every_command_should_find_source_held(world, "run")


def test_a_first_run_is_the_worlds_own_also_where_the_second_one_does_not_end(world, first):
    def run(command, *_options, within):
        world.process = _Migrator(running=True)
        raise TimeoutError

    world.run = run
    with pytest.raises(TimeoutError):
        RUNS.every_command_should_find_source_held(world, "run")
    assert world.process is first


def test_a_second_run_that_is_refused_for_its_state_alone_is_told(world, first):
    def run(command, *options, within):
        return replace(world.last_run, command=command, exit_code=0 if options else 5)

    world.run = run
    with pytest.raises(
        AssertionError, match="Expected exit code 5, seen exit code 0.*, at run --state .*another.state"
    ):
        RUNS.every_command_should_find_source_held(world, "run")


@pytest.mark.parametrize("process", [None, _Migrator(running=False)])
def test_a_second_run_needs_a_first_one(world, process):
    world.process = process
    with pytest.raises(AssertionError, match="the Given that starts it is missing"):
        RUNS.every_command_should_find_source_held(world, "run")


def test_each_object_once_passes_also_where_one_was_on_its_way_when_its_run_was_stopped(world):
    world.gate.upload(KEYS[0])
    RUNS.no_object_should_have_been_uploaded_twice(world)


def test_a_double_upload_is_told(world):
    world.gate.upload(KEYS[0])
    world.gate.exchanges[-1].status = 200
    with pytest.raises(AssertionError, match=f"Expected at most 1 upload that was answered, seen 2, at {KEYS[0]}"):
        RUNS.no_object_should_have_been_uploaded_twice(world)


def test_an_upload_of_a_strange_key_is_told(world):
    world.gate.upload("lake/strange")
    world.gate.exchanges[-1].status = 200
    with pytest.raises(AssertionError, match="Expected no upload, as no file has this key, seen 1, at lake/strange"):
        RUNS.no_object_should_have_been_uploaded_twice(world)


def test_a_run_that_left_everything_as_it_was_passes(remembered):
    RUNS.nothing_should_have_changed(remembered)


@pytest.mark.parametrize(
    ("field", "value"), [("attempts", 2), ("finished_at", "2026-01-02T00:00:00Z"), ("state", "pending")]
)
def test_a_changed_entry_is_told_also_of_a_failed_file(remembered, field, value):
    remembered.record("bad.json")[field] = value
    with pytest.raises(AssertionError, match=r"Expected the entry .* as it was, .*, at bad\.json"):
        RUNS.nothing_should_have_changed(remembered)


def test_a_new_entry_is_told(remembered):
    remembered.document["files"].append({**remembered.record("a.csv"), "path": "ghost.csv"})
    with pytest.raises(AssertionError, match=r"at ghost\.csv"):
        RUNS.nothing_should_have_changed(remembered)


def test_a_touched_a_new_and_a_missing_file_are_told(remembered):
    reason = remembered.source / "failed/bad.json.reason.json"
    os.utime(reason)
    with pytest.raises(AssertionError, match=r"at failed/bad\.json\.reason\.json"):
        RUNS.nothing_should_have_changed(remembered)
    reason.unlink()
    (remembered.source / "done/new").write_bytes(b"")
    with pytest.raises(AssertionError, match=r"at done/new \(1 more differences"):
        RUNS.nothing_should_have_changed(remembered)


def test_a_new_version_is_told(remembered):
    remembered.bucket.extra_versions.append(version(KEYS[0], b"again", number=2))
    with pytest.raises(AssertionError, match="Expected the same 2 versions, seen 3, or others, at the bucket"):
        RUNS.nothing_should_have_changed(remembered)


def test_an_upload_that_came_to_nothing_is_told_too(remembered):
    remembered.gate.upload(KEYS[0])
    with pytest.raises(AssertionError, match=f"Expected nothing sent to the bucket, seen PutObject, at {KEYS[0]}"):
        RUNS.nothing_should_have_changed(remembered)


def test_the_first_signals_code_passes_and_no_other(world):
    ended(world, 130)
    RUNS.migrator_should_have_ended_with_the_first_signals_code(world)
    ended(world, 143)
    with pytest.raises(AssertionError, match="Expected exit code 130, as SIGINT stopped it, seen exit code 143"):
        RUNS.migrator_should_have_ended_with_the_first_signals_code(world)
    ended(world, 130, signal.SIGINT)
    with pytest.raises(AssertionError, match="Expected exit code 130, .*, seen died of SIGINT"):
        RUNS.migrator_should_have_ended_with_the_first_signals_code(world)


def test_an_inventory_that_is_not_empty_is_told(world):
    with pytest.raises(AssertionError, match="Expected 0 files, seen 3, at the state"):
        RUNS.inventory_should_be_empty(world)
    world.document["files"].clear()
    RUNS.inventory_should_be_empty(world)


@pytest.fixture
def process():
    """A process that keeps SIGUSR1 waiting, and says when it does."""
    code = "import signal as s; s.pthread_sigmask(s.SIG_BLOCK, [s.SIGUSR1]); print(flush=True); s.pause()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process
        process.kill()


def test_a_signal_that_a_process_does_not_take_is_told(process):
    process.send_signal(signal.SIGUSR1)
    with pytest.raises(AssertionError, match=f"Expected process {process.pid} to take SIGUSR1 within 0.05 s"):
        runs.wait_until_taken(process.pid, signal.SIGUSR1, timedelta(seconds=0.05))


def test_a_signal_that_was_taken_is_not_waited_for(process):
    runs.wait_until_taken(process.pid, signal.SIGUSR1, timedelta(0))
    process.kill()
    runs.wait_until_taken(process.pid, signal.SIGKILL, timedelta(seconds=5))
