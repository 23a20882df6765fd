"""Compares values of JSON with what parquet holds of them: typed, nested, or as JSON text at whatever level."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from harness.contents_types import is_text, value_type
from harness.truth import Cell, ExpectedColumn


@dataclass
class Shape:
    """What a place in the values (a column, a field, the items of a list) holds over all rows.

    Text of parquet is plain where all values are strings in the source, and JSON everywhere else.
    """

    only_strings: bool = True
    fields: dict[str, "Shape"] = field(default_factory=dict)
    items: "Shape | None" = None

    def take(self, value: Any) -> None:
        """Look at one more value of this place; deep ones do not go as deep into the stack."""
        waiting: list[tuple[Shape, Any]] = [(self, value)]
        while waiting:
            shape, value = waiting.pop()
            if value is None or isinstance(value, str):
                continue
            shape.only_strings = False
            if isinstance(value, Mapping):
                waiting.extend((shape.fields.setdefault(name, Shape()), each) for name, each in value.items())
            elif isinstance(value, Sequence):
                shape.items = items = shape.items or Shape()
                waiting.extend((items, each) for each in value)


_ANYTHING = Shape()


def objection(column: ExpectedColumn, kind: pa.DataType) -> str | None:
    """Why a type cannot hold the column's values."""
    if is_text(kind):
        return None
    if column.all_strings:
        return f"expected text, seen the type {kind}"
    if _is_nested(kind) or any(each(kind) for each in _SCALARS):
        return None
    return f"expected JSON text or numbers, bools, structs, lists, seen the type {kind}"


_SCALARS = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)


def wrong_rows(column: ExpectedColumn, values: Sequence[Cell], array: Any) -> list[int]:
    """The offsets whose value is another than the expected one."""
    kind = array.type
    if (column.all_strings and is_text(kind)) or pa.types.is_integer(kind) or pa.types.is_null(kind):
        doubtful: Iterable[int] = _not_surely_equal(values, array)
    else:
        doubtful = range(len(values))
    shape = _shape_of(column)
    return [offset for offset in doubtful if not _same(values[offset], array[offset].as_py(), kind, shape)]


def _not_surely_equal(values: Sequence[Cell], array: Any) -> Sequence[int]:
    if pa.types.is_integer(array.type) and not all(value is None or type(value) is int for value in values):
        return range(len(values))
    try:
        expected: Any = pa.array(values, pa.int64() if pa.types.is_integer(array.type) else pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError):
        return range(len(values))
    equal = pc.fill_null(pc.equal(expected, array.cast(expected.type)), False)
    both_null = pc.and_(expected.is_null(), array.is_null())
    unsure = pc.invert(pc.or_(equal, both_null))
    found: list[int] = pc.indices_nonzero(unsure).to_pylist()
    return found


@lru_cache(maxsize=64)
def _shape_by_identity(column: "_ByIdentity") -> Shape:
    shape = Shape()
    for value in column.column.values:
        shape.take(value)
    return shape


class _ByIdentity:
    """A column as a key of the cache: its values may be dicts, which have no hash."""

    def __init__(self, column: ExpectedColumn) -> None:
        self.column = column

    def __hash__(self) -> int:
        return id(self.column)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and other.column is self.column


def _shape_of(column: ExpectedColumn) -> Shape:
    return _shape_by_identity(_ByIdentity(column))


def _same(expected: Any, seen: Any, kind: Any, shape: Shape) -> bool:
    """Whether a value of parquet, of a type, is the expected one; a missing key and a null one are the same."""
    waiting = [(expected, seen, kind, shape)]
    while waiting:
        expected, seen, kind, shape = waiting.pop()
        kind = value_type(kind)
        if expected is None or seen is None:
            same = expected is None and seen is None
        elif is_text(kind):
            same = seen == expected if shape.only_strings else _same_as_text(expected, seen)
        elif pa.types.is_struct(kind):
            types = {child.name: child.type for child in kind}
            same = isinstance(expected, Mapping) and all(
                name in types or each is None for name, each in expected.items()
            )
            if same:
                waiting += [
                    (expected.get(name), seen.get(name), child, shape.fields.get(name, _ANYTHING))
                    for name, child in types.items()
                ]
        elif _is_nested(kind):
            same = _is_array(expected) and len(expected) == len(seen)
            if same:
                items = shape.items or _ANYTHING
                waiting += [(ours, theirs, kind.value_type, items) for ours, theirs in zip(expected, seen, strict=True)]
        else:
            same = _same_scalar(expected, seen)
        if not same:
            return False
    return True


def _same_as_text(expected: Any, text: str) -> bool:
    try:
        value = json.loads(
            text, parse_int=Decimal, parse_float=Decimal, parse_constant=_refused, object_pairs_hook=_object
        )
    except ValueError:
        return False
    return same_value(expected, value)


def same_value(expected: Any, seen: Any) -> bool:
    """Whether two parsed values are equal; numbers are exact, a missing key and a null one are the same."""
    waiting = [(expected, seen)]
    while waiting:
        expected, seen = waiting.pop()
        if isinstance(expected, Mapping) and isinstance(seen, Mapping):
            waiting += [(expected.get(name), seen.get(name)) for name in expected.keys() | seen.keys()]
        elif _is_array(expected) and _is_array(seen) and len(expected) == len(seen):
            waiting += zip(expected, seen, strict=True)
        elif not (expected is None and seen is None) and not _same_scalar(expected, seen):
            return False
    return True


def _is_array(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _same_scalar(expected: Any, seen: Any) -> bool:
    if isinstance(expected, bool) or isinstance(seen, bool):
        return expected is seen
    if isinstance(expected, str) or isinstance(seen, str):
        return isinstance(expected, str) and isinstance(seen, str) and expected == seen
    if not isinstance(expected, int | Decimal) or not isinstance(seen, int | float | Decimal):
        return False
    return Decimal(expected) == (Decimal(repr(seen)) if isinstance(seen, float) else Decimal(seen))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError("a key stands twice")
    return result


def _refused(constant: str) -> Iterator[Any]:
    raise ValueError(f"{constant} is no JSON")


def _is_nested(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_struct(kind)
        or pa.types.is_list(kind)
        or pa.types.is_large_list(kind)
        or pa.types.is_fixed_size_list(kind)
        or pa.types.is_list_view(kind)
        or pa.types.is_large_list_view(kind)
    )
