"""Done files by the number, alike but for it, and the objects that were made of them: nothing has to be uploaded."""

from __future__ import annotations

import hashlib
import tempfile
from functools import cache
from pathlib import Path

_FILES_A_FOLDER = 1000
TEXT = b"one line\n"
"""What each file holds."""
SHA256 = hashlib.sha256(TEXT).hexdigest()
ETAG = "0" * 32
"""What the bucket says of each object."""
PREFIX = "lake"


def path(number: int) -> str:
    """Where the file with that number arrived; all are equally long."""
    return f"{number // _FILES_A_FOLDER:05}/{number:08}.txt"


def key(number: int) -> str:
    """Where its object is."""
    return f"{PREFIX}/{path(number)}.parquet"


def body(number: int) -> bytes:
    """Its object, as the migrator makes it."""
    return _first().replace(path(0).encode(), path(number).encode())


@cache
def _first() -> bytes:
    from migrator.convert import ConvertOptions, SourceFile, convert
    from migrator.names import Format

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / path(0)
        file.parent.mkdir(parents=True)
        file.write_bytes(TEXT)
        stage = _Stage()
        source = SourceFile(Path(folder), path(0), len(TEXT), file.stat().st_mtime_ns, Format.TXT)
        convert(source, stage, ConvertOptions(PREFIX, 1 << 30, Path(folder), lambda: False))
    return bytes(stage.data)


class _Stage:
    """Keeps the one object that is staged."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.key = ""

    @property
    def size(self) -> int:
        return len(self.data)

    def stage(self, key: str, _metadata: object) -> _Stage:
        self.key = key
        return self

    def write(self, data: bytes | memoryview) -> int:
        self.data += data
        return len(data)

    def close(self) -> None:
        """All is there."""

    def abort(self) -> None:
        """It is not called."""
