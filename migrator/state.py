"""The durable state, as its only writer sees it: one connection, one thread, many changes to a transaction."""

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from migrator import state_schema
from migrator.entries import Entry, FileState, Intent, NewFile, StoredObject
from migrator.state_rows import COLUMNS, entry_of, kind_and_format, raw

LISTING = "listing"
"""Mark: the bucket may hold objects of pending files that the state does not know of."""
SWEEP = "sweep"
"""Mark: a run may have left multipart uploads behind."""

_BUSY_SECONDS = 10


class State:
    """The state file, open for writing; every change belongs inside `transaction()`.

    Raises:
        StateUnusable: From every method, when the state cannot be read or written any more.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._told():
            self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._db.execute("PRAGMA cache_size = -16384")
            self._sealed = self._seal() != state_schema.UNSEALED

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; SQLite folds its companions into it, and then it is sealed."""
        self._db.close()
        # While somebody reads it, or where there is no room, the log stays.
        if not self._sealed and not self.path.with_name(self.path.name + "-wal").exists():
            with contextlib.suppress(OSError):
                state_schema.seal(self.path)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes inside become durable together, or none does."""
        with self._told():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                before = self._db.total_changes
                yield
                changed = self._db.total_changes != before
                if changed and self._sealed:
                    self._db.execute(f"PRAGMA application_id = {state_schema.UNSEALED}")
                self._db.execute("COMMIT")
                self._sealed = self._sealed and not changed
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    # ---- reading ----

    def entry(self, entry_id: int) -> Entry:
        """The entry with that id."""
        return next(self._entries("WHERE id = ?", entry_id))

    def counts(self) -> dict[FileState, int]:
        """How many files stand in each state."""
        found: dict[str, int] = dict(self._read("SELECT state, count(*) FROM files GROUP BY state"))
        return {state: found.get(state, 0) for state in FileState}

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

    def pending_size(self) -> tuple[int, int]:
        """How many files are pending, and their bytes."""
        query = (
            "SELECT count(*), coalesce(sum(size), 0) FROM files INDEXED BY files_open"
            " WHERE state IN ('pending', 'in_progress')"
        )
        ((files, size),) = self._read(query)
        return files, size

    def open_entries(self) -> Iterator[Entry]:
        """All files that are pending or in progress."""
        return self._entries("INDEXED BY files_open WHERE state IN ('pending', 'in_progress') ORDER BY id")

    def failed(self) -> Iterator[Entry]:
        """All failed files."""
        return self._entries("INDEXED BY files_failed WHERE state = 'failed' ORDER BY id")

    def moving(self) -> list[Entry]:
        """All files that were on their way to another place when the last run ended."""
        return list(self._entries("INDEXED BY files_moving WHERE destination IS NOT NULL ORDER BY id"))

    def done_places(self) -> set[str]:
        """Where the done files are."""
        rows = self._read("SELECT place FROM files WHERE state = 'done' AND place IS NOT NULL")
        return {os.fsdecode(place) for (place,) in rows}

    def done_twins(self, path: str) -> list[tuple[int, str]]:
        """Id and SHA-256 of the done files that arrived at `path`."""
        query = "SELECT id, sha256 FROM files WHERE path = ? AND state = 'done' AND sha256 IS NOT NULL"
        return [(row[0], row[1]) for row in self._read(query, os.fsencode(path))]

    def knows_path(self, path: str) -> bool:
        """Whether any file ever arrived at `path`."""
        return bool(self._read("SELECT 1 FROM files WHERE path = ? LIMIT 1", os.fsencode(path)))

    def has_intents(self) -> bool:
        """Whether objects of files that are not done may stand in the bucket."""
        query = (
            "SELECT 1 FROM files INDEXED BY files_open JOIN objects ON file_id = id"
            " WHERE state IN ('pending', 'in_progress') LIMIT 1"
        )
        return bool(self._read(query))

    def intents(self, entry_id: int) -> tuple[Intent, ...]:
        """The keys that attempts at a file were about to put."""
        query = "SELECT key, sha256 FROM objects WHERE file_id = ? ORDER BY key"
        return tuple(Intent(key, sha256) for key, sha256 in self._read(query, entry_id))

    def objects(self, entry_id: int) -> tuple[StoredObject, ...]:
        """The confirmed objects of a file."""
        query = "SELECT key, rows, size, etag, version FROM objects WHERE file_id = ? AND stored = 1 ORDER BY key"
        return tuple(StoredObject(*row) for row in self._read(query, entry_id))

    def foreign(self) -> dict[str, tuple[int, int]]:
        """What others put into `done/` and `failed/`: place → size and mtime_ns when it was looked at."""
        rows = self._read("SELECT place, size, mtime_ns FROM foreign_files")
        return {os.fsdecode(place): (size, mtime_ns) for place, size, mtime_ns in rows}

    def marked(self, mark: str) -> bool:
        """Whether a mark stands."""
        return bool(self._read("SELECT 1 FROM marks WHERE name = ?", mark))

    # ---- writing ----

    def mark(self, mark: str, stands: bool) -> None:
        """Set or remove a mark."""
        self._write("INSERT OR IGNORE INTO marks VALUES (?)" if stands else "DELETE FROM marks WHERE name = ?", mark)

    def add_pending(self, files: Iterable[NewFile], discovered_at: str) -> None:
        """Enter files that arrived."""
        rows = (
            (os.fsencode(file.path), file.size, file.mtime_ns, discovered_at, *kind_and_format(file.path))
            for file in files
        )
        self._db.executemany(
            "INSERT INTO files (path, place, size, mtime_ns, discovered_at, kind, format, state, attempts)"
            " VALUES (?1, ?1, ?2, ?3, ?4, ?5, ?6, 'pending', 0)",
            rows,
        )

    def add_known(self, entry: Entry, objects: Iterable[StoredObject]) -> None:
        """Enter a done or failed file that the folders tell of; `entry.id` 0 is a new one, else that one is changed."""
        self._leave_place(entry.place, entry.id)
        if entry.id:
            self._write(
                "UPDATE files SET place = ?, destination = NULL, size = ?, mtime_ns = ?, sha256 = ?, state = ?,"
                " finished_at = ?, error_code = ?, error_message = ? WHERE id = ?",
                raw(entry.place),
                entry.size,
                entry.mtime_ns,
                entry.sha256,
                entry.state,
                entry.finished_at,
                entry.error_code,
                entry.error_message,
                entry.id,
            )
            self._replace_objects(entry.id, objects, entry.sha256)
            return
        cursor = self._write(
            "INSERT INTO files (path, place, kind, format, size, mtime_ns, sha256, state, attempts, discovered_at,"
            " started_at, finished_at, error_code, error_message) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            os.fsencode(entry.path),
            raw(entry.place),
            *kind_and_format(entry.path),
            entry.size,
            entry.mtime_ns,
            entry.sha256,
            entry.state,
            entry.attempts,
            entry.discovered_at,
            entry.started_at,
            entry.finished_at,
            entry.error_code,
            entry.error_message,
        )
        self._replace_objects(cursor.lastrowid or 0, objects, entry.sha256)

    def resize(self, entry_id: int, size: int, mtime_ns: int) -> None:
        """Note that a pending file is another than it was."""
        self._write("UPDATE files SET size = ?, mtime_ns = ?, sha256 = NULL WHERE id = ?", size, mtime_ns, entry_id)

    def begin(self, entry_ids: Iterable[int], at: str) -> None:
        """Pending → in progress."""
        self._db.executemany(
            "UPDATE files SET state = 'in_progress', attempts = coalesce(attempts, 0) + 1,"
            " started_at = coalesce(started_at, ?)"
            " WHERE id = ?",
            ((at, entry_id) for entry_id in entry_ids),
        )

    def to_pending(self, entry_id: int, *, keep_intents: bool) -> None:
        """In progress or failed → pending, where it is; intents that were taken back are forgotten."""
        self._write(
            "UPDATE files SET state = 'pending', destination = NULL, finished_at = NULL, error_code = NULL,"
            " error_message = NULL WHERE id = ?",
            entry_id,
        )
        if not keep_intents:
            self._write("DELETE FROM objects WHERE file_id = ?", entry_id)

    def all_to_pending(self) -> None:
        """Whatever is in progress and not on its way to another place → pending."""
        self._write("UPDATE files SET state = 'pending' WHERE state = 'in_progress' AND destination IS NULL")

    def intend(self, entry_id: int, sha256: str, keys: Iterable[str]) -> None:
        """Record what is about to be put, before it is."""
        self._write("UPDATE files SET sha256 = ? WHERE id = ?", sha256, entry_id)
        self._db.executemany(
            "INSERT INTO objects (file_id, key, sha256, stored) VALUES (?, ?, ?, 0)"
            " ON CONFLICT DO UPDATE SET sha256 = excluded.sha256, stored = 0",
            ((entry_id, key, sha256) for key in keys),
        )

    def record(self, entry_id: int, sha256: str, objects: Iterable[StoredObject], destination: str) -> None:
        """Record the confirmed objects, and where the file goes now."""
        self._write(
            "UPDATE files SET sha256 = ?, destination = ? WHERE id = ?", sha256, os.fsencode(destination), entry_id
        )
        self._replace_objects(entry_id, objects, sha256)

    def record_failure(
        self, entry_id: int, sha256: str | None, code: str, message: str, destination: str | None
    ) -> None:
        """Record why a file fails, and where it goes now."""
        self._write(
            "UPDATE files SET sha256 = ?, error_code = ?, error_message = ?, destination = ? WHERE id = ?",
            sha256,
            code,
            message,
            raw(destination),
            entry_id,
        )
        self._write("DELETE FROM objects WHERE file_id = ?", entry_id)

    def redirect(self, entry_id: int, destination: str | None) -> None:
        """Record another place that a file goes to; None where it stays."""
        self._write("UPDATE files SET destination = ? WHERE id = ?", raw(destination), entry_id)

    def finish(self, entry_id: int, state: FileState, place: str | None, at: str | None) -> None:
        """The file has arrived where it was going (`place` None: it vanished), or is pending there again."""
        self._leave_place(place, entry_id)
        self._write(
            "UPDATE files SET state = ?, place = ?, destination = NULL, finished_at = ? WHERE id = ?",
            state,
            raw(place),
            at,
            entry_id,
        )

    def forget(self, entry_id: int) -> None:
        """Remove an entry with its objects."""
        self._write("DELETE FROM files WHERE id = ?", entry_id)

    def remember_foreign(self, place: str, size: int, mtime_ns: int) -> None:
        """Remember that a file in `done/` or `failed/` is none of ours."""
        self._write("INSERT OR REPLACE INTO foreign_files VALUES (?, ?, ?)", os.fsencode(place), size, mtime_ns)

    def forget_foreign(self, place: str) -> None:
        """Forget a foreign file that is gone, or changed."""
        self._write("DELETE FROM foreign_files WHERE place = ?", os.fsencode(place))

    # ---- beneath ----

    def _seal(self) -> int:
        (found,) = self._db.execute("PRAGMA application_id").fetchone()
        return int(found)

    def _leave_place(self, place: str | None, but: int) -> None:
        """An entry that claims `place` while another file stands there has lost its own file."""
        if place is not None:
            self._write("UPDATE files SET place = NULL WHERE place = ? AND id <> ?", os.fsencode(place), but)

    def _replace_objects(self, entry_id: int, objects: Iterable[StoredObject], sha256: str | None) -> None:
        self._write("DELETE FROM objects WHERE file_id = ?", entry_id)
        self._db.executemany(
            "INSERT INTO objects (file_id, key, sha256, rows, size, etag, version, stored) VALUES (?,?,?,?,?,?,?,1)",
            ((entry_id, made.key, sha256, made.rows, made.size, made.etag, made.version) for made in objects),
        )

    def _entries(self, where: str, *values: Any) -> Iterator[Entry]:
        with self._told():
            for row in self._db.execute(f"SELECT {COLUMNS} FROM files {where}", values):  # noqa: S608 - constants only
                yield entry_of(row)

    def _read(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._told():
            return self._db.execute(query, values).fetchall()

    def _write(self, statement: str, *values: Any) -> sqlite3.Cursor:
        return self._db.execute(statement, values)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise state_schema.unusable(self.path, error) from error
