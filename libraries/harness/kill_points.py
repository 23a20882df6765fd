"""A run that is killed at one exact point and then resumed, in a world of its own; and the points that a run has."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from harness.books import Difference, all_differences
from harness.exchange import Exchange
from harness.gate_rules import Hold, Rule, Stage
from harness.object_checks import object_differences
from harness.patience import patient
from harness.process import Finished, MigratorProcess
from harness.s3_requests import UPLOADS, Act
from harness.world import World

RUN_LIMIT = patient(120)
_ALL_ACTS = frozenset(Act)
# Children whose parent was killed may need a moment to notice it.
_CHILDREN_LIMIT = 20.0
_POLL = 0.005


@dataclass(frozen=True)
class AtRequest:
    """Kill at a request: the n-th of the acts that count, held at one stage."""

    number: int
    stage: Stage
    acts: frozenset[Act] = _ALL_ACTS

    def __str__(self) -> str:
        """The point in words."""
        which = "request" if self.acts == _ALL_ACTS else " or ".join(sorted(self.acts))
        return f"at {which} {self.number}, {self.stage}"


@dataclass(frozen=True)
class AtMoment:
    """Kill so many seconds after the start."""

    seconds: float

    def __str__(self) -> str:
        """The point in words."""
        return f"{self.seconds:.2f} s after the start"


@dataclass(frozen=True)
class AtMove:
    """Kill as soon as so many files lie in `done/` and `failed/`, reason files counted."""

    files: int

    def __str__(self) -> str:
        """The point in words."""
        return f"as soon as {self.files} files have left their place"


KillPoint = AtRequest | AtMoment | AtMove


@dataclass(frozen=True)
class Killing:
    """What became of a world whose run was killed once or several times.

    Attributes:
        points: Where.
        group: The whole process group was killed; otherwise the migrator's own process alone.
        met: How many of the points were reached before a run ended by itself.
        differences: What is wrong after the last run.
    """

    points: tuple[KillPoint, ...]
    group: bool
    met: int
    differences: tuple[Difference, ...]

    def __str__(self) -> str:
        """The points in words."""
        return f"{', then '.join(map(str, self.points))}, {'process group' if self.group else 'single process'}"


def kill_and_resume(world: World, points: tuple[KillPoint, ...], *, group: bool) -> Killing:
    """Run, kill at the first point, run again, kill at the second …; at last run to the end and look at everything.

    Args:
        world: Its source is filled.
        points: A run each.
        group: Kill the whole process group, not the migrator's own process alone.
    """
    differences: list[Difference] = []
    met = 0
    there: set[str] = set()
    seen = 0
    for point in points:
        reached = _killed_at(world, point, group=group)
        differences += _uploaded_again(world.gate.exchanges[seen:], there)
        there, seen = set(world.bucket.keys()), len(world.gate.exchanges)
        if not reached:
            break
        met += 1
    finished = world.run("run", within=RUN_LIMIT)
    differences += [*_uploaded_again(world.gate.exchanges[seen:], there), *wrong_at_the_end(world, finished)]
    return Killing(points, group, met, tuple(differences))


def wrong_at_the_end(world: World, finished: Finished) -> Iterator[Difference]:
    """Everything that may be wrong when a run has ended its work: exit code, books, and the objects' contents."""
    expected = 3 if world.truth.ending("failed") else 0
    if finished.signal or finished.exit_code != expected:
        yield Difference("the run after the kill", f"exit code {expected}", finished.how_it_ended())
    books = world.books()
    yield from all_differences(books, ended=True)
    yield from object_differences(world, books)


def _killed_at(world: World, point: KillPoint, *, group: bool) -> bool:
    """Run up to the point and kill; false where the run ended by itself before."""
    rule = None
    if isinstance(point, AtRequest):
        # Where the server fails at that one, it is the next that waits for its answer: whoever asks again is no miss.
        rule = world.gate.obey(Rule(Hold(point.stage), acts=point.acts, first=point.number))
    # One worker makes the order of the requests as regular as the migrator can.
    process = world.start("run", "--workers", "1")
    try:
        if not _reached_while_running(world, process, point, rule):
            return False
        if group:
            process.kill_group()
        else:
            process.send(signal.SIGKILL)
        world.finished = process.wait(RUN_LIMIT)
        _wait_for_children(process.pid)
        return True
    finally:
        if rule is not None:
            # The runs that follow go their way; what is held of this one never goes on.
            rule.expire()


def _reached_while_running(world: World, process: MigratorProcess, point: KillPoint, rule: Rule | None) -> bool:
    deadline = time.monotonic() + RUN_LIMIT.total_seconds()
    begun = time.monotonic()
    while not _reached(world, point, rule, time.monotonic() - begun):
        if not process.running or time.monotonic() > deadline:
            world.finished = process.wait(timedelta())
            return False
        time.sleep(_POLL)
    return True


def _reached(world: World, point: KillPoint, rule: Rule | None, seconds: float) -> bool:
    if isinstance(point, AtMoment):
        return seconds >= point.seconds
    if isinstance(point, AtMove):
        moved = sum(len(names) for top in ("done", "failed") for _, _, names in os.walk(world.source / top))
        return moved >= point.files
    return rule is not None and rule.met.is_set()


def _wait_for_children(group: int) -> None:
    """Until nobody of the process group is left; who hangs on the held request beyond the limit is killed too."""
    deadline = time.monotonic() + _CHILDREN_LIMIT
    with suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(_POLL)
        os.killpg(group, signal.SIGKILL)


def _uploaded_again(exchanges: list[Exchange], there: set[str]) -> Iterator[Difference]:
    """What was in the bucket when the run before had died is there for good: nobody puts it there again.

    An upload that the server refuses as the object is there may be how the migrator learns of it.
    """
    for key in sorted(there):
        again = [
            each.act for each in exchanges if each.key == key and each.act in UPLOADS and each.status == HTTPStatus.OK
        ]
        if again:
            yield Difference(
                key, "no upload, as it was in the bucket already", f"{len(again)}, the first is {again[0]}"
            )
