"""Which tests a run has and in which order they are taken: Robot's own choice and order, from its own arguments."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import robot
from robot.errors import DataError, Information
from robot.run import RobotFramework
from robot.running import TestCase, TestSuite

Options = dict[str, Any]

# What is about the order of all tests, or about no test at all, is left to one process.
_ALONE = ("dryrun", "exitonfailure", "exitonerror", "timestampoutputs", "rpa")
_SILENT: Mapping[str, Any] = {"output": "NONE", "log": "NONE", "report": "NONE", "xunit": "NONE", "console": "quiet"}
# Tests that take longest, as they run the suite itself or wait while others work: who begins with them ends sooner.
_LONGEST = frozenset({"whole-run", "long-wait"})
_NOT_RANDOM = "none"


@dataclass(frozen=True)
class Planned:
    """A test of the run.

    Attributes:
        suites: The names of its suites, without the topmost one.
        name: Its own.
        full_name: As Robot writes it.
        tags: Its tags.
    """

    suites: tuple[str, ...]
    name: str
    full_name: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """All tests in the order in which one process would run them.

    Attributes:
        suite: The topmost suite's name.
        tests: A test's number is its place here.
        random: The order was asked for; nothing changes it.
    """

    suite: str
    tests: tuple[Planned, ...]
    random: bool = False

    def queue(self) -> list[int]:
        """The numbers of the tests in the order in which they are taken; the same for the same plan."""
        numbers = range(len(self.tests))
        if self.random:
            return list(numbers)
        return sorted(numbers, key=lambda number: _LONGEST.isdisjoint(self.tests[number].tags))


def parsed(arguments: Sequence[str]) -> tuple[Options, list[str]] | None:
    """Options and sources of a Robot command line; None where one process must see to it, errors included."""
    try:
        options, sources = RobotFramework().parse_arguments(list(arguments))
    except (DataError, Information):
        return None
    if not sources or any(options.get(name) for name in _ALONE) or options.get("output") in {"NONE", "none"}:
        return None
    order = options.get("randomize") or _NOT_RANDOM
    if order.lower() != _NOT_RANDOM and ":" not in order:
        # Each process must come to the same order.
        options["randomize"] = f"{order}:{random.SystemRandom().randrange(2**32)}"
    return options, list(sources)


def planned(options: Options, sources: Sequence[str]) -> Plan | int:
    """The plan, or Robot's exit code where it takes up no work; then Robot has told why."""
    look = _Look()
    code = robot.run(*sources, **{**options, **_SILENT, "dryrun": True, "listener": [look]})
    if code:
        return int(code)
    order = options.get("randomize") or _NOT_RANDOM
    return Plan(look.suite, tuple(look.tests), random=order.lower() != _NOT_RANDOM)


def tests_of(suite: TestSuite) -> list[TestCase]:
    """Every test below a suite in the order in which Robot runs them."""
    return [*(test for child in suite.suites for test in tests_of(child)), *suite.tests]


def suites_of(test: TestCase) -> list[TestSuite]:
    """The suites of a test from the topmost one to its own."""
    suites: list[TestSuite] = []
    suite = test.parent
    while suite is not None:
        suites.insert(0, suite)
        suite = suite.parent
    return suites


def emptied(suite: TestSuite) -> None:
    """Takes away all that Robot would run, as a listener may at the suite's start."""
    suite.suites.clear()
    suite.tests.clear()


class _Look:
    """A listener that notes the tests when Robot has chosen and ordered them, and has none of them run."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self.suite = ""
        self.tests: list[Planned] = []

    def start_suite(self, data: TestSuite, result: object) -> None:
        """At the topmost suite's start."""
        self.suite = data.name
        for test in tests_of(data):
            names = tuple(suite.name for suite in suites_of(test)[1:])
            self.tests.append(Planned(names, test.name, test.full_name, tuple(test.tags)))
        emptied(data)
