"""The command `status`: every file with its state, read only."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from migrator import state_schema
from migrator.entries import Entry, FileState, StoredObject
from migrator.errors import StateUnusable
from migrator.folders import DONE, FAILED, Folders, reason_place
from migrator.inventory import arrived, put_away
from migrator.logs import log
from migrator.names import format_of
from migrator.options import Options
from migrator.reconcile import own_files
from migrator.state_errors import StateUnreadable
from migrator.state_reader import read

Listed = tuple[Entry, tuple[StoredObject, ...]]


def status(given: Options) -> int:
    """Print every file with its state.

    Returns:
        0.
    """
    listed = _listed(given)
    counts = {state.value: 0 for state in FileState}
    for entry, _ in listed:
        counts[entry.state.value] += 1
    counts["total"] = len(listed)
    if given.json:
        files = (json.dumps(entry.as_json(objects)) for entry, objects in listed)
        sys.stdout.write(f'{{"counts": {json.dumps(counts)}, "files": [')
        for number, line in enumerate(files):
            sys.stdout.write(f"{',' if number else ''}\n{line}")
        sys.stdout.write("]}\n")
    else:
        for entry, _ in listed:
            sys.stdout.write(_line(entry) + "\n")
        sys.stdout.write(", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items()) + "\n")
    sys.stdout.flush()
    return 0


def _listed(given: Options) -> list[Listed]:
    if state_schema.exists(given.state):
        try:
            known = read(given.state)
        except (StateUnreadable, StateUnusable) as error:
            log.warning("the state %s cannot be used: %s; this is what the folders tell", given.state, error)
        else:
            return [*known, *_arrivals(given, {entry.place for entry, _ in known})]
    return [*_arrivals(given, set()), *_put_away(given.source)]


def _arrivals(given: Options, known: set[str | None]) -> Iterator[Listed]:
    """Files that no run has entered yet."""
    own = own_files(given.source, given.state)
    for file in sorted(arrived(given.source, own, _trouble), key=lambda file: os.fsencode(file.path)):
        if file.path not in known:
            yield Entry(0, file.path, file.path, _format(file.path), file.size, file.mtime_ns), ()


def _put_away(source: Path) -> Iterator[Listed]:
    """What `done/` and `failed/` tell without a state."""
    folders = Folders(source, source)
    for place in sorted(put_away(source, DONE, _trouble), key=os.fsencode):
        yield from _entry(folders, place, FileState.DONE)
    failed = set(put_away(source, FAILED, _trouble))
    reasons = {reason_place(place) for place in failed}
    for place in sorted(failed - reasons, key=os.fsencode):
        yield from _entry(folders, place, FileState.FAILED)


def _entry(folders: Folders, place: str, state: FileState) -> Iterator[Listed]:
    found = folders.stat(place)
    if found is None:
        return
    path = place.partition("/")[2]
    reason: dict[str, Any] = {}
    if state is FileState.FAILED:
        reason = folders.read_reason(reason_place(place)) or {}
        path = reason.get("path", path)
    yield (
        Entry(
            id=0,
            path=path,
            place=place,
            format=_format(path),
            size=found.st_size,
            mtime_ns=found.st_mtime_ns,
            sha256=reason.get("sha256"),
            state=state,
            attempts=reason.get("attempts"),
            finished_at=reason.get("failed_at"),
            error_code=reason.get("code"),
            error_message=reason.get("message"),
        ),
        (),
    )


def _format(path: str) -> Any:
    return format_of(path.rpartition("/")[2])


def _line(entry: Entry) -> str:
    shown = "".join(each if each.isprintable() else repr(each)[1:-1] for each in entry.path)
    error = f"  {entry.error_code}: {entry.error_message}" if entry.error_code else ""
    line = f"{entry.state.value:<12} {shown}{error}"
    return line.encode(sys.stdout.encoding or "utf-8", errors="backslashreplace").decode(sys.stdout.encoding or "utf-8")


def _trouble(path: str, error: OSError) -> None:
    log.warning("%s cannot be read: %s", path, error.strerror)
