"""One acceptance run: set-up, Robot, and a comparison of the machine before and after it.

``python -m harness.acceptance [ROBOT ARGUMENTS]``, from the repository's root; the environment variables S3_SERVER,
S3_IMAGE, S3_ENDPOINT_URL, MIGRATOR and CLUSTER_PYTHON become Robot variables of the same names. PROCESSES says in how
many processes the scenarios are run; 1 is Robot itself, as `robot acceptance/` is.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from types import FrameType

import docker

from harness import locks, patience, processes, proof_links
from harness.engine import connect
from harness.prepare import prepare
from harness.problems import EnvironmentFault
from harness.progress import say, seconds
from harness.snapshot import Snapshot, left_behind

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "results"
VARIABLES = ("S3_SERVER", "S3_IMAGE", "S3_ENDPOINT_URL", "MIGRATOR", "CLUSTER_PYTHON")
# After a process that was killed its watchdog needs a moment.
CLEAN_WITHIN = patience.patient(60).total_seconds()
# Interrupted while it began; in the middle of a run it counts failures as ever.
_ROBOT_INTERRUPTED = 253
_ROBOT_NEVER_BEGAN = frozenset({251, 252})
# An error of Robot's own, or a process of a run that was lost.
_ROBOT_BROKEN = 255
_SHARDS = ROOT / "libraries" / "shards"
_HISTORY = "HISTORY"


class ExitCode(IntEnum):
    """How `python -m harness.acceptance` ends; `make` itself ends with 2 for all but 0, and prints the code."""

    PROVED = 0
    SCENARIO_FAILED = 1
    NEVER_BEGAN = 2
    """Robot took no work up: an option is wrong, or no test matches."""
    ENVIRONMENT_BROKEN = 3
    NOT_COVERED = 4
    LEFT_BEHIND = 5
    INTERRUPTED = 130
    TERMINATED = 143


def main(arguments: list[str]) -> int:
    """Runs the acceptance suite, has its pages written, and returns an `ExitCode`, or 130 or 143 for a run stopped.

    A second run in the same checkout waits until the first has written its results.
    """
    try:
        with locks.held(RESULTS / ".lock", f"writes to {RESULTS}", say):
            return _run(arguments)
    except EnvironmentFault as fault:
        say(str(fault))
        return ExitCode.ENVIRONMENT_BROKEN


def _run(arguments: list[str]) -> int:
    begun = time.monotonic()
    _forget_last_results()
    try:
        count = processes.wanted(os.environ.get(processes.VARIABLE))
        patience.factor(os.environ.get(patience.VARIABLE))
    except ValueError as error:
        say(str(error))
        return ExitCode.NEVER_BEGAN
    image = prepare(os.environ.get("S3_SERVER") or None, os.environ.get("S3_IMAGE") or None)
    client = connect() if image else None
    if image is None:
        _ask_the_external_server()
    before = Snapshot.take(client)
    stopped, robot = _robot(arguments, count)
    code = _code(stopped, robot, _pages())
    left = _left(client, before)
    say(f"Ended after {seconds(time.monotonic() - begun)}; the report is {RESULTS / 'persistence.html'}")
    if left:
        say("Left behind although nothing may be: " + ", ".join(left))
        return code or ExitCode.LEFT_BEHIND
    say("Nothing is left behind: containers, volumes, networks, folders and processes are as before.")
    return code


def _ask_the_external_server() -> None:
    """Sees that it is there and takes the credentials, or all scenarios would find out one by one.

    Raises:
        EnvironmentFault: It is not, or does not, with the cause.
    """
    # Its imports take a third of a second, which a run with a server of its own need not spend twice.
    from harness import servers
    from harness.environment import choice_of

    servers.start(choice_of({name: os.environ.get(name) for name in VARIABLES}))


def _code(stopped: int, robot: int, pages: int) -> int:
    """The one exit code.

    Args:
        stopped: The signal that asked this run to stop; 0 where none did.
        robot: What Robot ended with, which runs the scenarios.
        pages: What the report ended with, which judges the proof.
    """
    if stopped:
        return ExitCode.INTERRUPTED if stopped == signal.SIGINT else ExitCode.TERMINATED
    if robot == _ROBOT_INTERRUPTED:
        return ExitCode.INTERRUPTED
    if robot in _ROBOT_NEVER_BEGAN:
        return ExitCode.NEVER_BEGAN
    if robot == _ROBOT_BROKEN:
        return ExitCode.ENVIRONMENT_BROKEN
    return pages or (ExitCode.SCENARIO_FAILED if robot else ExitCode.PROVED)


def _robot(arguments: list[str], count: int) -> tuple[int, int]:
    """Runs Robot; returns the signal that asked it to stop (0 for none), and its exit code."""
    outputs = ["--outputdir", str(RESULTS), "--xunit", "xunit.xml", *proof_links.OPTIONS]
    variables = [option for name, value in _given() for option in ("--variable", f"{name}:{value}")]
    program = [str(_SHARDS)] if count > 1 else ["-m", "robot"]
    command = [sys.executable, *program, *outputs, *variables, *arguments, str(ROOT / "acceptance")]
    # In a session of its own, so that a terminal's Ctrl-C comes to it once: a second one ends Robot without teardowns.
    environment = {**os.environ, "S3_ACCEPTANCE_PAGES": "later", processes.VARIABLE: str(count)}
    stopped: list[int] = []
    running: list[subprocess.Popen[bytes]] = []

    def stop(number: int, frame: FrameType | None) -> None:
        del frame
        stopped.append(number)
        for process in running:
            process.send_signal(signal.SIGINT if number == signal.SIGINT else signal.SIGTERM)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    running.append(subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True))
    if stopped:
        running[0].terminate()
    code = running[0].wait()
    if code < 0:
        say(f"Robot was ended by {signal.Signals(-code).name}; what it wrote down until then is below {RESULTS}")
    return stopped[0] if stopped else 0, _ROBOT_BROKEN if code < 0 else code


def _pages() -> int:
    """Has the report's own program write page and matrix; its exit code is the verdict on the proof."""
    output = RESULTS / "output.xml"
    if not output.exists():
        return 0
    history = os.environ.get(_HISTORY)
    options = ["--history", history] if history else []
    command = [sys.executable, str(ROOT / "libraries" / "report"), str(output), *options]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def _given() -> Iterator[tuple[str, str]]:
    for name in VARIABLES:
        value = os.environ.get(name)
        if value:
            yield name, value


def _left(client: docker.DockerClient | None, before: Snapshot) -> list[str]:
    deadline = time.monotonic() + CLEAN_WITHIN
    while True:
        left = left_behind(before, Snapshot.take(client), client)
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.2)


def _forget_last_results() -> None:
    """Removes the last run's reports and evidence, so that nobody takes them for this run's."""
    for name in (
        "log.html",
        "report.html",
        "output.xml",
        "xunit.xml",
        "persistence.html",
        "traceability.json",
        "traceability.csv",
    ):
        (RESULTS / name).unlink(missing_ok=True)
    for name in ("evidence", "shards"):
        if (RESULTS / name).is_dir():
            shutil.rmtree(RESULTS / name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
