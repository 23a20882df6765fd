"""A world's evidence, read for the page: when each file was in which state, and what the books say of it in the end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from harness import diary, evidence
from harness.diary import Deed
from harness.folders import PLACES
from harness.s3_requests import UPLOADS, Act
from harness.truth import REASON_SUFFIX
from report.lanes import Lane, lanes
from report.marks import Mark, marks

UNFINISHED = ("pending", "in_progress")
_NO_SUCCESS = 300
_LOST = ("lost", "after the server answered")


@dataclass(frozen=True)
class Upload:
    """One request that makes an object appear.

    Attributes:
        stored: Whether the server kept it.
        again: Whether the server had stored this key before: what must never be.
    """

    time: str
    key: str
    stored: bool
    again: bool
    fate: str


@dataclass
class BookRow:
    """A line of the reconciliation: what each book says of one file, or of something that is no file's."""

    path: str
    must_be: str = "not in the inventory"
    places: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    objects: int = 0
    expected: int = 0
    uploads: int = 0
    differences: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class WorldEvidence:
    """What is known of one world after its end.

    Attributes:
        folder: Its evidence, relative to the results.
        files: The names of all files there.
        lanes: One for each arrival of a file.
        uploads: In the order of arrival at the gate.
        deeds: What was done to migrator and server.
        rows: The reconciliation, what differs first.
    """

    folder: str
    files: tuple[str, ...]
    lanes: tuple[Lane, ...]
    uploads: tuple[Upload, ...]
    deeds: tuple[diary.Entry, ...]
    rows: tuple[BookRow, ...]
    owners: Mapping[str, str]

    @property
    def name(self) -> str:
        """The world's name."""
        return self.folder.rpartition("/")[2].replace("_", " ")

    @property
    def twice(self) -> list[str]:
        """Keys that the server stored more than once."""
        return sorted({upload.key for upload in self.uploads if upload.again})

    @property
    def differing(self) -> int:
        """How many lines of the reconciliation differ."""
        return sum(bool(row.differences) for row in self.rows)

    @property
    def sentence(self) -> str:
        """What the picture shows, for who cannot see it."""
        stored = [upload for upload in self.uploads if upload.stored]
        keys = len({upload.key for upload in stored})
        was = "was" if len(self.twice) == 1 else "were"
        twice = f"{_count(len(self.twice), 'key')} {was} stored twice" if self.twice else "no key was stored twice"
        kinds = Counter(mark.kind for mark in self.marks)
        runs = sum(deed.deed is Deed.STARTED for deed in self.deeds)
        outages = sum(deed.deed is Deed.SERVER_AWAY for deed in self.deeds)
        runs_of = f"{_count(runs, 'run')} of the migrator"
        counts = {"stop": kinds["stop"], "kill": kinds["kill"], "outage": outages}
        told = [_count(number, thing) for thing, number in counts.items() if number]
        return (
            f"{', '.join([_count(len(self.lanes), 'file'), runs_of, *told])}; "
            f"{_count(len(stored), 'upload')} of {_count(keys, 'key')}: {twice}."
        )

    @property
    def marks(self) -> list[Mark]:
        """The deeds as a timeline marks them."""
        return list(marks(self.deeds))


def read(results: Path, folder: str) -> WorldEvidence | None:
    """Reads a world's evidence folder; None where it is not one."""
    place = results / folder
    if not (place / evidence.GATE_LOG).is_file():
        return None
    truth = _json(place / evidence.TRUTH, [])
    status = _json(place / evidence.STATUS, {"files": []})
    deeds = tuple(sorted(_deeds(place), key=lambda deed: deed.time))
    owners = {key: file["path"] for file in truth for key in file["keys"]}
    owners |= {each["key"]: file["path"] for file in status["files"] for each in file["objects"]}
    uploads = tuple(_uploads(place))
    return WorldEvidence(
        folder=folder,
        files=tuple(sorted(file.name for file in place.iterdir())),
        lanes=tuple(_lanes(place, status, deeds, ((each.time, owners.get(each.key, "")) for each in uploads))),
        uploads=uploads,
        deeds=tuple(deed for deed in deeds if deed.deed is not Deed.LOOKED),
        rows=tuple(_rows(place, truth, status, owners, uploads)),
        owners=owners,
    )


