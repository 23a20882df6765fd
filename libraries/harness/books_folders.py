"""The folders against state and truth: every file in one place, untouched, a failed one with its reason beside it."""

import json
import os
from collections.abc import Callable, Collection, Iterator

from harness.books_facts import UNFINISHED, Books, Difference, facts_of, shown, vanished
from harness.folders import PLACES, describe, irregular
from harness.status import RecordedFile
from harness.truth import LONGEST_NAME, REASON_SUFFIX, MockFile, cut_reason_tail, numbered, reason_path

_MOST_NUMBERS = 50

Numbering = Callable[[str, int], str]
"""A name and a number → the name with the number in it."""


def folder_differences(books: Books) -> Iterator[Difference]:
    """Every file is in one place, the one that its state says, with bytes, mode and time as they were."""
    claimed = {record.place: record for record in books.status.files if record.place is not None}
    ours: set[str] = set()
    for file in books.mock.files:
        record = books.record_of(file)
        places = _places(books, file, record, claimed)
        ours.update(places)
        ours.update(_reason_places(books, record))
        if record and vanished(record):
            yield from _vanished_differences(file, record, places)
            continue
        if len(places) != 1:
            yield Difference(shown(file.path), "the file in exactly one place", " and ".join(places) or "it nowhere")
            continue
        if record:
            yield from _place_differences(books, record, places[0])
        if difference := facts_of(file).difference(books.folders[places[0]]):
            expected, _, seen = difference.partition(", seen ")
            yield Difference(shown(places[0]), expected, seen)
    for place in sorted(books.folders.keys() - ours - books.allowed.bystanders.keys()):
        yield Difference(shown(place), "no such file in the source folder", "it there")
    yield from _bystander_differences(books)
    yield from _missing_folders(books)


def _missing_folders(books: Books) -> Iterator[Difference]:
    """Folders stay, also when the last file has left them."""
    for folder in sorted({os.path.dirname(file.path) for file in books.mock.files}):  # noqa: PTH120 - raw names
        place = f"{os.fspath(books.source)}/{folder}"
        if not os.path.isdir(place):  # noqa: PTH112 - raw names
            yield Difference(shown(folder), "the folder, though it may be empty", "none")


def _places(books: Books, file: MockFile, record: RecordedFile | None, claimed: dict[str, RecordedFile]) -> list[str]:
    """Where the file may be found: where it arrived, in the two places under its name, or where the state says."""
    usual = [file.path, *(f"{top}/{file.path}" for top in PLACES)]
    found = [
        place
        for place in usual
        if place in books.folders
        and (record is None or claimed.get(place, record) is record)
        and place not in books.allowed.bystanders
    ]
    if record and record.place and record.place not in usual and record.place in books.folders:
        top, _, rest = record.place.partition("/")
        if top in PLACES and numbered_for(books, top, file.path, rest):
            found.append(record.place)
    return found


def _place_differences(books: Books, record: RecordedFile, seen: str) -> Iterator[Difference]:
    if record.state in UNFINISHED:
        expected = record.path
    elif record.place == seen and seen.startswith(f"{record.state}/"):
        expected = seen
    else:
        expected = f"{record.state}/{record.path}"
    if expected != seen:
        yield Difference(shown(record.path), f"{shown(expected)}, as it is {record.state}", shown(seen))
    if record.place != seen:
        yield Difference(shown(record.path), f"place {shown(seen)} in the state", f"{record.place}")


def _vanished_differences(file: MockFile, record: RecordedFile, places: list[str]) -> Iterator[Difference]:
    if places:
        yield Difference(shown(file.path), "no file, as it has vanished", " and ".join(map(shown, places)))
    if record.place is not None:
        yield Difference(shown(file.path), "place null in the state, as it has vanished", record.place)


def numbered_for(books: Books, top: str, path: str, seen: str) -> bool:
    """Whether `seen` below `top` is a right place for `path`: `~2`, `~3` … only where the names before are taken."""
    wanted, found = path.split("/"), seen.split("/")
    if len(wanted) != len(found):
        return False
    above = top
    for depth, (segment, name) in enumerate(zip(wanted, found, strict=True), start=1):
        is_file = depth == len(wanted)
        # A folder has no extension in the sense of the contract, so that its number may stand behind all of its name.
        ways = (numbered,) if is_file else (numbered, _numbered_behind)
        if not any(_is_next(books, above, segment, name, way, is_file=is_file) for way in ways):
            return False
        above = f"{above}/{name}"
    return True


