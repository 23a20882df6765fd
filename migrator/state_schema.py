"""The state file: its schema, how it is made, and the names beside it.

SQLite keeps `-wal` and `-shm` companions beside the file; whoever moves it moves them too.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from migrator import state_seal
from migrator.errors import StateUnusable
from migrator.state_errors import unusable

SCHEMA_VERSION = 1
JOURNAL = "-journal"
COMPANIONS = ("-wal", "-shm", JOURNAL)
# Nobody else gives such names: what bears one is taken for a killed command's, and removed.
NEW_SUFFIX = ".migrator-new"
DRAFT_SUFFIX = ".migrator-recovering"
_DRAFTS = tuple(
    draft + companion
    for draft in (NEW_SUFFIX, DRAFT_SUFFIX, DRAFT_SUFFIX + NEW_SUFFIX)
    for companion in ("", *COMPANIONS)
)
OWN = ("", *COMPANIONS, *_DRAFTS)
"""What follows a state's name in the names of its file, its companions, and what it is made or rebuilt in."""

SCHEMA = f"""
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
"""What makes an empty state. Paths are BLOBs: a Linux name is bytes, and need not be UTF-8."""

SCHEMA_ENTRIES = "SELECT type, name, tbl_name, sql FROM sqlite_schema"


def create(path: Path) -> None:
    """Make an empty state at `path`, whole or not at all."""
    new = path.with_name(path.name + NEW_SUFFIX)
    remove_drafts(path)
    try:
        with closing(sqlite3.connect(new, isolation_level=None)) as connection:
            # The log comes last: with one, closing would leave pages in it where there is no room for them.
            connection.executescript(f"BEGIN; {SCHEMA} COMMIT;")
            connection.execute("PRAGMA journal_mode = WAL")
        with new.open("r+b") as file:
            state_seal.write(file.fileno())
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
    for suffix in _DRAFTS:
        draft_of_it = path.with_name(path.name + suffix)
        try:
            draft_of_it.unlink(missing_ok=True)
        except OSError as error:
            raise StateUnusable(f"cannot remove {draft_of_it.name} beside the state: {error.strerror}") from error


def exists(path: Path) -> bool:
    """Whether anything stands at `path` or where its companions would."""
    return any(os.path.lexists(path.with_name(path.name + suffix)) for suffix in ("", "-wal"))


def has_log(path: Path) -> bool:
    """Whether a state that was closed is not whole without its log: there was no room to fold that into it."""
    log = path.with_name(path.name + COMPANIONS[0])
    return log.exists() and log.stat().st_size > 0


def entries() -> frozenset[tuple[str, str, str, str | None]]:
    """What `SCHEMA_ENTRIES` finds in a state that is ours: type, name, table and text of each table and index."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.executescript(SCHEMA)
        return frozenset(connection.execute(SCHEMA_ENTRIES).fetchall())
