r"""Blanks behind the commas between values, which a csv reader would take for a part of the next value.

`, ` becomes a mark and the comma, in strings too, as long as before: the mark is then the last byte of each value that
a comma follows, and within a value it stands for the comma, and what follows it for the blank.
"""

from __future__ import annotations

import numpy as np

from migrator.formats.sql_block import Column
from migrator.formats.sql_marks import COMMA, Signs, Truths
from migrator.formats.sql_plain_rows import GAP, TextBytes, made

GAPS = frozenset({b", ", b",\t"})
"""What may stand between two values besides a comma alone."""


def mark_gaps(signs: Signs, gap: bytes) -> None:
    """Mark each `gap`, one of `GAPS`."""
    commas = np.flatnonzero(signs[:-1] == COMMA)
    commas = commas[signs[commas + 1] == gap[1]]
    signs[commas] = GAP
    signs[commas + 1] = COMMA


def without_gaps(column: Column, nulls: Truths | None, gap: bytes, *, ends: bool) -> TextBytes | None:
    """A column without marks; None where not every value that is there ends with one.

    Args:
        column: As it was read.
        nulls: Where it has no value, if anywhere.
        gap: What the marks stand for.
        ends: Whether a comma follows the values, so that each ends with a mark.
    """
    text = TextBytes(column)
    marks = np.flatnonzero(text.signs == GAP)
    if not len(marks) and (not ends or column.null_count == len(column)):
        return text
    signs, bounds = text.signs.copy(), text.bounds
    if not ends:
        if marks[-1] + 1 == len(signs) or not (signs[marks + 1] == COMMA).all():
            return None
        signs[marks], signs[marks + 1] = COMMA, gap[1]
        return TextBytes(made(column, bounds, signs))
    given = text.sizes > 0
    lasts = bounds[1:][given] - 1
    if len(lasts) + column.null_count != len(column) or not (signs[lasts] == GAP).all():
        return None
    if len(marks) > len(lasts):
        is_last = np.zeros(len(signs), np.bool_)
        is_last[lasts] = True
        inner = marks[~is_last[marks]]
        signs[inner], signs[inner + 1] = COMMA, gap[1]
    bounds = bounds.copy()
    bounds[1:] -= np.cumsum(given, dtype=np.int32)
    return TextBytes(made(column, bounds, signs.tobytes().translate(None, bytes([GAP]))))
