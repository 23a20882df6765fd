"""Tables become parquet: one encoder for each source file, inline while they are small, else in a thread of its own.

What waits to be encoded is bounded, over all tables of the file, so that a dump of many tables stays small in memory.
"""

import io
import queue
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, Protocol, cast

import pyarrow as pa
import pyarrow.parquet as pq

from migrator.errors import StateUnusable, Stopped
from migrator.parquet_options import readable_schema, write_options

GROUP_ROWS = 128 * 1024
GROUP_BYTES = 16 * 1024 * 1024
WAITING_BYTES = 32 * 1024 * 1024
_EXACT_BYTES = 16 * 1024


class Upload(Protocol):
    """One object on its way; nothing appears in the bucket before it is committed."""

    def write(self, data: bytes | memoryview) -> int:
        """Append `data`."""

    def close(self) -> None:
        """All is written."""

    def abort(self) -> None:
        """Forget it all."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A finished object: where it goes, its rows, and the upload that awaits its commit."""

    key: str
    rows: int
    upload: Any


class Encoder:
    """Encodes the tables of one source file.

    Args:
        stage: Begins the upload of a key.
        footer: The file metadata of the object at a key; asked for when a table is closed, and may then block.
        stop: Whether a graceful stop is asked for.
    """

    def __init__(
        self, stage: Callable[[str], Upload], footer: Callable[[str], Mapping[str, str]], stop: Callable[[], bool]
    ) -> None:
        self._stage = stage
        self._footer = footer
        self._stop = stop
        self._tables: list[ParquetTable] = []
        self._orders: queue.Queue[Callable[[], None] | None] | None = None
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    def table(self, key: str, schema: pa.Schema, forget: Callable[[], None]) -> "ParquetTable":
        """Begin the object at `key`; `forget` is called where it is aborted."""
        table = ParquetTable(self, key, schema, forget)
        self._tables.append(table)
        return table

    def finish(self) -> tuple[Encoded, ...]:
        """Wait until all is encoded; the finished objects in the order in which they were begun.

        Raises:
            Exception: whatever an upload or the encoding raised.
        """
        self.settle()
        return tuple(table.finished() for table in self._tables)

    def abort(self) -> None:
        """Forget all objects and their uploads; the first error is raised after every one was tried."""
        self._failure = self._failure or Stopped()
        self._join()
        errors = []
        for table in self._tables:
            try:
                table.discard()
            except Exception as error:  # noqa: BLE001 - the others must be forgotten too; it is raised below
                errors.append(error)
        self._tables.clear()
        if errors:
            raise errors[0]

    def check(self) -> None:
        """Raise what went wrong in the encoder's thread, or `Stopped` where a stop is asked for."""
        if self._failure is not None:
            raise self._failure
        if self._stop():
            raise Stopped

    def submit(self, order: Callable[[], None]) -> None:
        """Have `order` done in the encoder's thread, after what was submitted before; waits while it is busy."""
        if self._orders is None:
            # A small file needs neither queue nor thread.
            self._orders = queue.Queue(maxsize=1)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, args=(self._orders,), name="encoder", daemon=True)
            self._thread.start()
        self._orders.put(order)

    def settle(self) -> None:
        """Wait until all that was submitted is done, and raise what went wrong."""
        self._join()
        self.check()

    def make_room(self) -> None:
        """Have the biggest tables encoded as long as too much waits."""
        while sum(table.waiting_bytes for table in self._tables) > WAITING_BYTES:
            max(self._tables, key=lambda table: table.waiting_bytes).flush()

    def remove(self, table: "ParquetTable") -> None:
        """Forget an aborted table."""
        self._tables.remove(table)

    def begin(self, key: str) -> Upload:
        """The upload of `key`."""
        return self._stage(key)

    def footer(self, key: str) -> Mapping[str, str]:
        """The file metadata of the object at `key`."""
        return self._footer(key)

    def _work(self, orders: "queue.Queue[Callable[[], None] | None]") -> None:
        while (order := orders.get()) is not None:
            if self._failure is None:
                try:
                    order()
                except BaseException as error:  # noqa: BLE001 - `check` raises it where the file is converted
                    self._failure = error

    def _join(self) -> None:
        if self._thread is not None and self._orders is not None:
            self._orders.put(None)
            self._thread.join()
            self._thread = None


