r"""Whole pieces of literal rows to columns, by the places of all commas.

Where separators of rows stand tells where rows begin and end; a comma is put in place of what closes each row, and no
comma is left in what stands between two rows. Then there must be as many commas outside strings as values, the last of
each row where it ends. A value that begins with a quote must end with one, there may be no other quotes, and what
stands in no quotes must be a number, NULL, TRUE or FALSE. So the text can have been split nowhere else than SQL does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from migrator.formats.csv_words import Words
from migrator.formats.fields import Column, Fields, Places, Truths
from migrator.formats.sql_block import BlockColumn, FieldColumn, text_column
from migrator.formats.sql_grammar import Family
from migrator.formats.sql_insert_form import Form, Part, Run
from migrator.formats.sql_marks import COMMA, QUOTE, Signs, windows
from migrator.formats.sql_plain_literals import are_numbers, truths
from migrator.formats.sql_plain_text import PlainText
from migrator.formats.sql_texts import TextBytes

_OPENING = ord("(")
_NO_COMMA = ord(";")
_GAPS = frozenset(b" \t")
_COMPARED_ALONE = 8
_LOWER = 0x20
_SMALL_N = ord("n")
_WORD = np.dtype("<u4")
_NULLS = np.frombuffer(b"NULLnull", _WORD)


@dataclass(frozen=True)
class _Bounds:
    """Bounds of rows, as positions in the piece.

    Attributes:
        begins: Where the first value of each row begins.
        ends: Where the last value of each ends.
        closing: The rows that end their statements.
    """

    begins: Places
    ends: Places
    closing: Places


def take_split(piece: bytes, form: Form, types: Sequence[pa.DataType] | None) -> Run | None:
    """The rows up to the last separator in the piece; None where one of them is not plain.

    Args:
        piece: Text that begins behind a row's opening parenthesis.
        form: What to expect; its separators hold neither quotes nor backslashes.
        types: What types the columns probably have, where that is known.
    """
    cut = max(piece.rfind(form.between), piece.rfind(form.after) if form.after else -1)
    if cut <= 0:
        return None
    plain = PlainText(memoryview(piece)[:cut])
    if not plain.make_plain(escapes=form.family is Family.MYSQL):
        return None
    bounds = _bounds(piece, cut, form, plain.signs)
    values = _fields(plain, bounds, form.width) if bounds else None
    if bounds is None or values is None:
        return None
    columns = _proved(values, plain, types)
    return None if columns is None else _run(columns, bounds)


def _bounds(piece: bytes, cut: int, form: Form, target: Signs) -> _Bounds | None:
    """Find the separators of whole rows that end at `cut`; in `target` a comma ends each row, and none begins one."""
    signs: Signs = np.frombuffer(piece, np.uint8, cut)
    lasts = np.flatnonzero(signs == _OPENING)
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
    ends = lasts - (len(form.between) - 1)
    ends[closing] = lasts[closing] - (len(form.after or b"") - 1)
    _end_rows(target, ends if form.after is None else ends[between], form.between)
    _end_rows(target, ends[closing], form.after or b"")
    return _Bounds(np.concatenate(([0], lasts + 1)), np.concatenate((ends, [cut])), closing)


def _stand(piece: bytes, signs: Signs, lasts: Places, separator: bytes) -> Truths:
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


def _end_rows(target: Signs, begins: Places, separator: bytes) -> None:
    """Overwrite separators of rows, given the first byte of each."""
    if not len(begins):
        return
    for place, sign in enumerate(separator):
        if sign == COMMA:
            target[begins + place] = _NO_COMMA
    target[begins] = COMMA


def _fields(plain: PlainText, bounds: _Bounds, width: int) -> list[Fields] | None:
    """The values as they are written, a column each; None where not all rows have so many."""
    signs, rows = plain.signs, len(bounds.begins)
    places = np.flatnonzero(signs == COMMA)
    if len(places) != rows * width:
        places = _outside_strings(signs)
        if len(places) != rows * width:
            return None
    ends = np.ascontiguousarray(places.reshape(rows, width).T)
    if not np.array_equal(ends[-1], bounds.ends):
        return None
    starts = [bounds.begins, *(column + 1 for column in ends[:-1])]
    gap = int(signs[starts[1][0]]) if width > 1 else COMMA
    if gap in _GAPS:
        for column in starts[1:]:
            if not (signs[column] == gap).all():
                return None
            column += 1
    words = Words(plain.text)
    return [Fields(words, *column) for column in zip(starts, ends, strict=True)]


def _outside_strings(signs: Signs) -> Places:
    """Where commas stand that are in no string."""
    are_quotes = signs == QUOTE
    marks = np.flatnonzero(are_quotes | (signs == COMMA))
    are_quotes = are_quotes[marks]
    inside = np.cumsum(are_quotes, dtype=np.uint8) & 1
    outside: Places = marks[~(inside.view(np.bool_) | are_quotes)]
    return outside


def _proved(
    written: list[Fields], plain: PlainText, types: Sequence[pa.DataType] | None
) -> list[FieldColumn | Column] | None:
    """The values, or their texts, if each is a literal; None where that is not proved."""
    signs, quotes = plain.signs, 0
    put_right = plain.put_right if plain.is_marked else None
    columns: list[FieldColumn | Column] = []
    for index, fields in enumerate(written):
        starts, ends = fields.starts, fields.ends
        first = signs[starts]
        quoted: Truths = first == QUOTE
        strings = int(np.count_nonzero(quoted))
        quotes += 2 * strings
        if strings:
            lasts = ends - 1
            if not (((signs[lasts] == QUOTE) & (lasts > starts)) >= quoted).all():
                return None
            starts, ends = starts + quoted, lasts if strings == len(starts) else ends - quoted
        nulls = None
        if strings < len(starts):
            nulls = _nulls(plain, fields, first)
        if nulls is not None:
            ends = np.where(nulls, starts, ends)
        found = Fields(fields.words, starts, ends, nulls)
        others = len(starts) - strings - (0 if nulls is None else int(np.count_nonzero(nulls)))
        column: FieldColumn | Column | None = FieldColumn(found, put_right)
        if others:
            column = _literals(found, quoted, put_right, types[index] if types else None)
        if column is None:
            return None
        columns.append(column)
    return columns if quotes == plain.quotes else None


def _nulls(plain: PlainText, fields: Fields, first: Signs) -> Truths | None:
    """Which values are NULL, if any."""
    chosen = np.flatnonzero(first | _LOWER == _SMALL_N)
    if not len(chosen):
        return None
    starts, ends = fields.starts[chosen], fields.ends[chosen]
    chosen = chosen[ends - starts == _WORD.itemsize]
    words = np.frombuffer(windows(plain.text, _WORD.itemsize)[fields.starts[chosen]].tobytes(), _WORD)
    nulls = np.zeros(len(first), np.bool_)
    nulls[chosen] = (words == _NULLS[0]) | (words == _NULLS[1])
    return nulls if nulls.any() else None


def _literals(
    found: Fields, quoted: Truths, put_right: Callable[[Column], Column] | None, kind: pa.DataType | None
) -> FieldColumn | Column | None:
    """A column's values, of which some are neither in quotes nor null; None where one of those is no literal."""
    known = None if kind is None else found.typed(kind)
    if known is not None:
        return FieldColumn(found, put_right, known)
    text = TextBytes(found.text())
    if not quoted.any():
        return text.column if are_numbers(text) else truths(text)
    others = np.flatnonzero(~quoted if found.nulls is None else ~quoted & ~found.nulls)
    if not are_numbers(TextBytes(text.column.take(pa.array(others, pa.int64())))):
        return None
    return text.column if put_right is None else put_right(text.column)


def _run(columns: Sequence[FieldColumn | Column], bounds: _Bounds) -> Run:
    rows, statements = len(bounds.begins), len(bounds.closing)
    split = int(bounds.closing[-1]) + 1 if statements else 0
    ended = _part(columns, bounds, 0, split) if split else None
    return Run(ended, statements, _part(columns, bounds, split, rows))


def _part(columns: Sequence[FieldColumn | Column], bounds: _Bounds, begin: int, end: int) -> Part:
    parts = [_slice(column, begin, end) for column in columns]
    return Part(parts, end - begin, int(bounds.begins[begin]), int(bounds.ends[end - 1]))


def _slice(column: FieldColumn | Column, begin: int, end: int) -> FieldColumn | BlockColumn:
    if isinstance(column, FieldColumn):
        return column.slice(begin, end)
    return text_column(column.slice(begin, end - begin))
