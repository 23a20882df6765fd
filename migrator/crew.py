"""The workers of a run and what they work with; nothing heavy is imported before there is work for them."""

import contextlib
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from migrator.converting import converting, source_file
from migrator.coordinator import SIGNAL_SECONDS
from migrator.crew_here import CrewHere
from migrator.crew_interface import Crew
from migrator.entries import Entry
from migrator.logs import log
from migrator.options import Options
from migrator.pool import Pool
from migrator.stop import Stop
from migrator.target import Target
from migrator.target_address import TargetSettings
from migrator.work import Workshop

if TYPE_CHECKING:
    from migrator.crew_cluster import CrewOfCluster

T = TypeVar("T")
_CLOSING_SECONDS = 0.5
# For each worker but the first: enough of the smallest to keep it busy while others are recorded.
_FILES_READY = 8
# It takes them longer to begin than to convert fewer files.
_MANY_FILES = 300
# This process has less to do with a small file than its conversion takes, but not less than half of it.
_MOST_CONVERTERS = 2
# For each worker: so many are asked for ahead, so that it need not wait for a slow one.
_JOBS_READY = 16


class Workers:
    """Threads, target and conversion of one run.

    Args:
        given: The command line.
        scratch: A folder for scratch files.
        stop: Whether a stop is asked for.
    """

    def __init__(self, given: Options, scratch: Path, stop: Stop) -> None:
        self._halted = threading.Event()
        self._stop = stop
        self._given = given
        self._scratch = scratch
        self.results: SimpleQueue[Any] = SimpleQueue()
        stop.wake = partial(self.results.put, None)
        settings = TargetSettings(scratch, given.endpoint_url, given.retry_for, self._stopping)
        self.target = Target(given.address, settings)
        self.pool: Pool[Any] = Pool(given.workers, self.results)
        workshop = Workshop(given.source, self.target, converting(given.source, self.target, self._options))
        # One worker takes one file after another, more keep some files ready.
        here = CrewHere(workshop, self.pool, self.results, 1 + _FILES_READY * (given.workers - 1))
        self.crew: Crew = here
        """Who the coordinator works with."""
        self._cluster: CrewOfCluster | None = None
        self._here = here

    def join_cluster(self, address: str) -> None:
        """Have the workers of a cluster do the work from now on.

        Raises:
            UsageError, Blocked: They cannot.
            Stopped: A stop was asked for.
        """
        from migrator.cluster_join import joined

        (self._cluster,) = self.gather([partial(joined, address, self._given, self._here, self._stopping)])
        self.crew = self._cluster

    def expect(self, small: int) -> None:
        """Have processes convert small files where so many are pending that it pays; one worker needs none."""
        spare = min(len(os.sched_getaffinity(0)) - 1, self._given.workers - 1, _MOST_CONVERTERS)
        if self._cluster is None and spare > 0 and small >= _MANY_FILES:
            try:
                self._here.begin_converters(spare, self._given.source, self._given.address.prefix)
            except OSError as error:
                log.warning("small files are converted one after the other: %s", error.strerror)

    def halt(self) -> None:
        """Tell the workers that what they do is not wanted any more."""
        self._halted.set()
        if self._cluster is not None:
            self._cluster.halt()

    def close(self) -> bool:
        """Let the threads end; False where one hangs."""
        self.halt()
        self.pool.withdraw()
        left = self._here.close() and (self._cluster is None or self._cluster.close())
        return self.pool.close(_CLOSING_SECONDS) and left

    def gather(self, jobs: Iterable[Callable[[], T]]) -> list[T]:
        """Carry out jobs and wait for all; see `each`."""
        return list(self.each(jobs))

    def each(self, jobs: Iterable[Callable[[], T]]) -> Iterator[T]:
        """Carry out jobs side by side, never more than some for each worker at once.

        Returns:
            What they return, in their order.

        Raises:
            Stopped: A stop was asked for before all had ended.
            Exception: Whatever the first job that fails raises.
        """
        waiting = enumerate(jobs)
        found: dict[int, T] = {}
        under_way: deque[int] = deque()
        while True:
            for number, job in islice(waiting, _JOBS_READY * self._given.workers - len(under_way)):
                self.pool.submit(number, partial(_attempt, number, job))
                under_way.append(number)
            if not under_way:
                return
            while under_way[0] not in found:
                self._hear(found)
            yield found.pop(under_way.popleft())

    def _hear(self, found: dict[int, T]) -> None:
        """Wait for a job's end, or a while."""
        if self._stop.asked:
            self.pool.withdraw()
            self._stop.obey()
        with contextlib.suppress(queue.Empty):
            message = self.results.get(timeout=SIGNAL_SECONDS)
            if message is not None:
                number, value, error = message
                if error is not None:
                    self.pool.withdraw()
                    raise error
                found[number] = value

    def makes_nothing(self, entry: Entry) -> bool:
        """Whether a file below `done/` converts to no object at all."""
        from migrator.convert import convert
        from migrator.errors import Refusal

        top, _, path = (entry.place or "").partition("/")
        file = source_file(self._given.source / top, path, entry)
        try:
            return not convert(file, _Nowhere(), self._options()).objects
        except Refusal:
            return False

    def _options(self) -> Any:
        from migrator.convert import ConvertOptions

        return ConvertOptions(self._given.address.prefix, self._given.unpack_limit, self._scratch, self._stopping)

    def _stopping(self) -> bool:
        return self._stop.asked or self._halted.is_set()


class _Nowhere:
    """A stage that keeps nothing of its uploads, and is each of them."""

    def stage(self, key: str, metadata: object) -> "_Nowhere":
        return self

    def write(self, data: bytes | memoryview) -> int:
        return len(data)

    def close(self) -> None:
        """Nothing is kept."""

    def abort(self) -> None:
        """Nothing is kept."""


def _attempt(number: int, job: Callable[[], T]) -> tuple[int, T | None, BaseException | None]:
    try:
        return number, job(), None
    except Exception as error:  # noqa: BLE001 - it is raised where the job is waited for
        return number, None, error
