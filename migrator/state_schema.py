"""The state file itself: its schema, whether it can be read, and how it is set aside when it cannot.

SQLite keeps `-wal` and `-shm` companions beside the file; whoever moves it moves them too.

SQLite's own check finds damage of its structures, and none of the values in them. So a state that is closed is sealed:
the header's application id (offset 68, https://www.sqlite.org/fileformat2.html#application_id), which SQLite leaves to
the application, holds the CRC-32 of all other bytes. The first transaction after that takes the seal off.
"""

import os
import sqlite3
import stat
import struct
import zlib
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from migrator.errors import StateUnusable

SCHEMA_VERSION = 1
COMPANIONS = ("-wal", "-shm", "-journal")
NEW_SUFFIX = ".new"
DRAFT_SUFFIX = ".recovering"
ASIDE_MARK = ".unreadable-"
UNSEALED = 0

_SEAL_AT = 68
_SEAL_BYTES = 4
_HEADER_BYTES = 100
_BLOCK_BYTES = 1 << 20
_LITTLE_BYTES = 64 << 10

# Paths are BLOBs: a Linux name is bytes, and need not be UTF-8.
_SCHEMA = f"""
CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL CHECK (typeof(path) = 'blob'),
    place BLOB CHECK (place IS NULL OR typeof(place) = 'blob'),
    destination BLOB CHECK (destination IS NULL OR typeof(destination) = 'blob'),
    kind TEXT NOT NULL CHECK (kind IN ('regular', 'archive')),
    format TEXT NOT NULL CHECK (format IN ('csv', 'json', 'txt', 'sql', 'zip', 'tar', 'tar.gz', 'gz', 'unknown')),
    size INTEGER NOT NULL,
    mtime_ns INTEGER,
    sha256 TEXT,
    state TEXT NOT NULL CHECK (state IN ('pending', 'in_progress', 'done', 'failed')),
    attempts INTEGER,
    discovered_at TEXT,
    started_at TEXT,
    finished_at TEXT,
    error_code TEXT,
    error_message TEXT
) STRICT;
CREATE INDEX files_path ON files (path);
CREATE UNIQUE INDEX files_place ON files (place) WHERE place IS NOT NULL;
CREATE INDEX files_open ON files (id) WHERE state IN ('pending', 'in_progress');
CREATE INDEX files_failed ON files (id) WHERE state = 'failed';
CREATE INDEX files_moving ON files (id) WHERE destination IS NOT NULL;
CREATE TABLE objects (
    file_id INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    sha256 TEXT,
    stored INTEGER NOT NULL CHECK (stored IN (0, 1)),
    rows INTEGER,
    size INTEGER,
    etag TEXT,
    version TEXT,
    PRIMARY KEY (file_id, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE foreign_files (
    place BLOB PRIMARY KEY,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE marks (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
PRAGMA user_version = {SCHEMA_VERSION};
"""


class StateUnreadable(Exception):
    """There is something where the state should be, and it is no state of ours; the message says what it is."""


def create(path: Path) -> None:
    """Make an empty state at `path`, whole or not at all."""
    new = path.with_name(path.name + NEW_SUFFIX)
    remove_drafts(path)
    try:
        with closing(sqlite3.connect(new, isolation_level=None)) as connection:
            # The log comes last: with one, closing would leave pages in it where there is no room for them.
            connection.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
            connection.execute("PRAGMA journal_mode = WAL")
        new.rename(path)
    except sqlite3.Error as error:
        raise unusable(path, error) from error
    except OSError as error:
        raise StateUnusable(f"cannot write the state {path}: {error.strerror}; mend that, or give --state") from error


def draft(path: Path) -> Path:
    """Where a state is rebuilt that is to replace the one at `path` once it is whole."""
    return path.with_name(path.name + DRAFT_SUFFIX)


def remove_drafts(path: Path) -> None:
    """Remove what a killed command left of a state that it was making for `path`.

    Raises:
        StateUnusable: It cannot be removed.
    """
    for name in (path.name + NEW_SUFFIX, path.name + DRAFT_SUFFIX, path.name + DRAFT_SUFFIX + NEW_SUFFIX):
        for suffix in ("", *COMPANIONS):
            try:
                path.with_name(name + suffix).unlink(missing_ok=True)
            except OSError as error:
                raise StateUnusable(f"cannot remove {name + suffix} beside the state: {error.strerror}") from error


def exists(path: Path) -> bool:
    """Whether anything stands at `path` or where its companions would."""
    return any(os.path.lexists(path.with_name(path.name + suffix)) for suffix in ("", "-wal"))


def check(path: Path) -> None:
    """Look whether the state at `path` is one that this migrator can go on with.

    Raises:
        StateUnreadable: It is damaged, of another version, or no state at all.
        StateUnusable: It cannot be opened for a reason that is not its own (permission, disk, a lock).
    """
    sealed = check_shape(path)
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            check_content(connection, None if sealed else "integrity_check")
    except sqlite3.Error as error:
        raise told_apart(path, error) from error


