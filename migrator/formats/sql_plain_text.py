r"""Text of a dump made plain, byte for byte as long as it was, and its values made what they were.

Escapes keep their length: what is to go, and quotes in strings, are marked by control characters that the text does not
hold otherwise, and put right in the columns that hold any of them.
"""

from __future__ import annotations

import numpy as np

from migrator.formats.fields import SLACK, Column, Places
from migrator.formats.sql_marks import BACKSLASH, QUOTE, Signs, escaping
from migrator.formats.sql_texts import TextBytes, made

_NOTHING, _QUOTE = _MARKS = (1, 2)
_PUT_RIGHT = bytes.maketrans(bytes([_QUOTE]), b"'")

# What a backslash and a letter mean in a string of MySQL; `\%` and `\_` stay as they are.
_MEANT = np.arange(256, dtype=np.uint8)
_MEANT[list(b"0bnrtZ'")] = [*b"\0\b\n\r\t\x1a", _QUOTE]
_KEPT = np.zeros(256, np.bool_)
_KEPT[list(b"%_")] = True

# What stands before and behind an empty string.
_BEFORE, _BEHIND = np.zeros((2, 256), np.bool_)
_BEFORE[list(b",( \t")] = True
_BEHIND[list(b",)")] = True


class PlainText:
    """A piece of a dump on its way to columns.

    Args:
        rows: Whole rows, the first without the parenthesis that opens it, the last without the one that closes it.

    Attributes:
        text: The rows, a comma, and bytes without a meaning.
        signs: The rows and the comma; separators are written into them.
        quotes: How many quotes there are, once the text is plain.
        is_marked: Whether any marks are to be put right.
    """

    def __init__(self, rows: memoryview) -> None:
        self.text = bytearray().join((rows, b",", bytes(SLACK)))
        self.signs: Signs = np.frombuffer(self.text, np.uint8, len(rows) + 1)
        self.quotes = 0
        self.is_marked = False

    def make_plain(self, *, escapes: bool) -> bool:
        """Mark escapes and doubled quotes; False where the text cannot be made plain.

        Args:
            escapes: Whether a backslash escapes what follows.
        """
        signs = self.signs
        if escapes and b"\\" in self.text and not self._mark_escapes():
            return False
        are_quotes = signs == QUOTE
        doubled = are_quotes[1:] & are_quotes[:-1]
        if doubled.any() and not self._are_empty(np.flatnonzero(doubled)):
            if not self._may_mark():
                return False
            self._mark_doubled(np.flatnonzero(are_quotes))
            are_quotes = signs == QUOTE
        self.quotes = int(np.count_nonzero(are_quotes))
        return not self.quotes % 2

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

    def _may_mark(self) -> bool:
        """Whether marks may be made: the text held none of its own."""
        if not self.is_marked:
            # Behind the rows there are none either.
            self.is_marked = not any(mark in self.text for mark in _MARKS)
        return self.is_marked

    def _mark_escapes(self) -> bool:
        signs = self.signs
        backslashes = np.flatnonzero(signs == BACKSLASH)
        escapes = backslashes[escaping(backslashes)]
        # What escapes the very last byte reaches beyond the rows.
        if escapes[-1] + 2 >= len(signs) or not self._may_mark():
            return False
        letters = signs[escapes + 1]
        signs[escapes + 1] = _MEANT[letters]
        signs[escapes[~_KEPT[letters]]] = _NOTHING
        return True

    def _are_empty(self, quotes: Places) -> bool:
        """Whether quotes that others follow begin empty strings; what looks like one and is none is found later."""
        if not quotes[0] or quotes[-1] + 2 >= len(self.signs):
            return False
        return bool(_BEFORE[self.signs[quotes - 1]].all() and _BEHIND[self.signs[quotes + 2]].all())

    def _mark_doubled(self, quotes: Places) -> None:
        closing, opening = quotes[1:-1:2], quotes[2::2]
        doubled = closing + 1 == opening
        self.signs[closing[doubled]] = _NOTHING
        self.signs[opening[doubled]] = _QUOTE
