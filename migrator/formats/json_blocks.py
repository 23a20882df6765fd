"""Blocks of whole items, as they are given to the fast parsers."""

from typing import NamedTuple

import numpy as np

from migrator.formats.json_window import SPACE

_NEWLINE, _OPENING, _CLOSING = b"\n{}"


class Objects(NamedTuple):
    """Objects for a parser that needs no separator between them.

    Attributes:
        text: If it is valid, a newline stands between each two objects, and at least one object on both sides of it.
        rows: How many there must be if each newline is meant so.
    """

    text: bytes
    rows: int


class Block(NamedTuple):
    """Whole items.

    Attributes:
        taken: What was taken from the window.
        commas: Whether commas are between the items; else line ends.
        separator: Where there are commas: what surely separates items, braces included; each such place is believed to.
        cut: The items as `Objects`, where they are known already.
    """

    taken: bytes
    commas: bool
    separator: bytes = b""
    cut: Objects | None = None

    def text(self) -> bytes:
        """The items without what stands before and behind them."""
        text = self.taken.strip(SPACE)
        return text.removesuffix(b",").rstrip(SPACE) if self.commas else text

    def objects(self) -> Objects | None:
        """The items, if they are objects."""
        if self.cut is not None:
            return self.cut if _is_enclosed(self.cut.text) else None
        return self._elements() if self.commas else self._lines()

    def _lines(self) -> Objects | None:
        text = (self.taken.replace(b"\r\n", b"\n") if b"\r" in self.taken else self.taken).rstrip(b"\n")
        signs = np.frombuffer(text, np.uint8)
        ends = np.flatnonzero(signs == _NEWLINE)
        # Else there are empty lines, spaces, or something else than objects.
        if not _is_enclosed(text) or (signs[ends - 1] != _CLOSING).any() or (signs[ends + 1] != _OPENING).any():
            return None
        return Objects(text, len(ends) + 1)

    def _elements(self) -> Objects | None:
        # A newline takes each comma's place. If that comma stood inside a string or a nested array, the text is no
        # longer JSON (a bare newline in a string, two elements without a comma), and the parser says so.
        text = self.text()
        if not _is_enclosed(text):
            return None
        return Objects(text.replace(self.separator, b"}\n{"), text.count(self.separator) + 1)


def _is_enclosed(objects: bytes) -> bool:
    return objects.startswith(b"{") and objects.endswith(b"}")