def check_shape(path: Path) -> bool:
    """Refuse what is no regular file with something in it, at the state's place or its companions', or was cut.

    Returns:
        Whether its seal proves every byte.
    """
    if not path.exists():
        raise StateUnreadable("it is gone, and only its companions are there")
    if not path.is_file():
        raise StateUnreadable("it is not a regular file")
    if path.stat().st_size == 0:
        raise StateUnreadable("it is empty")
    for suffix in COMPANIONS:
        companion = path.with_name(path.name + suffix)
        if os.path.lexists(companion) and not stat.S_ISREG(companion.lstat().st_mode):
            raise StateUnreadable(f"its companion {companion.name} is not a regular file")
    log = path.with_name(path.name + "-wal")
    # What is in the log stands in for pages of the file that are not written yet.
    return not (log.exists() and log.stat().st_size) and _is_whole(path)


def _is_whole(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
            size = os.fstat(file.fileno()).st_size
            if len(header) < _HEADER_BYTES:
                raise StateUnreadable("it is cut off within its header")
            (page_bytes,) = struct.unpack_from(">H", header, 16)
            changes, pages, version, valid_for = (struct.unpack_from(">I", header, at)[0] for at in (24, 28, 60, 92))
            page_bytes = 65536 if page_bytes == 1 else page_bytes
            if size % max(1, page_bytes) or (changes == valid_for and size < pages * page_bytes):
                raise StateUnreadable(f"it is cut off at {size} bytes")
            found = header[_SEAL_AT : _SEAL_AT + _SEAL_BYTES]
            if found == _packed(UNSEALED) or version != SCHEMA_VERSION:
                return False
            file.seek(0)
            if found != _seal_of(file):
                raise StateUnreadable(
                    "it is damaged: its bytes do not have the checksum that they had when it was closed"
                )
    except OSError as error:
        raise StateUnusable(f"cannot read the state {path}: {error.strerror}") from error
    return True


def seal(path: Path) -> None:
    """Seal a state that nobody has open for writing, and whose log is empty.

    Raises:
        OSError: It cannot be written; then it stays as it is, and can be used.
    """
    with path.open("r+b") as file:
        os.pwrite(file.fileno(), _seal_of(file), _SEAL_AT)


def _seal_of(file: BinaryIO) -> bytes:
    """The seal of the bytes from here on, which are the whole file's."""
    checksum = zlib.crc32(_packed(UNSEALED), zlib.crc32(file.read(_SEAL_AT)))
    file.seek(_SEAL_BYTES, os.SEEK_CUR)
    while block := file.read(_BLOCK_BYTES):
        checksum = zlib.crc32(block, checksum)
    # Zero says that there is no seal.
    return _packed(checksum or 1)


def _packed(value: int) -> bytes:
    return struct.pack(">I", value)


def check_content(connection: sqlite3.Connection, pragma: str | None) -> None:
    """Refuse another version's schema, and damage that SQLite's own check finds; None where there cannot be any."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != SCHEMA_VERSION:
        raise StateUnreadable(f"its schema is version {version}, and this migrator knows version {SCHEMA_VERSION}")
    verdict = connection.execute(f"PRAGMA {pragma}(1)").fetchone()[0] if pragma else "ok"
    if verdict != "ok":
        raise StateUnreadable(f"it is damaged: {verdict}")
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if not {"files", "objects", "foreign_files", "marks"} <= tables:
        raise StateUnreadable("its tables are missing")


def told_apart(path: Path, error: sqlite3.Error) -> Exception:
    """What an error of SQLite means: damage (to be set aside), or a world that does not let us."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT", "SQLITE_SCHEMA", "SQLITE_CONSTRAINT")):
        return StateUnreadable(f"it is damaged: {error}")
    if name in {"SQLITE_ERROR", "SQLITE_IOERR_SHORT_READ"} or (not name and isinstance(error, sqlite3.DatabaseError)):
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


def set_aside(path: Path) -> Path:
    """Rename the state and its companions to a free name that starts with their own.

    Returns:
        Where the state's own file went.
    """
    number = 1
    while any(os.path.lexists(_aside(path, number, suffix)) for suffix in ("", *COMPANIONS)):
        number += 1
    try:
        for suffix in ("", *COMPANIONS):
            part = path.with_name(path.name + suffix)
            if os.path.lexists(part):
                part.rename(_aside(path, number, suffix))
    except OSError as error:
        raise StateUnusable(f"cannot set aside the state {path}: {error}") from error
    return _aside(path, number, "")


def _aside(path: Path, number: int, suffix: str) -> Path:
    return path.with_name(f"{path.name}{ASIDE_MARK}{number}{suffix}")
