"""The smallest migrator that passes US-1 and US-2: `run` and `status`, one file after the other, by the contract.

It borrows the conversion to parquet; inventory, state, status, folders and upload are its own. What it leaves out
stands in your_migrator.md. Yours may be in any language: the suite knows a migrator as a process and nothing else.
"""

import argparse
import hashlib
import json
import os
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from migrator.conversion import Conversion
from migrator.convert import ConvertOptions, SourceFile, convert
from migrator.errors import Blocked, ReasonCode, Refusal
from migrator.names import Format, format_of, kind_of, numbered, reason_name

STATES = ("pending", "in_progress", "done", "failed")
UNFINISHED = ("pending", "in_progress")
Entry = dict[str, Any]
NOTHING_YET: Entry = {"sha256": None, "state": "pending", "attempts": 0, "objects": [], "error": None}
NO_TIMES: Entry = {"started_at": None, "finished_at": None}


def main() -> int:
    """Does what the command line says and returns the exit code."""
    options = _options()
    if options.command == "status":
        _print_status(_recorded(options.source) or list(_inventory(options.source)))
        return 0
    try:
        return Run(options).work()
    except (Blocked, BotoCoreError, ClientError, OSError) as error:
        sys.stderr.write(f"stopped with work pending: {error}\n")
        return 4


class State:
    """An entry for each file that ever arrived; SQLite makes every change durable, and whole."""

    def __init__(self, source: Path) -> None:
        (source / ".migrator").mkdir(exist_ok=True)
        self.entries = _recorded(source)
        self._database = sqlite3.connect(_state_file(source), isolation_level=None)
        self._database.execute("CREATE TABLE IF NOT EXISTS files (number INTEGER PRIMARY KEY, entry TEXT NOT NULL)")

    def unfinished(self) -> list[int]:
        """The numbers of the files that are neither done nor failed."""
        return [number for number, entry in enumerate(self.entries) if entry["state"] in UNFINISHED]

    def add(self, entries: Collection[Entry]) -> None:
        """Record new files, all or none."""
        rows = [(number, json.dumps(entry)) for number, entry in enumerate(entries, len(self.entries))]
        self._database.execute("BEGIN")
        self._database.executemany("INSERT INTO files VALUES (?, ?)", rows)
        self._database.execute("COMMIT")
        self.entries += entries

    def change(self, number: int, **values: object) -> None:
        """Record what became of a file."""
        self.entries[number] |= values
        row = (json.dumps(self.entries[number]), number)
        self._database.execute("UPDATE files SET entry = ? WHERE number = ?", row)


