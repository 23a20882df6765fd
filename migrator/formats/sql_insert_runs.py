"""Runs of literal rows to columns, by the quickest way that is proved to give what reading value by value gives."""

from __future__ import annotations

import re
from dataclasses import replace

from migrator.formats.sql_insert_fast import take_marked
from migrator.formats.sql_insert_form import Form, Run
from migrator.formats.sql_insert_plain import take_plain
from migrator.formats.sql_plain_rows import LARGEST

_MARKS = frozenset(b"'\\")

# A csv reader costs more to set up than a few rows cost otherwise.
LEAST_BYTES = 16 << 10
_LONGEST_PAUSE = 64

# Behind a first value without quotes in it.
_FIRST_GAP = re.compile(rb"(?:'[^'\\]*+'|[^',()]++)(,[ \t]?)")


class Runs:
    """Takes runs of rows; where trying the plain way is in vain, it is tried ever more seldom."""

    def __init__(self) -> None:
        self._pause = 1
        self._paused = 0
        self._gap = b","

    def take(self, piece: bytes, form: Form) -> Run | None:
        """As many whole rows as can be taken together; None where that is none.

        Args:
            piece: Text that begins behind a row's opening parenthesis.
            form: What to expect.
        """
        if _MARKS & set(form.between) or form.between.count(b",") != 1 or b";" in form.between:
            return None
        if form.after is not None and (_MARKS & set(form.after) or form.after.count(b";") != 1):
            form = replace(form, after=None)
        run = self._take_plain(piece, form) if LEAST_BYTES <= len(piece) < LARGEST else None
        return run or take_marked(piece, form)

    def _take_plain(self, piece: bytes, form: Form) -> Run | None:
        if self._paused:
            self._paused -= 1
            return None
        found = _FIRST_GAP.match(piece) if form.width > 1 else None
        self._gap = found[1] if found else self._gap
        run = take_plain(piece, replace(form, gap=self._gap))
        if run is None:
            self._paused = self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        else:
            self._pause = 1
        return run
