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
from migrator.formats.sql_plain_literals import are_numbers, truths
from migrator.formats.sql_plain_rows import TextBytes, insert_form, is_null, parsed
from migrator.formats.sql_plain_text import PlainText

_OPENING = ord("(")
_NULL_BYTES = 4
# Names before the first row of a statement, and ends of lines, are none.
_NO_FIELDS = frozenset(b",\r\n")
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
    plain = PlainText(piece[:cut])
    if not plain.make_plain(escapes=form.family is Family.MYSQL):
        return None
    bounds = _overwritten(piece[:cut], form, plain.signs[1:])
    columns = parsed(plain.text, insert_form(form.width)) if bounds else None
    if bounds is None or columns is None or len(columns[0]) != len(bounds.begins):
        return None
    values = _proved(columns, plain, bounds)
    if values is not None and plain.is_marked():
        values = [plain.put_right(column) for column in values]
    return None if values is None else _run(values, bounds)


def _overwritten(piece: bytes, form: Form, target: Signs) -> _Bounds | None:
    """Find the separators of a piece of whole rows, and overwrite them in `target` for a csv reader."""
    signs: Signs = np.frombuffer(piece, np.uint8)
    openings = np.flatnonzero(signs == _OPENING)
    between = _standing(piece, signs, openings, form.between)
    _overwrite(target, between, form.between, form.between.index(b","))
    if form.after is None:
        lasts, ends, closing = between, between - (len(form.between) - 1), np.zeros(0, np.intp)
    else:
        after = _standing(piece, signs, openings, form.after)
        _overwrite(target, after, form.after, form.after.index(b";"))
        lasts = np.concatenate((between, after))
        order = np.argsort(lasts, kind="stable")
        lasts = lasts[order]
        if (lasts[1:] == lasts[:-1]).any():
            return None
        ends = np.concatenate((between - (len(form.between) - 1), after - (len(form.after) - 1)))[order]
        closing = np.flatnonzero(order >= len(between))
    return _Bounds(np.concatenate(([0], lasts + 1)), np.concatenate((ends, [len(piece)])), closing)


def _standing(piece: bytes, signs: Signs, openings: Indices, separator: bytes) -> Indices:
    """Which of these parentheses a separator ends with."""
    lasts: Indices = openings[openings >= len(separator) - 1]
    for back, sign in enumerate(separator[-2 : -2 - _COMPARED_ALONE : -1], 1):
        lasts = lasts[signs[lasts - back] == sign]
    rest = separator[: -1 - _COMPARED_ALONE]
    if not rest or not len(lasts):
        return lasts
    found = windows(piece, len(rest))[lasts - (len(separator) - 1)].tobytes()
    if found == rest * len(lasts):
        return lasts
    alike = np.frombuffer(found, np.uint8).reshape(len(lasts), -1) == np.frombuffer(rest, np.uint8)
    standing: Indices = lasts[alike.all(axis=1)]
    return standing


def _overwrite(target: Signs, lasts: Indices, separator: bytes, newline: int) -> None:
    """Make of each separator, given its last byte, the end of a csv record with a field on each side."""
    firsts = lasts - (len(separator) - 1)
    for place, sign in enumerate(separator):
        if sign in _NO_FIELDS:
            target[firsts + place] = SEMICOLON
    target[firsts] = COMMA
    target[firsts + newline] = NEWLINE
    target[lasts] = COMMA


def _proved(columns: Sequence[Column], plain: PlainText, bounds: _Bounds) -> list[Column] | None:
    """The values, if the columns are what the rows of SQL hold; None where that is not proved."""
    signs = plain.signs
    rows = len(bounds.begins)
    # The piece begins behind a comma.
    at = bounds.begins.astype(np.int32) + np.int32(1)
    quoted = 0
    values: list[Column] = []
    for column in columns:
        text = TextBytes(column)
        are_quoted = signs.take(at) == QUOTE
        strings = int(np.count_nonzero(are_quoted))
        at += text.sizes
        if strings == rows:
            at += 2
        elif strings:
            at += are_quoted.view(np.uint8) * np.uint8(2)
        nulls = is_null(column) if column.null_count else None
        if nulls is not None:
            at += nulls.view(np.uint8) * np.uint8(_NULL_BYTES)
        if int(at.max()) > len(signs):
            return None
        if strings and not ((signs.take(at - 1) == QUOTE) >= are_quoted).all():
            return None
        others = rows - strings - column.null_count
        found = _literals(text, are_quoted, nulls) if others else column
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
