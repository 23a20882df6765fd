import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness import cleanup
from harness.run_id import Owner, Run

LIBRARIES = Path(cleanup.__file__).resolve().parents[1]
SCRIPT = """
import subprocess, sys, time
from harness import cleanup, watchdog
from harness.run_id import current
print(watchdog.guard(current()), current().mark, cleanup.make_folder(current()), sep="\\n")
child = subprocess.Popen(["sleep", "60"])
print(child.pid, flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def run():
    """A process with a watchdog, a folder and a child process; yields it with what it told of them."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(LIBRARIES)},
        start_new_session=True,
    )
    watchdog, mark, folder, child = (process.stdout.readline().strip() for _ in range(4))
    yield process, Owner.of(int(watchdog)), Run.of_mark(mark), Path(folder), Owner.of(int(child))
    if process.poll() is None:
        process.kill()
    process.communicate()


def wait_until(true, what, limit=120.0):
    deadline = time.monotonic() + limit
    while not true():
        assert time.monotonic() < deadline, f"expected within {limit} s: {what}"
        time.sleep(0.02)


def test_after_sigkill_of_the_whole_process_group_nothing_is_left_and_the_watchdog_ends(run):
    process, watchdog, whose, folder, child = run
    os.killpg(process.pid, signal.SIGKILL)
    wait_until(lambda: not folder.exists() and not child.alive(), "folder and child are gone")
    wait_until(lambda: not watchdog.alive(), "the watchdog ended")
    assert cleanup.left_of(None, whose) == []


def test_after_an_orderly_end_nothing_is_left_not_even_the_watchdog(run):
    process, watchdog, _whose, folder, child = run
    process.communicate("\n", timeout=120)
    assert not watchdog.alive()
    assert not folder.exists()
    assert not child.alive()


def test_after_ctrl_c_nothing_is_left(run):
    process, watchdog, _whose, folder, child = run
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    assert not watchdog.alive()
    assert not folder.exists()
    assert not child.alive()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_everybody_does_not_end_the_watchdog_before_its_work(run, number):
    process, watchdog, _whose, folder, child = run
    wait_until(lambda: ignores(watchdog.pid, number), "the watchdog has begun to wait")
    os.kill(watchdog.pid, number)
    process.kill()
    wait_until(lambda: not folder.exists() and not child.alive(), "folder and child are gone")


def test_a_living_run_keeps_what_it_has(run):
    _process, watchdog, _whose, folder, child = run
    assert watchdog.alive()
    assert folder.is_dir()
    assert child.alive()


def ignores(pid, number):
    status = Path(f"/proc/{pid}/status").read_text()
    mask = next(line for line in status.splitlines() if line.startswith("SigIgn")).split()[1]
    return bool(int(mask, 16) >> (number - 1) & 1)