class ParquetTable:
    """One parquet object that is being made; rows gather until they are worth a row group."""

    def __init__(self, encoder: Encoder, key: str, schema: pa.Schema, forget: Callable[[], None]) -> None:
        self.key = key
        self.rows = 0
        self.waiting_bytes = 0
        self._encoder = encoder
        self._forget = forget
        self._given = schema.remove_metadata()
        self._schema = readable_schema(self._given)
        self._waiting: list[pa.Table] = []
        self._waiting_rows = 0
        self._submitted = False
        self._closed = False
        self._file: _UploadFile | None = None
        self._whole: pa.BufferOutputStream | None = None
        self._writer: pq.ParquetWriter | None = None

    def write(self, rows: pa.RecordBatch | pa.Table) -> None:
        """Append rows; waits while the encoder is busy.

        Raises:
            Stopped: where a stop is asked for.
            Exception: what the upload of earlier rows raised.
        """
        self._encoder.check()
        table = rows if isinstance(rows, pa.Table) else pa.Table.from_batches([rows])
        if self._schema is not self._given:
            table = table.cast(self._schema)
        size = table.get_total_buffer_size()
        if size > _EXACT_BYTES:
            # To leave out what slices do not use costs a tenth of a small file's conversion.
            size = table.nbytes
        self.rows += table.num_rows
        self.waiting_bytes += size
        self._waiting_rows += table.num_rows
        self._waiting.append(table)
        if self._waiting_rows >= GROUP_ROWS or self.waiting_bytes >= GROUP_BYTES:
            self.flush()
        else:
            self._encoder.make_room()

    def close(self) -> None:
        """All rows are written; what is big is finished in the encoder's thread."""
        self._encoder.check()
        self._closed = True
        if self._submitted:
            self.flush()
            self._encoder.submit(self._finish)
        else:
            self._encode(*self._take())
            self._finish()

    def abort(self) -> None:
        """Forget the table and its upload."""
        if self._submitted:
            self._encoder.settle()
        self.discard()
        self._encoder.remove(self)
        self._forget()

    def flush(self) -> None:
        """Have the rows that wait encoded as row groups, in the encoder's thread."""
        if self._waiting:
            self._submitted = True
            self._encoder.submit(partial(self._encode, *self._take()))

    def discard(self) -> None:
        """Forget rows, writer and upload; nothing of it may be at work any more."""
        self._take()
        if self._file is not None:
            self._file.dead = True
            if self._writer is not None:
                # The library's writer would otherwise finish its file whenever it is collected. What it says to that
                # is of no interest: its bytes go nowhere.
                with suppress(Exception):
                    self._writer.close()
            self._file.upload.abort()

    def finished(self) -> Encoded:
        """What was made, once the encoder has finished."""
        if not self._closed or self._file is None:
            raise RuntimeError(f"the table of {self.key!r} was begun and neither closed nor aborted")
        return Encoded(self.key, self.rows, self._file.upload)

    def _take(self) -> tuple[pa.Table, int]:
        """The rows that wait, and their bytes."""
        waiting, self._waiting = self._waiting, []
        size, self.waiting_bytes = self.waiting_bytes, 0
        self._waiting_rows = 0
        return pa.concat_tables(waiting) if waiting else self._schema.empty_table(), size

    def _encode(self, group: pa.Table, size: int) -> None:
        if self._writer is None or self._file is None:
            self._file = _UploadFile(self._encoder.begin(self.key))
            # The library calls a file of Python for each page; a small object comes in one piece at the end.
            self._whole = None if self._submitted else pa.BufferOutputStream()
            to = cast("IO[bytes]", self._file if self._whole is None else self._whole)
            self._writer = pq.ParquetWriter(to, self._schema, **write_options(group, size))
        if group.num_rows:
            by_bytes = max(1, GROUP_BYTES * 2 * group.num_rows // max(1, size))
            self._writer.write_table(group, row_group_size=min(2 * GROUP_ROWS, by_bytes))

    def _finish(self) -> None:
        if self._writer is None or self._file is None:
            raise RuntimeError(f"the table of {self.key!r} was closed before anything of it was encoded")
        self._writer.add_key_value_metadata(dict(self._encoder.footer(self.key)))
        self._writer.close()
        if self._whole is not None:
            self._file.write(memoryview(self._whole.getvalue()))
            self._whole = None
        self._file.finish()


class _UploadFile(io.RawIOBase):
    """An upload as the file that the parquet library writes to; its own errors are never taken for the source's.

    Args:
        upload: What takes the bytes.
    """

    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        self.dead = False

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        size = len(data)
        if not self.dead:
            self._guarded(partial(self.upload.write, data))
        return size

    def finish(self) -> None:
        self._guarded(self.upload.close)

    def _guarded(self, act: Callable[[], object]) -> None:
        try:
            act()
        except OSError as error:
            raise StateUnusable(
                f"an object could not be kept until its upload: {error}; make room where the state is, and run again"
            ) from error
