"""Lists without any quotation mark (of numbers, of truths, of such lists): spans of a text → Arrow columns."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from migrator.formats import json_cells as cells
from migrator.formats.json_spans import Mask, Positions, Signs
from migrator.formats.json_template import Unlike

Column: TypeAlias = "pa.Array[Any]"
Offsets: TypeAlias = npt.NDArray[np.int32]

# The stubs know only types that are known where they are written.
_list_from: Any = pa.ListArray.from_arrays

_OPEN, _CLOSE, _COMMA = b"[],"
_IS_MARK = np.zeros(256, np.bool_)
_IS_MARK[[_OPEN, _CLOSE, _COMMA]] = True
_STEP = np.zeros(256, np.int8)
_STEP[_OPEN], _STEP[_CLOSE] = 1, -1


def lists(text: cells.Text, starts: Positions, ends: Positions, kind: Any) -> Column:
    """Lists and nulls.

    Args:
        text: Text that holds them.
        starts: Their first bytes.
        ends: The bytes behind their last ones.
        kind: The type of the column: lists of scalars, or of lists.

    Raises:
        Unlike: where one is no list, or one that would not come back.
    """
    nulls = cells.are(text, starts, ends, b"null")
    here = np.flatnonzero(~nulls)
    column = cells.texts(text, starts[here], ends[here])
    offsets, inner = _parsed(column, kind)
    if len(here) == len(starts):
        return _list_of(offsets, inner, kind)
    sizes = np.zeros(len(starts) + 1, np.int32)
    sizes[here + 1] = np.diff(offsets)
    offsets = np.cumsum(sizes, dtype=np.int32)
    return _list_of(offsets, inner, kind, pa.array(nulls))


def _list_of(offsets: Offsets, inner: Column, kind: Any, nulls: "Column | None" = None) -> Column:
    column: Column = _list_from(pa.array(offsets), inner, type=kind, mask=nulls)
    return column


def _parsed(column: Column, kind: Any) -> tuple[Offsets, Column]:
    """Offsets and values of the lists that the texts are."""
    if not len(column):
        return np.zeros(1, np.int32), pa.array([], kind.value_type)
    text, bounds = cells.packed(column)
    if (text.signs == ord(" ")).any():
        # A blank behind each comma is usual; nothing here is a string.
        text, bounds = cells.packed(pc.replace_substring(column, ", ", ","))
    places = np.flatnonzero(_IS_MARK[text.signs])
    marks = text.signs[places]
    depths = np.cumsum(_STEP[marks], dtype=np.int64)
    levels, leaf = _levels(kind)
    opens = marks == _OPEN
    if not (
        np.array_equal(places[opens & (depths == 1)], bounds[:-1])
        and np.array_equal(places[~opens & (depths == 0)], bounds[1:] - 1)
        and depths.max() <= levels
    ):
        raise Unlike
    values = np.diff(places) > 1
    if not _follow(marks, depths, values, levels):
        raise Unlike
    found = np.flatnonzero(values)
    inner = cells.plain(text, places[found] + 1, places[found + 1], leaf)
    before = np.concatenate([[0], np.cumsum(values)])
    types = [kind]
    while len(types) < levels:
        types.append(types[-1].value_type)
    for level in range(levels, 0, -1):
        here = np.flatnonzero(opens & (depths == level))
        offsets = np.append(before[here], len(inner)).astype(np.int32)
        if level > 1:
            inner = _list_of(offsets, inner, types[level - 1])
            before = np.cumsum(opens & (depths == level))
    return offsets, inner


def _follow(marks: Signs, depths: Positions, values: Mask, levels: int) -> bool:
    """Whether each mark may follow the one before it, with or without a value between them."""
    left, right, depth = marks[:-1], marks[1:], depths[:-1]
    with_value = (left != _CLOSE) & (right != _OPEN) & (depth == levels)
    without = np.where(
        left == _CLOSE,
        (right == _OPEN) == (depth == 0),
        (right == _OPEN) | ((left == _OPEN) & (right == _CLOSE)),
    )
    return bool(np.where(values, with_value, without).all())


def _levels(kind: Any) -> tuple[int, Any]:
    """How many lists are in one another, and what stands in the innermost."""
    levels = 0
    while pa.types.is_list(kind):
        levels += 1
        kind = kind.value_type
    return levels, kind
