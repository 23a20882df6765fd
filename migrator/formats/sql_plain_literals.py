"""Whether texts that stand in no quotes are literals, for a whole column at once."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from migrator.formats.sql_block import Column
from migrator.formats.sql_marks import windows
from migrator.formats.sql_texts import TextBytes

_NUMBER = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_MINUS, _POINT, _ZERO, _NINE = b"-.09"
_SMALL_A = ord("a")
_WORD = np.dtype("<u4")
_TRUE, _FALSE = (np.frombuffer(word, _WORD)[0] for word in (b"true", b"fals"))
_LAST_OF_FALSE = ord("e")


def are_numbers(text: TextBytes) -> bool:
    """Whether each value that is not null is a number as SQL writes it."""
    column = text.column
    if np.count_nonzero(text.sizes == 0) != column.null_count:
        return False
    if not len(text.signs):
        return True
    least, greatest = int(text.signs.min()), int(text.signs.max())
    if least >= _ZERO and greatest <= _NINE:
        return True
    if least >= _MINUS and greatest <= _NINE and _are_decimals(text):
        return True
    matched: Column = pc.match_substring_regex(column, _NUMBER)
    return pc.all(matched, min_count=0).as_py() is not False


def truths(text: TextBytes) -> Column | None:
    """The values in small letters, where each that is not null is TRUE or FALSE."""
    column = text.column
    if not len(text.signs):
        return None
    if int(text.signs.min()) < _SMALL_A:
        column = pc.ascii_lower(column)
        text = TextBytes(column)
    sizes, begins = text.sizes, text.bounds[:-1]
    if column.null_count:
        given = np.flatnonzero(sizes)
        sizes, begins = sizes[given], begins[given]
    longer = sizes == len("false")
    if len(sizes) + column.null_count != len(column) or not (longer | (sizes == len("true"))).all():
        return None
    words = np.frombuffer(windows(text.signs.tobytes(), _WORD.itemsize)[begins].tobytes(), _WORD)
    if not (np.where(longer, _FALSE, _TRUE) == words).all():
        return None
    return column if (text.signs[begins[longer] + _WORD.itemsize] == _LAST_OF_FALSE).all() else None


def _are_decimals(text: TextBytes) -> bool:
    """Whether values of digits, points, minuses and slashes are decimals in the plainest notation."""
    signs, bounds = text.signs, text.bounds
    places = np.flatnonzero(signs < _ZERO)
    begins = np.zeros(len(signs) + 1, np.bool_)
    begins[bounds] = True
    points = places
    if not (signs[places] == _POINT).all():
        kinds = signs[places]
        minuses, points = places[kinds == _MINUS], places[kinds == _POINT]
        if len(minuses) + len(points) != len(places):
            return False
        following = minuses + 1
        if not begins[minuses].all() or begins[following].any() or (signs[following] < _ZERO).any():
            return False
    if not len(points):
        return True
    if begins[points].any() or (signs[points - 1] < _ZERO).any():
        return False
    if len(points) == len(text.sizes) and (points >= bounds[:-1]).all() and (points < bounds[1:]).all():
        return True
    # No two points in one value.
    counted = np.zeros(len(signs) + 1, np.int32)
    np.cumsum(signs == _POINT, out=counted[1:])
    before = counted[bounds]
    return bool((before[1:] - before[:-1] <= 1).all())
