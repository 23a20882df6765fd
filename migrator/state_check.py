"""Whether a state can be gone on with: looked at without changing a byte of it, also while a run is writing it."""

import os
import sqlite3
import stat
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from migrator import state_schema, state_seal
from migrator.errors import StateUnusable
from migrator.state_errors import StateUnreadable, told_apart
from migrator.state_view import opened
from migrator.state_wal import SUFFIX, Log

_HEADER_BYTES = 100

_WITHIN = "CAST(x'2F' || {0} || x'2F' AS BLOB)"
# `/x`, `a//b`, `a/`, the empty name; `a/../b`, `./a`, `.migrator/x`; what no file system takes.
_LEADS_OUT = f"(instr({_WITHIN}, x'2F2F') OR instr({_WITHIN}, x'2F2E') OR instr({{0}}, x'00'))"
_DONE = "CAST('done/' AS BLOB)"
_FAILED = "CAST('failed/' AS BLOB)"
_STRAY_PLACE = f"""
SELECT path FROM files WHERE {_LEADS_OUT.format("path")} OR place IS NOT NULL AND (
    CASE state WHEN 'done' THEN substr(place, 1, 5) <> {_DONE} WHEN 'failed' THEN substr(place, 1, 7) <> {_FAILED}
    ELSE place <> path END
    OR place <> CAST({_DONE} || path AS BLOB) AND place <> path AND {_LEADS_OUT.format("place")}
) OR destination IS NOT NULL AND destination <> path AND (
    substr(destination, 1, 5) <> {_DONE} AND substr(destination, 1, 7) <> {_FAILED}
    OR {_LEADS_OUT.format("destination")}
) UNION ALL SELECT place FROM foreign_files WHERE {_LEADS_OUT.format("place")}
    OR substr(place, 1, 5) <> {_DONE} AND substr(place, 1, 7) <> {_FAILED}
LIMIT 1
"""  # noqa: S608 - constants only


def check(path: Path) -> None:
    """Look whether the state at `path` is one that this migrator can go on with.

    Raises:
        StateUnreadable: It is damaged, of another version, or no state at all.
        StateUnusable: It cannot be opened for a reason that is not its own (permission, disk, a lock).
    """
    with checked(path):
        pass


@contextmanager
def checked(path: Path) -> Iterator[sqlite3.Connection]:
    """One consistent view of the state at `path`, in which every byte is proved to be the migrator's own.

    Raises:
        StateUnreadable, StateUnusable: As `check` says; also later, while the view is read.
    """
    try:
        _check_kinds(path)
        with ExitStack() as files:
            # Closed last: to close it while SQLite has it open would end SQLite's locks on it.
            file = files.enter_context(path.open("rb")).fileno()
            log = _log(path, files)
            if log is None:
                _check_length(file)
            connection = files.enter_context(opened(path))
            connection.execute("BEGIN")
            _check_content(connection, file, log)
            yield connection
    except sqlite3.Error as error:
        raise told_apart(path, error) from error
    except (ValueError, TypeError) as error:
        raise StateUnreadable(f"it is damaged: {error}") from error
    except OSError as error:
        raise StateUnusable(f"cannot read the state {path}: {error.strerror}") from error


def _check_kinds(path: Path) -> None:
    """Refuse what is no regular file with something in it, at the state's place or its companions'."""
    if not path.exists():
        raise StateUnreadable("it is gone, and only its companions are there")
    if not path.is_file():
        raise StateUnreadable("it is not a regular file")
    if path.stat().st_size == 0:
        raise StateUnreadable("it is empty")
    for suffix in state_schema.COMPANIONS:
        companion = path.with_name(path.name + suffix)
        if os.path.lexists(companion) and not stat.S_ISREG(companion.lstat().st_mode):
            raise StateUnreadable(f"its companion {companion.name} is not a regular file")
    journal = path.with_name(path.name + state_schema.JOURNAL)
    if journal.exists() and journal.stat().st_size:
        # SQLite would roll it back into the file as soon as that is opened for writing.
        raise StateUnreadable(f"{journal.name} stands beside it, which is another program's")


def _log(path: Path, files: ExitStack) -> Log | None:
    """The state's log; None where there is nothing in it."""
    try:
        handle = files.enter_context(path.with_name(path.name + SUFFIX).open("rb")).fileno()
    except FileNotFoundError:
        return None
    return Log(handle) if os.fstat(handle).st_size else None


def _check_length(file: int) -> None:
    """Refuse a file that was cut, where there is no log that may have the rest."""
    header = os.pread(file, _HEADER_BYTES, 0)
    size = os.fstat(file).st_size
    if len(header) < _HEADER_BYTES:
        raise StateUnreadable("it is cut off within its header")
    page_bytes, changes, pages, valid_for = struct.unpack(">16xH6xII60xI4x", header)
    page_bytes = 65536 if page_bytes == 1 else page_bytes
    if size % max(1, page_bytes) or (changes == valid_for and size < pages * page_bytes):
        raise StateUnreadable(f"it is cut off at {size} bytes")


def _check_content(connection: sqlite3.Connection, file: int, log: Log | None) -> None:
    """Refuse another version's schema, what is not sealed, and what the migrator would not write."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != state_schema.SCHEMA_VERSION:
        known = state_schema.SCHEMA_VERSION
        raise StateUnreadable(f"its schema is version {version}, and this migrator knows version {known}")
    if frozenset(connection.execute(state_schema.SCHEMA_ENTRIES)) != state_schema.entries():
        raise StateUnreadable("its tables are not those of this migrator")
    (seal,) = connection.execute("PRAGMA application_id").fetchone()
    if not state_seal.holds(file, log, state_seal.unsigned(seal)):
        what = "its bytes do" if log is None else "file and log do not belong together, or their bytes do"
        raise StateUnreadable(f"it is damaged: {what} not have the checksum that they had when they were written")
    stray = connection.execute(_STRAY_PLACE).fetchone()
    if stray is not None:
        raise StateUnreadable(f"it tells of a file that is nowhere in SOURCE: {os.fsdecode(stray[0])!r}")
