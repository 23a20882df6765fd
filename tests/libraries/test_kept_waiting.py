"""What a machine with much to do takes of a process's time is measured, and limits grow by it."""

import os
import sys
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from harness import faults, process
from harness.kept_waiting import KeptWaiting
from harness.process import Launch, MigratorProcess, ProcessError
from paper_world import balanced_world

PID = 7


@pytest.fixture
def proc(tmp_path):
    """A system that tells of one process with two threads, and of a disk."""
    for thread in ("7", "8"):
        (tmp_path / "7" / "task" / thread).mkdir(parents=True)
    (tmp_path / "pressure").mkdir()
    queue(tmp_path, 0, 0)
    disk(tmp_path, 5_000_000)
    return tmp_path


def queue(proc, *seconds):
    for thread, each in zip(("7", "8"), seconds, strict=True):
        (proc / "7" / "task" / thread / "schedstat").write_text(f"123456 {round(each * 1e9)} 17\n")


def disk(proc, microseconds):
    lines = (f"{kind} avg10=0.00 avg60=1.00 avg300=0.00 total={microseconds + extra}" for kind, extra in KINDS)
    (proc / "pressure" / "io").write_text("\n".join(lines) + "\n")


KINDS = (("some", 0), ("full", 99_000_000))


def test_the_thread_that_stood_longest_in_the_queue_counts_at_each_look(proc):
    kept = KeptWaiting(PID, proc)
    queue(proc, 1, 3)
    kept.look()
    queue(proc, 3, 3.5)
    kept.look()
    kept.look()
    assert kept.seconds == pytest.approx(3 + 2)


def test_what_the_disk_takes_counts_from_the_beginning_on(proc):
    kept = KeptWaiting(PID, proc)
    kept.look()
    assert kept.seconds == 0
    disk(proc, 7_500_000)
    kept.look()
    assert kept.seconds == pytest.approx(2.5)


def test_a_system_that_tells_nothing_keeps_nobody_waiting(tmp_path):
    kept = KeptWaiting(PID, tmp_path)
    kept.look()
    (tmp_path / "7" / "task" / "7").mkdir(parents=True)
    (tmp_path / "7" / "task" / "7" / "schedstat").write_text("\n")
    kept.look()
    assert kept.seconds == 0


def test_threads_that_come_and_go_are_no_trouble():
    kept = KeptWaiting(os.getpid())
    over = threading.Event()

    def come_and_go():
        while not over.is_set():
            thread = threading.Thread(target=time.sleep, args=(0.0001,))
            thread.start()
            thread.join()

    busy = threading.Thread(target=come_and_go)
    busy.start()
    for _ in range(200):
        kept.look()
    over.set()
    busy.join()
    assert kept.seconds >= 0


class Starved:
    """What tells at each look that a process was kept waiting for much longer than it was looked at."""

    def __init__(self, pid: int) -> None:
        self.seconds = 0.0

    def look(self) -> None:
        self.seconds += 10.0


@pytest.fixture
def launch(tmp_path):
    for name in ("work", "output"):
        (tmp_path / name).mkdir()
    return lambda code: Launch((sys.executable, "-c", code), {}, tmp_path / "work", tmp_path / "output")


def test_a_process_that_the_machine_lets_wait_has_that_long_besides(launch, monkeypatch):
    monkeypatch.setattr(process, "KeptWaiting", Starved)
    ended = MigratorProcess(launch("import time; time.sleep(1)"), ["run"]).wait(timedelta(seconds=0.2))
    assert ended.exit_code == 0
    assert ended.kept_waiting >= 20


def test_who_hangs_comes_to_an_end_all_the_same(launch, monkeypatch):
    monkeypatch.setattr(process, "KeptWaiting", Starved)
    monkeypatch.setattr(process, "_MOST_GRANTED", 0.5)
    hanging = MigratorProcess(launch("import time; time.sleep(600)"), ["run"])
    with pytest.raises(ProcessError, match=r"to end within 0\.2 s, seen it still running"):
        hanging.wait(timedelta(seconds=0.2))


def test_the_end_of_a_run_is_granted_what_the_machine_took_and_no_more_than_the_most(tmp_path):
    run = balanced_world(tmp_path).last_run
    promised = timedelta(seconds=5)
    usual = promised + faults.BUSY_MACHINE
    assert faults.granted(promised, run) == usual
    assert faults.granted(promised, replace(run, kept_waiting=3.0)) == usual + timedelta(seconds=3)
    assert faults.granted(promised, replace(run, kept_waiting=99.0)) == usual + faults.MOST_KEPT_WAITING
