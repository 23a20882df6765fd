"""What a healed migration must look like, held against its truth: every invariant, each difference in a sentence."""

import io
import json
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from harness.bucket import Bucket
from harness.folders import look, strays
from tests.migrator.crash.migration import MODE, MTIME_NS, Migration, sha256

PREFIX = "lake"
REASON = ".reason.json"


def differences(migration: Migration, source: Path, bucket: Bucket, status: Any) -> Iterator[str]:
    """Every difference between a migration that has ended and what it must have become.

    Args:
        migration: The truth.
        source: SOURCE.
        bucket: Where the objects went, versioned.
        status: What `status --json` printed.
    """
    yield from _of_folders(migration, source)
    yield from _of_status(migration, status)
    yield from _of_bucket(migration, bucket, status)
    yield from (f"{stray} is left over" for stray in strays(source))


def _of_folders(migration: Migration, source: Path) -> Iterator[str]:
    found = look(source)
    for place in migration.reasons:
        reason = found.pop(place + REASON, None)
        if reason is None:
            yield f"{place} has no reason file"
            continue
        told = json.loads((source / (place + REASON)).read_text())
        data = migration.places[place]
        expected = {"code": migration.reasons[place], "size": len(data), "sha256": sha256(data)}
        if {name: told.get(name) for name in expected} != expected:
            yield f"{place}: its reason file says {told}"
    for place, data in migration.places.items():
        facts = found.pop(place, None)
        if facts is None:
            yield f"{place} is not there"
        elif (facts.sha256, facts.mode, facts.mtime_ns) != (sha256(data), MODE, MTIME_NS):
            yield f"{place} is not as it was: {facts}"
    yield from (f"{place} should not be there" for place in found)
    yield from (
        f"{path.relative_to(source)} is no regular file"
        for path in source.rglob("*")
        if not stat.S_ISREG(path.lstat().st_mode) and not path.is_dir()
    )


def _of_status(migration: Migration, status: Any) -> Iterator[str]:
    entries = {file["place"]: file for file in status["files"]}
    if len(entries) != len(status["files"]):
        yield f"two entries have one place: {sorted(str(file['place']) for file in status['files'])}"
    if entries.keys() != migration.places.keys():
        yield f"status knows {sorted(map(str, entries))}"
    for place, data in migration.places.items():
        entry = entries.get(place)
        if entry is None:
            continue
        path = migration.paths.get(place, place.partition("/")[2])
        keys = sorted(f"{PREFIX}/{key}" for key in migration.objects if _made_of(key, path))
        expected = {
            "path": path,
            "state": place.partition("/")[0],
            "size": len(data),
            "sha256": sha256(data),
            "code": migration.reasons.get(place),
            "keys": [] if place in migration.reasons else keys,
        }
        seen = entry | {"code": (entry["error"] or {}).get("code"), "keys": sorted(o["key"] for o in entry["objects"])}
        if {name: seen[name] for name in expected} != expected:
            yield f"{place}: expected {expected}, status says {entry}"


def _of_bucket(migration: Migration, bucket: Bucket, status: Any) -> Iterator[str]:
    versions = bucket.versions()
    counts = Counter(version.key.removeprefix(f"{PREFIX}/") for version in versions)
    if counts != dict.fromkeys(migration.objects, 1):
        yield f"the bucket holds {dict(counts)}"
    recorded = {stored["key"]: stored for file in status["files"] for stored in file["objects"]}
    for version in versions:
        told = recorded.get(version.key)
        if told and (told["size"], told["etag"]) != (version.size, version.etag):
            yield f"{version.key}: status says {told}, the bucket holds {version}"
    for key, rows in migration.objects.items():
        if key in counts:
            yield from _of_object(key, rows, bucket.read(f"{PREFIX}/{key}"), migration)
    yield from (f"a multipart upload of {key} is left over" for key in bucket.unfinished_uploads())


def _of_object(key: str, rows: list[dict[str, Any]], data: bytes, migration: Migration) -> Iterator[str]:
    with pq.ParquetFile(io.BytesIO(data)) as file:
        table = file.read()
        footer = file.metadata.metadata or {}
    if table.to_pylist() != rows:
        yield f"{key} holds other rows"
    digests = {sha256(data) for place, data in migration.places.items() if _made_of(key, place.partition("/")[2])}
    if footer.get(b"source-sha256", b"").decode() not in digests:
        yield f"{key} says that it was made of {footer}"


def _made_of(key: str, path: str) -> bool:
    return key == f"{path}.parquet" or key.startswith(f"{path}/")
