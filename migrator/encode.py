"""Tables become parquet: one encoder for each source file, inline while they are small, else in a thread of its own.

What waits to be encoded is bounded, over all tables of the file, so that a dump of many tables stays small in memory.
The parquet library keeps about 1 KiB for each column of each row group until an object is finished: so rows that are
not worth a row group wait in a scratch file.
"""

import queue
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from migrator.aside import Aside, RowsAside
from migrator.conversion import Staged
from migrator.errors import Stopped
from migrator.parquet_options import readable_schema, write_options
from migrator.upload_file import Upload, UploadFile

GROUP_ROWS = 128 * 1024
GROUP_BYTES = 16 * 1024 * 1024
WAITING_BYTES = 32 * 1024 * 1024
_EXACT_BYTES = 16 * 1024

# Of a full row group: less is not worth one as long as more may follow.
_WORTH = 0.5

# Many columns take a bigger row group, so that each is worth what is kept of it, as far as memory has room.
_COLUMN_BYTES = 40 * 1024
_WIDEST_BYTES = 64 * 1024 * 1024


class Encoder:
    """Encodes the tables of one source file.

    Args:
        stage: Begins the upload of a key.
        footer: The file metadata of the object at a key; asked for when a table is closed, and may then block.
        stop: Whether a graceful stop is asked for.
        scratch: An existing folder for a scratch file.

    Attributes:
        begin: As `stage`.
        footer: As given.
        aside: Rows that wait in the scratch file.
    """

    def __init__(
        self,
        stage: Callable[[str], Upload],
        footer: Callable[[str], Mapping[str, str]],
        stop: Callable[[], bool],
        scratch: Path,
    ) -> None:
        self.aside = Aside(scratch)
        self.begin = stage
        self.footer = footer
        self._stop = stop
        self._tables: list[ParquetTable] = []
        # Those with rows that wait in memory; the one that was written last comes last.
        self._waiting: dict[ParquetTable, int] = {}
        self._waiting_bytes = 0
        self._orders: queue.Queue[Callable[[], None] | None] | None = None
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    def table(self, key: str, schema: pa.Schema, forget: Callable[[], None]) -> "ParquetTable":
        """Begin the object at `key`; `forget` is called where it is aborted."""
        table = ParquetTable(self, key, schema, forget)
        self._tables.append(table)
        return table

    def finish(self) -> tuple[Staged, ...]:
        """Wait until all is encoded; the finished objects in the order in which they were begun.

        Raises:
            Exception: whatever an upload or the encoding raised.
        """
        self.settle()
        self.aside.close()
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
        self.aside.close()
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

    def wait(self, table: "ParquetTable", size: int) -> None:
        """Take note that `size` bytes of a table wait in memory; where too much does, have others make room."""
        self._waiting_bytes += size - self._waiting.pop(table, 0)
        if size:
            self._waiting[table] = size
        while self._waiting_bytes > WAITING_BYTES:
            next(iter(self._waiting)).make_room()

    def remove(self, table: "ParquetTable") -> None:
        """Forget an aborted table."""
        self._tables.remove(table)

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
        self._aside: list[RowsAside] = []
        self._group_rows = 0
        self._group_bytes = 0
        self._full_bytes = min(max(GROUP_BYTES, len(schema) * _COLUMN_BYTES), _WIDEST_BYTES)
        self._submitted = False
        self._in_one_piece = False
        self._closed = False
        self._file: UploadFile | None = None
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
        self._group_bytes += size
        self._group_rows += table.num_rows
        self._waiting.append(table)
        if self._group_rows >= GROUP_ROWS or self._group_bytes >= self._full_bytes:
            self.flush()
        elif self.waiting_bytes >= GROUP_BYTES:
            self._put_aside()
        else:
            self._encoder.wait(self, self.waiting_bytes)

    def close(self) -> None:
        """All rows are written; what is big is finished in the encoder's thread."""
        self._encoder.check()
        self._closed = True
        self._in_one_piece = not self._submitted
        if self._submitted or self._aside:
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

    def make_room(self) -> None:
        """Have the rows that wait encoded where they are worth a row group, else put aside."""
        if self._group_bytes >= self._full_bytes * _WORTH:
            self.flush()
        else:
            self._put_aside()

    def flush(self) -> None:
        """Have the rows that wait encoded as row groups, in the encoder's thread."""
        if self._waiting or self._aside:
            self._submitted = True
            self._encoder.submit(partial(self._encode, *self._take()))

    def discard(self) -> None:
        """Forget rows, writer and upload; nothing of it may be at work any more."""
        for rows in self._take()[0]:
            self._encoder.aside.forget(rows)
        if self._file is not None:
            self._file.dead = True
            if self._writer is not None:
                # The library's writer would otherwise finish its file whenever it is collected. What it says to that
                # is of no interest: its bytes go nowhere.
                with suppress(Exception):
                    self._writer.close()
            self._file.upload.abort()

    def finished(self) -> Staged:
        """What was made, once the encoder has finished."""
        if not self._closed or self._file is None:
            raise RuntimeError(f"the table of {self.key!r} was begun and neither closed nor aborted")
        return Staged(self.key, self.rows, self._file.upload)

    def _put_aside(self) -> None:
        rows = pa.concat_tables(self._waiting).combine_chunks()
        self._forget_waiting()
        self._aside += map(self._encoder.aside.put, rows.to_batches())

    def _take(self) -> tuple[list[RowsAside], list[pa.Table], int]:
        """The rows that wait, first those that were put aside, and their bytes."""
        aside, self._aside = self._aside, []
        size, self._group_bytes, self._group_rows = self._group_bytes, 0, 0
        return aside, self._forget_waiting(), size

    def _forget_waiting(self) -> list[pa.Table]:
        waiting, self._waiting, self.waiting_bytes = self._waiting, [], 0
        self._encoder.wait(self, 0)
        return waiting

    def _encode(self, aside: list[RowsAside], waiting: list[pa.Table], size: int) -> None:
        batches = [self._encoder.aside.take(rows, self._schema) for rows in aside]
        group = pa.concat_tables([pa.Table.from_batches(batches, self._schema), *waiting])
        if self._writer is None or self._file is None:
            self._file = UploadFile(self._encoder.begin(self.key))
            # The library calls a file of Python for each page; a small object comes in one piece at the end.
            self._whole = pa.BufferOutputStream() if self._in_one_piece else None
            to = cast("IO[bytes]", self._file if self._whole is None else self._whole)
            self._writer = pq.ParquetWriter(to, self._schema, **write_options(group, size))
        if group.num_rows:
            by_bytes = max(1, self._full_bytes * 2 * group.num_rows // max(1, size))
            self._writer.write_table(group, row_group_size=min(2 * GROUP_ROWS, by_bytes))

    def _finish(self) -> None:
        if self._writer is None or self._file is None:
            raise RuntimeError(f"the table of {self.key!r} was closed before anything of it was encoded")
        self._writer.add_key_value_metadata(dict(self._encoder.footer(self.key)))
        self._writer.close()
        # It keeps what it told of all its row groups.
        self._writer = None
        if self._whole is not None:
            self._file.write(memoryview(self._whole.getvalue()))
            self._whole = None
        self._file.finish()
