"""A table that lasts as long as the process and lies on disk, for what grows with the number of files."""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from migrator.errors import StateUnusable

_CACHE_KIB = 8192
_PAGE = 5_000


class DiskTable:
    """A private database with one or more tables; may be used by many threads.

    Args:
        schema: What makes the tables.
        file: Where it lies; None for a file without a name in the system's folder for temporary files, which is written
            only once there is more in it than a few MiB.

    Raises:
        StateUnusable: From every method, when there is no room, or it cannot be written.
    """

    def __init__(self, schema: str, file: Path | None) -> None:
        self._where = str(file) if file else "the folder for temporary files (TMPDIR names another)"
        self._lock = threading.Lock()
        with self._told():
            self._db = sqlite3.connect(file or "", isolation_level=None, check_same_thread=False)
            # Nobody needs it after a crash.
            self._db.execute("PRAGMA journal_mode = OFF")
            self._db.execute("PRAGMA synchronous = OFF")
            self._db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            self._db.executescript(schema)

    def close(self) -> None:
        """Forget everything, once whoever asks has been answered."""
        with self._lock:
            self._db.close()

    def fill(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Carry out a statement for each row; where that fails, the table is of no use any more."""
        with self._lock, self._told():
            self._db.execute("BEGIN")
            try:
                self._db.executemany(statement, rows)
            except BaseException:
                # What the rows come from has failed; without a journal nothing can be taken back.
                self._db.close()
                raise
            self._db.execute("COMMIT")

    def ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows that answer a query, of which there are few."""
        with self._lock, self._told():
            return self._db.execute(query, values).fetchall()

    def scan(self, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """The rows that answer a query, however many; it is asked for them in pages.

        Args:
            query: Its first column, by which it is ordered, must be more than its first value.
            values: Its values; a last one is added, which limits the rows.
        """
        start, *more = values
        while page := self.ask(query, start, *more, _PAGE):
            yield from page
            start = page[-1][0]

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StateUnusable(f"cannot keep what is looked up in {self._where}: {error}; make room there") from error
