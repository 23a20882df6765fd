"""The crew of one machine: the threads of this process."""

from collections.abc import Sequence
from functools import partial
from queue import SimpleQueue
from typing import Any, cast

from migrator.entries import StoredObject
from migrator.feed import BUDGET
from migrator.outcomes import Converted, Kept, Outcome, Task
from migrator.pool import Pool
from migrator.work import Workshop


class CrewHere:
    """Hands each file's steps to a pool of threads.

    Args:
        workshop: What the threads do.
        pool: The threads; their results go to `results`.
        results: Takes outcomes, and None to wake the coordinator.
        in_flight: How many files are under way at most.
    """

    memory = BUDGET

    def __init__(self, workshop: Workshop, pool: Pool[Any], results: "SimpleQueue[Any]", in_flight: int) -> None:
        self._workshop = workshop
        self._pool = pool
        self.results = results
        self.in_flight = in_flight

    @property
    def wrote(self) -> bool:
        """Whether the target has taken an object in this run."""
        return self._workshop.wrote.is_set()

    def convert(self, tasks: Sequence[Task]) -> None:
        """Convert files and stage their objects."""
        for task in tasks:
            self._pool.submit(task.entry.id, partial(self._workshop.convert, task))

    def commit(self, converted: Sequence[Converted | Kept]) -> None:
        """Put staged objects into the bucket."""
        for each in converted:
            self._pool.submit_urgent(partial(self._workshop.commit, cast("Converted", each)))

    def discard(self, converted: Sequence[Converted | Kept]) -> None:
        """Forget what is staged."""
        for each in converted:
            self._pool.submit_urgent(partial(self._workshop.discard, cast("Converted", each)))

    def take_back(self, task: Task, objects: tuple[StoredObject, ...], outcome: Outcome) -> None:
        """Remove a file's objects from the bucket; then `outcome` holds."""
        self._pool.submit_urgent(partial(self._workshop.take_back, task, objects, outcome))

    def withdraw(self) -> list[int]:
        """Take back the files that no thread has begun; their ids."""
        return self._pool.withdraw()
