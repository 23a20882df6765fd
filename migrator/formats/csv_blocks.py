"""Blocks of whole records, cut from a stream, and the proof that a fast parser reads a block as RFC 4180 says."""

from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from migrator.formats.fields import SLACK

_QUOTE = ord('"')
_MARK = b"\xef\xbb\xbf"

Places: TypeAlias = "npt.NDArray[np.int64]"


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, none only at the end."""

    def readinto(self, buffer: Any, /) -> int:
        """The same into `buffer`; how many bytes."""


@dataclass(frozen=True)
class Block:
    """Some bytes of the text, starting with a record.

    Attributes:
        buffer: UTF-8, and whatever was there before.
        size: How many bytes of it are the block's.
        quotes: How many quotes stand in it.
        offset: Where it starts in the text, in bytes of UTF-8.
        whole: Whether it ends with a record, if quotes stand in it only as RFC 4180 has them.
        final: Whether the text ends with it.
    """

    buffer: bytearray
    size: int
    quotes: int
    offset: int
    whole: bool
    final: bool

    @property
    def data(self) -> bytes:
        """A copy of its bytes."""
        return bytes(self.view)

    @property
    def view(self) -> memoryview:
        """Its bytes where they lie, good until it is released."""
        return memoryview(self.buffer)[: self.size]

    def quote_places(self) -> Places:
        """Where its quotes stand."""
        return np.flatnonzero(np.frombuffer(self.buffer, np.uint8, self.size) == _QUOTE)


class BlockReader:
    """Cuts a stream of UTF-8 into blocks; memory of blocks that are released is used again."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._pending = b""
        self._begun = False
        self._at_end = False
        self._spare: deque[bytearray] = deque()
        self._marks = np.empty(0, np.bool_)
        self.offset = 0

    def next_block(self, size: int, *, cut: bool = True) -> Block | None:
        """A block of about `size` bytes; None at the end.

        Where no record ends within `size` bytes, the block is not `whole`: give it back and ask for a larger one.

        Args:
            size: In bytes; what was given back before may make it more.
            cut: Whether to cut it behind its last record.
        """
        buffer, length = self._read(size)
        if not length:
            return None
        quotes = self._quotes(buffer, length)
        end = length if self._at_end else last_record_end(buffer, length, quotes) if cut else 0
        taken = end or length
        self._pending = bytes(memoryview(buffer)[taken:length])
        quotes -= self._pending.count(b'"')
        block = Block(buffer, taken, quotes, self.offset, whole=end > 0, final=self._at_end)
        self.offset += taken
        return block

    def release(self, block: Block) -> None:
        """The block's bytes are needed no more; any thread may say so."""
        self._spare.append(block.buffer)

    def give_back(self, rest: bytes) -> None:
        """Put `rest`, the end of the last block, before what is still to come."""
        self._pending = rest + self._pending
        self.offset -= len(rest)

    def drop_line_ends(self, size: int) -> None:
        """Pass over lines with nothing on them, up to one that has something."""
        while True:
            buffer, length = self._read(size)
            self._pending = bytes(memoryview(buffer)[:length]).lstrip(b"\r\n")
            self.offset += length - len(self._pending)
            if self._pending or not length:
                return

    def _read(self, size: int) -> tuple[bytearray, int]:
        """Everything pending, at least `size` bytes of it unless the text ends before."""
        if not self._begun:
            self._begin(size)
        pending, self._pending = self._pending, b""
        length = len(pending)
        if self._at_end or length >= size:
            return bytearray(pending + bytes(SLACK)), length
        buffer = self._buffer(size)
        buffer[:length] = pending
        with memoryview(buffer) as view:
            while length < size and not self._at_end:
                count = self._stream.readinto(view[length:size])
                self._at_end = not count
                length += count
        return buffer, length

    def _begin(self, size: int) -> None:
        """Read what a small file has, so that it takes no more memory than that."""
        self._begun = True
        parts = []
        while size > 0 and not self._at_end:
            parts.append(self._stream.read(size))
            self._at_end = not parts[-1]
            size -= len(parts[-1])
        self._pending = b"".join(parts)

    def _buffer(self, size: int) -> bytearray:
        """Memory for `size` bytes; new memory costs the system more than its bytes' parsing."""
        while self._spare:
            buffer = self._spare.popleft()
            if len(buffer) == size + SLACK:
                return buffer
        return bytearray(size + SLACK)

    def _quotes(self, buffer: bytearray, length: int) -> int:
        if buffer.find(b'"', 0, length) < 0:
            return 0
        if len(self._marks) < length:
            self._marks = np.empty(length, np.bool_)
        # Of many quotes numpy counts a block's ten times as fast as `bytes.count`, which stops at each.
        found = np.equal(np.frombuffer(buffer, np.uint8, length), _QUOTE, out=self._marks[:length])
        return int(np.count_nonzero(found))


def last_record_end(data: bytes | bytearray, length: int, quotes: int) -> int:
    r"""Where the last record ends that the data hold as a whole, if each quote in them opens or closes; 0 if none does.

    A `\r` at the very end is left, for a `\n` may follow.

    Args:
        data: What starts with a record.
        length: How many bytes of it count.
        quotes: How many quotes are among them.
    """
    end = length
    inside = quotes % 2 == 1
    while end > 0:
        quote = data.rfind(b'"', 0, end)
        if not inside:
            line_end = max(data.rfind(b"\n", quote + 1, end), data.rfind(b"\r", quote + 1, min(end, length - 1)))
            if line_end >= 0:
                return line_end + 1
        end = quote
        inside = not inside
    return 0


def is_plain(data: bytes | memoryview, delimiter: bytes, quotes: Places) -> bool:
    """Whether each quote in `data`, which starts with a record, stands where RFC 4180 has it, and none is open.

    Quotes open and close in turn, a doubled one closes and opens again. So each that opens must stand behind a
    delimiter, a line end or a quote, and each that closes before one.
    """
    if not len(quotes):
        return True
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    if opening[0] == 0:
        opening = opening[1:]
    if closing[-1] == len(data) - 1:
        closing = closing[:-1]
    signs = np.frombuffer(data, np.uint8)
    return _are_ends(signs[opening - 1], delimiter) and _are_ends(signs[closing + 1], delimiter)


def quotes_are_data(data: bytes | memoryview, delimiter: bytes, quotes: Places) -> bool:
    """Whether no field of `data`, which starts with a record, starts with a quote, so that none quotes anything."""
    if not len(quotes):
        return True
    if quotes[0] == 0:
        return False
    before = np.frombuffer(data, np.uint8)[quotes - 1]
    return not any((before == sign).any() for sign in delimiter + b"\r\n")


def starts_with_mark(data: bytes | memoryview) -> bool:
    """Whether Arrow would take a byte order mark off it, which here is a character of the first field."""
    return bytes(data[: len(_MARK)]) == _MARK


def _are_ends(signs: npt.NDArray[np.uint8], delimiter: bytes) -> bool:
    """Whether all are delimiters, line ends or quotes; those that are seen most first."""
    left = signs[signs != delimiter[0]]
    for sign in b'\n"\r':
        if not len(left):
            return True
        left = left[left != sign]
    return not len(left)
