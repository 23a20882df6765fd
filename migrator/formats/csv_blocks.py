"""Blocks of whole records, cut from a stream, and the proof that a fast parser reads a block as RFC 4180 says."""

import functools
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

_QUOTE = ord('"')
_MARK = b"\xef\xbb\xbf"


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, none only at the end."""


@dataclass(frozen=True)
class Block:
    """Some bytes of the text, starting with a record.

    Attributes:
        data: UTF-8.
        offset: Where it starts in the text, in bytes of UTF-8.
        whole: Whether it ends with a record, if quotes stand in it only as RFC 4180 has them.
        final: Whether the text ends with it.
    """

    data: bytes
    offset: int
    whole: bool
    final: bool


class BlockReader:
    """Cuts a stream of UTF-8 into blocks."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._pending = b""
        self._at_end = False
        self.offset = 0

    def next_block(self, size: int, *, cut: bool = True) -> Block | None:
        """A block of about `size` bytes; None at the end.

        Where no record ends within `size` bytes, the block is not `whole`: give it back and ask for a larger one.

        Args:
            size: In bytes; what was given back before may make it more.
            cut: Whether to cut it behind its last record.
        """
        data = self._read(size)
        if not data:
            return None
        end = len(data) if self._at_end else last_record_end(data) if cut else 0
        block = Block(data[:end] if end else data, self.offset, whole=end > 0, final=self._at_end)
        self._pending = data[len(block.data) :]
        self.offset += len(block.data)
        return block

    def give_back(self, rest: bytes) -> None:
        """Put `rest`, the end of the last block, before what is still to come."""
        self._pending = rest + self._pending
        self.offset -= len(rest)

    def drop_line_ends(self, size: int) -> None:
        """Pass over lines with nothing on them, up to one that has something."""
        while data := self._read(size):
            self._pending = data.lstrip(b"\r\n")
            self.offset += len(data) - len(self._pending)
            if self._pending:
                return

    def _read(self, size: int) -> bytes:
        """Everything pending, at least `size` bytes of it unless the text ends before."""
        parts = [self._pending]
        length = len(self._pending)
        while length < size and not self._at_end:
            part = self._stream.read(size - length)
            self._at_end = not part
            parts.append(part)
            length += len(part)
        self._pending = b"".join(parts) if len(parts) > 1 else parts[0]
        return self._pending


def last_record_end(data: bytes) -> int:
    r"""Where the last record ends that `data` holds as a whole, if each quote in it opens or closes; 0 if none does.

    A `\r` at the very end is left, for a `\n` may follow.
    """
    end = len(data)
    # Of many quotes numpy counts a block's ten times as fast as `bytes.count`, which stops at each.
    inside = np.count_nonzero(np.frombuffer(data, np.uint8) == _QUOTE) % 2 == 1
    while end > 0:
        quote = data.rfind(b'"', 0, end)
        if not inside:
            line_end = max(data.rfind(b"\n", quote + 1, end), data.rfind(b"\r", quote + 1, min(end, len(data) - 1)))
            if line_end >= 0:
                return line_end + 1
        end = quote
        inside = not inside
    return 0


def is_plain(data: bytes, delimiter: bytes) -> bool:
    """Whether each quote in `data`, which starts with a record, stands where RFC 4180 has it, and none is open.

    Quotes open and close in turn, a doubled one closes and opens again. So each that opens must stand behind a
    delimiter, a line end or a quote, and each that closes before one.
    """
    if data.startswith(_MARK):
        # Arrow takes a byte order mark off each block; here it is a character of the first field.
        return False
    signs = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(signs == _QUOTE)
    if len(quotes) == 0:
        return True
    if len(quotes) % 2:
        return False
    allowed = _neighbours(delimiter)
    opening, closing = quotes[::2], quotes[1::2]
    if opening[0] == 0:
        opening = opening[1:]
    if closing[-1] == len(data) - 1:
        closing = closing[:-1]
    return bool(allowed[signs[opening - 1]].all() and allowed[signs[closing + 1]].all())


@functools.cache
def _neighbours(delimiter: bytes) -> npt.NDArray[np.bool_]:
    allowed = np.zeros(256, np.bool_)
    allowed[list(delimiter + b'\r\n"')] = True
    return allowed