def _deeds(place: Path) -> Iterable[diary.Entry]:
    for entry in _json_lines(place / diary.FILE_NAME):
        yield diary.Entry(entry["time"], Deed(entry["deed"]), entry["detail"], entry["file"])


def _uploads(place: Path) -> Iterable[Upload]:
    stored_keys = set()
    for exchange in _json_lines(place / evidence.GATE_LOG):
        fate, code = exchange["fate"], exchange["status"]
        if exchange["act"] == Act.DELETE_OBJECT and code is not None and code < _NO_SUCCESS:
            # What was taken back may be stored anew.
            stored_keys.discard(exchange["key"])
        if exchange["act"] not in UPLOADS:
            continue
        # An answer that the client never got tells nevertheless that the server had carried the request out.
        stored = (code is not None and code < _NO_SUCCESS) or any(word in fate for word in _LOST)
        key = exchange["key"]
        yield Upload(exchange["time"], key, stored, stored and key in stored_keys, f"{fate} {code or ''}".strip())
        if stored:
            stored_keys.add(key)


def _lanes(
    place: Path, status: Mapping[str, Any], deeds: Iterable[diary.Entry], uploads: Iterable[tuple[str, str]]
) -> Iterable[Lane]:
    ends = [deed.time for deed in deeds if deed.deed in {Deed.ENDED, Deed.KILLED}]
    looks = [(deed.time, _json(place / deed.file, None)) for deed in deeds if deed.deed is Deed.LOOKED]
    return lanes(((time, (seen or {"files": []})["files"]) for time, seen in [*looks, ("", status)]), ends, uploads)


def _rows(
    place: Path, truth: list[Any], status: Mapping[str, Any], owners: Mapping[str, str], uploads: Iterable[Upload]
) -> list[BookRow]:
    rows: dict[str, BookRow] = {}
    for file in truth:
        codes = f" ({' or '.join(file['codes'])})" if file["codes"] else ""
        row = rows.setdefault(file["path"], BookRow(file["path"], f"{file['state']}{codes}"))
        row.expected += len(file["keys"])
    for where in _json(place / evidence.FOLDERS, {}):
        if not where.endswith(REASON_SUFFIX):
            _row(rows, where, owners).places.append(where)
    for file in status["files"]:
        code = f" ({file['error_code']})" if file.get("error_code") else ""
        _row(rows, file["path"], owners).states.append(f"{file['state']}{code}")
    for version in _json(place / evidence.BUCKET, []):
        _row(rows, version["key"], owners).objects += 1
    for key, count in Counter(upload.key for upload in uploads).items():
        _row(rows, key, owners).uploads += count
    for each in _json(place / evidence.DIFFERENCES, []):
        told = f"expected {each['expected']}, seen {each['seen']}"
        _row(rows, each["where"], owners).differences.append(told)
    return sorted(rows.values(), key=lambda row: not row.differences)


def _row(rows: dict[str, BookRow], where: str, owners: Mapping[str, str]) -> BookRow:
    """The line of a path, of a place in done/ or failed/, or of a key; a new one for what is nobody's."""
    bare = where.removesuffix(REASON_SUFFIX)
    top, _, rest = bare.partition("/")
    names = (where, owners.get(where), rest if top in PLACES else None)
    for name in names:
        if name is not None and name in rows:
            return rows[name]
    return rows.setdefault(where, BookRow(where))


def milliseconds(time: str) -> float:
    """A time as milliseconds since 1970."""
    return datetime.fromisoformat(time).timestamp() * 1000


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _json(file: Path, otherwise: Any) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError):
        # It was not saved, or a migrator printed something else: the page shows what there is.
        return otherwise


def _json_lines(file: Path) -> list[Any]:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    if lines and not _is_json(lines[-1]):
        # Whoever wrote it was killed in the middle of a line.
        lines.pop()
    return [json.loads(line) for line in lines if line]


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
