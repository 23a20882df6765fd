"""One process of the run: it asks for a test, runs it, tells how it ended, and asks for the next.

`python libraries/shards/shard.py DESCRIPTOR` is started by the run and by nobody else; the descriptor is its end of the
connection. Robot runs once in it, so that what libraries hold (a server, imported modules) serves all of its tests.
"""

from __future__ import annotations

import socket
import sys
from itertools import pairwise
from pathlib import Path

if __package__ in {None, ""}:
    # Started by its path: what it imports lies beside its folder.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import robot
from robot.result import TestCase as TestResult
from robot.running import TestCase, TestSuite

from harness.lent import DESK, Offer
from shards.plan import emptied, suites_of, tests_of
from shards.wire import Wire


class Worker:
    """A listener that gives Robot one test after the other.

    Robot goes through the tests of a suite, and the suites of a suite, by their place, so that what a listener puts
    there at the end of one is run next.

    Args:
        wire: To the run.
    """

    ROBOT_LISTENER_API_VERSION = 3
    # After all others, which may have something to say about a test's message.
    ROBOT_LISTENER_PRIORITY = -1

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._top: TestSuite | None = None
        self._tests: list[TestCase] = []
        self._suites: list[list[TestSuite]] = []
        self._running = -1
        self._next: int | None = None

    def start_suite(self, data: TestSuite, result: object) -> None:
        """At the topmost suite's start: take all tests out of it, and put the first one in."""
        if self._top is not None:
            return
        self._top = data
        self._tests = tests_of(data)
        self._suites = [suites_of(test) for test in self._tests]
        for suite in {id(each): each for suites in self._suites for each in suites}.values():
            emptied(suite)
        # Robot warns of a suite that begins twice under one that has a source, which here is as it should be.
        data.source = None
        self._next = self._asked()
        self._put_next()

    def start_test(self, data: TestCase, result: TestResult) -> None:
        """Tell that it begins."""
        self._running, self._next = self._next if self._next is not None else -1, None
        self._wire.send({"began": self._running})

    def end_test(self, data: TestCase, result: TestResult) -> None:
        """Tell how it ended, and let the next one follow if it is of the same suite."""
        if result.tags.robot("exit"):
            # Robot takes nothing up any more since a signal or a fatal error, and would fail all that it is given.
            self._wire.send({"refused": self._running, "why": result.message})
            return
        seconds = result.elapsed_time.total_seconds()
        told = {"status": result.status, "message": result.message, "seconds": seconds}
        self._wire.send({"ended": self._running, **told})
        self._next = self._asked()
        if self._next is not None and self._suites[self._next][-1] is self._suites[self._running][-1]:
            self._suites[self._next][-1].tests.append(self._tests[self._next])

    def end_suite(self, data: TestSuite, result: object) -> None:
        """Let the next one follow where it is of another suite."""
        if data.parent is self._top and self._next is not None:
            self._put_next()

    def _asked(self) -> int | None:
        """The number of the next test; None where there is none, or nobody who would know."""
        answer = self._wire.receive() if self._wire.send({"ask": True}) else None
        number = None if answer is None else answer["test"]
        if answer is None or number is None:
            return None
        seen = self._tests[number].full_name if number < len(self._tests) else "none"
        if seen != answer["name"]:
            self._wire.send({"differs": f"test {number} is {seen!r} here, and {answer['name']!r} in the plan"})
            return None
        return int(number)

    def _put_next(self) -> None:
        if self._next is None:
            return
        suites = self._suites[self._next]
        for suite in suites[1:]:
            emptied(suite)
        for above, below in pairwise(suites):
            above.suites.append(below)
        suites[-1].tests.append(self._tests[self._next])


def main(descriptor: int) -> int:
    """Runs Robot over the tests that it is given, and returns its exit code."""
    connection = socket.socket(fileno=descriptor)
    # Who outlives this process, a migrator or a watchdog, must not keep its connection open.
    connection.set_inheritable(False)
    wire = Wire(connection)
    job = wire.receive()
    if job is None:
        return 0
    if job["offer"] is not None:
        DESK.offer = Offer.from_message(job["offer"])
    options = job["options"]
    listeners = [*(options.get("listener") or ()), Worker(wire)]
    code = robot.run(*job["sources"], **{**options, "listener": listeners})
    wire.send({"done": code})
    return int(code)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
