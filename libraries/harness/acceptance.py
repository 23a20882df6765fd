"""One acceptance run: set-up, Robot, and a comparison of the machine before and after it.

``python -m harness.acceptance [ROBOT ARGUMENTS]``, from the repository's root; the environment variables S3_SERVER,
S3_IMAGE, S3_ENDPOINT_URL and MIGRATOR become Robot variables of the same names.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import docker

from harness.engine import connect
from harness.prepare import prepare
from harness.problems import EnvironmentFault
from harness.progress import say, seconds
from harness.snapshot import Snapshot, left_behind

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "results"
VARIABLES = ("S3_SERVER", "S3_IMAGE", "S3_ENDPOINT_URL", "MIGRATOR")
# After a run that was killed its watchdog needs a moment; half a minute is what is promised.
CLEAN_WITHIN = 30.0
_ENVIRONMENT_FAILED = 252


def main(arguments: list[str]) -> int:
    """Runs the acceptance suite and returns Robot's exit code, or 1 where only the clean-up failed."""
    begun = time.monotonic()
    try:
        image = prepare(os.environ.get("S3_SERVER") or None, os.environ.get("S3_IMAGE") or None)
        client = connect() if image else None
    except EnvironmentFault as fault:
        say(str(fault))
        return _ENVIRONMENT_FAILED
    before = Snapshot.take(client)
    _forget_last_results()
    code = _robot(arguments)
    left = _left(client, before)
    say(f"Ended after {seconds(time.monotonic() - begun)}; the report is {RESULTS / 'report.html'}")
    if left:
        say("Left behind although nothing may be: " + ", ".join(left))
        return code or 1
    say("Nothing is left behind: containers, volumes, networks, folders and processes are as before.")
    return code


def _robot(arguments: list[str]) -> int:
    outputs = ["--outputdir", str(RESULTS), "--xunit", "xunit.xml"]
    variables = [option for name, value in _given() for option in ("--variable", f"{name}:{value}")]
    command = [sys.executable, "-m", "robot", *outputs, *variables, *arguments, str(ROOT / "acceptance")]
    process = subprocess.Popen(command, cwd=ROOT)

    def pass_on(number: int, frame: FrameType | None) -> None:
        del frame
        process.send_signal(number)

    # A terminal sends Ctrl-C to Robot as well, which a second one would end without its teardowns.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, pass_on)
    code = process.wait()
    return 128 - code if code < 0 else code


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
    for name in ("log.html", "report.html", "output.xml", "xunit.xml"):
        (RESULTS / name).unlink(missing_ok=True)
    if (RESULTS / "evidence").is_dir():
        shutil.rmtree(RESULTS / "evidence")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
