"""What a format is given and what it gives: a source in, tables of record batches out.

A format knows neither S3 nor state nor folders. It is a function `(Source, Sink) -> None` that raises `Refusal` for
whatever is the file's own fault, and streams: its memory does not grow with the file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    import pyarrow as pa


class Source(Protocol):
    """Bytes with a name that can be read from their start as often as needed."""

    @property
    def name(self) -> str:
        """The file's or member's last path segment; its extension is the format."""

    @property
    def path(self) -> Path | None:
        """The file that holds exactly these bytes, where there is one (memory mapping, seeking); None for a stream."""

    @property
    def size(self) -> int | None:
        """Bytes, where that is known before they are read; what says it may be wrong."""

    def open(self) -> BinaryIO:
        """A new stream from the first byte on; whoever opens it closes it."""


class Table(Protocol):
    """One parquet object that is being made."""

    def write(self, rows: pa.RecordBatch | pa.Table) -> None:
        """Append rows, whose schema is the table's. May block: what is queued is bounded."""

    def close(self) -> None:
        """All rows are written. The object does not appear in the bucket yet."""

    def abort(self) -> None:
        """Forget the table, as if it had never been begun; the same name may be begun anew."""


class Sink(Protocol):
    """Where the tables of one source go."""

    def table(self, schema: pa.Schema, segment: str | None = None) -> Table:
        """Begin an object: the source's only one, or for a dump the one whose key ends in `/SEGMENT.parquet`."""

    def member(self, path: str) -> Sink:
        """The sink of an archive's member at `path`, its segments cleaned."""


Reader = Callable[[Source, Sink], None]
