"""The inventory against the truth: what the state says of every file, and how every file ended."""

from collections.abc import Iterator
from datetime import datetime

from harness.books_facts import UNFINISHED, Books, Difference, one_of, right_states, shown, vanished
from harness.status import RecordedFile
from harness.truth import MockFile


def inventory_differences(books: Books) -> Iterator[Difference]:
    """Every arrival is recorded once, with its size, kind and format; nothing else is recorded."""
    unknown = {path: len(records) for path, records in books.recorded.items()}
    told: set[str] = set()
    for file in books.mock.files:
        count, arrivals = unknown.pop(file.path, None), len(books.arrivals(file.path))
        seen = count if count is not None else len(books.recorded.get(file.path, ()))
        if seen != arrivals:
            if file.path not in told:
                wanted = "one entry" if arrivals == 1 else f"{arrivals} entries"
                yield Difference(shown(file.path), f"{wanted} in the state", f"{seen}")
            told.add(file.path)
            continue
        if record := books.record_of(file):
            yield from _fact_differences(file, record)
            if record.objects and record.state != "done":
                yield Difference(shown(file.path), f"no objects while {record.state}", f"{len(record.objects)}")
            yield from _time_differences(record, rebuilt=books.allowed.rebuilt)
    for path, count in unknown.items():
        yield Difference(shown(path), "no entry in the state", f"{count}")


def _fact_differences(file: MockFile, record: RecordedFile) -> Iterator[Difference]:
    for name in ("size", "kind", "format"):
        expected, seen = getattr(file, name), getattr(record, name)
        if expected != seen:
            yield Difference(shown(file.path), f"{name} {expected} in the state", f"{seen}")
    known = {file.sha256, None} if record.state in UNFINISHED or vanished(record) else {file.sha256}
    if record.sha256 not in known:
        yield Difference(shown(file.path), f"SHA-256 {file.sha256[:12]}… in the state", f"{record.sha256}")


def outcome_differences(books: Books) -> Iterator[Difference]:
    """Every file ended as the truth says, a failed one with a reason code that is right."""
    for file in books.mock.files:
        record = books.record_of(file)
        if record is None:
            continue
        if record.state not in right_states(file):
            why = f" ({record.error_code}: {record.error_message})" if record.error_code else ""
            yield Difference(shown(file.path), f"state {file.state}", f"{record.state}{why}")
        elif record.state == "failed":
            if record.error_code not in file.codes:
                yield Difference(shown(file.path), f"reason code {one_of(file.codes)}", f"{record.error_code}")
            if not record.error_message:
                yield Difference(shown(file.path), "a message that says where and what", "none in the state")
        elif record.error_code:
            yield Difference(shown(file.path), "no error in the state of a done file", record.error_code)


def _time_differences(record: RecordedFile, *, rebuilt: bool) -> Iterator[Difference]:
    wanted = {"discovered_at": True, "finished_at": record.state in {"done", "failed"}}
    if record.attempts is not None:
        wanted["started_at"] = record.attempts > 0
    for name, needed in wanted.items():
        value = getattr(record, name)
        if value is None and (rebuilt or not needed):
            continue
        if value is None or not _is_utc(value):
            yield Difference(shown(record.path), f"{name} as ISO 8601 in UTC", f"{value}")
        elif not needed:
            when = "before the first attempt" if name == "started_at" else f"while {record.state}"
            yield Difference(shown(record.path), f"{name} null {when}", value)
    if record.attempts is None and not rebuilt:
        yield Difference(shown(record.path), "a number of attempts in the state", "null")


def _is_utc(text: str) -> bool:
    try:
        offset = datetime.fromisoformat(text).utcoffset()
    except ValueError:
        return False
    return offset is not None and not offset
