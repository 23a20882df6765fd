"""Runs of literal rows to columns, by the quickest way that is proved to give what reading value by value gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from migrator.formats.sql_insert_fast import take_marked
from migrator.formats.sql_insert_form import Form, Run
from migrator.formats.sql_insert_split import take_split

_MARKS = frozenset(b"'\\")

# Each column costs something however few its rows are.
LEAST_BYTES = 16 << 10
_LARGEST = 1 << 30
_LONGEST_PAUSE = 64


class Runs:
    """Takes runs of rows; where trying the plain way is in vain, it is tried ever more seldom."""

    def __init__(self) -> None:
        self._pause = 1
        self._paused = 0

    def take(self, piece: bytes, form: Form, types: Sequence[pa.DataType] | None) -> Run | None:
        """As many whole rows as can be taken together; None where that is none.

        Args:
            piece: Text that begins behind a row's opening parenthesis.
            form: What to expect.
            types: What types the columns probably have, where that is known.
        """
        if _MARKS & set(form.between) or form.between.count(b",") != 1 or b";" in form.between:
            return None
        if form.after is not None and (_MARKS & set(form.after) or form.after.count(b";") != 1):
            form = replace(form, after=None)
        run = self._take_split(piece, form, types) if LEAST_BYTES <= len(piece) < _LARGEST else None
        return run or take_marked(piece, form)

    def _take_split(self, piece: bytes, form: Form, types: Sequence[pa.DataType] | None) -> Run | None:
        if self._paused:
            self._paused -= 1
            return None
        run = take_split(piece, form, types)
        if run is None:
            self._paused = self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        else:
            self._pause = 1
        return run
