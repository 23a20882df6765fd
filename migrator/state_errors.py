"""What is wrong with a state: damage, which sets it aside, told apart from a world that does not let us use it."""

import os
import sqlite3
from pathlib import Path

from migrator.errors import StateUnusable

_LITTLE_BYTES = 64 << 10
_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT", "SQLITE_SCHEMA", "SQLITE_CONSTRAINT")
_UNREAD = frozenset({"SQLITE_ERROR", "SQLITE_IOERR_SHORT_READ"})


class StateUnreadable(Exception):
    """There is something where the state should be, and it is no state of ours; the message says what it is."""


def told_apart(path: Path, error: sqlite3.Error) -> StateUnreadable | StateUnusable:
    """What an error of SQLite means: damage (to be set aside), or a world that does not let us."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(_DAMAGE):
        return StateUnreadable(f"it is damaged: {error}")
    if name in _UNREAD or (not name and isinstance(error, sqlite3.DatabaseError)):
        return StateUnreadable(f"it cannot be read: {error}")
    return unusable(path, error)


def unusable(path: Path, error: sqlite3.Error) -> StateUnusable:
    """What a command says when SQLite will not go on."""
    try:
        room = os.statvfs(path.parent)
    except OSError:
        full = False
    else:
        full = room.f_bavail * room.f_frsize < _LITTLE_BYTES
    # SQLite tells of a full disk as an I/O error where it is the log's index that does not fit.
    why = f"{error} (no space left on device): make room there" if full else f"{error}; mend that"
    return StateUnusable(f"cannot use the state {path}: {why}, or give --state")
