"""Runs `make test` and `make acceptance` and sums up; needs nothing but Python's standard library.

The last line is `N passed, N failed, N skipped` over both, and the failed tests stand right before it, as a CI
server may keep no more than the end of its log. A command that fails without a failed test, a report
that is missing, and a report without any test count as one failure each. A skip that nobody announced is no
success either: on the default server nothing may be skipped.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree  # the reports are our own tools' output
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"
# What a full run should take, and when it is taken for hung.
AIM = 15 * 60.0
LIMIT = 45 * 60.0
# How many failed tests are named at the end, and how much of each message.
NAMED = 10
WIDTH = 400


@dataclass(frozen=True)
class Count:
    """How many tests passed, failed and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def main() -> int:
    """Runs both commands and returns 0 only if everything passed."""
    begun = time.monotonic()
    deadline = begun + LIMIT
    shutil.rmtree(RESULTS, ignore_errors=True)
    total = Count()
    failures: list[str] = []
    for command, report in (
        (["make", "--keep-going", "test"], RESULTS / "tests.xml"),
        (["make", "acceptance"], RESULTS / "xunit.xml"),
    ):
        code = run(command, deadline)
        total += judged(" ".join(command), code, report)
        failures += failed(report)
    if time.monotonic() - begun > AIM:
        say(f"This took {(time.monotonic() - begun) / 60:.0f} minutes; it should be less than {AIM / 60:.0f}.")
    if total.skipped:
        say("Tests were skipped; on the default server every test can run.")
    for failure in failures[:NAMED]:
        say(f"FAILED {failure}")
    if len(failures) > NAMED:
        say(f"… and {len(failures) - NAMED} more")
    say(str(total))
    return 1 if total.failed or total.skipped or not total.passed else 0


def judged(command: str, code: int, report: Path) -> Count:
    """Returns the report's count, with one failure more where the report does not tell of the command's failure."""
    count = read(report)
    if count is None:
        say(f"{command}: ended with code {code}, and its report {report.relative_to(ROOT)} is missing or unreadable")
        return Count(failed=1)
    if count == Count():
        say(f"{command}: not one test ran")
        return Count(failed=1)
    if code != 0 and count.failed == 0:
        say(f"{command}: ended with code {code} although no test failed; its own words stand above")
        return count + Count(failed=1)
    return count


def read(report: Path) -> Count | None:
    """Returns what a JUnit report counts, or None if there is none that can be read."""
    root = parsed(report)
    if root is None:
        return None
    suites = [root] if root.tag == "testsuite" else root.findall("testsuite")
    total = Count()
    for suite in suites:
        number = {key: int(suite.get(key) or 0) for key in ("tests", "failures", "errors", "skipped")}
        failed = number["failures"] + number["errors"]
        total += Count(number["tests"] - failed - number["skipped"], failed, number["skipped"])
    return total


def failed(report: Path) -> list[str]:
    """Returns a line for each failed test of a JUnit report: its name, and how its message begins."""
    root = parsed(report)
    if root is None:
        return []
    lines = []
    for case in root.iter("testcase"):
        for trouble in (*case.findall("failure"), *case.findall("error")):
            message = " ".join((trouble.get("message") or trouble.text or "").split())
            lines.append(f"{case.get('name')}: {message}"[:WIDTH])
    return lines


def parsed(report: Path) -> ElementTree.Element | None:
    """Returns the root of a JUnit report, or None if there is none that can be read."""
    try:
        return ElementTree.parse(report).getroot()  # noqa: S314 (the reports are our own tools' output)
    except (OSError, ElementTree.ParseError):
        return None


def run(command: list[str], deadline: float) -> int:
    """Runs a command to its end or to the deadline, its output shown, and returns its exit code."""
    say(f"$ {' '.join(command)}")
    begun = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    try:
        return process.wait(max(1.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        say(f"{' '.join(command)} is ended after {time.monotonic() - begun:.0f} s: the time for all of CI is up")
        return 124
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        say(f"  ({time.monotonic() - begun:.0f} s)")


def say(line: str) -> None:
    """Writes a line to standard output, after everything that was written before it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
