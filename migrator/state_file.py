"""The state file, open for writing: transactions, and the log that is folded into the file from time to time."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from migrator import state_seal, state_wal
from migrator.errors import StateUnusable
from migrator.state_errors import unusable

_BUSY_SECONDS = 10
# The log is folded when it is so long, and half as long as the file at least: then the work grows with what is written.
_LOG_BYTES = 8 << 20


class StateFile:
    """One connection, one thread, many changes to a transaction.

    SQLite never folds its log into the file by itself, because both are sealed together: see `state_seal`.

    Args:
        path: A state that was found to be ours.

    Raises:
        StateUnusable: From every method, when the state cannot be read or written any more.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log = path.with_name(path.name + state_wal.SUFFIX)
        self._index = path.with_name(path.name + state_wal.INDEX_SUFFIX)
        self._open_files = ExitStack()
        try:
            # Closed last: to close it while SQLite has it open would end SQLite's locks on it.
            self._main = self._open_files.enter_context(path.open("rb"))
        except OSError as error:
            raise StateUnusable(
                f"cannot read the state {path}: {error.strerror}; mend that, or give --state"
            ) from error
        with self._told():
            self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA wal_autocheckpoint = 0")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._db.execute("PRAGMA cache_size = -16384")
            (seal,) = self._db.execute("PRAGMA application_id").fetchone()
        self._seal = int(seal)
        # Whether the log carries the seal of what it builds on.
        self._tied = False
        self._fold_at = _LOG_BYTES

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Fold the log into the file and close both; where somebody reads, or there is no room, the log stays."""
        if self._main.closed:
            return
        with self._open_files:
            self._fold()
            if self._log_bytes():
                self._close_unfolded()
            else:
                self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes inside become durable together, or none does."""
        with self._told():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                before = self._db.total_changes
                yield
                changed = self._db.total_changes != before
                if changed and not self._tied:
                    # The same value, but page 1 is written into the log.
                    self._db.execute(f"PRAGMA application_id = {self._seal}")
                self._db.execute("COMMIT")
                self._tied = self._tied or changed
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            if changed and self._log_bytes() >= self._fold_at:
                self._fold()

    def _fold(self) -> None:
        """Fold the log into the file where that can be done: a log that stays is as good, and folded another time."""
        try:
            if self._log_bytes():
                self._folded()
        except (sqlite3.Error, OSError):
            self._fold_at = 2 * self._log_bytes()

    def _folded(self) -> None:
        with self._log.open("rb") as opened:
            log = state_wal.Log(opened.fileno())
            frames = log.frames()[: state_wal.last_frame(self._index)]
            if frames:
                self._write_seal(state_seal.of_folded(self._main.fileno(), log, frames))
        self._db.execute("PRAGMA busy_timeout = 0")
        try:
            ((busy, *_),) = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            self._db.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
        # Where somebody reads it, the log stays as long as it is.
        self._fold_at = 2 * self._log_bytes() if busy else max(_LOG_BYTES, os.fstat(self._main.fileno()).st_size // 2)

    def _write_seal(self, seal: int) -> None:
        value = state_seal.signed(seal)
        # Folding makes the log durable before it touches the file.
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute(f"PRAGMA application_id = {value}")
        self._db.execute("PRAGMA synchronous = FULL")
        self._seal, self._tied = value, False

    def _close_unfolded(self) -> None:
        """Close without SQLite's own folding, which would not be sealed: it leaves that to the last to close."""
        try:
            with closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True)) as last:
                last.execute("PRAGMA user_version").fetchone()
                self._db.close()
        except sqlite3.Error:
            self._db.close()

    def _log_bytes(self) -> int:
        try:
            return self._log.stat().st_size
        except OSError:
            return 0

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
            raise unusable(self.path, error) from error
