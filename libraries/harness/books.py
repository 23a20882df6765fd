"""The books: what the truth, the folders, the state and the bucket say of every file, held against each other.

Each check yields differences one by one and knows nothing of the others; `all_differences` is their sum. Nothing here
asks the migrator whether it did well: `Status` is one of the four books, not the judge.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from harness.bucket import Version
from harness.folders import PLACES, FileFacts
from harness.status import RecordedFile, Status
from harness.truth import MockFile, MockSet, State, reason_path

UNFINISHED = ("pending", "in_progress")


@dataclass(frozen=True)
class Difference:
    """Where two books disagree.

    Attributes:
        where: The path or key.
        expected: What the truth says.
        seen: What is there.
    """

    where: str
    expected: str
    seen: str

    def __str__(self) -> str:
        """One sentence for a ticket."""
        return f"{self.where}: expected {self.expected}, seen {self.seen}"


@dataclass(frozen=True)
class Books:
    """One look at everything.

    Attributes:
        mock: The truth.
        source: The source folder.
        folders: Every file in it by relative path.
        status: What the state says.
        versions: Everything in the bucket.
        unfinished_uploads: Keys of multipart uploads that nobody completed.
        strays: What lies about in the migrator's own folder.
        prefix: Where in the bucket the keys begin, with its closing slash; may be empty.
    """

    mock: MockSet
    source: Path
    folders: Mapping[str, FileFacts]
    status: Status
    versions: tuple[Version, ...]
    unfinished_uploads: tuple[str, ...]
    strays: tuple[str, ...]
    prefix: str

    def place_of(self, file: RecordedFile) -> str:
        """Where a file of this state belongs."""
        return file.path if file.state in UNFINISHED else f"{file.state}/{file.path}"

    def record_of(self, file: MockFile) -> RecordedFile | None:
        """What the state says of a mock file, where it says one thing."""
        records = self.status.of_path(file.path)
        return records[0] if len(records) == 1 else None

    def expected_keys(self, file: MockFile) -> list[str]:
        """The keys of a done file's objects."""
        return [self.prefix + each.key for each in file.objects]


def all_differences(books: Books, *, ended: bool) -> Iterator[Difference]:
    """Every difference between the books.

    Args:
        books: What was seen.
        ended: Every file must be done or failed as the truth says; otherwise files may still be pending, and what
            they have in the bucket already is theirs.
    """
    yield from inventory_differences(books)
    if ended:
        yield from outcome_differences(books)
    yield from folder_differences(books)
    yield from reason_differences(books)
    yield from bucket_differences(books, ended=ended)
    if ended:
        yield from leftover_differences(books)


def inventory_differences(books: Books) -> Iterator[Difference]:
    """Every file is recorded once, with its size, kind and format; nothing else is recorded."""
    known = Counter(file.path for file in books.status.files)
    for file in books.mock.files:
        count = known.pop(file.path, 0)
        if count != 1:
            yield Difference(_shown(file.path), "one entry in the state", f"{count}")
            continue
        record = books.status.of_path(file.path)[0]
        facts = ("size", "kind", "format")
        for name, expected, seen in zip(
            facts, (file.size, file.kind, file.format), (record.size, record.kind, record.format), strict=True
        ):
            if expected != seen:
                yield Difference(_shown(file.path), f"{name} {expected} in the state", f"{seen}")
        if record.sha256 not in {file.sha256, None} or (record.sha256 is None and record.state not in UNFINISHED):
            yield Difference(_shown(file.path), f"SHA-256 {file.sha256[:12]}… in the state", f"{record.sha256}")
        yield from _time_differences(record)
    for path in known:
        yield Difference(_shown(path), "no entry in the state", f"{known[path]}")


def outcome_differences(books: Books) -> Iterator[Difference]:
    """Every file ended as the truth says, a failed one with a reason code that is right."""
    for file in books.mock.files:
        record = books.record_of(file)
        if record is None:
            continue
        if record.state not in _right_states(file):
            why = f" ({record.error_code}: {record.error_message})" if record.error_code else ""
            yield Difference(_shown(file.path), f"state {file.state}", f"{record.state}{why}")
        elif record.state == "failed":
            if record.error_code not in file.codes:
                yield Difference(_shown(file.path), f"reason code {_one_of(file.codes)}", f"{record.error_code}")
            if not record.error_message:
                yield Difference(_shown(file.path), "a message that says where and what", "none in the state")
        elif record.error_code:
            yield Difference(_shown(file.path), "no error in the state of a done file", record.error_code)


def folder_differences(books: Books) -> Iterator[Difference]:
    """Every file is in one place, the one that its state says, with bytes, mode and time as they were."""
    reasons = set()
    for file in books.mock.files:
        places = [
            place for place in (file.path, *(f"{folder}/{file.path}" for folder in PLACES)) if _there(books, place)
        ]
        reasons.add(f"failed/{reason_path(file.path)}")
        if len(places) != 1:
            yield Difference(_shown(file.path), "the file in exactly one place", " and ".join(places) or "it nowhere")
            continue
        record = books.record_of(file)
        if record and books.place_of(record) != places[0]:
            yield Difference(
                _shown(file.path), f"{_shown(books.place_of(record))}, as it is {record.state}", _shown(places[0])
            )
        if record and record.place != places[0]:
            yield Difference(_shown(file.path), f"place {_shown(places[0])} in the state", f"{record.place}")
        truth = FileFacts(file.size, file.sha256, file.mode, file.mtime_ns)
        if difference := truth.difference(books.folders[places[0]]):
            expected, _, seen = difference.partition(", seen ")
            yield Difference(_shown(places[0]), expected, seen)
    ours = {place for file in books.mock.files for place in (file.path, *(f"{f}/{file.path}" for f in PLACES))}
    for place in sorted(books.folders.keys() - ours - reasons):
        yield Difference(_shown(place), "no such file in the source folder", "it there")


