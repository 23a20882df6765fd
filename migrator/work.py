"""The work on one file, as worker threads do it: each step takes a task and ends in one outcome.

Workers read the source and speak with the target; they never touch state or folders.
"""

import hashlib
import os
import stat
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.conversion import Conversion, Staged
from migrator.entries import Entry, StoredObject
from migrator.errors import Blocked, KeyRefused, KeyTaken, ReasonCode, Refusal, SourceChanged, Stopped
from migrator.names import encoded_path
from migrator.outcomes import Converted, Left, Outcome, Refused, Stored, Task, Twin
from migrator.within import leads_through_link

if TYPE_CHECKING:
    from migrator.small_file import Made, MadeObject
    from migrator.staging import StagedUpload
    from migrator.target import Found, Target


class Workshop:
    """What all workers share.

    Args:
        root: SOURCE.
        target: Where the objects go.
        convert: Converts a task's file and stages its objects.
    """

    def __init__(self, root: Path, target: "Target", convert: Callable[[Entry], Conversion]) -> None:
        self._root = root
        self._target = target
        self._convert = convert
        self.wrote = threading.Event()
        """Set once the target has taken an object in this run."""

    def convert(self, task: Task) -> Outcome:
        """Convert the file and stage its objects, unless it is done already by what is in the bucket."""
        return self._guarded(task, lambda: self._converted(task))

    def staged(self, task: Task, made: "Made") -> Outcome:
        """Stage the objects that another process has made of the file."""

        def step() -> Outcome:
            objects = tuple(self._stage(each) for each in made.objects)
            return Converted(task, Conversion(made.sha256, objects), {})

        return self._guarded(task, step)

    def commit(self, converted: Converted) -> Outcome:
        """Put the staged objects into the bucket."""
        return self._guarded(converted.task, lambda: self._committed(converted))

    def discard(self, converted: Converted) -> Outcome:
        """Forget what is staged: the run ends before it could be put."""

        def step() -> Outcome:
            for staged in converted.conversion.objects:
                staged.upload.abort()
            return Left(converted.task)

        return self._guarded(converted.task, step)

    def take_back(self, task: Task, objects: Iterable[StoredObject], outcome: Outcome) -> Outcome:
        """Remove the file's objects from the bucket; then `outcome` holds."""

        def step() -> Outcome:
            self._remove(objects)
            return outcome

        return self._guarded(task, step)

    def _guarded(self, task: Task, step: Callable[[], Outcome]) -> Outcome:
        try:
            return step()
        except Stopped:
            return Left(task)
        except Blocked as error:
            return Left(task, error=error)
        except KeyRefused as error:
            return Left(task, f"it stays pending: {error}")
        except _Hidden as error:
            return Left(task, str(error))
        except Exception as error:  # noqa: BLE001 - a defect must end neither the thread nor the other files
            return Left(task, error=error)

    def _converted(self, task: Task) -> Outcome:
        mine: dict[str, StoredObject] = {}
        try:
            if not self._unchanged(task):
                return self._changed(task, ())
            if task.twins:
                return self._second_arrival(task)
            if task.intents:
                sha256 = self._known_sha256(task)
                mine = self._own_objects(task, sha256)
                if task.all_known and len(mine) == len(task.intents):
                    return Stored(task, sha256, tuple(mine.values()))
            conversion = self._convert(task.entry)
        except Refusal as refusal:
            return self._refused(task, refusal, mine.values())
        except KeyRefused as error:
            return self._rejected(task, error, mine.values(), None)
        except SourceChanged:
            return self._changed(task, mine.values())
        if self._still_there(task):
            return Converted(task, conversion, mine)
        for staged in conversion.objects:
            staged.upload.abort()
        return self._changed(task, mine.values())

    def _committed(self, converted: Converted) -> Outcome:
        task, conversion = converted.task, converted.conversion
        made: list[StoredObject] = []
        waiting = list(reversed(conversion.objects))
        try:
            while waiting:
                staged = waiting[-1]
                known = converted.stored.get(staged.key)
                if known is not None:
                    staged.upload.abort()
                    made.append(known)
                else:
                    made.append(self._put(task, staged.upload, staged.key, staged.rows, conversion.sha256))
                waiting.pop()
        except Refusal as refusal:
            return self._refused(task, refusal, _united(made, converted.stored.values()), conversion.sha256)
        except KeyRefused as error:
            return self._rejected(task, error, _united(made, converted.stored.values()), conversion.sha256)
        finally:
            for staged in waiting:
                staged.upload.abort()
        if not self._still_there(task):
            return self._changed(task, made)
        return Stored(task, conversion.sha256, tuple(made))

    def _put(self, task: Task, upload: "StagedUpload", key: str, rows: int, sha256: str) -> StoredObject:
        try:
            receipt = self._target.commit(upload)
        except KeyTaken:
            found = self._target.find(key)
            if found is not None and belongs(found, task.entry.path, sha256):
                return _stored(found)
            raise Refusal(
                ReasonCode.NAME_TAKEN, f"the key {key} holds an object that is not this file's; rename one of the two"
            ) from None
        self.wrote.set()
        return StoredObject(receipt.key, rows, receipt.size, receipt.etag, receipt.version)

    def _stage(self, made: "MadeObject") -> Staged:
        upload = self._target.stage(made.key, made.metadata)
        upload.write(made.data)
        upload.close()
        return Staged(made.key, made.rows, upload)

    def _second_arrival(self, task: Task) -> Outcome:
        sha256 = self._sha256(task)
        if not self._still_there(task):
            return self._changed(task, ())
        if sha256 in task.twins:
            return Twin(task, sha256, task.twins[sha256])
        message = f"a file with other bytes arrived at {task.entry.path} before and is done; rename this one"
        return Refused(task, Refusal(ReasonCode.NAME_TAKEN, message), sha256)

    def _own_objects(self, task: Task, sha256: str) -> dict[str, StoredObject]:
        """What stands at the intended keys and is this file's; what an attempt put from other bytes is taken back."""
        mine: dict[str, StoredObject] = {}
        for intent in task.intents:
            found = self._target.find(intent.key)
            if found is None:
                continue
            if belongs(found, task.entry.path, sha256):
                mine[intent.key] = _stored(found)
            elif intent.sha256 is not None and belongs(found, task.entry.path, intent.sha256):
                self._target.take_back(found.key, found.version)
        return mine

    def _refused(
        self, task: Task, refusal: Refusal, objects: Iterable[StoredObject], sha256: str | None = None
    ) -> Outcome:
        if refusal.code is ReasonCode.SOURCE_VANISHED:
            objects = _united(objects, self._left_behind(task))
        elif not self._still_there(task):
            return self._changed(task, objects)
        self._remove(objects)
        if sha256 is None and refusal.code is not ReasonCode.SOURCE_VANISHED:
            sha256 = self._sha256_if_readable(task)
        return Refused(task, refusal, sha256)

    def _rejected(self, task: Task, error: KeyRefused, objects: Iterable[StoredObject], sha256: str | None) -> Outcome:
        self._remove(objects)
        refusal = Refusal(ReasonCode.UPLOAD_REJECTED, str(error))
        return Refused(task, refusal, sha256 or self._sha256_if_readable(task), held=True)

    def _changed(self, task: Task, objects: Iterable[StoredObject]) -> Outcome:
        self._remove(_united(objects, self._left_behind(task)))
        return Left(task, "it changed under the run, and stays pending", changed=True, keep_intents=False)

    def _left_behind(self, task: Task) -> Iterable[StoredObject]:
        """What earlier attempts at this file put, and no done file with the same bytes has as its own."""
        for intent in task.intents:
            sha256 = intent.sha256 or task.entry.sha256
            found = self._target.find(intent.key) if sha256 and sha256 not in task.twins else None
            if found is not None and sha256 and belongs(found, task.entry.path, sha256):
                yield _stored(found)

    def _remove(self, objects: Iterable[StoredObject]) -> None:
        for stored in objects:
            self._target.take_back(stored.key, stored.version)

    def _unchanged(self, task: Task) -> bool:
        """Whether the file is the one of the inventory.

        Raises:
            Refusal: `source-vanished`, where there is none.
            _Hidden: A folder above it does not tell.
        """
        entry = task.entry
        if entry.place is not None and leads_through_link(str(self._root), entry.place):
            raise Refusal(ReasonCode.SOURCE_VANISHED, f"a folder above {entry.place} is a link now, and not followed")
        try:
            status = os.lstat(f"{self._root}/{entry.place or ''}")
        except (FileNotFoundError, NotADirectoryError):
            raise Refusal(ReasonCode.SOURCE_VANISHED, f"{entry.place} is not there any more") from None
        except OSError as error:
            raise _Hidden(f"it stays pending: {entry.place} cannot be looked at: {error.strerror}") from error
        return stat.S_ISREG(status.st_mode) and status.st_size == entry.size and status.st_mtime_ns == entry.mtime_ns

    def _still_there(self, task: Task) -> bool:
        try:
            return self._unchanged(task)
        except (Refusal, _Hidden):
            return True  # the move finds out, and tells it as what it is

    def _known_sha256(self, task: Task) -> str:
        if task.entry.sha256 is not None:
            return task.entry.sha256
        return self._sha256(task)

    def _sha256(self, task: Task) -> str:
        try:
            return sha256_of(self._root / (task.entry.place or ""))
        except FileNotFoundError:
            raise Refusal(ReasonCode.SOURCE_VANISHED, f"{task.entry.place} is not there any more") from None
        except OSError as error:
            raise Refusal(ReasonCode.SOURCE_UNREADABLE, f"it cannot be read: {error.strerror}") from error

    def _sha256_if_readable(self, task: Task) -> str | None:
        try:
            return self._sha256(task)
        except Refusal:
            return None


class _Hidden(Exception):
    """Nobody knows whether the file is there: a folder above it cannot be searched."""


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def belongs(found: "Found", path: str, sha256: str) -> bool:
    """Whether an object's footer says that it was made of the file with that path and those bytes."""
    source = found.footer.get("source-path", "")
    return found.footer.get("source-sha256") == sha256 and source.partition("!")[0] == encoded_path(path)


def _stored(found: "Found") -> StoredObject:
    return StoredObject(found.key, found.rows or 0, found.size, found.etag, found.version)


def _united(*several: Iterable[StoredObject]) -> tuple[StoredObject, ...]:
    return tuple({stored.key: stored for group in several for stored in group}.values())
