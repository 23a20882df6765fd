r"""Lines of COPY's text form by Arrow's csv reader: tabs between values, no quotes, `\N` for null.

What a backslash escapes is put right in the columns that hold any. Where tabs and newlines may be escaped, or Arrow
would take a byte for the end of a line or for a mark of the text's encoding that is none, nothing is read this way.
"""

from __future__ import annotations

import codecs

import numpy as np

from migrator.formats.sql_block import BlockColumn, Column, text_column
from migrator.formats.sql_marks import BACKSLASH, NEWLINE, TAB, Signs, escaping
from migrator.formats.sql_plain_rows import TextBytes, copy_form, made, parsed

LEAST_BYTES = 4 << 10
MEANT = np.arange(256, dtype=np.uint8)
"""What an escaped byte means; digits and `x` begin an escape of several."""

MEANT[list(b"bfnrtv")] = list(b"\b\f\n\r\t\v")
BY_DIGITS = np.zeros(256, np.bool_)
"""The bytes that do."""

BY_DIGITS[list(b"01234567x")] = True
_NOT_PLAIN = BY_DIGITS.copy()
_NOT_PLAIN[[TAB, NEWLINE]] = True


def plain_columns(lines: bytes, width: int) -> list[BlockColumn] | None:
    """Columns of text with nulls; None where the lines are not plain, or one has another number of values.

    Args:
        lines: Whole ones, with the newline that ends the last.
        width: How many values a row has.
    """
    if len(lines) < LEAST_BYTES or b"\r" in lines or lines.startswith(codecs.BOM_UTF8):
        return None
    backslashes = 0
    signs: Signs = np.frombuffer(lines, np.uint8)
    if b"\\" in lines:
        places = np.flatnonzero(signs == BACKSLASH)
        if _NOT_PLAIN[signs[places[escaping(places)] + 1]].any():
            return None
        backslashes = len(places)
    columns = parsed(lines, copy_form(width))
    # Arrow passes over lines with nothing on them.
    if columns is None or np.count_nonzero(signs == NEWLINE) != len(columns[0]):
        return None
    if backslashes > sum(column.null_count for column in columns):
        columns = [_unescaped(column) for column in columns]
    return [text_column(column) for column in columns]


def _unescaped(column: Column) -> Column:
    text = TextBytes(column)
    places = np.flatnonzero(text.signs == BACKSLASH)
    if not len(places):
        return column
    # No value ends with a backslash that escapes, so that each one's are told apart as if it stood alone.
    escapes = places[escaping(places)]
    signs = text.signs.copy()
    signs[escapes + 1] = MEANT[signs[escapes + 1]]
    kept = np.ones(len(signs), np.bool_)
    kept[escapes] = False
    return made(column, (text.bounds - np.searchsorted(escapes, text.bounds)).astype(np.int32), signs[kept])
