r"""Lines of COPY's text form to columns, a block at a time, by the places of all tabs and newlines.

What a backslash escapes is put right in the columns that hold any. Where it may escape a tab or a newline, or digits
follow it, the lines are for another reader, and so they are where one has another number of values.
"""

from __future__ import annotations

import numpy as np

from migrator.formats.csv_words import Words
from migrator.formats.fields import SLACK, Fields, Places, Truths
from migrator.formats.sql_block import Column, FieldColumn
from migrator.formats.sql_marks import BACKSLASH, NEWLINE, TAB, Signs, escaping
from migrator.formats.sql_texts import TextBytes, made

_LARGEST = 1 << 30
_NULL_BYTES = 2
_NULL_LETTER = ord("N")
_MEANT = np.arange(256, dtype=np.uint8)
_MEANT[list(b"bfnrtv")] = list(b"\b\f\n\r\t\v")
# Digits and `x` begin an escape of several bytes.
_NOT_PLAIN = np.zeros(256, np.bool_)
_NOT_PLAIN[list(b"01234567x\t\n")] = True


def columns_of_lines(lines: bytes, width: int) -> list[FieldColumn] | None:
    """Columns of text with nulls; None where the lines are better read one by one, faulty ones among them.

    Args:
        lines: Whole ones, with the newline that ends the last.
        width: How many values a row has.
    """
    if len(lines) > _LARGEST:
        return None
    signs: Signs = np.frombuffer(lines, np.uint8)
    escapes = 0
    if b"\\" in lines:
        places = np.flatnonzero(signs == BACKSLASH)
        escapes = len(places)
        if _NOT_PLAIN[signs[places[escaping(places)] + 1]].any():
            return None
    ends = _ends(signs, width)
    if ends is None:
        return None
    words = Words(lines + bytes(SLACK))
    starts = [np.concatenate(([0], ends[-1][:-1] + 1)), *(column + 1 for column in ends[:-1])]
    nulls: list[Truths | None] = [None] * width
    if escapes:
        found = [_nulls(signs, *places) for places in zip(starts, ends, strict=True)]
        nulls = [each if each.any() else None for each in found]
        escapes -= sum(int(np.count_nonzero(each)) for each in nulls if each is not None)
    put_right = _unescaped if escapes else None
    return [
        FieldColumn(Fields(words, begin, end if null is None else np.where(null, begin, end), null), put_right)
        for begin, end, null in zip(starts, ends, nulls, strict=True)
    ]


def _ends(signs: Signs, width: int) -> list[Places] | None:
    """Where the values of each column end; None where not each line has as many."""
    points = signs == NEWLINE
    rows = int(np.count_nonzero(points))
    points |= signs == TAB
    places = np.flatnonzero(points)
    if rows * width != len(places):
        return None
    table = np.ascontiguousarray(places.reshape(rows, width).T)
    if not (signs[table[-1]] == NEWLINE).all():
        return None
    return list(table)


def _nulls(signs: Signs, starts: Places, ends: Places) -> Truths:
    nulls: Truths = ends - starts == _NULL_BYTES
    short = np.flatnonzero(nulls)
    begins = starts[short]
    nulls[short] = (signs[begins] == BACKSLASH) & (signs[begins + 1] == _NULL_LETTER)
    return nulls


def _unescaped(column: Column) -> Column:
    text = TextBytes(column)
    places = np.flatnonzero(text.signs == BACKSLASH)
    if not len(places):
        return column
    # No value ends with a backslash that escapes, so that each one's are told apart as if it stood alone.
    escapes = places[escaping(places)]
    signs = text.signs.copy()
    signs[escapes + 1] = _MEANT[signs[escapes + 1]]
    kept = np.ones(len(signs), np.bool_)
    kept[escapes] = False
    return made(column, (text.bounds - np.searchsorted(escapes, text.bounds)).astype(np.int32), signs[kept])
