"""Files in `done/` and `failed/` that the state knows nothing of: ours by what reason files and objects say, or not."""

import os
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.entries import Entry, FileState, StoredObject
from migrator.folders import Folders, cut_reasons, owner_of, reason_place
from migrator.keys import Keys
from migrator.names import Format, format_of, numbered
from migrator.work import belongs, sha256_of

if TYPE_CHECKING:
    from migrator.target import Target

_NUMBERED = re.compile(r"~[0-9]{1,9}")
_MAX_CANDIDATES = 256


@dataclass(frozen=True, slots=True)
class Examined:
    """What a file in `done/` or `failed/` is: an entry with its objects, or (None) somebody else's."""

    place: str
    size: int
    mtime_ns: int
    entry: Entry | None = None
    objects: tuple[StoredObject, ...] = ()


def examine_failed(folders: Folders, places: Sequence[str]) -> Iterator[Examined]:
    """The files below `failed/`; a reason file that speaks of the file beside it counts with that one.

    Args:
        folders: SOURCE.
        places: Where the files are, reason files among them; ascending by their bytes.
    """
    owners = _Owners(places)
    for place in places:
        status = folders.stat(place)
        if status is None:
            continue
        reason = folders.read_reason(reason_place(place))
        if reason is not None and reason.get("size") == status.st_size:
            sha256 = reason.get("sha256")
            if sha256 is None or sha256 == _sha256(folders.root / place):
                entry = Entry(
                    id=0,
                    path=reason["path"],
                    place=place,
                    format=format_of(reason["path"].rpartition("/")[2]),
                    size=status.st_size,
                    mtime_ns=status.st_mtime_ns,
                    sha256=sha256,
                    state=FileState.FAILED,
                    attempts=reason.get("attempts") if isinstance(reason.get("attempts"), int) else None,
                    finished_at=reason.get("failed_at") if isinstance(reason.get("failed_at"), str) else None,
                    error_code=reason["code"],
                    error_message=reason["message"],
                )
                yield Examined(place, status.st_size, status.st_mtime_ns, entry)
                continue
        owner = owners.of(place)
        if owner is not None and _speaks_of(folders, place, owner):
            continue
        if _is_orphan(folders, place):
            (folders.root / place).unlink(missing_ok=True)
            continue
        yield Examined(place, status.st_size, status.st_mtime_ns)


class _Owners:
    """Which of some files a reason file could speak of, by its name."""

    def __init__(self, places: Sequence[str]) -> None:
        self._places = places
        self._cut = cut_reasons(places)

    def of(self, reason: str) -> str | None:
        owner = owner_of(reason)
        return owner if owner is not None and self._has(owner) else self._cut.get(reason)

    def _has(self, place: str) -> bool:
        at = bisect_left(self._places, os.fsencode(place), key=os.fsencode)
        return at < len(self._places) and self._places[at] == place


def examine_done(
    folders: Folders, target: "Target", keys: Keys, makes_nothing: Callable[[Entry], bool], place: str
) -> Examined | None:
    """The file at `place` below `done/`: done, if an object in the bucket says that it was made of it.

    Args:
        folders: SOURCE.
        target: Asked for the objects whose keys fit.
        keys: What the bucket holds.
        makes_nothing: Whether a dump has neither rows nor statements, so that it is done without an object.
        place: Where the file is.

    Returns:
        None where the file is gone.
    """
    status = folders.stat(place)
    if status is None:
        return None
    sha256 = None
    for path in _paths(place):
        possible = keys.of(path)
        sha256 = sha256 or (_sha256(folders.root / place) if possible else None)
        found = [target.find(key) for key in possible] if sha256 else []
        objects = tuple(
            StoredObject(each.key, each.rows or 0, each.size, each.etag, each.version)
            for each in found
            if each is not None and sha256 and belongs(each, path, sha256)
        )
        if objects:
            return Examined(place, status.st_size, status.st_mtime_ns, _done(path, place, status, sha256), objects)
    path = place.partition("/")[2]
    if format_of(path.rpartition("/")[2]) is Format.SQL:
        entry = _done(path, place, status, _sha256(folders.root / place))
        if entry.sha256 is not None and makes_nothing(entry):
            return Examined(place, status.st_size, status.st_mtime_ns, entry)
    return Examined(place, status.st_size, status.st_mtime_ns)


def _done(path: str, place: str, status: os.stat_result, sha256: str | None) -> Entry:
    return Entry(
        id=0,
        path=path,
        place=place,
        format=format_of(path.rpartition("/")[2]),
        size=status.st_size,
        mtime_ns=status.st_mtime_ns,
        sha256=sha256,
        state=FileState.DONE,
        attempts=None,
    )


def _paths(place: str) -> Iterator[str]:
    """Where a file in `done/` may have arrived: at its name, or at one without the numbers that avoid a taken name."""
    choices = [[segment, *_unnumbered(segment)] for segment in place.split("/")[1:]]
    for segments in islice(product(*choices), _MAX_CANDIDATES):
        yield "/".join(segments)


def _unnumbered(name: str) -> Iterator[str]:
    for mark in _NUMBERED.finditer(name):
        rest = name[: mark.start()] + name[mark.end() :]
        number = int(mark.group()[1:])
        if rest and number > 1 and numbered(rest, number) == name:
            yield rest


def _speaks_of(folders: Folders, reason: str, place: str) -> bool:
    told, status = folders.read_reason(reason), folders.stat(place)
    return told is not None and status is not None and told.get("size") == status.st_size


def _is_orphan(folders: Folders, place: str) -> bool:
    """Whether this is the reason file of a run that was killed before it moved the file, which is still pending."""
    told = folders.read_reason(place)
    status = folders.stat(told["path"]) if told is not None and "\0" not in told["path"] else None
    if told is None or status is None or told.get("size") != status.st_size or told.get("sha256") is None:
        return False
    return bool(told["sha256"] == _sha256(folders.root / told["path"]))


def _sha256(file: Path) -> str | None:
    """The SHA-256 of a file; None where it cannot be read."""
    try:
        return sha256_of(file)
    except OSError:
        return None
