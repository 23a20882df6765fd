"""What differs between a state, a bucket and a folder; what they are is the caller's affair."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from migrator.entries import Entry, FileState, StoredObject
from migrator.folders import DONE, FAILED, reason_place
from migrator.listing import Listed

Known = tuple[Entry, tuple[StoredObject, ...]]
OPEN = frozenset({FileState.PENDING, FileState.IN_PROGRESS})
"""Files that are not at their end."""


class Kind(StrEnum):
    """What differs."""

    MISSING_OBJECT = "missing-object"
    CHANGED_OBJECT = "changed-object"
    UNKNOWN_OBJECT = "unknown-object"
    MISSING_FILE = "missing-file"
    CHANGED_FILE = "changed-file"
    MISPLACED_FILE = "misplaced-file"
    UNKNOWN_FILE = "unknown-file"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: of the file that arrived at `path` (an unknown one: where it is), of the object at `key`."""

    path: str | None
    key: str | None
    difference: Kind
    detail: str


class Tree(Protocol):
    """The folder, as far as it is looked at; places are relative to SOURCE, with `/`."""

    def size(self, place: str) -> int | None:
        """Bytes of the regular file there; None where there is none."""

    def sha256(self, place: str) -> str | None:
        """The SHA-256 of the file there in hex; None where it cannot be read."""

    def same(self, place: str, other: str) -> bool:
        """Whether both are one file."""

    def reason_of(self, place: str) -> str | None:
        """The path that the reason file beside a place in `failed/` tells of; None where there is none."""

    def put_away(self) -> Iterable[str]:
        """The places of all files below `done/` and `failed/`."""

    def arrivals(self) -> Iterable[str]:
        """The places of all files that wait outside them."""


def differences(
    known: Iterable[Known], bucket: Mapping[str, Listed], tree: Tree, pending: Callable[[str], bool]
) -> Iterator[Difference]:
    """Every difference between what the state knows, what the bucket holds, and where the files are.

    What a run was doing when it was killed is no difference, for the next one settles it by itself.

    Args:
        known: The state's entries with their confirmed objects.
        bucket: What the bucket holds under the prefix, by key.
        tree: The folder.
        pending: Whether the object at a key that no done file names was made of a file that is pending.
    """
    known = list(known)
    yield from _of_objects([each for each in known if _is_done(each[0], tree)], bucket, pending)
    yield from _of_files([entry for entry, _ in known], tree)


def _is_done(entry: Entry, tree: Tree) -> bool:
    """Whether a file is done, or was moved as one that is by a run that could not record it any more."""
    return entry.state is FileState.DONE or (
        entry.state in OPEN and entry.error_code is None and _has_arrived(entry, tree)
    )


def _has_arrived(entry: Entry, tree: Tree) -> bool:
    """Whether a file stands where it was on its way to, and no longer where it was."""
    if entry.destination is None or tree.size(entry.destination) != entry.size:
        return False
    return entry.place is None or tree.size(entry.place) is None or tree.same(entry.place, entry.destination)


def _of_objects(
    done: Iterable[Known], bucket: Mapping[str, Listed], pending: Callable[[str], bool]
) -> Iterator[Difference]:
    named: set[str] = set()
    for entry, objects in done:
        for stored in objects:
            named.add(stored.key)
            held = bucket.get(stored.key)
            if held is None:
                yield Difference(entry.path, stored.key, Kind.MISSING_OBJECT, "the bucket holds no object at this key")
            elif (held.size, held.etag) != (stored.size, stored.etag):
                detail = (
                    f"the bucket holds {held.size} bytes with ETag {held.etag},"
                    f" stored were {stored.size} bytes with ETag {stored.etag}"
                )
                yield Difference(entry.path, stored.key, Kind.CHANGED_OBJECT, detail)
    for key in bucket:
        if key not in named and not pending(key):
            yield Difference(None, key, Kind.UNKNOWN_OBJECT, "no file that is done or pending has made this object")


