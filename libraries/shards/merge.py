"""One result of the outputs of all shards, in the order of the plan, as one process would have written it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from robot.api import ExecutionResult, ResultWriter
from robot.conf import RebotSettings
from robot.errors import DataError
from robot.result import Result, TestCase, TestSuite
from robot.result.executionerrors import ExecutionErrors

from report.repair import ENDED, repaired
from report.specification import specification
from shards.plan import Options, Plan

# Robot's options that say how its reports look.
_LOOKS = (
    *("outputdir", "log", "report", "xunit", "splitlog", "logtitle", "reporttitle", "reportbackground"),
    *(
        "suitestatlevel",
        "tagstatinclude",
        "tagstatexclude",
        "tagstatcombine",
        "tagdoc",
        "tagstatlink",
        "expandkeywords",
    ),
    *("removekeywords", "flattenkeywords", "legacyoutput"),
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Record:
    """What is left of a shard.

    Attributes:
        output: Its output.xml; there is none where it was lost early.
        begun: The numbers of the tests that it began, in that order.
        refused: The last of them, if it was only refused.
        running: The last of them, if it had not ended when the process did.
        loss: What went wrong with the process itself; None where nothing did.
    """

    output: Path
    begun: tuple[int, ...]
    refused: int | None = None
    running: int | None = None
    loss: str | None = None


@dataclass(frozen=True)
class _Piece:
    """A test as it was run, with the suite that it was run in."""

    test: TestCase
    suites: tuple[TestSuite, ...]


def merged(plan: Plan, records: Sequence[Record], stopped_by: str = "") -> Result:
    """One result of all.

    Args:
        plan: The tests, all of which are in the result.
        records: Of each shard.
        stopped_by: The name of the signal that stopped the run; empty where none did.
    """
    tops, errors = [], []
    pieces: dict[int, _Piece] = {}
    for record in records:
        read = _read(record)
        if read is None:
            continue
        tops.append(read.suite)
        errors += read.errors.messages
        numbers = [number for number in record.begun if number != record.refused]
        # Of a process that was killed fewer tests may stand in its output than it had begun.
        pieces |= dict(zip(numbers, _pieces(read.suite), strict=False))
    top = _top(plan, tops)
    for number in range(len(plan.tests)):
        piece = pieces.get(number)
        suite = _suite(top, plan.tests[number].suites, piece)
        suite.tests.append(piece.test if piece else _unseen(plan, number, records, stopped_by))
    for record in records:
        for number in record.begun if record.loss else ():
            if (piece := pieces.get(number)) is not None:
                _blame(piece.test, record, plan.tests[number].tags, running=number == record.running)
    distinct = {(message.level, message.message): message for message in errors}
    return Result(suite=top, errors=ExecutionErrors(list(distinct.values())), rpa=False)


def write(result: Result, options: Options) -> int:
    """Writes output.xml and the reports where Robot would, and returns Robot's exit code."""
    folder = Path(options.get("outputdir") or ".")
    folder.mkdir(parents=True, exist_ok=True)
    looks = {name: options[name] for name in _LOOKS if options.get(name) not in (None, [], False)}
    # Robot asks a result that is there already for the statistics as they are, the links of tags among them.
    statistics = RebotSettings(looks).statistics_config
    result.configure(status_rc=options.get("statusrc") is not False, stat_config=statistics)
    result.save(folder / (options.get("output") or "output.xml"))
    ResultWriter(result).write_results(**looks)
    return int(result.return_code)


def _read(record: Record) -> Result | None:
    """A shard's output, mended where it was cut off; None where nothing can be had of it."""
    try:
        return ExecutionResult(str(record.output))
    except DataError:
        try:
            mended = repaired(record.output.read_bytes())
        except (OSError, ValueError):
            return None
    return ExecutionResult(mended.decode("utf-8", errors="replace"))


def _pieces(suite: TestSuite, above: tuple[TestSuite, ...] = ()) -> Iterator[_Piece]:
    for child in suite.suites:
        yield from _pieces(child, (*above, child))
    for test in suite.tests:
        yield _Piece(test, above)


