"""The state as others read it: without changing a byte on disk, also while a run is writing it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from migrator.entries import Entry, FileState, StoredObject
from migrator.errors import StateUnusable
from migrator.state_check import checked
from migrator.state_errors import StateUnreadable
from migrator.state_rows import COLUMNS, COUNTS, OUTSIDE, entry_of

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

    def copy_to(self, connection: sqlite3.Connection) -> None:
        """Make another database a copy of what is seen here."""
        self._db.backup(connection)

    def counts(self) -> dict[FileState, int]:
        """How many files stand in each state."""
        counts = self._db.execute(COUNTS).fetchone()
        return dict(zip(FileState, counts, strict=True))

    def failures(self, limit: int) -> list[Entry]:
        """The first failed files."""
        query = f"SELECT {COLUMNS} FROM files INDEXED BY files_failed WHERE state = 'failed' ORDER BY id LIMIT ?"  # noqa: S608 - constants
        return [entry_of(row) for row in self._db.execute(query, (limit,))]

    def waiting(self) -> Iterator[bytes]:
        """The places of files outside `done/` and `failed/`, ascending by their bytes."""
        query = "SELECT place FROM files INDEXED BY files_place WHERE place >= ? AND place < ? ORDER BY place"
        for ends in OUTSIDE:
            yield from (place for (place,) in self._db.execute(query, ends))


def read(path: Path) -> list[tuple[Entry, tuple[StoredObject, ...]]]:
    """Every file of the state at `path`, with its objects, all in memory.

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
