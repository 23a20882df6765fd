"""Many kill points, each in a world of its own beside the scenario's, a few at a time."""

import os
import shutil
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from harness import evidence, mock_folder
from harness.kill_points import Killing, KillPoint, kill_and_resume
from harness.mock_archives import zipped
from harness.mock_made import Recipe, bad
from harness.mock_makers import many_small
from harness.mock_sql import Insert, dump, number
from harness.mock_text import csv, txt
from harness.patience import patient
from harness.servers import S3Server
from harness.world import World

Plan = tuple[tuple[KillPoint, ...], bool]
"""Where a world's runs are killed, and whether the whole process group is."""

_MOST_AT_ONCE = 4
_REHEARSAL_LIMIT = patient(120)
# boto3 makes clients in one session, which is not made for threads.
_making = threading.Lock()


def files_to_kill_over() -> Iterator[Recipe]:
    """Few and small, so that a kill costs little: every way to one or several objects, to none, and to a failure."""
    yield from many_small(2, folder="few")
    yield Recipe("pair.zip", zipped({"a.csv": csv(["a"], ["007"]), "deep/b.txt": txt("b\n")}))
    rows = ((number("1"), "x"), (number("2"), None))
    tables = (Insert(name, name, ("id", "name"), rows) for name in ("first", "second"))
    yield Recipe("dump.sql", dump(*tables))
    yield Recipe("bad.csv", bad(b"a,b\n1\n", "malformed-csv"))
    yield Recipe("bad member.zip", zipped({"a.csv": csv(["a"], ["1"]), "b.csv": bad(b"a,b\n1\n", "malformed-csv")}))


class Rehearsal:
    """An undisturbed run over the scenario's world, which tells how many requests there are and how long it takes.

    Args:
        world: Its source is filled, and migrated afterwards.
    """

    def __init__(self, world: World) -> None:
        first = len(world.gate.exchanges)
        finished = world.run("run", "--workers", "1", within=_REHEARSAL_LIMIT)
        self.requests = len(world.gate.exchanges) - first
        self.seconds = finished.seconds


def kill_all(
    world: World, server: S3Server, migrator: str, plans: Sequence[Plan], *, seasoned: bool = False
) -> list[Killing]:
    """Carry out every plan in a world of its own with the scenario's files; in the order of the plans.

    Args:
        world: Its test data are shared, nothing else of it.
        server: Where the buckets are made.
        migrator: The command of the migrator under test.
        plans: One for each world.
        seasoned: Whether every other source has seen a run, over nothing, that ended well before.
    """
    if not plans:
        raise ValueError("there is no kill point: the rehearsal saw no request")

    def carry_out(numbered: tuple[int, Plan]) -> Killing:
        number, (points, group) = numbered
        name = f"kill-{number:03d}"
        with _making:
            beside = World.open(name, world.folder / name, world.evidence / name, server, migrator)
        try:
            if seasoned and number % 2 == 0:
                beside.run("run", within=_REHEARSAL_LIMIT)
            beside.mock = world.truth
            mock_folder.fill(beside.source, world.truth)
            killing = kill_and_resume(beside, points, group=group)
            if killing.differences:
                evidence.save(beside)
        finally:
            beside.close()
        if not killing.differences:
            # What went well would bury what did not.
            shutil.rmtree(beside.evidence)
        return killing

    with ThreadPoolExecutor(min(_MOST_AT_ONCE, os.cpu_count() or 1), thread_name_prefix="kill") as pool:
        return list(pool.map(carry_out, enumerate(plans, start=1)))


def alternating(points: Iterable[tuple[KillPoint, ...]], *, group_first: bool) -> list[Plan]:
    """The points in turn with the whole process group and with the migrator's own process alone."""
    return [(each, bool(at % 2) != group_first) for at, each in enumerate(points)]