def _top(plan: Plan, tops: Sequence[TestSuite]) -> TestSuite:
    """The topmost suite, still without tests: what all shards told of it, and the time from first to last."""
    if not tops:
        return TestSuite(name=plan.suite)
    top = _shell(tops[0])
    for other in tops[1:]:
        _widen(top, other)
    top.metadata = {name: _told(name, values) for name, values in _metadata(tops)}
    return top


def _suite(top: TestSuite, names: Sequence[str], piece: _Piece | None) -> TestSuite:
    """The suite of these names, from below the topmost one on; each is made of the first piece that is of it."""
    suite = top
    for depth, name in enumerate(names):
        of_piece = piece.suites[depth] if piece else None
        child = next((each for each in suite.suites if each.name == name), None)
        if child is None:
            child = suite.suites.append(_shell(of_piece) if of_piece is not None else TestSuite(name=name))
        elif of_piece is not None:
            _widen(child, of_piece)
        suite = child
    return suite


def _shell(suite: TestSuite) -> TestSuite:
    """The suite with all but its tests and suites."""
    ended = suite.end_time
    shell = suite.copy(suites=[], tests=[])
    # The time is that from the first start to the last end, which `_widen` moves.
    shell.elapsed_time = None
    shell.end_time = ended
    if shell.message == ENDED:
        shell.message = ""
    return shell


def _widen(suite: TestSuite, other: TestSuite) -> None:
    """Takes in what another shard saw of the same suite: its time, and set-up and clean-up where they failed."""
    suite.start_time = min(_times(suite.start_time, other.start_time), default=None)
    suite.end_time = max(_times(suite.end_time, other.end_time), default=None)
    if other.setup.failed and not suite.setup.failed:
        suite.setup = other.setup
    if other.teardown.failed and not suite.teardown.failed:
        suite.teardown = other.teardown
    if other.message != ENDED:
        suite.message = suite.message or other.message


def _times(*times: datetime | None) -> list[datetime]:
    return [time for time in times if time is not None]


def _metadata(suites: Iterable[TestSuite]) -> Iterator[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for suite in suites:
        for name, value in suite.metadata.items():
            values = found.setdefault(name, [])
            if value not in values:
                values.append(value)
    yield from found.items()


def _told(name: str, values: list[str]) -> str:
    """Of a success criterion the worst figure, of everything else all that was told."""
    claim = next((each for each in specification().claims if name.startswith(f"{each.id} ")), None)
    if claim is None or claim.limit is None or len(values) == 1:
        return ", ".join(values)
    at_least = claim.limit.must_be.value.endswith("least")
    return (min if at_least else max)(values, key=_number)


def _number(text: str) -> float:
    found = _NUMBER.search(text)
    return float(found.group()) if found else 0.0


def _unseen(plan: Plan, number: int, records: Sequence[Record], stopped_by: str) -> TestCase:
    """A test of which no shard wrote anything down, failed with the reason."""
    planned = plan.tests[number]
    test = TestCase(name=planned.name, tags=planned.tags, status="FAIL")
    losses = [record.loss for record in records if record.loss]
    its_own = [record for record in records if number in record.begun and number != record.refused]
    if its_own:
        test.message = f"Environment: {its_own[0].loss or 'its process ended'}; what it wrote of this test is lost."
    elif stopped_by:
        test.message = f"Execution terminated by signal {stopped_by} before this test began."
        # As Robot marks what it never began.
        test.tags.add("robot:exit")
    else:
        test.message = f"Environment: no process was left to begin this test: {'; '.join(losses) or 'all have ended'}."
    return test


def _blame(test: TestCase, record: Record, tags: Sequence[str], *, running: bool) -> None:
    """What a lost process was about, or had not yet written down to its end, did not fail by what is tested."""
    cut_off = test.message == ENDED
    if not test.failed or not (running or cut_off):
        return
    # Robot writes a test's tags down at its end.
    test.tags.add(tags)
    # What a mended output says in its place would tell of the whole run.
    message = "" if cut_off else test.message
    when = "in the middle of this test." if running else "after this test, and what it wrote of its end is lost."
    test.message = f"Environment: {record.loss} {when} {message}".strip()