def reason_differences(books: Books) -> Iterator[Difference]:
    """Every failed file has a reason file that agrees with state and file; no other file has one."""
    for file in books.mock.files:
        place = f"failed/{reason_path(file.path)}"
        record = books.record_of(file)
        if record is None:
            continue
        if record.state != "failed":
            if _there(books, place):
                yield Difference(_shown(file.path), f"no reason file, as it is {record.state}", _shown(place))
            continue
        if not _there(books, place):
            yield Difference(_shown(file.path), f"a reason file {_shown(place)}", "none")
            continue
        yield from _reason_content(books, file, record, place)


def _reason_content(books: Books, file: MockFile, record: RecordedFile, place: str) -> Iterator[Difference]:
    try:
        reason = json.loads((books.source / place).read_bytes())
    except ValueError as error:
        yield Difference(_shown(place), "one JSON object", str(error))
        return
    facts = {"path": file.path, "code": record.error_code, "size": file.size, "sha256": file.sha256}
    for name, expected in facts.items():
        if reason.get(name) != expected:
            yield Difference(_shown(place), f"{name} {_shown(str(expected))}", f"{reason.get(name)!r}")
    for name in ("message", "attempts", "failed_at"):
        if not reason.get(name):
            yield Difference(_shown(place), f"a value of {name!r}", f"{reason.get(name)!r}")


def bucket_differences(books: Books, *, ended: bool) -> Iterator[Difference]:
    """The bucket holds exactly the objects of the done files, one version each, as the state records them."""
    versions: dict[str, list[Version]] = {}
    for version in books.versions:
        versions.setdefault(version.key, []).append(version)
    free: set[str] = set()
    for file in books.mock.files:
        record = books.record_of(file)
        keys = books.expected_keys(file)
        if record is None or (record.state in UNFINISHED and not ended):
            free.update(keys)
            continue
        if record.state == "done":
            yield from _object_differences(file, record, keys, versions)
        for key in keys if record.state == "done" else ():
            free.add(key)
    for key, found in versions.items():
        if key not in free:
            yield Difference(_shown(key), "no such object in the bucket", f"{len(found)} versions of it")


def _object_differences(
    file: MockFile, record: RecordedFile, keys: list[str], versions: dict[str, list[Version]]
) -> Iterator[Difference]:
    recorded = {each.key: each for each in record.objects}
    if sorted(recorded) != sorted(keys):
        yield Difference(
            _shown(file.path), f"the objects {_listed(keys)} in the state", _listed(list(recorded)) or "none"
        )
    rows = {key: each.rows for key, each in zip(keys, file.objects, strict=True)}
    for key in keys:
        found = versions.get(key, [])
        if len(found) != 1 or found[0].delete_marker:
            markers = sum(version.delete_marker for version in found)
            marked = f", {markers} of them delete markers" if markers else ""
            yield Difference(_shown(key), "exactly one version in the bucket", f"{len(found)}{marked}")
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
                yield Difference(_shown(key), f"{name} {expected} in the state", f"{seen}")


def leftover_differences(books: Books) -> Iterator[Difference]:
    """Nothing is left over: no unfinished upload in the bucket, no scratch file in the migrator's folder."""
    for key in books.unfinished_uploads:
        yield Difference(_shown(key), "no unfinished multipart upload", "one in the bucket")
    for stray in books.strays:
        yield Difference(_shown(stray), "state and lock alone in the migrator's folder", "this beside them")


def _time_differences(record: RecordedFile) -> Iterator[Difference]:
    wanted = {"discovered_at": True, "finished_at": record.state in {"done", "failed"}}
    if record.attempts:
        wanted["started_at"] = True
    for name, needed in wanted.items():
        value = getattr(record, name)
        if value is None and not needed:
            continue
        if value is None or not _is_utc(value):
            yield Difference(_shown(record.path), f"{name} as ISO 8601 in UTC", f"{value}")
        elif not needed:
            yield Difference(_shown(record.path), f"{name} null while {record.state}", value)


def _is_utc(text: str) -> bool:
    try:
        offset = datetime.fromisoformat(text).utcoffset()
    except ValueError:
        return False
    return offset is not None and not offset


def _right_states(file: MockFile) -> set[str]:
    return {"done", "failed"} if file.state is State.EITHER else {file.state.value}


def _there(books: Books, place: str) -> bool:
    return place in books.folders


def _one_of(codes: frozenset[str]) -> str:
    return " or ".join(sorted(codes))


def _listed(keys: list[str]) -> str:
    return ", ".join(_shown(key) for key in sorted(keys))


def _shown(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()
