"""SQLite's write-ahead log, read without SQLite: which page stands in which frame.

Format: https://www.sqlite.org/fileformat2.html#walformat, and https://www.sqlite.org/walformat.html#walidxfmt of the
index beside it. A frame that belongs to an earlier use of the file carries other salts than the log's header.
"""

import os
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

SUFFIX = "-wal"
INDEX_SUFFIX = "-shm"

_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24
_MAGIC = 0x377F0682
_SUMS = struct.Struct(">II")
_MASK = 0xFFFFFFFF
_LAST_FRAME_AT = 16
_BLOCK_BYTES = 1 << 20


class Frame(NamedTuple):
    """A page as a transaction left it.

    Attributes:
        page: Its number, from 1.
        pages: The whole database's pages where this frame ends a transaction, else 0.
        at: Where its bytes begin in the log.
    """

    page: int
    pages: int
    at: int


class Log:
    """An open log; one whose header is damaged has no frames, as SQLite sees it.

    Args:
        handle: Its file descriptor; it stays the caller's.
    """

    def __init__(self, handle: int) -> None:
        self._handle = handle
        header = os.pread(handle, _HEADER_BYTES, 0).ljust(_HEADER_BYTES, b"\0")
        magic, _, self.page_bytes = struct.unpack_from(">III", header)
        # The magic number's last bit tells the byte order of what the checksums add up.
        self._words = struct.Struct(">II" if magic & 1 else "<II")
        self._salts = header[16:24]
        self._sums = self._added((0, 0), header[:24])
        self._whole = magic & ~1 == _MAGIC and self._sums == _SUMS.unpack_from(header, 24)

    def begins(self) -> bool:
        """Whether it has a first frame, whole or torn; a log without one says nothing, whatever else is in it."""
        return next(self._frames(), None) is not None

    def frames(self) -> list[Frame]:
        """The frames in order, up to the last that ends a transaction; their checksums are not looked at."""
        found: list[Frame] = []
        whole = 0
        for frame in self._frames():
            found.append(frame)
            whole = len(found) if frame.pages else whole
        return found[:whole]

    def sound(self, frames: Sequence[Frame]) -> Sequence[Frame]:
        """Those of the first frames that SQLite takes, for their checksums are right and they end a transaction."""
        sums, whole = self._sums, 0
        for number, frame in enumerate(frames, 1):
            header = os.pread(self._handle, _FRAME_HEADER_BYTES, frame.at - _FRAME_HEADER_BYTES)
            sums = self._added(self._added(sums, header[:8]), self.page(frame))
            if sums != _SUMS.unpack_from(header, 16):
                break
            whole = number if frame.pages else whole
        return frames[:whole]

    def page(self, frame: Frame) -> bytes:
        """The frame's page."""
        return os.pread(self._handle, self.page_bytes, frame.at)

    def _frames(self) -> Iterator[Frame]:
        if not self._whole:
            return
        at = _HEADER_BYTES
        step = _FRAME_HEADER_BYTES + self.page_bytes
        size = os.fstat(self._handle).st_size
        while at + step <= size:
            header = os.pread(self._handle, _FRAME_HEADER_BYTES, at)
            page, pages = struct.unpack_from(">II", header)
            if header[8:16] != self._salts or not page:
                return
            yield Frame(page, pages, at + _FRAME_HEADER_BYTES)
            at += step

    def _added(self, sums: tuple[int, int], data: bytes) -> tuple[int, int]:
        first, second = sums
        for one, other in self._words.iter_unpack(data):
            first = (first + one + second) & _MASK
            second = (second + other + first) & _MASK
        return first, second


def last_frame(index: Path) -> int:
    """How many frames of the log count, as the index of a log says that is open for writing."""
    with index.open("rb") as file:
        return int.from_bytes(os.pread(file.fileno(), 4, _LAST_FRAME_AT), sys.byteorder)


def merged(file: int, log: Log, frames: Sequence[Frame]) -> Iterator[bytes]:
    """The bytes of the database in order, as `frames`, which end a transaction, leave them; at first a page at least.

    Args:
        file: The database's own file descriptor.
        log: The log.
        frames: From the log's beginning on.
    """
    latest = {frame.page: frame for frame in frames}
    pages = frames[-1].pages
    at = 0
    for number in sorted(page for page in latest if page <= pages):
        start = (number - 1) * log.page_bytes
        yield from blocks(file, at, start)
        yield log.page(latest[number])
        at = start + log.page_bytes
    yield from blocks(file, at, pages * log.page_bytes)


def blocks(file: int, start: int, end: int) -> Iterator[bytes]:
    """The bytes of a file from `start` to before `end`, or to its own end where that comes first."""
    while start < end and (block := os.pread(file, min(_BLOCK_BYTES, end - start), start)):
        yield block
        start += len(block)
