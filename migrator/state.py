"""The durable state, as only the run that holds the lock changes it."""

import os
from collections.abc import Iterable

from migrator.entries import Entry, FileState, NewFile, StoredObject
from migrator.state_queries import StateQueries
from migrator.state_rows import kind_and_format, raw

LISTING = "listing"
"""Mark: the bucket may hold objects of pending files that the state does not know of."""
SWEEP = "sweep"
"""Mark: a run may have left multipart uploads behind."""


class State(StateQueries):
    """The state, open for writing; every change belongs inside `transaction()`.

    Raises:
        StateUnusable: From every method, when the state cannot be read or written any more.
    """

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
