"""The bucket against state and truth: the objects of the done files, one version each, and nothing else."""

from collections.abc import Iterable, Iterator

from harness.books_facts import UNFINISHED, Books, Difference, shown
from harness.bucket import Version
from harness.status import RecordedFile
from harness.truth import MockFile


def bucket_differences(books: Books, *, ended: bool) -> Iterator[Difference]:
    """The bucket holds exactly the objects of the done files, one version each, as the state records them."""
    versions: dict[str, list[Version]] = {}
    for version in books.versions:
        versions.setdefault(version.key, []).append(version)
    _forget_older(versions, books.allowed.revised)
    free: set[str] = set()
    for file in books.mock.files:
        record = books.record_of(file)
        keys = books.expected_keys(file)
        if record is None or (record.state in UNFINISHED and not ended):
            free.update(keys)
            continue
        if record.state == "done":
            yield from _object_differences(books, file, record, versions)
            free.update(keys)
    yield from _stranger_differences(books, versions)
    for key, found in versions.items():
        # Beneath a delete marker there is nothing for whoever reads the bucket.
        if key not in free and key not in books.allowed.strangers and not found[-1].delete_marker:
            yield Difference(shown(key), "no such object in the bucket", f"{len(found)} versions of it")


def _forget_older(versions: dict[str, list[Version]], keys: Iterable[str]) -> None:
    """Keep the newest version alone; none where that one is a delete marker."""
    for key in keys:
        if key in versions:
            newest = versions.pop(key)[-1]
            if not newest.delete_marker:
                versions[key] = [newest]


def _stranger_differences(books: Books, versions: dict[str, list[Version]]) -> Iterator[Difference]:
    for key, etag in books.allowed.strangers.items():
        found = [version.etag for version in versions.get(key, [])]
        if found != [etag]:
            seen = ", ".join(each or "a delete marker" for each in found) or "none"
            yield Difference(shown(key), f"somebody else's object alone, ETag {etag}", seen)


def _object_differences(
    books: Books, file: MockFile, record: RecordedFile, versions: dict[str, list[Version]]
) -> Iterator[Difference]:
    keys = books.expected_keys(file)
    recorded = {each.key: each for each in record.objects}
    # The same bytes again are done without an upload; whether that entry names the objects too is free.
    first = books.arrivals(file.path)[0] is file
    if sorted(recorded) != sorted(keys) and (recorded or first):
        yield Difference(
            shown(file.path), f"the objects {_listed(keys)} in the state", _listed(list(recorded)) or "none"
        )
    rows = {key: each.rows for key, each in zip(keys, file.objects, strict=True)}
    for key in keys:
        found = versions.get(key, [])
        if len(found) != 1 or found[0].delete_marker:
            markers = sum(version.delete_marker for version in found)
            marked = f", {markers} of them delete markers" if markers else ""
            yield Difference(shown(key), "exactly one version in the bucket", f"{len(found)}{marked}")
            continue
        entry = recorded.get(key)
        if entry is None:
            continue
        for name, expected, seen in (
            ("rows", rows[key], entry.rows),
            ("size", found[0].size, entry.size),
            ("ETag", found[0].etag, entry.etag),
        ):
            if expected != seen:
                yield Difference(shown(key), f"{name} {expected} in the state", f"{seen}")


def leftover_differences(books: Books) -> Iterator[Difference]:
    """Nothing is left over: no unfinished upload in the bucket, no scratch file in the migrator's folder."""
    for key in books.unfinished_uploads:
        yield Difference(shown(key), "no unfinished multipart upload", "one in the bucket")
    yield from stray_differences(books)


def stray_differences(books: Books) -> Iterator[Difference]:
    """However a run has ended, no scratch file is left of it."""
    for stray in books.strays:
        yield Difference(shown(stray), "state and lock alone in the migrator's folder", "this beside them")


def _listed(keys: list[str]) -> str:
    return ", ".join(shown(key) for key in sorted(keys))
