"""The process's own end: at once, but never before all was said and every thread has ended."""

import json
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from migrator import __main__ as program

MANY = 2000


@pytest.fixture
def ended(monkeypatch):
    """The codes with which the process would have ended at once."""
    codes = []
    monkeypatch.setattr(program, "os", SimpleNamespace(_exit=codes.append))
    monkeypatch.setattr(program, "threading", SimpleNamespace(active_count=lambda: 1))
    return codes


def start(*arguments, stdout=subprocess.PIPE):
    return subprocess.run(
        [sys.executable, "-m", "migrator", *arguments], stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
    )


def test_all_that_a_process_prints_arrives_before_it_ends(tmp_path):
    for number in range(MANY):
        (tmp_path / f"{number}.csv").touch()
    told = start("status", str(tmp_path), "--json")
    assert told.returncode == 0
    assert len(json.loads(told.stdout)["files"]) == MANY


@pytest.mark.parametrize(("arguments", "code"), [(("--version",), 0), (("status", "/nowhere"), 2), (("fly",), 2)])
def test_a_process_ends_with_the_code_of_its_command(arguments, code):
    assert start(*arguments).returncode == code


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("command", [("run", "s3://bucket"), ("status",)])
def test_closed_streams_are_no_obstacle(tmp_path, command, closed):
    name, *target = command
    line = [sys.executable, "-m", "migrator", name, str(tmp_path), *target]
    for _ in range(2):
        shell = ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", *line]
        assert subprocess.run(shell, capture_output=True, check=False).returncode == 0
    assert [each.name for each in tmp_path.glob(".migrator/*.unreadable*")] == []


def test_a_process_with_nothing_left_to_do_ends_at_once(ended):
    program._end(3)
    assert ended == [3]


def test_a_thread_that_still_runs_is_waited_for(ended, monkeypatch):
    monkeypatch.setattr(program, "threading", threading)
    go = threading.Event()
    thread = threading.Thread(target=go.wait)
    thread.start()
    try:
        program._end(3)
    finally:
        go.set()
        thread.join()
    assert ended == []


def test_what_cannot_be_printed_is_left_to_the_interpreter_to_tell(ended, monkeypatch):
    def refuse():
        raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", SimpleNamespace(flush=refuse))
    program._end(0)
    assert ended == []
