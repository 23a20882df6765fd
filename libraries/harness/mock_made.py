"""What every builder of mock data gives: bytes and their truth together, and what is put on disk of them."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from harness.truth import (
    OBJECT_SUFFIX,
    Cell,
    ExpectedColumn,
    ExpectedObject,
    MockFile,
    Reading,
    State,
    source_path,
)

GOOD: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Table:
    """A table that comes out of a file.

    Args:
        below: What its key has after that of the file and before `.parquet`: nothing for csv, `/TABLE` for a dump.
        levels: The members' paths on the way to it, for `source-path`.
    """

    columns: tuple[ExpectedColumn, ...] | None
    rows: int
    below: str = ""
    levels: tuple[str, ...] = ()

    def within(self, member: str) -> "Table":
        """The same table, when its file is the member of an archive."""
        return replace(self, below=f"/{member}{self.below}", levels=(member, *self.levels))


@dataclass(frozen=True)
class Made:
    """Bytes, and what a migrator must make of them: tables, or one of the reason codes.

    Args:
        chunks: Gives the bytes, as often as it is called; what is large is never in memory whole.
        codes: Empty where it must be done.
        state: Only given where it is not what `codes` say: `either`.
    """

    chunks: Callable[[], Iterable[bytes]]
    tables: tuple[Table, ...] = ()
    codes: frozenset[str] = GOOD
    state: State | None = None

    @property
    def data(self) -> bytes:
        """All bytes at once."""
        return b"".join(self.chunks())


def good(data: bytes, *tables: Table) -> Made:
    """Bytes that must be done."""
    return Made(lambda: (data,), tables)


def bad(data: bytes, *codes: str) -> Made:
    """Bytes that must be failed, with any of `codes`."""
    return Made(lambda: (data,), codes=frozenset(codes))


def table(reading: Reading, names: Sequence[str], rows: Sequence[Sequence[Cell]], below: str = "") -> Table:
    """A table of rows whose columns are all read in the same way."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    return Table(
        tuple(ExpectedColumn(name, reading, values) for name, values in zip(names, columns, strict=True)),
        len(rows),
        below,
    )


@dataclass(frozen=True)
class Recipe:
    """A mock file before it is written.

    Args:
        mode: Its permissions.
        mtime_ns: Its modification time in nanoseconds since 1970; may lie before that.
    """

    path: str
    made: Made
    mode: int = 0o644
    mtime_ns: int = 1_700_000_000_123_456_789

    def write(self, stream: BinaryIO) -> MockFile:
        """Write the bytes and tell the truth about them."""
        digest = hashlib.sha256()
        size = 0
        for chunk in self.made.chunks():
            stream.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        state = self.made.state or (State.FAILED if self.made.codes else State.DONE)
        return MockFile(
            self.path,
            size,
            digest.hexdigest(),
            self.mode,
            self.mtime_ns,
            state,
            self.made.codes,
            tuple(self._objects()),
        )

    def _objects(self) -> Iterator[ExpectedObject]:
        for each in self.made.tables:
            key = f"{self.path}{each.below}{OBJECT_SUFFIX}"
            yield ExpectedObject(key, source_path(self.path, *each.levels), each.rows, each.columns)
