r"""Whole pieces of literal rows by Arrow's csv reader, where it is proved that rows of SQL and of csv are the same.

Separators of rows are overwritten in place: `),(` becomes `,\n,`, so that a csv reader finds a field more before a
row's first value and one behind its last. Then everything is proved from the sizes of the values that it found: each
value must begin where the one before ends, a string with a quote and end with one, there may be no other quotes, each
row must end where its parenthesis stood, and what stands in no quotes must be a number, NULL, TRUE or FALSE. So the
reader can have split the text nowhere else than SQL does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from migrator.formats.sql_block import Column, text_column
from migrator.formats.sql_grammar import Family
from migrator.formats.sql_insert_form import Form, Part, Run
from migrator.formats.sql_marks import COMMA, NEWLINE, QUOTE, SEMICOLON, Indices, Signs, Truths, windows
from migrator.formats.sql_plain_gaps import without_gaps
from migrator.formats.sql_plain_literals import are_numbers, truths
from migrator.formats.sql_plain_rows import GAP, TextBytes, insert_form, is_null, parsed
from migrator.formats.sql_plain_text import PlainText

_OPENING = ord("(")
_NULL_BYTES = 4
# Names before the first row of a statement, and blanks, are none.
_NO_FIELDS = frozenset(b",\r\n \t")
_COMPARED_ALONE = 8


@dataclass(frozen=True)
class _Bounds:
    """Bounds of rows, as positions in the piece.

    Attributes:
        begins: Where the first value of each row begins.
        ends: Where the last value of each ends.
        closing: The rows that end their statements.
    """

    begins: Indices
    ends: Indices
    closing: Indices


def take_plain(piece: bytes, form: Form) -> Run | None:
    """The rows up to the last separator in the piece; None where one of them is not plain.

    Args:
        piece: Text that begins behind a row's opening parenthesis.
        form: What to expect; its separators hold neither quotes nor backslashes.
    """
    cut = max(piece.rfind(form.between), piece.rfind(form.after) if form.after else -1)
    if cut <= 0:
        return None
    plain = PlainText(memoryview(piece)[:cut], form.gap)
    if not plain.make_plain(escapes=form.family is Family.MYSQL):
        return None
    bounds = _overwritten(piece, cut, form, plain.signs[1:])
    columns = parsed(plain.text, insert_form(form.width, gaps=bool(plain.gap))) if bounds else None
    if bounds is None or columns is None or len(columns[0]) != len(bounds.begins):
        return None
    values = _proved(columns, plain, bounds)
    if values is not None and plain.is_marked():
        values = [plain.put_right(column) for column in values]
    return None if values is None else _run(values, bounds)


def _overwritten(piece: bytes, cut: int, form: Form, target: Signs) -> _Bounds | None:
    """Find the separators of whole rows that end at `cut`, and overwrite them in `target` for a csv reader."""
    signs: Signs = np.frombuffer(piece, np.uint8, cut)
    lasts = np.flatnonzero(signs == _OPENING)
    before = len(form.between) - 1
    between = _stand(piece, signs, lasts, form.between)
    closing = np.zeros(0, np.intp)
    if form.after is None:
        lasts = lasts[between]
    else:
        after = _stand(piece, signs, lasts, form.after)
        if (between & after).any():
            return None
        either = between | after
        lasts, between, after = lasts[either], between[either], after[either]
        closing = np.flatnonzero(after)
    ends = lasts - before
    ends[closing] = lasts[closing] - (len(form.after or b"") - 1)
    _overwrite(target, ends if form.after is None else ends[between], form.between, b",")
    _overwrite(target, ends[closing], form.after or b"", b";")
    return _Bounds(np.concatenate(([0], lasts + 1)), np.concatenate((ends, [cut])), closing)


def _stand(piece: bytes, signs: Signs, lasts: Indices, separator: bytes) -> Truths:
    """At which of these bytes a separator ends."""
    begins = lasts - (len(separator) - 1)
    standing: Truths = begins >= 0
    for place in range(len(separator) - 2, max(-1, len(separator) - 2 - _COMPARED_ALONE), -1):
        # What begins before the piece is none already, wherever it looks.
        standing &= signs.take(begins + place, mode="wrap") == separator[place]
        if not standing.any():
            return standing
    rest = separator[: -1 - _COMPARED_ALONE]
    left = np.flatnonzero(standing) if rest else standing[:0]
    if len(left):
        found = windows(piece, len(rest))[begins[left]].tobytes()
        if found != rest * len(left):
            alike = np.frombuffer(found, np.uint8).reshape(len(left), -1) == np.frombuffer(rest, np.uint8)
            standing[left] = alike.all(axis=1)
    return standing


def _overwrite(target: Signs, begins: Indices, separator: bytes, ends_row: bytes) -> None:
    """Make of each separator, given its first byte, the end of a csv record with a field on each side."""
    if not len(begins):
        return
    for place, sign in enumerate(separator):
        if sign in _NO_FIELDS:
            target[begins + place] = SEMICOLON
    target[begins] = COMMA
    target[begins + separator.index(ends_row)] = NEWLINE
    target[begins + (len(separator) - 1)] = COMMA


def _proved(columns: Sequence[Column], plain: PlainText, bounds: _Bounds) -> list[Column] | None:
    """The values, if the columns are what the rows of SQL hold; None where that is not proved."""
    signs = plain.signs
    rows = len(bounds.begins)
    # The piece begins behind a comma.
    at = bounds.begins.astype(np.int32) + np.int32(1)
    quoted = 0
    values: list[Column] = []
    for column in columns:
        nulls = is_null(column) if column.null_count else None
        gap = plain.gap if len(values) + 1 < len(columns) else b""
        text = without_gaps(column, nulls, plain.gap, ends=bool(gap)) if plain.gap else TextBytes(column)
        if text is None:
            return None
        # What lies beyond the text is far beyond its row's end too.
        are_quoted = signs.take(at, mode="clip") == QUOTE
        strings = int(np.count_nonzero(are_quoted))
        at += text.sizes
        if strings == rows:
            at += 2
        elif strings:
            at += are_quoted.view(np.uint8) * np.uint8(2)
        if nulls is not None:
            at += nulls.view(np.uint8) * np.uint8(_NULL_BYTES)
        if strings and not ((signs.take(at - 1, mode="clip") == QUOTE) >= are_quoted).all():
            return None
        if gap:
            if not (signs.take(at, mode="clip") == GAP).all():
                return None
            at += 1
        others = rows - strings - column.null_count
        found = _literals(text, are_quoted, nulls) if others else text.column
        if found is None:
            return None
        values.append(found)
        quoted += strings
        at += 1
    if plain.quotes != 2 * quoted or not np.array_equal(at - 2, bounds.ends):
        return None
    return values


def _literals(text: TextBytes, are_quoted: Truths, nulls: Truths | None) -> Column | None:
    """A column's values, those without quotes being literals; None where they are not."""
    if not are_quoted.any():
        return text.column if are_numbers(text) else truths(text)
    others = np.flatnonzero(~are_quoted if nulls is None else ~are_quoted & ~nulls)
    return text.column if are_numbers(TextBytes(text.column.take(pa.array(others, pa.int64())))) else None


def _run(columns: Sequence[Column], bounds: _Bounds) -> Run:
    rows, statements = len(bounds.begins), len(bounds.closing)
    split = int(bounds.closing[-1]) + 1 if statements else 0
    ended = _part(columns, bounds, 0, split) if split else None
    return Run(ended, statements, _part(columns, bounds, split, rows))


def _part(columns: Sequence[Column], bounds: _Bounds, begin: int, end: int) -> Part:
    texts = [column.slice(begin, end - begin) for column in columns]
    parts = [text_column(text) for text in texts]
    return Part(parts, end - begin, int(bounds.begins[begin]), int(bounds.ends[end - 1]))
