"""Compares a column of the truth with an Arrow array: fast where all is as expected, cell by cell where it is not."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from harness import contents_json
from harness.contents_types import is_binary, is_text, value_type
from harness.truth import Binary, Cell, ExpectedColumn, Reading

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,6}))?(Z?)")
_ARROW_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
_SHORT_DECIMAL = r"^(0|-?[1-9][0-9]*)\.[0-9]+$"
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def objection(column: ExpectedColumn, seen: pa.DataType) -> str | None:
    """Why no column of this type can hold these values, whatever they are; None where it can."""
    kind = value_type(seen)
    if column.without_values or pa.types.is_null(kind):
        return None
    if column.reading is Reading.JSON:
        return contents_json.objection(column, kind)
    if column.reading is Reading.NUMBER:
        return None if pa.types.is_integer(kind) else f"expected integers, seen the type {seen}"
    if is_text(kind):
        return None
    if column.reading is Reading.PLAIN:
        return f"expected text, seen the type {seen}"
    if is_binary(kind):
        held = all(isinstance(value, Binary) for value in column.values if value not in {None, ""})
        return None if held else f"expected text, seen the type {seen}"
    if pa.types.is_floating(kind) and not column.has_fraction:
        return f"expected text or integers, for no value has a point or exponent, seen the type {seen}"
    if any(each(kind) for each in _TYPES_OF_TEXT):
        return None
    return f"expected text or a type that its text stands for, seen the type {seen}"


_TYPES_OF_TEXT = (
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
    pa.types.is_boolean,
    pa.types.is_date,
    pa.types.is_timestamp,
)


def wrong_rows(column: ExpectedColumn, start: int, array: Any) -> list[int]:
    """The offsets in `array` whose value is not that of the column's row `start` + offset."""
    values = column.values[start : start + len(array)]
    plain = _plain(array)
    if column.reading is Reading.JSON:
        return contents_json.wrong_rows(column, values, plain)
    doubtful = _doubtful(values, plain, pa.int64() if column.reading is Reading.NUMBER else pa.string())
    if not doubtful:
        return []
    seen = _raw_moments(plain) if pa.types.is_timestamp(plain.type) else plain.to_pylist()
    return [offset for offset in doubtful if not _same(values[offset], seen[offset], plain.type)]


def shown(expected: Cell, array: Any, offset: int) -> tuple[str, str]:
    """An expected and a seen value, as a message shows them."""
    scalar = _plain(array)[offset]
    seen = str(scalar) if pa.types.is_timestamp(scalar.type) and scalar.is_valid else scalar.as_py()
    ours = expected.written if isinstance(expected, Binary) else _simple(expected)
    return ("null" if expected is None else repr(ours)), ("null" if not scalar.is_valid else repr(seen))


def _simple(value: Any) -> Any:
    """Numbers as they are written instead of `Decimal('1.5')`."""
    return float(value) if isinstance(value, Decimal) and Decimal(repr(float(value))) == value else value


def _plain(array: Any) -> Any:
    if isinstance(array.type, pa.BaseExtensionType):
        return _plain(array.storage)
    return _plain(array.dictionary_decode()) if pa.types.is_dictionary(array.type) else array


def _doubtful(values: Sequence[Cell], array: Any, kind: pa.DataType) -> list[int]:
    """Offsets that a comparison of whole columns could not show to be equal."""
    try:
        expected = pa.array(values, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError, OverflowError):
        return list(range(len(values)))
    equal = pc.fill_null(_equal(expected, array), False)
    both_null = pc.and_(expected.is_null(), array.is_null())
    unsure = pc.invert(pc.or_(equal, both_null))
    return pc.indices_nonzero(unsure).to_pylist() if pc.any(unsure).as_py() else []


def _equal(expected: Any, array: Any) -> Any:
    """Where both are surely equal; a place that is null or false is looked at again."""
    kind = array.type
    if is_text(kind):
        return pc.equal(expected.cast(pa.large_string()), array.cast(pa.large_string()))
    if pa.types.is_integer(kind):
        if pa.types.is_integer(expected.type):
            return pc.equal(expected, array)
        return pc.equal(expected, array.cast(pa.string()))
    if pa.types.is_boolean(kind):
        return pc.equal(expected, array.cast(pa.string()))
    if pa.types.is_date(kind):
        return _equal_as_typed(expected, array.cast(pa.date32()), _DAY, 10)
    if pa.types.is_timestamp(kind):
        return _equal_as_typed(expected, array, _ARROW_MOMENT + ("Z$" if kind.tz else "$"), 27)
    if pa.types.is_float64(kind):
        # Up to 15 digits a decimal always comes back from float64.
        return _equal_as_typed(expected, array, _SHORT_DECIMAL, 16)
    return pa.nulls(len(array), pa.bool_())


def _equal_as_typed(expected: Any, array: Any, pattern: str, longest: int) -> Any:
    short = pc.less_equal(pc.binary_length(expected), pa.scalar(longest))
    fits = pc.and_(pc.match_substring_regex(expected, pattern), short)
    chosen = pc.if_else(fits, expected, pa.scalar(None, pa.string()))
    try:
        return pc.equal(chosen.cast(array.type), array)
    except pa.ArrowInvalid:
        return pa.nulls(len(array), pa.bool_())


def _raw_moments(array: Any) -> list[int | None]:
    moments: list[int | None] = array.cast(pa.int64()).to_pylist()
    return moments


def _same(expected: Cell, seen: Any, kind: pa.DataType) -> bool:
    if expected is None or seen is None:
        return expected is None and seen is None
    if isinstance(expected, Binary):
        return bool(seen == (expected.written if is_text(kind) else expected.value))
    if isinstance(expected, bool):
        return bool(seen is expected or (is_text(kind) and seen.lower() == str(expected).lower()))
    if isinstance(expected, int):
        return type(seen) is int and seen == expected
    if not isinstance(expected, str):
        return False
    if is_binary(kind):
        return not expected and seen == b""
    return _same_text(expected, seen, kind)


def _same_text(expected: str, seen: Any, kind: pa.DataType) -> bool:
    if is_text(kind):
        return bool(seen == expected)
    if pa.types.is_boolean(kind):
        return expected == ("true" if seen else "false")
    if pa.types.is_date(kind):
        return isinstance(seen, date) and expected == seen.isoformat()
    if pa.types.is_timestamp(kind):
        return same_moment(expected, seen, kind)
    return same_number(expected, seen)


def same_number(written: str, seen: Any) -> bool:
    """Whether a number comes back as it is written: no leading zero, plus sign or `-0`, and every digit there."""
    if not _DECIMAL.fullmatch(written):
        return False
    value = Decimal(written)
    if value.is_zero() and value.is_signed():
        return written != "-0" and isinstance(seen, float) and math.copysign(1, seen) < 0 and seen == 0
    return value == Decimal(repr(seen) if isinstance(seen, float) else seen)


def same_moment(written: str, seen: int, kind: Any) -> bool:
    """Whether a timestamp, counted in the unit of its type since 1970, is what is written; `Z` asks for a zone."""
    match = _MOMENT.fullmatch(written)
    if not match or bool(match[4]) != bool(kind.tz):
        return False
    try:
        moment = datetime.fromisoformat(f"{match[1]}T{match[2]}+00:00")
    except ValueError:
        return False
    micros = (moment - _EPOCH) // timedelta(microseconds=1) + int((match[3] or "0").ljust(6, "0"))
    return micros * _PER_SECOND[kind.unit] == seen * 10**6
