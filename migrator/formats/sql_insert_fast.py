r"""Runs of literal rows to columns, a block at a time, where that gives what reading value by value gives.

Where quotes, commas and backslashes stand tells where each value would begin and end, if every row were as wide as the
first and all separators alike. Then it is proved: separators are compared byte by byte, each string must begin and end
with its value, and everything else must be a literal. Rows are taken up to the first one that fails; the exact way has
the last word on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from migrator.formats.sql_fast_values import RowValues
from migrator.formats.sql_grammar import Family
from migrator.formats.sql_insert_form import Form, Part, Run
from migrator.formats.sql_marks import (
    BACKSLASH,
    COMMA,
    QUOTE,
    SEMICOLON,
    Indices,
    Marks,
    Positions,
    Signs,
    Truths,
    first_true,
    marks,
    matches,
)


@dataclass(frozen=True)
class _Rows:
    """Bounds of rows that are separated as expected; nothing is known of what is in them.

    Attributes:
        begins: Where each row begins.
        starts: Where each value begins, a row a row and a column a column.
        ends: Where each one ends.
        closing: The rows that end their statements.
    """

    begins: Positions
    starts: Positions
    ends: Positions
    closing: Indices


def take_marked(piece: bytes, form: Form) -> Run | None:
    """As many whole rows as can be taken this way; None where that is none.

    Args:
        piece: Text that begins behind a row's opening parenthesis.
        form: What to expect.
    """
    signs: Signs = np.frombuffer(piece, np.uint8)
    after = form.after
    escaping = form.family is Family.MYSQL and b"\\" in piece
    kinds = (QUOTE, COMMA, *((SEMICOLON,) if after else ()), *((BACKSLASH,) if escaping else ()))
    found = marks(signs, *kinds)
    # Sums of 32 bits are the quickest.
    inside = (np.cumsum(found.kinds == QUOTE, dtype=np.int32) & 1).astype(np.bool_)
    rows = _rows(piece, found, inside, form, after)
    if rows is None:
        return None
    values = RowValues(piece, signs, rows.starts, rows.ends)
    values.hold_quotes(found.at[found.kinds == QUOTE])
    if escaping:
        values.hold_escapes(found.at[found.escapes], found.at[found.escapes[~inside[found.escapes]]])
    while taken := values.good:
        statements = int(np.searchsorted(rows.closing, taken))
        split = int(rows.closing[statements - 1]) + 1 if statements else 0
        ended = _part(values, rows, 0, split)
        rest = _part(values, rows, split, taken)
        # Some literals are proved only while they are decoded.
        if values.good == taken:
            return Run(ended, statements, rest)
    return None


def _part(values: RowValues, rows: _Rows, begin: int, end: int) -> Part | None:
    if begin == end:
        return None
    columns = values.columns(begin, end)
    return Part(columns, end - begin, int(rows.begins[begin]), int(values.row_ends[end - 1]))


def _rows(piece: bytes, found: Marks, inside: Truths, form: Form, after: bytes | None) -> _Rows | None:
    # Of two truths the greater: a separator, and in no string.
    points = found.at[np.greater(found.kinds > QUOTE, inside)]
    closing = _closing(found, inside, points) if after else np.zeros(0, np.intp)
    if after and len(closing) and (count := after.count(b",")):
        points, closing = _without_heads(points, closing, count)
    width = form.width
    rows = len(points) // width
    if not rows:
        return None
    points, closing = points[: rows * width], closing[: np.searchsorted(closing, rows * width)]
    lasts = points[width - 1 :: width]
    begins = lasts - form.between.index(b",")
    nexts = begins + len(form.between)
    good, closing_rows = rows, closing // width
    if after and len(closing):
        amiss = first_true(closing % width != width - 1)
        if amiss < len(closing):
            good, closing_rows = int(closing_rows[amiss]), closing_rows[:amiss]
        begins[closing_rows] = lasts[closing_rows] - after.index(b";")
        nexts[closing_rows] = begins[closing_rows] + len(after)
        good = min(good, _alike(piece, begins, closing_rows, after))
        others = np.ones(rows, np.bool_)
        others[closing_rows] = False
        good = min(good, _alike(piece, begins, np.flatnonzero(others), form.between))
    else:
        good = matches(piece, begins, form.between)
    if not good:
        return None
    starts = np.empty(rows * width, np.int32)
    np.add(points[:-1], 1, out=starts[1:])
    starts[0] = 0
    starts[width::width] = nexts[:-1]
    points[width - 1 :: width] = begins
    starts, ends = starts.reshape(rows, width)[:good], points.reshape(rows, width)[:good]
    return _Rows(starts[:, 0].copy(), starts, ends, closing_rows[: np.searchsorted(closing_rows, good)])


def _closing(found: Marks, inside: Truths, points: Positions) -> Indices:
    """Which of the points are semicolons."""
    semicolons = np.flatnonzero(found.kinds == SEMICOLON)
    closing: Indices = np.searchsorted(points, found.at[semicolons[~inside[semicolons]]])
    return closing


def _without_heads(points: Positions, closing: Indices, count: int) -> tuple[Positions, Indices]:
    """Points without the commas, as many as `count`, of each head behind a statement's end."""
    in_heads = (closing[:, np.newaxis] + np.arange(1, count + 1)).reshape(-1)
    kept = np.ones(len(points), np.bool_)
    kept[in_heads[in_heads < len(points)]] = False
    semicolons = points[closing[kept[closing]]]
    points = points[kept]
    return points, np.searchsorted(points, semicolons)


def _alike(piece: bytes, begins: Positions, rows: Indices, separator: bytes) -> int:
    """The first of these rows that the separator does not follow; beyond all rows where there is none."""
    matching = matches(piece, begins[rows], separator)
    return int(rows[matching]) if matching < len(rows) else len(begins)