def _is_next(books: Books, above: str, segment: str, name: str, way: Numbering, *, is_file: bool) -> bool:
    """Whether `name` is `segment` with the first number that is free, in one way to write it."""
    for number in range(1, _MOST_NUMBERS):
        wanted = segment if number == 1 else way(segment, number)
        if name == wanted:
            return True
        if not _taken(books, f"{above}/{wanted}", is_file=is_file):
            return False
    return False


def _numbered_behind(name: str, number: int) -> str:
    return f"{name}~{number}"


def _taken(books: Books, place: str, *, is_file: bool) -> bool:
    root = os.fspath(books.source)
    path = f"{root}/{place}"
    if is_file:
        return os.path.lexists(path) or os.path.lexists(f"{root}/{reason_path(place)}")
    return os.path.lexists(path) and (os.path.islink(path) or not os.path.isdir(path))  # noqa: PTH112, PTH114 - raw names


def _bystander_differences(books: Books) -> Iterator[Difference]:
    """What is no migrator's business is as it was; nothing that is no regular file was made."""
    for place, expected in books.allowed.bystanders.items():
        seen = describe(books.source, place)
        if seen != expected:
            yield Difference(shown(place), f"{expected}, left alone", seen)
    for place in irregular(books.source):
        if place not in books.allowed.bystanders:
            yield Difference(shown(place), "nothing of that name", describe(books.source, place))


def reason_differences(books: Books) -> Iterator[Difference]:
    """Every failed file has a reason file that agrees with state and file; no other file has one."""
    for file in books.mock.files:
        record = books.record_of(file)
        if record is None:
            continue
        if record.state != "failed" or vanished(record):
            place = f"failed/{reason_path(file.path)}"
            if len(books.arrivals(file.path)) == 1 and _stands_alone(books, place):
                state = "it has vanished" if vanished(record) else f"it is {record.state}"
                yield Difference(shown(file.path), f"no reason file, as {state}", shown(place))
            continue
        places = _reason_places(books, record)
        if not places:
            named = reason_path(record.place or f"failed/{file.path}")
            yield Difference(shown(file.path), f"a reason file {shown(named)}", "none")
            continue
        yield from _reason_content(books, file, record, places[0])


def _stands_alone(books: Books, place: str) -> bool:
    """Whether a name is there that nobody may have: no bystander, and no file of that very name that failed."""
    return place in books.folders and all(
        place != other for other in (*books.allowed.bystanders, *(record.place for record in books.status.files))
    )


def _reason_places(books: Books, record: RecordedFile | None) -> list[str]:
    if record is None or record.state != "failed" or record.place is None:
        return []
    return reasons_beside(books.folders, record.place)


def reasons_beside(places: Collection[str], place: str) -> list[str]:
    """Where the reason of the failed file at `place` is, of all places that there are.

    Its name is cut where a file system cannot hold it, and how much of the file's own name is left then is free.
    """
    if reason_path(place) in places:
        return [reason_path(place)]
    folder, _, name = place.rpartition("/")
    raw = name.encode(errors="surrogateescape")
    if len(raw) + len(REASON_SUFFIX) <= LONGEST_NAME:
        return []
    tail = cut_reason_tail(raw)
    return [
        each
        for each in places
        if each.startswith(f"{folder}/") and each.endswith(tail) and name.startswith(each[len(folder) + 1 : -len(tail)])
    ]


def _reason_content(books: Books, file: MockFile, record: RecordedFile, place: str) -> Iterator[Difference]:
    try:
        reason = json.loads((books.source / place).read_bytes())
    except ValueError as error:
        yield Difference(shown(place), "one JSON object", str(error))
        return
    facts = {"path": file.path, "code": record.error_code, "size": file.size, "sha256": file.sha256}
    for name, expected in facts.items():
        if reason.get(name) != expected:
            yield Difference(shown(place), f"{name} {shown(str(expected))}", f"{reason.get(name)!r}")
    for name in ("message", "failed_at"):
        if not reason.get(name):
            yield Difference(shown(place), f"a value of {name!r}", f"{reason.get(name)!r}")
    attempts = reason.get("attempts")
    # 0 where a file failed before anybody tried it; null where a rebuilt state did not know it any more.
    if books.allowed.rebuilt:
        # Nor need it know of all attempts that the reason tells of.
        if attempts is not None and type(attempts) is not int:
            yield Difference(shown(place), "a number of attempts, or null", f"{attempts!r}")
    elif type(attempts) is not int:
        yield Difference(shown(place), "a number of attempts", f"{attempts!r}")
    elif attempts != record.attempts:
        yield Difference(shown(place), f"attempts {record.attempts}, as the state says", f"{attempts}")
