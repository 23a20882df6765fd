"""The crew of a cluster: hands files to its workers in batches, and hears what became of them.

A few batches a worker are under way at any time; whatever else was begun waits here. Dask's thread only puts what has
ended into a queue; threads of ours take it from there, as a result may have to be waited for, and one more looks after
the workers.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from migrator import cluster_work
from migrator.cluster import Cluster, Lost
from migrator.cluster_place import Workplace
from migrator.cluster_work import Told
from migrator.crew_interface import Crew
from migrator.entries import StoredObject
from migrator.errors import Blocked
from migrator.feed import BUDGET, weight
from migrator.logs import log
from migrator.outcomes import Converted, Kept, Left, Outcome, Task

if TYPE_CHECKING:
    from distributed import Future

# For each thread of a worker: one that it works on, and one that is ready when that has ended.
_BATCHES_A_THREAD = 2
# What waits here besides, so that a batch can be filled.
_BATCHES_READY = 2
_FILES_A_BATCH = 32
_BYTES_A_BATCH = 1 << 20
# So many results may hang with a worker before others have to wait for them.
_EARS = 4
_PULSE_SECONDS = 1.0
_CLOSING_SECONDS = 0.5


@dataclass(eq=False)
class _Flight:
    """A batch that is under way; `open` are the files that nothing final was heard of."""

    number: int
    tasks: dict[int, Task]
    open: set[int]
    futures: list["Future"] = field(default_factory=list)


class CrewOfCluster:
    """Hands each file's steps to the workers of a cluster.

    Args:
        cluster: The cluster, whose workers are checked.
        place: The run's, as the workers are told it.
        here: Does what is not for the cluster.
        retry_for: Seconds that it may be without any worker.
    """

    def __init__(self, cluster: Cluster, place: Workplace, here: Crew, retry_for: float) -> None:
        self.results: SimpleQueue[Any] = here.results
        self._cluster = cluster
        self._place = place
        self._here = here
        self._retry_for = retry_for
        self._threads = sum(cluster.workers().values())
        self._processes = len(cluster.workers())
        self._lock = threading.RLock()
        self._waiting: deque[Task] = deque()
        self._flights: dict[int, _Flight] = {}
        self._flight_of: dict[int, _Flight] = {}
        self._count = 0
        self._wrote = False
        self._halted = False
        self._broken = False
        self._closed = threading.Event()
        self._ended: SimpleQueue[tuple[_Flight, Future] | None] = SimpleQueue()
        self._own_threads = [
            threading.Thread(target=self._look_after, name="cluster-pulse", daemon=True),
            *(threading.Thread(target=self._hear, name=f"cluster-{each}", daemon=True) for each in range(_EARS)),
        ]
        for thread in self._own_threads:
            thread.start()

    @property
    def in_flight(self) -> int:
        """How many files are under way at most, also those that wait here."""
        return max(1, self._threads) * (_BATCHES_A_THREAD + _BATCHES_READY) * _FILES_A_BATCH

    @property
    def memory(self) -> int:
        """How many bytes the files that are under way may keep busy together."""
        return max(1, self._processes) * BUDGET

    @property
    def wrote(self) -> bool:
        """Whether the target has taken an object in this run."""
        return self._wrote or self._here.wrote

    def convert(self, tasks: Sequence[Task]) -> None:
        """Convert files and stage their objects."""
        with self._lock:
            self._waiting.extend(tasks)
            self._send()

    def commit(self, converted: Sequence[Converted | Kept]) -> None:
        """Put staged objects into the bucket, where they are staged."""
        self._end("commit", cluster_work.commit, converted)

    def discard(self, converted: Sequence[Converted | Kept]) -> None:
        """Forget what is staged."""
        self._end("discard", cluster_work.discard, converted)

    def take_back(self, task: Task, objects: tuple[StoredObject, ...], outcome: Outcome) -> None:
        """Remove a file's objects from the bucket; then `outcome` holds."""
        self._here.take_back(task, objects, outcome)

    def withdraw(self) -> list[int]:
        """Take back the files that wait here; their ids."""
        with self._lock:
            ids = [task.entry.id for task in self._waiting]
            self._waiting.clear()
        return ids

    def halt(self) -> None:
        """Tell the workers that what they do is not wanted any more."""
        self._halted = True
        self._place.token_file.unlink(missing_ok=True)

    def close(self) -> bool:
        """Leave the cluster as it was found; False where something hangs."""
        self._closed.set()
        for _ in range(_EARS):
            self._ended.put(None)
        ended = self._cluster.close()
        for thread in self._own_threads:
            thread.join(_CLOSING_SECONDS)
        return ended and not any(thread.is_alive() for thread in self._own_threads)

    # ---- handing out ----

    def _send(self) -> None:
        """Submit batches as long as the workers have room; what waits when all is over is withdrawn."""
        while self._waiting and not self._broken and len(self._flights) < max(1, self._threads) * _BATCHES_A_THREAD:
            tasks = self._batch()
            self._count += 1
            flight = _Flight(self._count, {task.entry.id: task for task in tasks}, {task.entry.id for task in tasks})
            self._flights[flight.number] = flight
            self._flight_of.update(dict.fromkeys(flight.tasks, flight))
            staged = self._submit(flight, "convert", cluster_work.begin, self._place, tuple(tasks))
            if staged is not None:
                self._submit(flight, "tell", cluster_work.tell, before=staged)

    def _batch(self) -> list[Task]:
        """What goes together: small files, but not so many that other workers have none."""
        most = max(1, min(_FILES_A_BATCH, len(self._waiting) // max(1, self._threads)))
        tasks = [self._waiting.popleft()]
        size = weight(tasks[0].entry)
        while self._waiting and len(tasks) < most and not _goes_alone(tasks[0]):
            size += weight(self._waiting[0].entry)
            if size > _BYTES_A_BATCH or _goes_alone(self._waiting[0]):
                break
            tasks.append(self._waiting.popleft())
        return tasks

    def _end(self, word: str, step: Callable[..., Told], converted: Sequence[Converted | Kept]) -> None:
        with self._lock:
            groups: dict[int, list[int]] = {}
            for each in converted:
                flight = self._flight_of.get(each.task.entry.id)
                # What was lost meanwhile is told already.
                if flight is not None:
                    groups.setdefault(flight.number, []).append(each.task.entry.id)
            for number, ids in groups.items():
                flight = self._flights[number]
                self._submit(flight, word, step, tuple(ids), before=flight.futures[0])

    def _submit(
        self, flight: _Flight, word: str, step: Callable[..., Any], *arguments: Any, before: "Future | None" = None
    ) -> "Future | None":
        """Submit a step; what follows another one goes before all first ones, and is listened for."""
        # Dask keeps books of how long a kind of task takes, told by what stands before the first number.
        name = f"migrator-{word}-{self._place.token[:8]}-{flight.number}-{len(flight.futures)}"
        try:
            known = () if before is None else (before,)
            future = self._cluster.submit(name, step, *arguments, before=known, urgent=bool(known))
        except Exception:  # noqa: BLE001 - Dask raises whatever it meets where its connection is lost
            self._lose(flight, error=self._cluster.gone())
            return None
        flight.futures.append(future)
        if before is not None:
            future.add_done_callback(partial(self._hand_over, flight))
        return future

    def _hand_over(self, flight: _Flight, future: "Future") -> None:
        self._ended.put((flight, future))

    # ---- hearing ----

    def _hear(self) -> None:
        while (message := self._ended.get()) is not None:
            flight, future = message
            try:
                outcomes, wrote = self._cluster.result(future)
            except Lost as lost:
                self._lose(flight, reason=f"it stays pending: {lost}")
            except Exception as error:  # noqa: BLE001 - a defect must not leave the run waiting
                self._lose(flight, error=error)
            else:
                self._wrote = self._wrote or wrote
                with self._lock:
                    self._report(flight, outcomes)

    def _report(self, flight: _Flight, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            entry_id = outcome.task.entry.id
            if entry_id not in flight.open:
                continue
            if not isinstance(outcome, Kept):
                flight.open.discard(entry_id)
                del self._flight_of[entry_id]
            if self._halted and isinstance(outcome, Left) and isinstance(outcome.error, Blocked):
                # The token is gone, so whoever looks for it now complains.
                self.results.put(replace(outcome, error=None))
            else:
                self.results.put(outcome)
        if not flight.open:
            self._flights.pop(flight.number, None)
            flight.futures.clear()
            self._send()

    def _lose(self, flight: _Flight, *, reason: str = "", error: Exception | None = None) -> None:
        with self._lock:
            self._broken = self._broken or error is not None
            lost = [Left(flight.tasks[each], reason, error=error) for each in sorted(flight.open)]
            self._report(flight, lost)

    def _look_after(self) -> None:
        """Know how many workers there are, and give up where there are none or nobody tells."""
        seen = time.monotonic()
        while not self._closed.wait(_PULSE_SECONDS):
            try:
                workers = self._cluster.workers()
            except Blocked as error:
                self._lose_all(error)
                return
            if len(workers) < self._processes:
                log.warning("%d of %d workers are left", len(workers), self._processes)
            self._processes, self._threads = len(workers), sum(workers.values())
            if workers:
                seen = time.monotonic()
                with self._lock:
                    self._send()
            elif time.monotonic() - seen > self._retry_for:
                self._lose_all(Blocked(f"the cluster had no workers for {self._retry_for:g} s"))
                return

    def _lose_all(self, error: Blocked) -> None:
        with self._lock:
            for flight in list(self._flights.values()):
                self._lose(flight, error=error)


def _goes_alone(task: Task) -> bool:
    """Whether others must not suffer from a file that may be what its workers died of: it was begun twice before."""
    return (task.entry.attempts or 0) > 1
