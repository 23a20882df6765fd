"""What the workers of a cluster do: the tasks that the coordinator submits.

Small files travel in batches, because a task costs the scheduler a millisecond whatever is in it.
"""

import threading
import traceback
from collections.abc import Callable
from typing import cast

from migrator.cluster_place import Here, Workplace, here_of
from migrator.errors import Blocked
from migrator.logs import redacted
from migrator.outcomes import Converted, Kept, Left, Outcome, Task

Told = tuple[tuple[Outcome, ...], bool]
"""What became of files, and whether the target has taken an object from this process."""


class Batch:
    """Files on their way from conversion to commit, with what is staged of them.

    It stays in the process that made it. Where the cluster moves it, or makes it again since its worker died, the
    files are converted anew, and what is in the bucket by then is adopted.

    Args:
        place: The run's.
        tasks: The files.
    """

    def __init__(self, place: Workplace, tasks: tuple[Task, ...]) -> None:
        self._place = place
        self._tasks = {task.entry.id: task for task in tasks}
        self._outcomes: dict[int, Outcome] = {}
        self._lock = threading.Lock()

    def __reduce__(self) -> "tuple[type[Batch], tuple[Workplace, tuple[Task, ...]]]":
        return Batch, (self._place, tuple(self._tasks.values()))

    def converted(self) -> Told:
        """Convert what is not converted yet."""
        with self._lock:
            return self._told([self._outcome(task) for task in self._tasks.values()])

    def ended(self, ids: tuple[int, ...], *, commit: bool) -> Told:
        """Put the staged objects of these files into the bucket, or forget them."""
        with self._lock:
            for each in ids:
                outcome = self._outcome(self._tasks[each])
                if isinstance(outcome, Converted):
                    self._outcomes[each] = self._carried_out(outcome.task, _ending(outcome, commit=commit))
            return self._told([self._outcomes[each] for each in ids])

    def _outcome(self, task: Task) -> Outcome:
        known = self._outcomes.get(task.entry.id)
        if known is None:
            known = self._outcomes[task.entry.id] = self._carried_out(task, _beginning(task))
        return known

    def _carried_out(self, task: Task, step: Callable[[Here], Outcome]) -> Outcome:
        try:
            outcome = step(here_of(self._place))
        except Blocked as error:
            outcome = Left(task, error=error)
        return _portable(outcome)

    def _told(self, outcomes: list[Outcome]) -> Told:
        try:
            wrote = here_of(self._place).workshop.wrote.is_set()
        except Blocked:
            wrote = False
        return tuple(map(_without_bytes, outcomes)), wrote


def begin(place: Workplace, tasks: tuple[Task, ...]) -> Batch:
    """Convert files, and keep what is staged in this process."""
    batch = Batch(place, tasks)
    batch.converted()
    return batch


def tell(batch: Batch) -> Told:
    """What became of each file by its conversion."""
    return batch.converted()


def commit(batch: Batch, ids: tuple[int, ...]) -> Told:
    """Put the staged objects of these files into the bucket."""
    return batch.ended(ids, commit=True)


def discard(batch: Batch, ids: tuple[int, ...]) -> Told:
    """Forget what is staged of these files."""
    return batch.ended(ids, commit=False)


def _beginning(task: Task) -> Callable[[Here], Outcome]:
    return lambda here: Left(task) if here.over() else here.workshop.convert(task)


def _ending(converted: Converted, *, commit: bool) -> Callable[[Here], Outcome]:
    def step(here: Here) -> Outcome:
        return here.workshop.commit(converted) if commit else here.workshop.discard(converted)

    return step


def _without_bytes(outcome: Outcome) -> Outcome:
    return Kept(outcome.task, outcome.sha256, outcome.keys) if isinstance(outcome, Converted) else outcome


def _portable(outcome: Outcome) -> Outcome:
    """An outcome whose error can be pickled, and names this worker."""
    if not isinstance(outcome, Left) or outcome.error is None:
        return outcome
    error: Exception
    if isinstance(outcome.error, Blocked):
        kind = cast("Callable[[str], Blocked]", type(outcome.error))
        error = kind(f"worker {_address()}: {outcome.error}")
    else:
        told = "".join(traceback.format_exception(outcome.error))
        error = RuntimeError(redacted(f"worker {_address()}: {told}"))
    return Left(outcome.task, outcome.reason, outcome.changed, outcome.keep_intents, error)


def _address() -> str:
    from distributed import get_worker

    return str(get_worker().address)
