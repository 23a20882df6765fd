"""What differs between a state, a bucket and a folder; what they are is the caller's affair."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from migrator.entries import Entry, FileState, StoredObject
from migrator.folders import reason_place
from migrator.tree import Tree
from migrator.verify_tables import Bucket, Loose

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


def differences(
    known: Callable[[], Iterable[Known]], bucket: Bucket, tree: Tree, pending: Callable[[str], bool]
) -> Iterator[Difference]:
    """Every difference between what the state knows, what the bucket holds, and where the files are.

    What a run was doing when it was killed is no difference, for the next one settles it by itself.

    Args:
        known: Gives the state's entries with their confirmed objects, each time that it is called.
        bucket: What the bucket holds under the prefix.
        tree: The folder.
        pending: Whether the object at a key that no done file names was made of a file that is pending.
    """
    yield from _of_objects((each for each in known() if _is_done(each[0], tree)), bucket, pending)
    loose = Loose(tree, (entry for entry, _ in known()))
    yield from _of_files((entry for entry, _ in known()), tree, loose)


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


def _of_objects(done: Iterable[Known], bucket: Bucket, pending: Callable[[str], bool]) -> Iterator[Difference]:
    for entry, objects in done:
        for stored in objects:
            held = bucket.take(stored.key)
            if held is None:
                yield Difference(entry.path, stored.key, Kind.MISSING_OBJECT, "the bucket holds no object at this key")
            elif (held.size, held.etag) != (stored.size, stored.etag):
                detail = (
                    f"the bucket holds {held.size} bytes with ETag {held.etag},"
                    f" stored were {stored.size} bytes with ETag {stored.etag}"
                )
                yield Difference(entry.path, stored.key, Kind.CHANGED_OBJECT, detail)
    for key in bucket.left():
        if not pending(key):
            yield Difference(None, key, Kind.UNKNOWN_OBJECT, "no file that is done or pending has made this object")


def _of_files(entries: Iterable[Entry], tree: Tree, loose: Loose) -> Iterator[Difference]:
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


def _on_its_way(entry: Entry, tree: Tree, loose: Loose) -> bool:
    """Whether a kill left the file between two places, or before it left; then what is there is accounted for."""
    destination = entry.destination or ""
    if _has_arrived(entry, tree):
        loose.take(destination)
        return True
    if entry.error_code is not None and entry.state in OPEN and tree.reason_of(destination) == entry.path:
        loose.take_reason(destination)
    return False


def _absent(entry: Entry, loose: Loose) -> Iterator[Difference]:
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
