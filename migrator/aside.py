"""Rows that wait in a scratch file until they are worth a row group of their table."""

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyarrow as pa

from migrator.errors import StateUnusable

_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class RowsAside:
    """Rows in the file.

    Attributes:
        places: Which pieces of the file hold them, in order.
        packed: How many bytes they take there.
        size: How many they take unpacked.
    """

    places: list[int]
    packed: int
    size: int


class Aside:
    """A scratch file without a name, whose pieces are used again once their rows are taken back.

    One thread may put rows while another takes others back.

    Args:
        scratch: An existing folder.
    """

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._file: IO[bytes] | None = None
        self._lock = threading.Lock()
        self._free: list[int] = []
        self._pieces = 0

    def put(self, rows: pa.RecordBatch) -> RowsAside:
        """Keep rows.

        Raises:
            StateUnusable: The scratch folder has no room or cannot be written.
        """
        with self._told():
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0, dir=self._scratch)  # noqa: SIM115 - `close` closes it
            whole = rows.serialize()
            packed = memoryview(pa.compress(whole, codec="zstd", asbytes=True))
            places = self._take_places(-(-len(packed) // _PIECE_BYTES))
            for number, place in enumerate(places):
                piece = packed[number * _PIECE_BYTES : (number + 1) * _PIECE_BYTES]
                _write_at(self._file.fileno(), piece, place * _PIECE_BYTES)
        return RowsAside(places, len(packed), whole.size)

    def take(self, rows: RowsAside, schema: pa.Schema) -> pa.RecordBatch:
        """Give rows back, once; their pieces are free then.

        Raises:
            StateUnusable: The scratch file cannot be read.
        """
        packed = bytearray()
        with self._told():
            if self._file is None:
                raise ValueError("nothing was put aside")
            for place in rows.places:
                wanted = min(_PIECE_BYTES, rows.packed - len(packed))
                piece = os.pread(self._file.fileno(), wanted, place * _PIECE_BYTES)
                if len(piece) != wanted:
                    raise OSError(f"{len(piece)} bytes where {wanted} were written")
                packed += piece
        self.forget(rows)
        whole = pa.decompress(memoryview(packed), rows.size, codec="zstd")
        return pa.ipc.read_record_batch(whole, schema)

    def forget(self, rows: RowsAside) -> None:
        """Have the pieces of rows that nobody takes back used again."""
        with self._lock:
            self._free += rows.places

    def close(self) -> None:
        """Forget everything; may be called twice."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _take_places(self, count: int) -> list[int]:
        with self._lock:
            used = max(0, len(self._free) - count)
            places, self._free = self._free[used:], self._free[:used]
            more = count - len(places)
            places += range(self._pieces, self._pieces + more)
            self._pieces += more
        return places

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turns the file's errors into words: they are not the source's."""
        try:
            yield
        except OSError as error:
            raise StateUnusable(
                f"a scratch file in {self._scratch} cannot be used: {error.strerror or error}; make room there"
            ) from error


def _write_at(file: int, data: memoryview, offset: int) -> None:
    while data:
        written = os.pwrite(file, data, offset)
        data, offset = data[written:], offset + written
