"""What the run asks its state."""

import os
from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple

from migrator.entries import Entry, FileState, Intent, StoredObject
from migrator.state_file import StateFile
from migrator.state_rows import COLUMNS, COUNTS, OUTSIDE, below, entry_of

_PAGE = 10_000


class Placed(NamedTuple):
    """A file of the state by its place, and what is known of its inventory; `size` in bytes."""

    place: bytes
    id: int
    size: int
    mtime_ns: int | None


class Foreign(NamedTuple):
    """A file in `done/` or `failed/` that is somebody else's, as it was when it was looked at; `size` in bytes."""

    place: bytes
    size: int
    mtime_ns: int


class StateQueries(StateFile):
    """The questions; each is answered from what the last transaction left."""

    def entry(self, entry_id: int) -> Entry:
        """The entry with that id."""
        return next(self._entries("WHERE id = ?", entry_id))

    def counts(self) -> dict[FileState, int]:
        """How many files stand in each state."""
        (counts,) = self._read(COUNTS)
        return dict(zip(FileState, counts, strict=True))

    def pending(self, after: int, limit: int) -> list[Entry]:
        """The next pending files by id."""
        return list(
            self._entries(
                "INDEXED BY files_open WHERE state IN ('pending', 'in_progress') AND state = 'pending' AND id > ?"
                " ORDER BY id LIMIT ?",
                after,
                limit,
            )
        )

    def pending_size(self, small: int) -> tuple[int, int, int]:
        """How many files are pending, their bytes, and how many are of at most `small` bytes."""
        query = (
            "SELECT count(*), coalesce(sum(size), 0), coalesce(sum(size <= ?), 0) FROM files INDEXED BY files_open"
            " WHERE state IN ('pending', 'in_progress')"
        )
        ((files, size, of_small),) = self._read(query, small)
        return files, size, of_small

    def failed(self) -> Iterator[Entry]:
        """All failed files."""
        return self._entries("INDEXED BY files_failed WHERE state = 'failed' ORDER BY id")

    def moving(self) -> list[Entry]:
        """All files that were on their way to another place when the last run ended."""
        return list(self._entries("INDEXED BY files_moving WHERE destination IS NOT NULL ORDER BY id"))

    def waiting(self) -> Iterator[Placed]:
        """The files outside `done/` and `failed/`, by place; the state may be written meanwhile."""
        query = (
            "SELECT place, id, size, mtime_ns FROM files INDEXED BY files_place"
            " WHERE place >= ? AND place < ? ORDER BY place LIMIT ?"
        )
        return (Placed(*row) for row in chain.from_iterable(self._paged(query, *ends) for ends in OUTSIDE))

    def places(self, top: str) -> Iterator[bytes]:
        """The places of files below `done` or `failed`, ascending; the state may be written meanwhile."""
        query = "SELECT place FROM files INDEXED BY files_place WHERE place >= ? AND place < ? ORDER BY place LIMIT ?"
        return (place for (place,) in self._paged(query, *below(top)))

    def foreign(self, top: str) -> Iterator[Foreign]:
        """What others put into `done` or `failed`, by place; the state may be written meanwhile."""
        query = "SELECT place, size, mtime_ns FROM foreign_files WHERE place >= ? AND place < ? ORDER BY place LIMIT ?"
        return (Foreign(*row) for row in self._paged(query, *below(top)))

    def at(self, place: str) -> Entry | None:
        """The file of the state that is at `place`."""
        return next(self._entries("WHERE place = ?", os.fsencode(place)), None)

    def vanished(self) -> list[int]:
        """The failed files that are nowhere any more, by id."""
        query = "SELECT id FROM files INDEXED BY files_failed WHERE state = 'failed' AND place IS NULL ORDER BY id"
        return [entry_id for (entry_id,) in self._read(query)]

    def done_twins(self, path: str) -> list[tuple[int, str]]:
        """Id and SHA-256 of the done files that arrived at `path`."""
        query = "SELECT id, sha256 FROM files WHERE path = ? AND state = 'done' AND sha256 IS NOT NULL"
        return [(row[0], row[1]) for row in self._read(query, os.fsencode(path))]

    def knows_path(self, path: str) -> bool:
        """Whether any file ever arrived at `path`."""
        return bool(self._read("SELECT 1 FROM files WHERE path = ? LIMIT 1", os.fsencode(path)))

    def intents(self, entry_id: int) -> tuple[Intent, ...]:
        """The keys that attempts at a file were about to put."""
        query = "SELECT key, sha256 FROM objects WHERE file_id = ? ORDER BY key"
        return tuple(Intent(key, sha256) for key, sha256 in self._read(query, entry_id))

    def objects(self, entry_id: int) -> tuple[StoredObject, ...]:
        """The confirmed objects of a file."""
        query = "SELECT key, rows, size, etag, version FROM objects WHERE file_id = ? AND stored = 1 ORDER BY key"
        return tuple(StoredObject(*row) for row in self._read(query, entry_id))

    def marked(self, mark: str) -> bool:
        """Whether a mark stands."""
        return bool(self._read("SELECT 1 FROM marks WHERE name = ?", mark))

    def _paged(self, query: str, start: bytes, end: bytes) -> Iterator[tuple[Any, ...]]:
        """The rows from `start` to before `end`, of which the first column tells the order; no cursor stays open."""
        while page := self._read(query, start, end, _PAGE):
            yield from page
            # The least that is more.
            start = page[-1][0] + b"\0"

    def _entries(self, where: str, *values: Any) -> Iterator[Entry]:
        with self._told():
            for row in self._db.execute(f"SELECT {COLUMNS} FROM files {where}", values):  # noqa: S608 - constants only
                yield entry_of(row)
