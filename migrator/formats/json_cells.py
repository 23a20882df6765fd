"""Spans of a text → Arrow columns of scalars; only what RFC 8259 allows, and only what comes back unchanged.

Spans may lie in any text in memory. They ascend and do not overlap.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias, cast

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from migrator.formats.column_casts import typed_values
from migrator.formats.json_spans import Mask, Positions, Signs, equal, windows
from migrator.formats.json_template import Unlike

Column: TypeAlias = "pa.Array[Any]"

_MINUS, _ZERO, _NINE, _POINT, _BLANK = b"-09. "
_IS_DIGIT = np.zeros(256, np.bool_)
_IS_DIGIT[list(b"0123456789")] = True
_IN_NUMBER = np.zeros(256, np.bool_)
_IN_NUMBER[list(b"0123456789.eE+-")] = True
_EXPONENT = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
# Straight from Arrow's registry: pyarrow's wrappers convert Python values anew with each call.
_take: Any = pc.get_function("array_take").call
_KNOWN_PLACES = pc.TakeOptions(boundscheck=False)
_TYPED = frozenset({pa.int64(), pa.float64(), pa.bool_()})


@dataclass(frozen=True, slots=True)
class Text:
    """Bytes in memory, as numpy and as Arrow see them."""

    signs: Signs
    buffer: pa.Buffer


def are(text: Text, starts: Positions, ends: Positions, word: bytes) -> Mask:
    """Which spans hold exactly `word`; it is looked for where the first byte is its own, and no span is empty."""
    same: Mask = text.signs[starts] == word[0]
    if same.any():
        places = np.flatnonzero(same)
        places = places[ends[places] - starts[places] == len(word)]
        same = np.zeros(len(starts), np.bool_)
        same[places] = equal(windows(text.signs, len(word))[starts[places]], word)
    return same


def strings(text: Text, starts: Positions, ends: Positions, nulls: Mask | None, backslashes: Positions) -> Column:
    """What stands between quotation marks, its escapes read.

    Args:
        text: Text that holds them.
        starts: First bytes.
        ends: Bytes behind the last ones.
        nulls: Which spans are nulls, and empty.
        backslashes: Where in the text there are any, ascending.

    Raises:
        Unlike: where there is a control character, or an escape is none, or gives half a surrogate pair.
    """
    column = texts(text, starts, ends, nulls)
    if len(column) and (signs := packed(column)[0].signs).size and signs.min() < _BLANK:
        raise Unlike
    if not len(backslashes):
        return column
    escaped = np.searchsorted(backslashes, starts) != np.searchsorted(backslashes, ends)
    if not escaped.any():
        return column
    mask = pa.array(escaped)
    written = '","'.join(cast(Any, column).filter(mask).to_pylist())
    try:
        read = orjson.loads(f'["{written}"]')
    except ValueError as error:
        raise Unlike from error
    replaced: Column = pc.replace_with_mask(column, mask, pa.array(read, pa.string()))
    return replaced


def plain(text: Text, starts: Positions, ends: Positions, kind: Any) -> Column:
    """Values without quotation marks: numbers, truths, and nulls among them.

    Raises:
        Unlike: where one is none of this type, or would not come back.
    """
    if (ends <= starts).any():
        raise Unlike
    nulls = are(text, starts, ends, b"null")
    column = texts(text, starts, np.where(nulls, starts, ends), nulls) if nulls.any() else texts(text, starts, ends)
    if column.null_count == len(column):
        return no_values(len(column), kind)
    if kind not in _TYPED:
        raise Unlike
    if kind == pa.float64():
        _hold_to_grammar(column.drop_null() if column.null_count else column)
    typed = typed_values(column, kind)
    if typed is None:
        raise Unlike
    return typed


def no_values(count: int, kind: Any) -> Column:
    """Nulls of any type."""
    column: Column = pa.nulls(count, kind)
    return column


def texts(text: Text, starts: Positions, ends: Positions, nulls: Mask | None = None) -> Column:
    """What stands in the spans, as it is written; `nulls` are empty."""
    count = len(starts)
    if not count:
        return pa.array([], pa.string())
    # Every second piece of the text is a value, and what is between them the others.
    places = np.empty(2 * count, np.int32)
    places[0::2] = starts
    places[1::2] = ends
    pieces = pa.Array.from_buffers(pa.string(), 2 * count - 1, [None, pa.py_buffer(cast(Any, places)), text.buffer])
    column: Column = _take([pieces, _every_second(count)], _KNOWN_PLACES)
    if nulls is None:
        return column
    present = pa.array(~nulls)
    _, offsets, data = column.buffers()
    return pa.Array.from_buffers(pa.string(), count, [present.buffers()[1], offsets, data])


@lru_cache(maxsize=8)
def _every_second(count: int) -> Column:
    return pa.array(np.arange(0, 2 * count, 2, dtype=np.int32))


def packed(column: Column) -> tuple[Text, Positions]:
    """The bytes of texts side by side; where each begins, and the last one ends."""
    _, places, data = column.buffers()
    if not len(column) or places is None or data is None:
        raise Unlike
    # The stubs do not know that a buffer of Arrow is one of Python.
    bounds = np.frombuffer(cast(Any, places), np.int32, len(column) + 1, column.offset * 4).astype(np.int64)
    return Text(np.frombuffer(cast(Any, data), np.uint8)[: bounds[-1]], data), bounds


def _hold_to_grammar(column: Column) -> None:
    """Refuse what Arrow reads as a decimal and JSON does not: `+1`, `01`, `1.`, `.5`, `inf`, ` 1`."""
    text, offsets = packed(column)
    signs = text.signs
    starts, lasts = offsets[:-1], offsets[1:] - 1
    first = signs[starts]
    minus = first == _MINUS
    if minus.any():
        starts = starts + minus
        if (starts > lasts).any():
            raise Unlike
        first = signs[starts]
    if not (_IS_DIGIT[first].all() and _IS_DIGIT[signs[lasts]].all()):
        raise Unlike
    zeros = np.flatnonzero(first == _ZERO)
    zeros = zeros[lasts[zeros] > starts[zeros]]
    used = signs[offsets[0] : offsets[-1]]
    if used.max() <= _NINE and used.min() >= _MINUS:
        # Digits, minuses and points (and `/`, which no number of Arrow's has).
        if (signs[starts[zeros] + 1] != _POINT).any():
            raise Unlike
        return
    if not _IN_NUMBER[used].all() or not pc.all(pc.match_substring_regex(column, _EXPONENT)).as_py():
        raise Unlike
