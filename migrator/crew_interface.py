"""What the coordinator asks of whoever carries out the work, on this machine or on a cluster."""

from collections.abc import Sequence
from queue import SimpleQueue
from typing import Any, Protocol

from migrator.entries import StoredObject
from migrator.outcomes import Converted, Kept, Outcome, Task


class Crew(Protocol):
    """Who carries out the work, here or elsewhere; no call waits, and each file's outcome comes to `results`."""

    results: "SimpleQueue[Any]"
    """Takes outcomes, and None to wake the coordinator."""

    @property
    def in_flight(self) -> int:
        """How many files are under way at most."""

    @property
    def memory(self) -> int:
        """How many bytes the files that are under way may keep busy together."""

    @property
    def wrote(self) -> bool:
        """Whether the target has taken an object in this run."""

    def convert(self, tasks: Sequence[Task]) -> None:
        """Convert files and stage their objects."""

    def commit(self, converted: Sequence[Converted | Kept]) -> None:
        """Put staged objects into the bucket, before any other file is begun."""

    def discard(self, converted: Sequence[Converted | Kept]) -> None:
        """Forget what is staged; the files are left."""

    def take_back(self, task: Task, objects: tuple[StoredObject, ...], outcome: Outcome) -> None:
        """Remove a file's objects from the bucket; then `outcome` holds."""

    def withdraw(self) -> list[int]:
        """Take back the files that nobody has begun; their ids."""
