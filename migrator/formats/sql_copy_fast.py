r"""Lines of COPY's text form to columns, a block at a time, where that gives what reading value by value gives."""

from __future__ import annotations

import numpy as np

from migrator.formats.sql_block import BlockColumn, text_column
from migrator.formats.sql_copy_plain import BY_DIGITS, MEANT, plain_columns
from migrator.formats.sql_marks import BACKSLASH, NEWLINE, TAB, Positions, Signs, Truths, marks
from migrator.formats.sql_slots import Slots

_NULL = 2  # bytes


def columns_of_lines(lines: bytes, width: int) -> list[BlockColumn] | None:
    """Columns of text with nulls; None where the lines are better read one by one, faulty ones among them.

    Args:
        lines: Whole ones, with the newline that ends the last.
        width: How many values a row has.
    """
    plain = plain_columns(lines, width)
    if plain is not None:
        return plain
    signs: Signs = np.frombuffer(lines, np.uint8)
    escaping = b"\\" in lines
    found = marks(signs, TAB, NEWLINE, BACKSLASH) if escaping else marks(signs, TAB, NEWLINE)
    separates = found.kinds != 0
    points, kinds = (found.at[separates], found.kinds[separates]) if escaping else (found.at, found.kinds)
    rows = len(points) // width
    ends_line = kinds == NEWLINE
    if rows * width != len(points) or np.count_nonzero(ends_line) != rows or not ends_line[width - 1 :: width].all():
        return None
    starts = np.empty(len(points), np.int32)
    starts[0] = 0
    np.add(points[:-1], 1, out=starts[1:])
    removed, nulls = None, None
    if escaping:
        removed = found.at[found.escapes]
        escaped = removed + 1
        letters = signs.take(escaped)
        if BY_DIGITS.take(letters).any():
            return None
        nulls = _nulls(signs, starts, points)
        signs = signs.copy()
        signs[escaped] = MEANT.take(letters)
    shape = (rows, width)
    slots = Slots(signs, starts.reshape(shape), points.reshape(shape), removed)
    by_row = None if nulls is None else nulls.reshape(shape)
    return [_column(slots, number, by_row) for number in range(width)]


def _nulls(signs: Signs, starts: Positions, ends: Positions) -> Truths:
    nulls: Truths = ends - starts == _NULL
    short = np.flatnonzero(nulls)
    begins = starts[short]
    nulls[short] = (signs[begins] == BACKSLASH) & (signs[begins + 1] == ord("N"))
    return nulls


def _column(slots: Slots, number: int, nulls: Truths | None) -> BlockColumn:
    if nulls is None or not (ours := nulls[:, number]).any():
        return text_column(slots.column(number))
    return text_column(slots.column(number, np.ascontiguousarray(ours)))
