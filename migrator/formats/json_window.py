"""The part of a JSON text that is in memory: filled from a stream, taken block by block, always knowing its place."""

import codecs
from typing import Protocol

import numpy as np

from migrator.errors import ReasonCode, Refusal
from migrator.formats.json_values import Fault

BLOCK = 1 << 19
SPACE = b" \t\r\n"
_NEWLINE = ord("\n")


class Stream(Protocol):
    """UTF-8 bytes without byte order mark."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; none at the end."""


class Window:
    """Bytes of a stream that are not parsed yet.

    `line` and `column` (in characters, both from 1) tell where the first byte stands that is not `passed` yet.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.data = b""
        self.final = False
        self.line = 1
        self.column = 1

    def more(self) -> None:
        """Read on. What is in memory doubles, so that a long item is not looked at too often."""
        self._read(max(BLOCK, len(self.data)))

    def _read(self, wanted: int) -> None:
        parts = [self.data]
        while wanted > 0 and not self.final:
            part = self._stream.read(wanted)
            self.final = not part
            wanted -= len(part)
            parts.append(part)
        self.data = b"".join(parts)

    def fill(self, size: int) -> None:
        """See to it that there are at least `size` bytes, if the stream has that many."""
        if len(self.data) < size and not self.final:
            self._read(size - len(self.data))

    def skip_space(self) -> bool:
        """Pass over white space; whether anything follows."""
        while True:
            rest = self.data.lstrip(SPACE)
            self.drop(len(self.data) - len(rest))
            if rest or self.final:
                return bool(rest)
            self.more()

    def text(self, limit: int | None = None) -> tuple[str, bool]:
        """The first `limit` bytes as text, without a last character that is cut, and whether the file ends there."""
        final = self.final and (limit is None or limit >= len(self.data))
        return codecs.utf_8_decode(self.data[:limit], "strict", final)[0], final

    def take(self, size: int) -> bytes:
        """The first bytes, no longer in `data`; say `passed` when they are parsed, in order, or `give_back` them."""
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def give_back(self, taken: bytes) -> None:
        """Undo `take`."""
        self.data = taken + self.data

    def drop(self, size: int) -> None:
        """Take and pass."""
        if size:
            self.passed(self.take(size))

    def passed(self, taken: bytes) -> None:
        """The place moves behind `taken`."""
        lines = int(np.count_nonzero(np.frombuffer(taken, np.uint8) == _NEWLINE))  # several times as fast as `count`
        if lines:
            self.line += lines
            self.column = 1
            taken = taken[taken.rfind(b"\n") + 1 :]
        self.column += len(taken.decode())

    def refusal(self, fault: Fault, text: str) -> Refusal:
        """`malformed-json`, told with line and column of a fault in `text`, which starts at this place."""
        before = text[: fault.position]
        lines = before.count("\n")
        column = len(before) - before.rfind("\n") if lines else self.column + len(before)
        return Refusal(ReasonCode.MALFORMED_JSON, f"line {self.line + lines}, column {column}: {fault.message}")
