"""The specification's ids joined with a run: what is proved, and every reason why the specification is not covered."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from pathlib import Path

from robot.api import TestSuite
from robot.errors import DataError

from harness import cluster_python, server_files
from report.results import CUT_OFF, Figure, Run, Test
from report.specification import SCENARIO_NAME, Claim, Kind, Specification, looks_like_an_id

ACCEPTANCE = Path(__file__).resolve().parents[2] / "acceptance"
# Tests that not every migrator can pass may be left out without a gap in the proof.
_OPTIONAL = "extra"


class Verdict(StrEnum):
    """What a run says of one id."""

    PROVED = "proved"
    FAILING = "failing"
    SKIPPED = "skipped"
    NO_TEST = "no test"
    NOT_RUN = "not run"


class ExitCode(IntEnum):
    """How `make acceptance` ends; 2 is left to make and the shell, codes above 128 to signals."""

    PROVED = 0
    SCENARIO_FAILED = 1
    ENVIRONMENT_BROKEN = 3
    NOT_COVERED = 4
    LEFT_BEHIND = 5


@dataclass(frozen=True)
class Entry:
    """A line of the matrix.

    Attributes:
        claim: What must be proved.
        verdict: Whether it was.
        tests: That are for it and were run.
        figure: The worst of the measurements, for a success criterion.
        measured: How often it was measured.
    """

    claim: Claim
    verdict: Verdict
    tests: tuple[Test, ...]
    figure: Figure | None = None
    measured: int = 0


@dataclass(frozen=True)
class Planned:
    """A test as it stands in the suite's files, run or not."""

    name: str
    tags: frozenset[str]


@dataclass(frozen=True)
class Matrix:
    """The whole answer.

    Attributes:
        run: What was read.
        entries: A line for each id, in the specification's order.
        gaps: Why the specification is not covered, a sentence each; empty where it is.
        left_out: Tests of the suite that this run did not carry out, without which nothing can be said of coverage.
    """

    run: Run
    entries: tuple[Entry, ...]
    gaps: tuple[str, ...]
    left_out: tuple[Planned, ...]

    def counted(self, status: str) -> int:
        """How many tests ended so."""
        return sum(test.status == status for test in self.run.tests)

    def ids(self, verdict: Verdict) -> list[str]:
        """The ids of which that is said."""
        return [entry.claim.id for entry in self.entries if entry.verdict is verdict]

    @property
    def failures(self) -> list[Test]:
        """Failed tests, those first that the environment is not to blame for."""
        return sorted((test for test in self.run.tests if test.failed), key=lambda test: test.environment_failed)

    @property
    def exit_code(self) -> ExitCode:
        """The environment first, as nothing else can be told without it; then scenarios, then coverage."""
        if any(test.environment_failed for test in self.run.tests):
            return ExitCode.ENVIRONMENT_BROKEN
        if any(test.failed for test in self.run.tests):
            return ExitCode.SCENARIO_FAILED
        return ExitCode.NOT_COVERED if self.gaps else ExitCode.PROVED

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        tests = len(self.run.ended)
        failed, broken = self.counted("FAIL"), sum(test.environment_failed for test in self.run.tests)
        skips = f", {self.counted('SKIP')} skipped" if self.counted("SKIP") else ""
        if self.run.interrupted:
            told = f"Interrupted {self.run.interrupted}: {_scenarios(tests)} ended, {failed} failed{skips}"
            return f"{told}; {len(self.left_out)} others were not carried out, so this is no proof."
        if broken:
            return f"The environment is broken: {broken} of {tests} scenarios could not be carried out{skips}."
        if failed:
            ids = len(self.ids(Verdict.FAILING))
            return f"Not proved: {failed} of {_scenarios(tests)} failed{skips}, and with them {ids} ids."
        if self.gaps:
            missing = "1 thing is" if len(self.gaps) == 1 else f"{len(self.gaps)} things are"
            return f"Not covered: no scenario failed{skips}, but {missing} missing from the proof."
        if self.left_out:
            return f"{_scenarios(tests)} passed{skips}; {len(self.left_out)} others were not run, so this is no proof."
        proved, beyond = len(self.ids(Verdict.PROVED)), self.ids(Verdict.SKIPPED)
        if beyond:
            told = f"Proved, but for what this server cannot: {proved} of {len(self.entries)} ids of the specification"
            return f"{told}, by {_scenarios(tests)}{skips}; not proved: {', '.join(beyond)}."
        return f"Proved: all {proved} ids of the specification, by {_scenarios(tests)}{skips}."


def join(run: Run, specification: Specification) -> Matrix:
    """Joins the specification's ids with a run."""
    ran = {test.name for test in run.ended}
    planned = _planned(run.sources) or [Planned(test.name, test.tags) for test in run.tests]
    left_out = tuple(test for test in planned if test.name not in ran and _OPTIONAL not in test.tags)
    elsewhere = {found for test in planned for found in specification.ids_of(test.name, test.tags)}
    found = [_entry(claim, run, specification, elsewhere) for claim in specification.claims]
    entries = tuple(_with_its_scenarios(entry, found) for entry in found)
    gaps = tuple(_gaps(run, entries, specification, partial=bool(left_out or run.interrupted)))
    return Matrix(run, entries, gaps, left_out)


