"""A read-only connection that changes no byte of the state, nor of its companions."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import quote

from migrator.state_wal import INDEX_SUFFIX, SUFFIX, Log, merged

_BUSY_SECONDS = 5
# Offsets 18 and 19 of the header: 2 says that there is a log, 1 that there is none.
_MODES_AT = 18
_NO_LOG = b"\1\1"


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to the state at `path`, as long as the context lasts.

    Raises:
        OSError, sqlite3.Error: It cannot be opened.
    """
    log, index = (path.with_name(path.name + suffix) for suffix in (SUFFIX, INDEX_SUFFIX))
    if not _begins(log):
        # Nothing but the file itself counts: SQLite need not make companions. With a log of which it takes nothing but
        # the header's place, and an index that is not to be written, it would look again and again until it gives up.
        with closing(_connect(path, "immutable=1")) as connection:
            yield connection
    elif _bytes_of(index):
        # readonly_shm: read the companions as they are, and keep a private index where a killed run left them.
        with closing(_connect(path, "mode=ro&readonly_shm=1")) as connection:
            yield connection
    else:
        # SQLite would make an index, so it gets a copy into which the log is folded, and whose name is gone at once.
        with tempfile.NamedTemporaryFile(prefix="migrator-state-") as copy:
            _fold(path, log, copy)
            connection = _connect(Path(copy.name), "immutable=1")
        with closing(connection):
            yield connection


def _fold(path: Path, log: Path, copy: IO[bytes]) -> None:
    with path.open("rb") as file, log.open("rb") as opened_log:
        read = Log(opened_log.fileno())
        frames = read.sound(read.frames())
        if not frames:
            shutil.copyfileobj(file, copy)
        else:
            copy.writelines(merged(file.fileno(), read, frames))
    copy.seek(_MODES_AT)
    copy.write(_NO_LOG)
    copy.flush()


def _connect(path: Path, how: str) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.absolute()), errors='surrogateescape')}?{how}"
    return sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)


def _begins(log: Path) -> bool:
    try:
        with log.open("rb") as opened_log:
            return Log(opened_log.fileno()).begins()
    except FileNotFoundError:
        return False


def _bytes_of(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
