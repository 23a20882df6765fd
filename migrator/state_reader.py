"""The state as others read it: without changing a byte on disk, also while a run is writing it."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from migrator.entries import Entry, Intent, StoredObject
from migrator.errors import StateUnusable
from migrator.state_check import checked
from migrator.state_errors import StateUnreadable
from migrator.state_rows import COLUMNS, entry_of

_ATTEMPTS = 5

T = TypeVar("T")


class Reader:
    """One consistent view of a state."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def entries(self) -> Iterator[tuple[Entry, tuple[StoredObject, ...]]]:
        """Every file in the order of arrival, with its confirmed objects."""
        objects = self._db.execute(
            "SELECT file_id, key, rows, size, etag, version FROM objects WHERE stored = 1 ORDER BY file_id, key"
        )
        ahead = next(objects, None)
        for row in self._db.execute(f"SELECT {COLUMNS} FROM files ORDER BY id"):  # noqa: S608 - a constant
            entry = entry_of(row)
            own: list[StoredObject] = []
            while ahead is not None and ahead[0] <= entry.id:
                if ahead[0] == entry.id:
                    own.append(StoredObject(*ahead[1:]))
                ahead = next(objects, None)
            yield entry, tuple(own)

    def intents(self) -> list[tuple[str, Intent]]:
        """What attempts at files that are not done were about to put, or have put: the file's path, and what."""
        query = (
            "SELECT path, key, coalesce(objects.sha256, files.sha256) FROM objects JOIN files ON id = file_id"
            " WHERE state IN ('pending', 'in_progress')"
        )
        return [(os.fsdecode(path), Intent(key, sha256)) for path, key, sha256 in self._db.execute(query)]


def read(path: Path) -> list[tuple[Entry, tuple[StoredObject, ...]]]:
    """Every file of the state at `path`, with its objects.

    Raises:
        StateUnreadable, StateUnusable: As `view` says.
    """
    return view(path, lambda opened: list(opened.entries()))


def view(path: Path, asked: Callable[[Reader], T]) -> T:
    """What `asked` finds in a view of the state at `path`, tried again while a run changes it.

    Raises:
        StateUnreadable: It is damaged, or none of ours.
        StateUnusable: It cannot be opened.
    """
    last: StateUnreadable | StateUnusable | None = None
    for _ in range(_ATTEMPTS):
        before = _print(path)
        try:
            with reader(path) as opened:
                found = asked(opened)
        except (StateUnreadable, StateUnusable) as error:
            last = error
            # A run that began or ended meanwhile makes any of this look damaged.
            if _print(path) == before:
                break
        else:
            # Where there was no log, nothing kept a run from folding its own into the file under this view.
            if _print(path)[0] == before[0]:
                return found
    raise last or StateUnreadable("it changes all the time")


@contextmanager
def reader(path: Path) -> Iterator[Reader]:
    """A view of the state at `path`, for as long as the context lasts.

    Raises:
        StateUnreadable: It is damaged, or none of ours.
        StateUnusable: It cannot be opened.
    """
    with checked(path) as connection:
        yield Reader(connection)


def _print(path: Path) -> list[tuple[int, int, int] | None]:
    """What changes when somebody writes the state."""
    prints: list[tuple[int, int, int] | None] = []
    for suffix in ("", "-wal"):
        try:
            status = path.with_name(path.name + suffix).stat()
        except OSError:
            prints.append(None)
        else:
            prints.append((status.st_ino, status.st_size, status.st_mtime_ns))
    return prints
