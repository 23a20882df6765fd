"""What Robot's output.xml tells of a run: the tests with their steps, figures and evidence, and what was tested."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from pathlib import Path
from urllib.parse import unquote

from robot.api import ExecutionResult, ResultVisitor
from robot.result import Keyword, Message, TestCase, TestSuite

from report.repair import ENDED
from report.specification import FIGURE_ATTRIBUTE

_EVIDENCE = re.compile(r"""href=["'](evidence/[^"']+)["']""")
_FIGURE = re.compile(FIGURE_ATTRIBUTE + r"='([^']*)'")
_SENTENCE = re.compile(
    r"Expected (?P<expected>.*?), seen (?P<seen>.*?)(?:, at (?P<where>.*?))?"
    r"(?: \((?P<more>\d+) more differences: (?P<table>[^()]+)\))?\.?$",
    re.DOTALL,
)
_SETUP = re.compile(r"^(?:Parent suite s|S)(?:etup|uite setup) failed:|^Parent suite teardown failed:")
_MOST_CHILDREN = 1000
CUT_OFF = "CUT OFF"
"""The status of a test that an interrupt ended."""
NOT_RUN = "NOT RUN"
"""The status of a test that Robot tells as failed although it was never begun, as the run had been stopped."""
_BY_SIGNAL = "Execution terminated by signal"
_NEVER_BEGUN = "robot:exit"
_ENDED = frozenset({"PASS", "FAIL", "SKIP"})


@dataclass(frozen=True)
class Figure:
    """One measurement of a success criterion.

    Attributes:
        id: The criterion.
        value: In its unit.
        shown: As people write it.
    """

    id: str
    value: float
    shown: str


@dataclass(frozen=True)
class Step:
    """One Given, When or Then."""

    name: str
    status: str
    seconds: float
    link: str


@dataclass
class Test:
    """A test as it ended.

    Attributes:
        id: Robot's, such as "s1-s2-t1"; log.html has an anchor of that name.
        link: To it in log.html.
        status: PASS, FAIL, SKIP; or `CUT_OFF`, `NOT_RUN`.
        evidence: Folders of worlds and of nested runs, relative to the results folder.
        failed_step: The innermost keyword that failed.
    """

    id: str
    name: str
    suite: str
    story: str
    purpose: str
    tags: frozenset[str]
    status: str
    message: str
    seconds: float
    link: str
    steps: list[Step] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    failed_step: Step | None = None

    @property
    def passed(self) -> bool:
        """Only PASS proves."""
        return self.status == "PASS"

    @property
    def ended(self) -> bool:
        """Whether it was carried out to its end, so that it says something of the migrator."""
        return self.status in _ENDED

    @property
    def failed(self) -> bool:
        """Whether it failed."""
        return self.status == "FAIL"

    @property
    def skipped(self) -> bool:
        """Whether it was skipped."""
        return self.status == "SKIP"

    @property
    def environment_failed(self) -> bool:
        """Whether the environment is to blame, and not the migrator: a set-up failed, or said so itself."""
        return self.failed and (self.message.startswith("Environment: ") or _SETUP.match(self.message) is not None)

    @property
    def sentence(self) -> dict[str, str] | None:
        """Expected, seen and where, for a message that is written so; and how many more stand in which table."""
        found = _SENTENCE.search(self.message.partition("\n\n")[0])
        return {name: text or "" for name, text in found.groupdict().items()} if found else None


@dataclass
class Run:
    """A run of the suite.

    Attributes:
        folder: Where output.xml lies; links are relative to it.
        sources: Where the suite's files are, to see which tests were left out.
        facts: The top suite's metadata: what was tested.
        errors: What Robot itself complains of.
        interrupted: What ended the run before its end; empty where nothing did.
    """

    folder: Path
    sources: Path | None
    started: datetime | None
    seconds: float
    facts: dict[str, str]
    errors: list[str]
    tests: list[Test] = field(default_factory=list)
    interrupted: str = ""

    @property
    def ended(self) -> list[Test]:
        """The tests that were carried out to their end."""
        return [test for test in self.tests if test.ended]

    @property
    def slowest(self) -> list[tuple[Test, Step]]:
        """Steps, the slowest first."""
        return sorted(((test, step) for test in self.tests for step in test.steps), key=lambda each: -each[1].seconds)


def read(output: Path, interrupted: str = "") -> Run:
    """Reads an output.xml.

    Args:
        output: The file.
        interrupted: What ended the run early, where the file cannot tell it.

    Raises:
        robot.errors.DataError: It is missing or no output of Robot.
    """
    result = ExecutionResult(str(output))
    suite = result.suite
    errors = [f"{message.level}: {message.message}" for message in result.errors.messages]
    seconds = suite.elapsed_time.total_seconds()
    facts = dict(suite.metadata)
    # With pabot every process tells of itself in a suite of its own.
    for child in suite.suites:
        facts = {**child.metadata, **facts}
    run = Run(output.parent, suite.source, suite.start_time, seconds, facts, errors)
    suite.visit(_Reader(run.tests))
    run.interrupted = interrupted or _interruption(run.tests)
    # A run that was killed did not come to tell its own time. Tests that ran side by side took more than the run.
    run.seconds = run.seconds or sum(test.seconds for test in run.tests)
    return run


class _Reader(ResultVisitor):
    def __init__(self, tests: list[Test]) -> None:
        self._tests = tests

    def visit_test(self, test: TestCase) -> None:
        suite = test.parent
        read = Test(
            id=test.id,
            name=test.name,
            suite=suite.name if isinstance(suite, TestSuite) else "",
            story=_plain(suite.doc) if isinstance(suite, TestSuite) else "",
            purpose=_plain(test.doc),
            tags=frozenset(tag for tag in test.tags if tag != _NEVER_BEGUN),
            status=_status(test),
            message=test.message,
            seconds=test.elapsed_time.total_seconds(),
            link=f"log.html#{test.id}",
        )
        parts = [part for part in (test.setup, *test.body, test.teardown) if part]
        for part in parts:
            if isinstance(part, Keyword):
                step = _step(part)
                read.steps.append(step)
                if part.failed and read.failed_step is None:
                    read.failed_step = _innermost(part)
        for message in (each for part in parts for each in _messages(part)):
            if message.html:
                _take(message.message, read)
        self._tests.append(read)


def _status(test: TestCase) -> str:
    if _NEVER_BEGUN in test.tags:
        return NOT_RUN
    if test.failed and any(reason in test.message for reason in (_BY_SIGNAL, ENDED)):
        return CUT_OFF
    return str(test.status)


def _interruption(tests: Sequence[Test]) -> str:
    """What ended a run early, in words; tests that an interrupt befell tell of it."""
    early = [test.message for test in tests if not test.ended]
    if any(_BY_SIGNAL in message for message in early):
        return "by a signal, such as Ctrl-C"
    return "early, as Robot was told to give up" if early else ""


def _take(text: str, test: Test) -> None:
    for data in _FIGURE.findall(text):
        test.figures.append(Figure(**json.loads(unescape(data))))
    for link in _EVIDENCE.findall(text):
        folder = unquote(unescape(link)).rpartition("/")[0]
        if folder not in test.evidence:
            test.evidence.append(folder)


def _step(keyword: Keyword) -> Step:
    name = {"SETUP": "Set-up: ", "TEARDOWN": "Clean-up: "}.get(keyword.type, "") + (keyword.name or "")
    return Step(name, keyword.status, keyword.elapsed_time.total_seconds(), f"log.html#{keyword.id}")


def _innermost(keyword: Keyword) -> Step:
    for child in keyword.body:
        if isinstance(child, Keyword) and child.failed:
            return _innermost(child)
    return _step(keyword)


def _messages(item: object) -> Iterator[Message]:
    for child in list(getattr(item, "body", ()))[:_MOST_CHILDREN]:
        if isinstance(child, Message):
            yield child
        else:
            yield from _messages(child)


def _plain(text: str) -> str:
    return " ".join(text.split())
