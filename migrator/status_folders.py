"""What the folders alone tell of files: those that no run has entered yet, and all where there is no state."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from migrator.entries import Entry, FileState, NewFile
from migrator.errors import StateUnusable
from migrator.folders import DONE, FAILED, Folders, cut_reasons, owner_of, reason_place
from migrator.inventory import arrived, put_away
from migrator.logs import log
from migrator.names import Format, format_of
from migrator.options import Options
from migrator.reconcile import own_files
from migrator.side_by_side import side_by_side

_MAX_ATTEMPTS = 1 << 31


def arrivals(given: Options, known: Iterable[bytes]) -> Iterator[Entry]:
    """Files that no run has entered yet, by their paths.

    Args:
        given: The command line.
        known: The places that the state knows outside `done/` and `failed/`, ascending.
    """
    files = arrived(given.source, own_files(given.source, given.state), _trouble)
    for file, place in side_by_side(files, known, _path, bytes):
        if file is not None and place is None:
            yield Entry(0, file.path, file.path, _format(file.path), file.size, file.mtime_ns)


def put_away_files(source: Path) -> Iterator[Entry]:
    """What `done/` and `failed/` tell without a state."""
    folders = Folders(source, source)
    for place in map(os.fsdecode, put_away(source, DONE, _trouble)):
        yield from _entry(folders, place, FileState.DONE)
    cut = cut_reasons(map(os.fsdecode, put_away(source, FAILED, lambda *_: None)))
    for place in map(os.fsdecode, put_away(source, FAILED, _trouble)):
        owner = owner_of(place)
        if place not in cut and (owner is None or _stat(folders, owner) is None):
            yield from _entry(folders, place, FileState.FAILED)


def _entry(folders: Folders, place: str, state: FileState) -> Iterator[Entry]:
    found = _stat(folders, place)
    if found is None:
        return
    path = place.partition("/")[2]
    reason: dict[str, Any] = {}
    if state is FileState.FAILED:
        reason = folders.read_reason(reason_place(place)) or {}
        path = reason.get("path", path)
    attempts = reason.get("attempts")
    yield Entry(
        id=0,
        path=path,
        place=place,
        format=_format(path),
        size=found.st_size,
        mtime_ns=found.st_mtime_ns,
        sha256=_text(reason.get("sha256")),
        state=state,
        attempts=attempts if isinstance(attempts, int) and 0 <= attempts <= _MAX_ATTEMPTS else None,
        finished_at=_text(reason.get("failed_at")),
        error_code=reason.get("code"),
        error_message=reason.get("message"),
    )


def _stat(folders: Folders, place: str) -> os.stat_result | None:
    try:
        return folders.stat(place)
    except StateUnusable as error:
        log.warning("%s", error)
        return None


def _text(value: object) -> str | None:
    """What a reason file holds, where it is what the migrator writes there."""
    return value if isinstance(value, str) and value.isprintable() else None


def _format(path: str) -> Format:
    return format_of(path.rpartition("/")[2])


def _path(file: NewFile) -> bytes:
    return os.fsencode(file.path)


def _trouble(path: str, error: OSError) -> None:
    log.warning("%s cannot be read: %s", path, error.strerror)
