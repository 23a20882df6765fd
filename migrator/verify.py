"""The command `verify`: folder, state and bucket held against each other, read only."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from migrator import state_schema
from migrator.entries import Entry, FileState, StoredObject
from migrator.errors import ExitCode, StateUnusable
from migrator.folders import DONE, FAILED, Folders, reason_place
from migrator.inventory import arrived, put_away
from migrator.listing import Listed
from migrator.options import Options
from migrator.reconcile import own_files
from migrator.state_errors import StateUnreadable
from migrator.state_reader import read
from migrator.target import Target, TargetSettings
from migrator.verify_pending import PendingObjects
from migrator.work import sha256_of

Known = tuple[Entry, tuple[StoredObject, ...]]
_OPEN = frozenset({FileState.PENDING, FileState.IN_PROGRESS})


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

    def put_away(self) -> Iterable[str]:
        """The places of all files below `done/` and `failed/`."""

    def arrivals(self) -> Iterable[str]:
        """The places of all files that wait outside them."""


def differences(
    known: Iterable[Known], bucket: Mapping[str, Listed], tree: Tree, pending: Callable[[str], bool]
) -> Iterator[Difference]:
    """Every difference between what the state knows, what the bucket holds, and where the files are.

    Args:
        known: The state's entries with their confirmed objects.
        bucket: What the bucket holds under the prefix, by key.
        tree: The folder.
        pending: Whether the object at a key that no done file names was made of a file that is pending.
    """
    known = list(known)
    yield from _of_objects(known, bucket, pending)
    yield from _of_files([entry for entry, _ in known], tree)


def _of_objects(
    known: Iterable[Known], bucket: Mapping[str, Listed], pending: Callable[[str], bool]
) -> Iterator[Difference]:
    named: set[str] = set()
    for entry, objects in known:
        if entry.state is not FileState.DONE:
            continue
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
        if size is None:
            yield from _absent(entry, tree, loose)
        elif entry.state not in _OPEN:
            yield from _changed(entry, size, tree)
            if entry.state is FileState.FAILED and tree.size(reason_place(entry.place)) is None:
                detail = f"its reason file {reason_place(entry.place)} is not there"
                yield Difference(entry.path, None, Kind.MISSING_FILE, detail)
    for place in loose.unknown():
        yield Difference(place, None, Kind.UNKNOWN_FILE, "the state knows nothing of this file")


def _absent(entry: Entry, tree: Tree, loose: "_Loose") -> Iterator[Difference]:
    if entry.destination is not None and tree.size(entry.destination) == entry.size:
        loose.take(entry.destination)
        return
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
        self._taken |= {place, reason_place(place)}

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


class _Source:
    """The tree on disk."""

    def __init__(self, root: Path, state: Path) -> None:
        self._root = root
        self._state = state
        self._folders = Folders(root, root)

    def size(self, place: str) -> int | None:
        found = self._folders.stat(place)
        return None if found is None else found.st_size

    def sha256(self, place: str) -> str | None:
        try:
            return sha256_of(self._root / place)
        except OSError:
            return None

    def put_away(self) -> Iterator[str]:
        for top in (DONE, FAILED):
            yield from put_away(self._root, top, _unreadable)

    def arrivals(self) -> Iterator[str]:
        own = own_files(self._root, self._state) if self._state.parent.is_dir() else frozenset[str]()
        for file in arrived(self._root, own, _unreadable):
            yield file.path


def verify(given: Options) -> int:
    """Print every difference.

    Returns:
        0 where there is none, else 3.

    Raises:
        Blocked: State, folder or target cannot be read.
    """
    known = _known(given.state)
    tree = _Source(given.source, given.state)
    # Nothing is staged here, so the scratch folder is never written.
    target = Target(given.address, TargetSettings(given.source, given.endpoint_url, given.retry_for))
    bucket = {listed.key: listed for listed in target.listing(given.address.under)}
    waiting = {entry.place for entry, _ in known if entry.state in _OPEN and entry.place is not None}
    places = {entry.place for entry, _ in known}
    waiting.update(place for place in tree.arrivals() if place not in places)
    pending = PendingObjects(target, given.address.prefix, waiting, tree.sha256)
    found = list(differences(known, bucket, tree, pending))
    if given.json:
        sys.stdout.write(json.dumps({"differences": [asdict(each) for each in found]}, indent=2) + "\n")
    else:
        for each in found:
            shown = _shown(each.path if each.path is not None else each.key or "")
            sys.stdout.write(f"{each.difference.value:<14} {shown}: {_shown(each.detail)}\n")
        sys.stdout.write(f"{len(found)} differences between folder, state and bucket\n")
    sys.stdout.flush()
    return ExitCode.FAILED_FILES if found else ExitCode.DONE


def _known(path: Path) -> list[Known]:
    if not state_schema.exists(path):
        return []
    try:
        return read(path)
    except StateUnreadable as error:
        raise StateUnusable(f"the state {path} cannot be used: {error}; `recover` rebuilds it") from error


def _unreadable(path: str, error: OSError) -> None:
    raise StateUnusable(f"cannot read {path}: {error.strerror}; it must be readable to be verified") from error


def _shown(text: str) -> str:
    printable = "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
    encoding = sys.stdout.encoding or "utf-8"
    return printable.encode(encoding, errors="backslashreplace").decode(encoding)