def _of_files(entries: Iterable[Entry], tree: Tree) -> Iterator[Difference]:
    loose = _Loose(tree, entries)
    for entry in entries:
        if entry.place is None:
            continue
        size = tree.size(entry.place)
        if entry.destination is not None and _on_its_way(entry, tree, loose):
            continue
        if size is None:
            yield from _absent(entry, loose)
        elif entry.state not in OPEN:
            yield from _changed(entry, size, tree)
            if entry.state is FileState.FAILED and tree.size(reason_place(entry.place)) is None:
                detail = f"its reason file {reason_place(entry.place)} is not there"
                yield Difference(entry.path, None, Kind.MISSING_FILE, detail)
    for place in loose.unknown():
        yield Difference(place, None, Kind.UNKNOWN_FILE, "the state knows nothing of this file")


def _on_its_way(entry: Entry, tree: Tree, loose: "_Loose") -> bool:
    """Whether a kill left the file between two places, or before it left; then what is there is accounted for."""
    destination = entry.destination or ""
    if _has_arrived(entry, tree):
        loose.take(destination)
        return True
    if entry.error_code is not None and entry.state in OPEN and tree.reason_of(destination) == entry.path:
        loose.take_reason(destination)
    return False


def _absent(entry: Entry, loose: "_Loose") -> Iterator[Difference]:
    elsewhere = loose.find(entry)
    if elsewhere is None:
        yield Difference(entry.path, None, Kind.MISSING_FILE, f"{entry.state.value}, but {entry.place} is not there")
    else:
        detail = f"{entry.state.value}, so it should be at {entry.place}, and is at {elsewhere}"
        yield Difference(entry.path, None, Kind.MISPLACED_FILE, detail)


def _changed(entry: Entry, size: int, tree: Tree) -> Iterator[Difference]:
    place = entry.place or ""
    if size != entry.size:
        detail = f"{place} has {size} bytes, and had {entry.size}"
        yield Difference(entry.path, None, Kind.CHANGED_FILE, detail)
    elif entry.sha256 is not None:
        sha256 = tree.sha256(place)
        if sha256 != entry.sha256:
            found = f"has the SHA-256 {sha256}" if sha256 else "cannot be read"
            yield Difference(entry.path, None, Kind.CHANGED_FILE, f"{place} {found}, and had {entry.sha256}")


class _Loose:
    """The files that stand where the state expects none, and which entry each may belong to."""

    def __init__(self, tree: Tree, entries: Iterable[Entry]) -> None:
        expected: set[str] = set()
        for entry in entries:
            if entry.place is not None:
                expected.add(entry.place)
                if entry.state is FileState.FAILED:
                    expected.add(reason_place(entry.place))
        self._tree = tree
        self._put_away = {place for place in tree.put_away() if place not in expected}
        self._places = self._put_away | {place for place in tree.arrivals() if place not in expected}
        self._by_size: dict[int, list[str]] | None = None
        self._taken: set[str] = set()

    def take(self, place: str) -> None:
        """The file there is accounted for, and the reason file beside it."""
        self._taken.add(place)
        self.take_reason(place)

    def take_reason(self, place: str) -> None:
        """The reason file beside the place is accounted for."""
        self._taken.add(reason_place(place))

    def find(self, entry: Entry) -> str | None:
        """Where the file of an entry is that is not at its place."""
        if self._by_size is None:
            self._by_size = {}
            for place in sorted(self._places, key=os.fsencode):
                self._by_size.setdefault(self._tree.size(place) or 0, []).append(place)
        own_names = {entry.path, f"{DONE}/{entry.path}", f"{FAILED}/{entry.path}"}
        for place in self._by_size.get(entry.size, []):
            if place in self._taken:
                continue
            same = place in own_names if entry.sha256 is None else self._tree.sha256(place) == entry.sha256
            if same:
                self.take(place)
                return place
        return None

    def unknown(self) -> list[str]:
        """What nobody has taken below `done/` and `failed/`; what waits outside them is pending, and no difference."""
        return sorted(self._put_away - self._taken, key=os.fsencode)
