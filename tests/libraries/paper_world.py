"""A world on paper: three files, a state and a bucket that balance, for tests that break one thing at a time."""

import hashlib
import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.bucket import Version
from harness.diary import Entry
from harness.exchange import Exchange
from harness.gate_rules import Rule
from harness.process import Finished, Launch
from harness.s3_requests import Act
from harness.status import Status
from harness.truth import ExpectedColumn, ExpectedObject, MockFile, MockSet, Reading, State
from harness.world import PREFIX, World

LONG_AGO = 1_600_000_000_123_456_789


@dataclass
class PaperBucket:
    """What a bucket answers, from memory."""

    objects: dict[str, bytes] = field(default_factory=dict)
    user_metadata: dict[str, dict[str, str]] = field(default_factory=dict)
    extra_versions: list[Version] = field(default_factory=list)
    uploads: list[str] = field(default_factory=list)

    def keys(self, prefix: str = "") -> list[str]:
        return sorted(key for key in self.objects if key.startswith(prefix))

    def versions(self) -> list[Version]:
        return [version(key, body) for key, body in sorted(self.objects.items())] + self.extra_versions

    def unfinished_uploads(self) -> list[str]:
        return self.uploads

    def read(self, key: str) -> bytes:
        return self.objects[key]

    def fetch(self, key: str) -> tuple[bytes, dict[str, str]]:
        return self.objects[key], self.user_metadata[key]


@dataclass
class PaperGate:
    """What a gate has seen, from memory."""

    exchanges: list[Exchange] = field(default_factory=list)
    diary: list[Entry] = field(default_factory=list)

    def upload(self, key: str) -> None:
        number = len(self.exchanges) + 1
        self.exchanges.append(Exchange(number, "2026-01-01T00:00:00Z", "PUT", Act.PUT_OBJECT, key, number))

    def uploads(self) -> list[Exchange]:
        return [exchange for exchange in self.exchanges if exchange.upload]

    def obey(self, rule: Rule) -> Rule:
        return rule


@dataclass
class PaperWorld(World):
    """A world whose migrator is a document that the test writes."""

    document: dict[str, Any] = field(default_factory=dict)

    def status(self) -> Status:
        counts = dict.fromkeys(("pending", "in_progress", "done", "failed"), 0)
        for file in self.document["files"]:
            counts[file["state"]] += 1
        counts["total"] = len(self.document["files"])
        return Status.read(json.dumps({"counts": counts, **self.document}))

    def record(self, path: str) -> dict[str, Any]:
        return next(file for file in self.document["files"] if file["path"] == path)


def balanced_world(folder: Path, name: str = "the source") -> PaperWorld:
    """`a.csv` is done, `b/c.csv` is done, `bad.json` is failed, and everything agrees."""
    for each in ("test-data", "source", "work", "evidence/test/world"):
        (folder / each).mkdir(parents=True)
    bucket = PaperBucket()
    files = (_csv(folder, "a.csv", "1"), _csv(folder, "b/c.csv", "2"), _file(folder, "bad.json", b"{", State.FAILED))
    world = PaperWorld(
        name, folder, folder / "evidence/test/world", bucket, PaperGate(), Launch((), {}, folder, folder)
    )
    world.mock = MockSet(folder / "test-data", 1, files)
    world.document = {"files": [_record(world, file) for file in files]}
    world.finished = Finished("migrator run", 3, None, "", "bad.json: malformed-json: line 1", 0.1)
    return world


def pend(world: PaperWorld, path: str) -> None:
    """Take a done file back to pending, everywhere."""
    record = world.record(path)
    for each in record["objects"]:
        del world.bucket.objects[each["key"]]
    _move(world.source / record["place"], world.source / path)
    record.update(state="pending", place=path, objects=[], finished_at=None)


def version(key: str, body: bytes, *, number: int = 1, delete_marker: bool = False) -> Version:
    """A version of a key."""
    modified = datetime(2026, 1, 1, tzinfo=UTC)
    return Version(key, f"v{number}", len(body), hashlib.sha256(body).hexdigest()[:32], modified, delete_marker)


def parquet(file: MockFile, columns: dict[str, list[Any]]) -> bytes:
    """A parquet object of a file, with the footer that it must have."""
    footer = {**_origin(file), "source-sha256": file.sha256}
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns).replace_schema_metadata(footer), sink)
    return sink.getvalue().to_pybytes()


def _csv(folder: Path, path: str, value: str) -> MockFile:
    column = ExpectedColumn("n", Reading.WRITTEN, (value, None))
    expected = ExpectedObject(f"{path}.parquet", path, 2, (column,))
    return _file(folder, path, f'n\n{value}\n""\n'.encode(), State.DONE, (expected,))


def _file(folder: Path, path: str, data: bytes, state: State, objects: tuple[ExpectedObject, ...] = ()) -> MockFile:
    codes = frozenset({"malformed-json"}) if state is State.FAILED else frozenset()
    # Folders stay when they become empty.
    (folder / "source" / path).parent.mkdir(parents=True, exist_ok=True)
    for place in (folder / "test-data" / path, folder / "source" / state.value / path):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        place.chmod(0o640)
        os.utime(place, ns=(LONG_AGO, LONG_AGO))
    return MockFile(path, len(data), hashlib.sha256(data).hexdigest(), 0o640, LONG_AGO, state, codes, objects)


def _record(world: PaperWorld, file: MockFile) -> dict[str, Any]:
    record = {
        "path": file.path,
        "place": f"{file.state}/{file.path}",
        "kind": file.kind,
        "format": file.format,
        "size": file.size,
        "sha256": file.sha256,
        "state": file.state.value,
        "attempts": 1,
        "discovered_at": "2026-01-01T00:00:00Z",
        "started_at": "2026-01-01T00:00:01Z",
        "finished_at": "2026-01-01T00:00:02Z",
        "objects": [],
        "error": None,
    }
    if file.state is State.FAILED:
        record["error"] = {"code": "malformed-json", "message": "line 1, column 2: it ends here"}
        reason = {"path": file.path, "code": "malformed-json", "message": "line 1", "attempts": 1}
        reason |= {"failed_at": "2026-01-01T00:00:02Z", "size": file.size, "sha256": file.sha256}
        (world.source / f"failed/{file.path}.reason.json").write_text(json.dumps(reason))
    for each in file.objects:
        key = f"{PREFIX}/{each.key}"
        body = parquet(file, {column.name: list(column.values) for column in each.columns or ()})
        world.bucket.objects[key] = body
        world.bucket.user_metadata[key] = _origin(file)
        there = version(key, body)
        record["objects"].append({"key": key, "rows": each.rows, "size": there.size, "etag": there.etag})
    return record


def _origin(file: MockFile) -> dict[str, str]:
    return {"source-path": file.path, "source-size": str(file.size), "source-format": file.format}


def _move(place: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    place.rename(to)