class Run:
    """One run: the whole inventory first, then file by file."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._source: Path = options.source
        self._bucket, _, prefix = options.target.removeprefix("s3://").partition("/")
        self._s3 = boto3.client("s3", endpoint_url=options.endpoint_url)
        self._state = State(self._source)
        self._scratch = self._source / ".migrator"
        self._converting = ConvertOptions(prefix.strip("/"), options.unpack_limit, self._scratch, stop=lambda: False)

    def work(self) -> int:
        """Migrate every pending file and return the exit code."""
        known = {self._state.entries[number]["path"] for number in self._state.unfinished()}
        self._state.add([entry for entry in _inventory(self._source) if entry["path"] not in known])
        for number in self._state.unfinished():
            self._migrate(number, self._state.entries[number])
        return 3 if any(entry["state"] == "failed" for entry in self._state.entries) else 0

    def _migrate(self, number: int, entry: Entry) -> None:
        self._state.change(number, state="in_progress", attempts=entry["attempts"] + 1, started_at=_now())
        time = (self._source / entry["path"]).stat().st_mtime_ns
        file = SourceFile(self._source, entry["path"], entry["size"], time, Format(entry["format"]))
        try:
            converted = convert(file, Parcels(self._scratch), self._converting)
            objects = self._upload(converted)
        except Refusal as refusal:
            self._fail(number, entry, refusal)
            return
        place = _move(self._source, entry["path"], "done")
        told = {"place": place, "sha256": converted.sha256, "objects": objects}
        self._state.change(number, state="done", finished_at=_now(), **told)

    def _upload(self, converted: Conversion) -> list[Entry]:
        """Put every object where there is none; boto3 sends a checksum along, which the server verifies."""
        objects: list[Entry] = []
        put: list[dict[str, Any]] = []
        for each in converted.objects:
            with each.upload.file as body:
                size = body.tell()
                body.seek(0)
                where = {"Bucket": self._bucket, "Key": each.key}
                try:
                    answer = self._s3.put_object(**where, Body=body, Metadata=each.upload.metadata, IfNoneMatch="*")
                except ClientError as error:
                    if error.response["Error"]["Code"] != "PreconditionFailed":
                        raise
                    for version in put:
                        self._s3.delete_object(**version)
                    raise Refusal(ReasonCode.NAME_TAKEN, f"the key {each.key!a} holds an object already") from error
            put.append({**where, **({"VersionId": answer["VersionId"]} if "VersionId" in answer else {})})
            objects.append({"key": each.key, "rows": each.rows, "size": size, "etag": answer["ETag"].strip('"')})
        return objects

    def _fail(self, number: int, entry: Entry, refusal: Refusal) -> None:
        """Move a file to `failed/` and tell why: beside it, in the state, and on stderr."""
        error = {"code": str(refusal.code), "message": refusal.message}
        facts = {name: entry[name] for name in ("path", "size", "attempts")}
        facts |= {"sha256": _sha256(self._source / entry["path"]), "failed_at": _now()}
        place = _move(self._source, entry["path"], "failed")
        reason = self._source / place
        reason.with_name(reason_name(reason.name)).write_text(json.dumps(facts | error), encoding="ascii")
        told = {"place": place, "sha256": facts["sha256"], "error": error}
        self._state.change(number, state="failed", finished_at=facts["failed_at"], **told)
        sys.stderr.write(f"failed: {entry['path']!a}: {refusal.code}: {refusal.message!a}\n")


@dataclass
class Parcel:
    """An object that waits in a file without a name; uploads begin when all of its source is converted."""

    file: IO[bytes]
    metadata: Mapping[str, str]

    def write(self, data: bytes | memoryview) -> int:
        """Append."""
        return self.file.write(data)

    def close(self) -> None:
        """All is written; the upload reads it from the start."""

    def abort(self) -> None:
        """Forget it."""
        self.file.close()


@dataclass
class Parcels:
    """Where a conversion puts its objects."""

    folder: Path

    def stage(self, key: str, metadata: Mapping[str, str]) -> Parcel:
        """Begin an object; its key comes back with the conversion."""
        del key
        return Parcel(tempfile.TemporaryFile(dir=self.folder), metadata)


def _inventory(source: Path) -> Iterator[Entry]:
    """Every file that arrived, as the state begins to tell of it; links and what is hidden are passed over."""
    for folder, names, files in os.walk(source):
        top = Path(folder) == source
        names[:] = sorted(name for name in names if not (name.startswith(".") or (top and name in {"done", "failed"})))
        for name in sorted(files):
            file = Path(folder, name)
            if not name.startswith(".") and file.is_file() and not file.is_symlink():
                path = file.relative_to(source).as_posix()
                named = {"path": path, "place": path, "kind": kind_of(format_of(name)), "format": format_of(name)}
                facts = {"size": file.stat().st_size, "discovered_at": _now()}
                yield named | facts | NOTHING_YET | NO_TIMES


def _move(source: Path, path: str, top: str) -> str:
    """Rename a file into `done/` or `failed/`, numbered where its name or its reason's is taken; its new place."""
    wanted = source / top / path
    wanted.parent.mkdir(parents=True, exist_ok=True)
    place, number = wanted, 1
    while place.exists() or place.with_name(reason_name(place.name)).exists():
        number += 1
        place = wanted.with_name(numbered(wanted.name, number))
    (source / path).rename(place)
    return place.relative_to(source).as_posix()


def _state_file(source: Path) -> Path:
    return source / ".migrator" / "state.sqlite3"


def _recorded(source: Path) -> list[Entry]:
    """The state's entries; none where there is no state yet. Nothing is changed by looking."""
    if not _state_file(source).exists():
        return []
    database = sqlite3.connect(f"{_state_file(source).resolve().as_uri()}?mode=ro", uri=True)
    try:
        return [json.loads(entry) for (entry,) in database.execute("SELECT entry FROM files ORDER BY number")]
    finally:
        database.close()


def _print_status(entries: Collection[Entry]) -> None:
    states = Counter(entry["state"] for entry in entries)
    counts = {**{state: states[state] for state in STATES}, "total": len(entries)}
    sys.stdout.write(json.dumps({"counts": counts, "files": list(entries)}) + "\n")


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("command", choices=("run", "status"))
    parser.add_argument("source", metavar="SOURCE", type=Path)
    parser.add_argument("target", metavar="s3://BUCKET[/PREFIX]", nargs="?")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--endpoint-url")
    parser.add_argument("--unpack-limit", type=int, default=1 << 30)
    for option in ("--state", "--workers", "--log-format", "--retry-for", "--grace"):
        parser.add_argument(option, help="is taken, and changes nothing yet")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
