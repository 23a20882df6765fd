"""From a file's outcome to its place: recorded, renamed, and recorded again, so that a crash between heals."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from migrator.entries import FileState, StoredObject, now
from migrator.errors import FolderRefuses, ReasonCode, Refusal, StateUnusable
from migrator.folders import DONE, FAILED, Folders
from migrator.logs import fields, log, redacted
from migrator.outcomes import Left, Outcome, Refused, Stored, Task, Twin
from migrator.state import State

TakeBack = Callable[[Task, tuple[StoredObject, ...], Outcome], None]
"""Removes objects from the bucket, later; then the outcome holds."""


@dataclass(frozen=True, slots=True)
class Move:
    """A file whose objects or failure are recorded, on its way to `destination`; or why it `stays`, and nothing is."""

    task: Task
    destination: str
    objects: tuple[StoredObject, ...]
    own: bool
    sha256: str | None
    refusal: Refusal | None
    at: str
    stays: str = ""


class Settlement:
    """What ends a file's way; `record` and `finish` belong inside a transaction of the state, `carry_out` between.

    Args:
        state: Where it is recorded.
        folders: Where the files are.
        take_back: Removes objects of a file that changed or vanished at the last moment.
    """

    def __init__(self, state: State, folders: Folders, take_back: TakeBack) -> None:
        self._state = state
        self._folders = folders
        self._take_back = take_back

    def record(self, outcome: Stored | Twin | Refused) -> Move | None:
        """Record what became of a file, and where it goes; None where that is all.

        Raises:
            StateUnusable: There is no folder for it, nor for any other file.
        """
        try:
            return self._recorded(outcome)
        except FolderRefuses as error:
            return Move(outcome.task, "", (), False, None, None, now(), stays=str(error))

    def carry_out(self, move: Move) -> Move | Left | None:
        """Rename the file; None where its objects are taken back first.

        Returns:
            The move as it was made, or why the file stays.
        """
        if move.stays:
            return Left(move.task, move.stays)
        entry = move.task.entry
        place = entry.place or ""
        try:
            status = self._folders.stat(place)
            if status is not None and (status.st_size, status.st_mtime_ns) != (entry.size, entry.mtime_ns):
                left = Left(move.task, "it changed under the run, and stays pending", changed=True, keep_intents=False)
                self._undone(move, left)
                return None
            while True:
                try:
                    return self._moved(move, place)
                except FileExistsError:
                    move = self._redirected(move)
        except FileNotFoundError:
            refusal = Refusal(ReasonCode.SOURCE_VANISHED, f"{place} was not there any more when it was to be moved")
            self._undone(move, Refused(move.task, refusal, move.sha256))
            return None
        except FolderRefuses as error:
            self._folders.release(move.destination)
            return Left(move.task, str(error))
        except StateUnusable as error:
            self._folders.release(move.destination)
            return Left(move.task, error=error)

    def finish(self, move: Move) -> None:
        """Record that the file is where it was going, and tell it."""
        entry = move.task.entry
        self._folders.release(move.destination)
        state = FileState.FAILED if move.refusal else FileState.DONE
        self._state.finish(entry.id, state, move.destination, move.at)
        if move.refusal:
            tell_failure(entry.path, move.destination, move.refusal)
            return
        rows = sum(stored.rows for stored in move.objects)
        log.info(
            "done: %s, %d rows in %d %s",
            entry.path,
            rows,
            len(move.objects),
            "object" if len(move.objects) == 1 else "objects",
            extra=fields(path=entry.path, place=move.destination, state=state.value, rows=rows),
        )

    def _recorded(self, outcome: Stored | Twin | Refused) -> Move | None:
        task = outcome.task
        entry = task.entry
        if isinstance(outcome, Refused):
            return self._record_failure(outcome)
        objects = outcome.objects if isinstance(outcome, Stored) else self._state.objects(outcome.twin)
        destination = self._folders.choose(entry.path, DONE)
        self._state.record(entry.id, outcome.sha256, objects, destination)
        return Move(task, destination, objects, isinstance(outcome, Stored), outcome.sha256, None, now())

    def _record_failure(self, outcome: Refused) -> Move | None:
        entry, refusal = outcome.task.entry, outcome.refusal
        message = redacted(refusal.message)
        refusal = Refusal(refusal.code, message)
        if refusal.code is ReasonCode.SOURCE_VANISHED:
            self._state.record_failure(entry.id, outcome.sha256, refusal.code, message, None)
            self._state.finish(entry.id, FileState.FAILED, None, now())
            tell_failure(entry.path, None, refusal)
            return None
        destination = self._folders.choose(entry.path, FAILED)
        self._state.record_failure(entry.id, outcome.sha256, refusal.code, message, destination)
        return Move(outcome.task, destination, (), False, outcome.sha256, refusal, now())

    def _moved(self, move: Move, place: str) -> Move:
        entry = move.task.entry
        if move.refusal is None:
            self._folders.move(place, move.destination)
            return move
        self._folders.write_reason(
            move.destination,
            {
                "path": entry.path,
                "code": move.refusal.code.value,
                "message": move.refusal.message,
                "attempts": (entry.attempts or 0) + 1,
                "failed_at": move.at,
                "size": entry.size,
                "sha256": move.sha256,
            },
        )
        try:
            self._folders.move(place, move.destination)
        except (OSError, StateUnusable):
            self._folders.remove_reason(move.destination, entry.path)
            raise
        return move

    def _redirected(self, move: Move) -> Move:
        self._folders.release(move.destination)
        destination = self._folders.choose(move.task.entry.path, FAILED if move.refusal else DONE)
        with self._state.transaction():
            self._state.redirect(move.task.entry.id, destination)
        return replace(move, destination=destination)

    def _undone(self, move: Move, outcome: Outcome) -> None:
        self._folders.release(move.destination)
        self._take_back(move.task, move.objects if move.own else (), outcome)


def tell_failure(path: str, place: str | None, refusal: Refusal) -> None:
    """Log that a file is failed."""
    log.error(
        "failed: %s: %s: %s",
        path,
        refusal.code.value,
        refusal.message,
        extra=fields(path=path, place=place, state="failed", code=refusal.code.value, reason=refusal.message),
    )
