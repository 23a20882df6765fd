r"""Text of a dump made plain for a csv reader, byte for byte as long as it was, and its values made what they were.

Escapes keep their length: what is to go, and what would mean something else to a csv reader, is marked by control
characters that the text does not hold otherwise, and put right in the columns that hold any of them.
"""

from __future__ import annotations

import numpy as np

from migrator.formats.sql_block import Column
from migrator.formats.sql_marks import BACKSLASH, NEWLINE, QUOTE, Indices, Signs, escaping
from migrator.formats.sql_plain_gaps import GAPS, mark_gaps
from migrator.formats.sql_plain_rows import GAP, TextBytes, made

_RETURN = ord("\r")
_NOTHING, _QUOTE, _NEWLINE, _RETURNED = range(1, 5)
_MARKS = frozenset({_NOTHING, _QUOTE, _NEWLINE, _RETURNED, GAP})
_PUT_RIGHT = bytes.maketrans(bytes([_QUOTE, _NEWLINE, _RETURNED]), b"'\n\r")

# What a backslash and a letter mean in a string of MySQL; `\%` and `\_` stay as they are.
_MEANT = np.arange(256, dtype=np.uint8)
_MEANT[list(b"0btZ")] = list(b"\0\b\t\x1a")
_MEANT[list(b"nr'\n\r")] = (_NEWLINE, _RETURNED, _QUOTE, _NEWLINE, _RETURNED)
_KEPT = np.zeros(256, np.bool_)
_KEPT[list(b"%_")] = True

# What stands before and behind an empty string.
_BEFORE, _BEHIND = np.zeros((2, 256), np.bool_)
_BEFORE[list(b",( \t")] = True
_BEHIND[list(b",)")] = True


class PlainText:
    """A piece of a dump on its way to a csv reader.

    Args:
        rows: Whole rows, the first without the parenthesis that opens it, the last without the one that closes it.

        gap: What stands between two values.

    Attributes:
        gap: The same, where it is more than a comma.
        text: What the reader is given: the rows between commas, and a newline.
        signs: The same bytes without the newline; separators are written into them.
        quotes: How many quotes there are, once the text is plain.
    """

    def __init__(self, rows: memoryview, gap: bytes) -> None:
        self.gap = gap if gap in GAPS else b""
        self.text = bytearray().join((b",", rows, b",\n"))
        self.signs: Signs = np.frombuffer(self.text, np.uint8, len(rows) + 2)
        self.quotes = 0
        self._may_mark: bool | None = None

    def make_plain(self, *, escapes: bool) -> bool:
        """Mark escapes, doubled quotes and ends of lines; False where the text cannot be made plain.

        Args:
            escapes: Whether a backslash escapes what follows.
        """
        text, signs = self.text, self.signs
        if escapes and b"\\" in text and not self._mark_escapes():
            return False
        for sign, stand_in in ((NEWLINE, _NEWLINE), (_RETURN, _RETURNED)):
            if sign in text:
                if not self._marks():
                    return False
                signs[np.flatnonzero(signs == sign)] = stand_in
        are_quotes = signs == QUOTE
        doubled = are_quotes[1:] & are_quotes[:-1]
        if doubled.any() and not self._are_empty(np.flatnonzero(doubled)):
            if not self._marks():
                return False
            self._mark_doubled(np.flatnonzero(are_quotes))
            are_quotes = signs == QUOTE
        self.quotes = int(np.count_nonzero(are_quotes))
        if self.gap:
            if not self._marks():
                return False
            mark_gaps(signs, self.gap)
        return not self.quotes % 2

    def is_marked(self) -> bool:
        """Whether any marks are left to be put right."""
        return bool(self._may_mark) and bool((self.signs <= max(_MARKS)).any())

    def put_right(self, column: Column) -> Column:
        """A column's texts without the marks."""
        found = TextBytes(column)
        if not (found.signs <= max(_MARKS)).any():
            return column
        bounds = found.bounds
        removed = np.flatnonzero(found.signs == _NOTHING)
        if len(removed):
            bounds = (bounds - np.searchsorted(removed, bounds)).astype(np.int32)
        return made(column, bounds, found.signs.tobytes().translate(_PUT_RIGHT, bytes([_NOTHING])))

    def _marks(self) -> bool:
        """Whether marks may be made: the text held none of its own."""
        if self._may_mark is None:
            self._may_mark = not any(mark in self.text for mark in _MARKS)
        return self._may_mark

    def _mark_escapes(self) -> bool:
        signs = self.signs
        backslashes = np.flatnonzero(signs == BACKSLASH)
        escapes = backslashes[escaping(backslashes)]
        if escapes[-1] + 1 == len(signs) or not self._marks():
            return False
        letters = signs[escapes + 1]
        signs[escapes + 1] = _MEANT[letters]
        signs[escapes[~_KEPT[letters]]] = _NOTHING
        return True

    def _are_empty(self, quotes: Indices) -> bool:
        """Whether quotes that others follow begin empty strings; what looks like one and is none is found later."""
        if not quotes[0] or quotes[-1] + 2 >= len(self.signs):
            return False
        return bool(_BEFORE[self.signs[quotes - 1]].all() and _BEHIND[self.signs[quotes + 2]].all())

    def _mark_doubled(self, quotes: Indices) -> None:
        closing, opening = quotes[1:-1:2], quotes[2::2]
        doubled = closing + 1 == opening
        self.signs[closing[doubled]] = _NOTHING
        self.signs[opening[doubled]] = _QUOTE