def _entry(claim: Claim, run: Run, specification: Specification, elsewhere: set[str]) -> Entry:
    # What failed comes first, and an acceptance scenario before the others: whoever looks for the proof reads it first.
    proofs = (test for test in run.tests if claim.id in specification.ids_of(test.name, test.tags))
    tests = tuple(sorted(proofs, key=lambda test: (not test.failed, SCENARIO_NAME.match(test.name) is None)))
    figures = [figure for test in run.tests for figure in test.figures if figure.id == claim.id]
    worst = _worst(claim, figures)
    verdict = _verdict(tests, known_elsewhere=claim.id in elsewhere)
    if worst and claim.limit and not claim.limit.holds(worst.value):
        verdict = Verdict.FAILING
    return Entry(claim, verdict, tests, worst, len(figures))


def _with_its_scenarios(entry: Entry, entries: Sequence[Entry]) -> Entry:
    """A story is proved by all of its scenarios, and not by one of them."""
    if entry.claim.kind is not Kind.STORY or entry.verdict is not Verdict.PROVED:
        return entry
    scenarios = [each.verdict for each in entries if each.claim.id.startswith(f"{entry.claim.id} ")]
    return replace(entry, verdict=next((each for each in scenarios if each is not Verdict.PROVED), Verdict.PROVED))


def _verdict(found: Sequence[Test], *, known_elsewhere: bool) -> Verdict:
    tests = [test for test in found if test.ended]
    if any(test.failed for test in tests):
        return Verdict.FAILING
    if any(test.passed for test in tests):
        return Verdict.PROVED
    if tests:
        return Verdict.SKIPPED
    return Verdict.NOT_RUN if found or known_elsewhere else Verdict.NO_TEST


def _worst(claim: Claim, figures: Sequence[Figure]) -> Figure | None:
    if not figures or claim.limit is None:
        return None
    at_least = claim.limit.must_be.value.endswith("least")
    return sorted(figures, key=lambda figure: figure.value, reverse=not at_least)[0]


def _gaps(run: Run, entries: Sequence[Entry], specification: Specification, *, partial: bool) -> Iterator[str]:
    if run.interrupted:
        cut = [test.name for test in run.tests if test.status == CUT_OFF]
        yield f"The run was interrupted {run.interrupted}{', within ' if cut else ''}{' and '.join(map(repr, cut))}."
    if not run.ended:
        yield f"No test ran{' to its end' if run.tests else ''}, so nothing is proved."
        return
    if all(test.skipped for test in run.ended):
        yield "Every test was skipped, so nothing is proved."
    for entry in entries:
        yield from _gap(entry, partial=partial)
    failing = [entry.claim.id for entry in entries if any(test.failed for test in entry.tests)]
    if failing:
        yield f"Not proved, as tests of theirs failed: {', '.join(failing)}."
    for tag in sorted({tag for test in run.tests for tag in test.tags if not specification.knows_tag(tag)}):
        bearers = [test.name for test in run.tests if tag in test.tags]
        others = f" and {len(bearers) - 1} others" if len(bearers) > 1 else ""
        what = "no id of the specification" if looks_like_an_id(tag) else "neither an id nor a known tag"
        yield f"The tag {tag} of {bearers[0]!r}{others} is {what} (resources/specification.yaml)."
    for test in run.tests:
        scenario = SCENARIO_NAME.match(test.name)
        if scenario and scenario.group() not in {entry.claim.id for entry in entries}:
            yield f"{test.name!r} bears the name of {scenario.group()}, which is no id of the specification."
        if test.skipped and not announced(test):
            yield f"{test.name!r} was skipped, and nobody announced it: {test.message.strip() or 'no reason given'}"


def _gap(entry: Entry, *, partial: bool) -> Iterator[str]:
    claim = entry.claim
    skipped = [test for test in entry.tests if test.skipped]
    match entry.verdict:
        case Verdict.NO_TEST:
            yield f"{claim.id} has no test: {claim.text}"
        case Verdict.NOT_RUN if not partial:
            yield f"{claim.id} is not proved, as its tests were not run: {claim.text}"
        case Verdict.SKIPPED if not all(map(announced, skipped)):
            yield f"{claim.id} is not proved, as all its tests were skipped: {claim.text}"
        case Verdict.FAILING if not any(test.failed for test in entry.tests):
            if claim.limit and entry.figure:
                yield f"{claim.id} is not kept: {entry.figure.shown} was measured, and it must be {claim.limit}."
            else:
                yield f"{claim.id} is not proved, as a scenario of it failed: {claim.text}"
    if not partial and entry.verdict is Verdict.PROVED and claim.limit and entry.figure is None:
        yield f"{claim.id} was not measured: no test recorded its figure, {claim.limit.title!r}."


def announced(test: Test) -> bool:
    """Whether a skip was announced: a server's file says what the server cannot do, and the test needs just that.

    Or the run was told of a migrator, and not of a Python in which a cluster's workers find it.
    """
    return any(sentence in test.message for sentence in _announcements())


@functools.cache
def _announcements() -> frozenset[str]:
    of_servers = (server_files.load(name).announcements for name in server_files.names())
    return frozenset({cluster_python.UNKNOWN}).union(*of_servers)


def _planned(sources: Path | None) -> list[Planned]:
    if sources is None or not sources.exists():
        return []
    # Whoever runs one suite's file leaves the others out.
    whole = ACCEPTANCE if sources.is_relative_to(ACCEPTANCE) else sources
    try:
        suite = TestSuite.from_file_system(str(whole))
    except DataError:
        return []
    return [Planned(test.name, frozenset(test.tags)) for test in suite.all_tests]


def _scenarios(count: int) -> str:
    return "1 scenario" if count == 1 else f"{count} scenarios"
