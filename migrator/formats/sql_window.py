"""A growing view on a stream of text, so that a dump is scanned by regular expressions in bounded memory."""

import re
from typing import Protocol

import numpy as np

CHUNK_BYTES = 1 << 20
_NEWLINE = ord("\n")
_FEW_BYTES = 8 << 10

# A pattern that ends this close to the end of what is read could go on differently with more text.
_LOOKAHEAD = 256


class TextStream(Protocol):
    """What `open_text` gives: UTF-8 bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; none at the end."""


class Window:
    """Text from `anchor` on, of which `pos` is the next byte to look at.

    Positions are offsets into `data` and stay valid until `grow`, which forgets what lies before `anchor` and moves
    `anchor` and `pos` along. Reading doubles, so that whoever scans again from `pos` after growing stays linear.
    """

    def __init__(self, stream: TextStream) -> None:
        self.data = b""
        self.anchor = 0
        self.pos = 0
        self.ended = False
        self._stream = stream
        self._counted_to = 0
        self._line = 1

    def grow(self) -> None:
        """Read more; sets `ended` where there is no more."""
        cut = self.anchor
        self._count_lines(cut)
        kept = self.data[cut:]
        wanted = max(CHUNK_BYTES, len(kept))
        pieces = [kept]
        while wanted > 0:
            piece = self._stream.read(wanted)
            if not piece:
                self.ended = True
                break
            pieces.append(piece)
            wanted -= len(piece)
        self.data = b"".join(pieces)
        self.pos -= cut
        self._counted_to -= cut
        self.anchor = 0

    def line(self, pos: int) -> int:
        """The line, from 1, that the byte at `pos` stands in."""
        if pos < self._counted_to:
            return self._line - self.data.count(b"\n", pos, self._counted_to)
        self._count_lines(pos)
        return self._line

    def match(self, pattern: re.Pattern[bytes]) -> re.Match[bytes]:
        """Match `pattern`, which matches the empty text too, at `pos`; no later text can change the result."""
        while True:
            found = pattern.match(self.data, self.pos)
            if found is None:
                raise ValueError(f"{pattern.pattern!r} does not match the empty text")
            if self.ended or found.end() + _LOOKAHEAD <= len(self.data):
                return found
            self.grow()

    def has(self, size: int) -> bool:
        """Whether at least `size` bytes from `pos` on are there."""
        while len(self.data) - self.pos < size and not self.ended:
            self.grow()
        return len(self.data) - self.pos >= size

    def _count_lines(self, pos: int) -> None:
        if pos > self._counted_to:
            size = pos - self._counted_to
            if size < _FEW_BYTES:
                self._line += self.data.count(b"\n", self._counted_to, pos)
            else:
                signs = np.frombuffer(self.data, np.uint8, size, self._counted_to)
                self._line += int(np.count_nonzero(signs == _NEWLINE))
            self._counted_to = pos
