"""The crew of one machine: the threads of this process, and processes beside it where there are many small files."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, cast

from migrator.entries import StoredObject
from migrator.feed import BUDGET, MIB, weight
from migrator.outcomes import Converted, Kept, Outcome, Task
from migrator.pool import Pool
from migrator.work import Workshop

if TYPE_CHECKING:
    from migrator.converters import Converters
    from migrator.small_file import Made

BESIDE_CONVERTERS = 16 * MIB
"""The bytes that files may keep busy beside converters, which take memory themselves; a bigger one waits for theirs."""


class CrewHere:
    """Hands each file's steps to a pool of threads.

    Args:
        workshop: What the threads do.
        pool: The threads; their results go to `results`.
        results: Takes outcomes, and None to wake the coordinator.
        in_flight: How many files are under way at most.
    """

    def __init__(self, workshop: Workshop, pool: Pool[Any], results: "SimpleQueue[Any]", in_flight: int) -> None:
        self._workshop = workshop
        self._pool = pool
        self.results = results
        self._in_flight = in_flight
        self.converters: Converters | None = None
        """Processes that convert small files, where there are any."""
        self._hang = False

    @property
    def in_flight(self) -> int:
        """How many files are under way at most."""
        return self._in_flight + (self.converters.in_flight if self.converters else 0)

    @property
    def memory(self) -> int:
        """How many bytes the files that are under way may keep busy together."""
        return BESIDE_CONVERTERS if self.converters else BUDGET

    @property
    def wrote(self) -> bool:
        """Whether the target has taken an object in this run."""
        return self._workshop.wrote.is_set()

    def convert(self, tasks: Sequence[Task]) -> None:
        """Convert files and stage their objects; a big one comes once no other is left, and ends the converters."""
        if self.converters is not None and any(weight(task.entry) > self.memory for task in tasks):
            self._hang = not self.converters.close()
            self.converters = None
        if self.converters is not None:
            tasks = self.converters.take(tasks)
        for task in tasks:
            self._convert_here(task)

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

    def begin_converters(self, count: int, root: Path, prefix: str) -> None:
        """Have so many processes convert small files from now on.

        Raises:
            OSError: The machine has no room for them.
        """
        from migrator.converters import Converters

        self.converters = Converters(count, root, prefix, self._hear)

    def close(self) -> bool:
        """End the processes; False where something hangs."""
        return not self._hang and (self.converters is None or self.converters.close())

    def _convert_here(self, task: Task) -> None:
        self._pool.submit(task.entry.id, partial(self._workshop.convert, task))

    def _hear(self, task: Task, made: "Made | None") -> None:
        if made is None:
            self._convert_here(task)
        else:
            self.results.put(self._workshop.staged(task, made))
