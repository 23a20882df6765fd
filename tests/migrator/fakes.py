"""A bucket in a folder and a conversion that needs no parquet: what the core is tested against, also across kills.

A source's lines name its objects: `one.csv` makes `one.csv.parquet`, a dump makes one object for each line, and a
source that starts with `bad` is refused.
"""

import hashlib
import json
import os
import threading
import uuid
from pathlib import Path
from typing import Any

from migrator import crew
from migrator.conversion import Conversion
from migrator.errors import KeyTaken, ReasonCode, Refusal
from migrator.names import Format, encoded_path, key_base
from migrator.target import Found, Receipt


class FakeUpload:
    def __init__(self, key: str, footer: dict[str, str], rows: int) -> None:
        self.key, self.footer, self.rows, self.size = key, footer, rows, 7

    def write(self, data: Any) -> int:
        return len(data)

    def close(self) -> None:
        pass

    def abort(self) -> None:
        pass


class FakeBucket:
    """Objects as files below `folder`, and a journal of all that ever happened."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.whole = threading.RLock()
        """An object and its line in the journal are one step: a test that ends the process takes this first."""
        self.before: Any = lambda what, key: None
        self.after: Any = lambda what, key: None

    def journal(self) -> list[list[str]]:
        file = self.folder / "journal"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def puts(self, key: str) -> int:
        return sum(1 for what, at in self.journal() if what == "put" and at == key)

    def held(self) -> list[str]:
        return sorted(json.loads(file.read_text())["key"] for file in self.folder.glob("*.object"))

    def put(self, key: str, footer: dict[str, str], rows: int = 1) -> Receipt:
        file = self._file(key)
        if file.exists():
            raise KeyTaken(key)
        version = uuid.uuid4().hex
        draft = self.folder / f"{version}.draft"
        draft.write_text(json.dumps({"key": key, "footer": footer, "rows": rows, "version": version}))
        with self.whole:
            try:
                os.link(draft, file)
            except FileExistsError:
                raise KeyTaken(key) from None
            finally:
                draft.unlink()
            self._tell("put", key)
        return Receipt(key, 7, "e", version)

    def get(self, key: str) -> Found | None:
        file = self._file(key)
        if not file.exists():
            return None
        told = json.loads(file.read_text())
        return Found(key, 7, "e", told["version"], told["rows"], told["footer"])

    def delete(self, key: str, version: str | None) -> None:
        with self.whole:
            found = self.get(key)
            if found is not None and version in {None, found.version}:
                self._file(key).unlink()
                self._tell("delete", key)

    def _file(self, key: str) -> Path:
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()}.object"

    def _tell(self, what: str, key: str) -> None:
        with (self.folder / "journal").open("a") as file:
            file.write(json.dumps([what, key]) + "\n")


class FakeTarget:
    """The target's interface over a `FakeBucket`."""

    bucket: FakeBucket

    def __init__(self, address: Any, settings: Any) -> None:
        self.address = address
        self.settings = settings

    def stage(self, key: str, metadata: Any) -> FakeUpload:
        return FakeUpload(key, {}, 0)

    def commit(self, upload: FakeUpload) -> Receipt:
        self.bucket.before("put", upload.key)
        receipt = self.bucket.put(upload.key, upload.footer, upload.rows)
        self.bucket.after("put", upload.key)
        return receipt

    def find(self, key: str) -> Found | None:
        self.bucket.before("find", key)
        return self.bucket.get(key)

    def take_back(self, key: str, version: str | None) -> None:
        self.bucket.before("take_back", key)
        self.bucket.delete(key, version)
        self.bucket.after("take_back", key)

    def listing(self, under: str = "") -> Any:
        self.bucket.before("list", under)
        for key in self.bucket.held():
            if key.startswith(under):
                yield Listed(key)

    def uploads(self, under: str = "") -> list[tuple[str, str]]:
        self.bucket.before("uploads", "")
        return []


class Listed:
    """As `FakeBucket.put` confirms it."""

    def __init__(self, key: str) -> None:
        self.key, self.size, self.etag = key, 7, "e"


class Staged:
    def __init__(self, upload: FakeUpload) -> None:
        self.key, self.rows, self.upload = upload.key, upload.rows, upload


def fake_convert(file: Any, stage: Any, options: Any) -> Conversion:
    data = (file.root / file.path).read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    if data.startswith(b"bad"):
        raise Refusal(ReasonCode.MALFORMED_CSV, "line 1: it is bad")
    if file.format is Format.UNKNOWN:
        raise Refusal(ReasonCode.UNSUPPORTED_FORMAT, "no such format")
    base = key_base(options.prefix, file.path)
    footer = {"source-path": encoded_path(file.path), "source-sha256": sha256}
    if file.format is Format.SQL:
        keys = [f"{base}/{table}.parquet" for table in data.decode().split()]
    else:
        keys = [f"{base}.parquet"]
    return Conversion(sha256, tuple(Staged(FakeUpload(key, footer, len(data))) for key in keys))


def install(monkeypatch: Any, bucket: FakeBucket) -> None:
    """Let runs of this process use the fakes."""
    monkeypatch.setattr(FakeTarget, "bucket", bucket, raising=False)
    monkeypatch.setattr(crew, "Target", FakeTarget)
    monkeypatch.setattr("migrator.convert.convert", fake_convert)
