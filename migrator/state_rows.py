"""How an entry stands in a row of the state."""

import os
from collections.abc import Sequence
from typing import Any

from migrator.entries import Entry, FileState
from migrator.folders import DONE, FAILED
from migrator.names import Format, format_of, kind_of

COLUMNS = (
    "id, path, place, format, size, mtime_ns, sha256, state, attempts, discovered_at, started_at, finished_at,"
    " error_code, error_message, destination"
)

# Grouped by state, a million rows would be sorted, for which SQLite makes a file outside SOURCE.
COUNTS = "SELECT {} FROM files".format(  # noqa: S608 - constants
    ", ".join(f"count(*) FILTER (WHERE state = '{state.value}')" for state in FileState)
)
"""One row: how many files stand in each state, in the order of `FileState`."""


def below(top: str) -> tuple[bytes, bytes]:
    """Where the places below SOURCE's folder `top` begin, and what comes after them."""
    # 0 follows the slash.
    return os.fsencode(f"{top}/"), os.fsencode(f"{top}0")


# Longer than a path can be, of the highest byte: more than all of them.
_END = b"\xff" * 4097
OUTSIDE = ((b"", below(DONE)[0]), (below(DONE)[1], below(FAILED)[0]), (below(FAILED)[1], _END))
"""Where places outside `done/` and `failed/` begin, and what comes after them."""


def entry_of(row: Sequence[Any]) -> Entry:
    """An entry from a row of `COLUMNS`.

    Raises:
        ValueError: A value is none that the migrator writes.
    """
    return Entry(
        id=row[0],
        path=os.fsdecode(row[1]),
        place=None if row[2] is None else os.fsdecode(row[2]),
        format=Format(row[3]),
        size=row[4],
        mtime_ns=row[5],
        sha256=row[6],
        state=FileState(row[7]),
        attempts=row[8],
        discovered_at=row[9],
        started_at=row[10],
        finished_at=row[11],
        error_code=row[12],
        error_message=row[13],
        destination=None if row[14] is None else os.fsdecode(row[14]),
    )


def raw(place: str | None) -> bytes | None:
    """A path as it is stored: bytes, for a file system's names need not be text."""
    return None if place is None else os.fsencode(place)


def kind_and_format(path: str) -> tuple[str, str]:
    """What the columns `kind` and `format` hold of a file at `path`."""
    file_format = format_of(path.rpartition("/")[2])
    return kind_of(file_format).value, file_format.value
