"""A state as it stood at one moment, copied to a file without a name: to be read at leisure, while a run goes on.

Whoever reads the state itself keeps its log from being folded, and must begin again where a run changes it under him.
A copy takes half a second a million files, and memory does not grow with it.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from migrator import state_schema
from migrator.entries import Entry, FileState, Intent
from migrator.errors import Blocked
from migrator.names import kind_of
from migrator.state_reader import Reader, view
from migrator.state_rows import raw

ON_DISK = ""
"""Where a copy lies: in a file for which SQLite finds a folder, once it is bigger than a cache."""
IN_MEMORY = ":memory:"
"""For whoever must go on where no folder has room."""
_CACHE_KIB = 8192
_NO_ROOM = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_GETTEMPPATH}
)


class StateCopy(Reader):
    """A copy, to which files can be added that the state does not know.

    Raises:
        Blocked: From every method, when there is no room for it.
    """

    def add(self, entries: Iterable[Entry]) -> None:
        """Enter files behind those that are there; their ids are new ones."""
        rows = (
            (
                os.fsencode(entry.path),
                raw(entry.place),
                kind_of(entry.format),
                entry.format,
                entry.size,
                entry.mtime_ns,
                entry.sha256,
                entry.state,
                entry.attempts,
                entry.finished_at,
                entry.error_code,
                entry.error_message,
            )
            for entry in entries
        )
        with _told():
            self._db.execute("BEGIN")
            self._db.executemany(
                "INSERT INTO files (path, place, kind, format, size, mtime_ns, sha256, state, attempts, finished_at,"
                " error_code, error_message) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
                rows,
            )
            self._db.execute("COMMIT")

    def state_at(self, place: str) -> FileState | None:
        """What is known of the file at a place; None where nothing is."""
        found = self._db.execute("SELECT state FROM files WHERE place = ?", (os.fsencode(place),)).fetchone()
        return FileState(found[0]) if found else None

    def intents(self, key: str) -> list[tuple[str, Intent]]:
        """What attempts at files that are not done were about to put at a key, or have put: the file's path, and what.

        `index_intents` comes first.
        """
        rows = self._db.execute("SELECT path, sha256 FROM intents WHERE key = ?", (key,))
        return [(os.fsdecode(path), Intent(key, sha256)) for path, sha256 in rows]

    def index_intents(self) -> None:
        """Make what `intents` looks up."""
        with _told():
            self._db.executescript(
                "CREATE TABLE intents AS SELECT key, path, coalesce(objects.sha256, files.sha256) AS sha256"
                " FROM files INDEXED BY files_open JOIN objects ON id = file_id"
                " WHERE state IN ('pending', 'in_progress');"
                "CREATE INDEX intents_key ON intents (key);"
            )


@contextmanager
def copied(path: Path, where: str = ON_DISK) -> Iterator[StateCopy]:
    """A copy of the state at `path`, as long as the context lasts; it lies `where` it is told.

    Raises:
        StateUnreadable: The state is damaged, or none of ours.
        StateUnusable: It cannot be opened.
        Blocked: There is no room for the copy.
    """
    with closing(_connection(where)) as connection:

        def copy(opened: Reader) -> None:
            with _told():
                opened.copy_to(connection)

        view(path, copy)
        yield StateCopy(connection)


@contextmanager
def empty(where: str = ON_DISK) -> Iterator[StateCopy]:
    """One without any files, as long as the context lasts; it lies `where` it is told."""
    with closing(_connection(where)) as connection:
        connection.executescript(state_schema.SCHEMA)
        yield StateCopy(connection)


def _connection(where: str) -> sqlite3.Connection:
    # SQLite makes the file only once there is more in it than the cache holds.
    connection = sqlite3.connect(where, isolation_level=None)
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    return connection


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if error.sqlite_errorcode not in _NO_ROOM:
            raise
        raise Blocked(f"no room for a copy of the state: {error}; name a folder that has some by TMPDIR") from error
