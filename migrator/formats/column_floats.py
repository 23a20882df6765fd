"""Text columns as float64, where each decimal that is written equals the shortest decimal of its float."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from migrator.formats.column_signs import Signs

Column: TypeAlias = "pa.Array[Any]"

FLOAT = pa.float64()

# Straight from Arrow's registry: pyarrow's wrappers convert Python values anew with each call.
_equal = pc.get_function("equal").call
_less = pc.get_function("less").call
_less_equal = pc.get_function("less_equal").call
lengths = pc.get_function("binary_length").call
"""The bytes of each value of the single column in a list."""

_FEW = 256
_TEXT = pa.string()
_ZERO = pa.scalar(0.0)
# A decimal of at most 15 significant digits is the shortest one of the float nearest to it, unless it is so small
# that the float loses digits; an integer below 2^53 is a float exactly.
_SAFE_DIGITS = 15
_SAFE_LENGTH = pa.scalar(_SAFE_DIGITS, pa.int32())
_SAFE_LENGTH_WITH_POINT = pa.scalar(16, pa.int32())
_EXACT_FLOATS = pa.scalar(float(2**53))
_SMALLEST_SAFE = pa.scalar(1e-300)


def parsed(column: Column, data_type: pa.DataType) -> Column | None:
    """The values as Arrow reads them, which takes more than is written plainly; None where it takes one not."""
    try:
        return pc.cast(column, data_type)
    except pa.ArrowInvalid:
        return None


def all_true(truths: Column) -> bool:
    """Whether nothing is false; nulls do not count."""
    return pc.all(truths, min_count=0).as_py() is not False


def any_true(truths: Column) -> bool:
    """Whether anything is true; nulls do not count."""
    return pc.any(truths, min_count=0).as_py() is True


def floats(column: Column) -> Column | None:
    """The values as float64, None where one would not come back unchanged."""
    typed = parsed(column, FLOAT)
    if typed is None:
        return None
    # Most decimals have few digits in plain notation; their bytes alone tell.
    signs = Signs(column)
    odd = signs.odd(_SAFE_DIGITS)
    if signs.have_leading_zeros(odd):
        return None
    if signs.any_negative() and any_true(pc.and_(pc.starts_with(column, "-"), _equal([typed, _ZERO]))):
        return None
    if odd.all():
        return typed if _come_back(column, typed) else None
    if odd.any():
        left = pa.array(signs.indices(odd), pa.int64())
        return typed if _come_back(column.take(left), typed.take(left)) else None
    return typed


def _come_back(column: Column, typed: Column) -> bool:
    return all_true(pc.is_finite(typed)) and _plainly_signed(column, typed) and _is_shortest(column, typed)


def _plainly_signed(column: Column, typed: Column) -> bool:
    """Whether no value has a plus sign, a leading zero, or is a negative zero."""
    if any_true(pc.starts_with(column, "+")):
        return False
    zeros = pc.starts_with(column, "0")
    others = pc.and_not(zeros, pc.starts_with(column, "0."))
    # The point is rare behind a leading zero that is none: `0`, `0e5`.
    if any_true(others) and not all_true(pc.match_substring_regex(column.filter(others), "^0($|[eE])")):
        return False
    minus = pc.starts_with(column, "-")
    if not any_true(minus):
        return True
    if any_true(pc.and_(minus, _equal([typed, _ZERO]))):
        return False
    return not any_true(pc.and_not(pc.starts_with(column, "-0"), pc.starts_with(column, "-0.")))


def _is_shortest(column: Column, typed: Column) -> bool:
    """Whether each decimal equals the shortest decimal of its float; the dearer checks see only what is left."""
    sizes = pc.abs(typed)
    safe = _few_digits(column, sizes)
    small = _less([sizes, _SMALLEST_SAFE])
    if any_true(small) and any_true(_has_exponent(column.filter(small))):
        safe = pc.and_not(safe, small)
    if all_true(safe):
        return True
    column, typed = _rest(column, typed, safe)
    printed = pc.equal(pc.cast(typed, _TEXT), column)
    if all_true(printed):
        return True
    column, typed = _rest(column, typed, printed)
    trimmed = pc.utf8_rtrim(column, characters="0")
    plain = pc.and_not(pc.match_substring(column, "."), _has_exponent(column))
    padded = pc.and_(plain, _few_digits(trimmed, pc.abs(typed)))
    column, typed = _rest(column, typed, padded)
    pairs = zip(column, typed, strict=True)
    return all(_equal_decimals(text.as_py(), number.as_py()) for text, number in pairs)


def _few_digits(column: Column, sizes: Column) -> Column:
    """Where a decimal has so few digits that its float's shortest decimal is the same.

    16 characters hold 15 digits and a point, or an integer, which is exact where it is small.
    """
    written = lengths([column])
    with_point = pc.and_(_equal([written, _SAFE_LENGTH_WITH_POINT]), _less([sizes, _EXACT_FLOATS]))
    few: Column = pc.or_(_less_equal([written, _SAFE_LENGTH]), with_point)
    return few


def _rest(column: Column, typed: Column, proved: Column) -> tuple[Column, Column]:
    left = pc.invert(proved)
    return column.filter(left), typed.filter(left)


def _equal_decimals(text: str, number: float) -> bool:
    try:
        return Decimal(text) == Decimal(repr(number))
    except InvalidOperation:
        return False


def _has_exponent(column: Column) -> Column:
    return pc.match_substring_regex(column, "[eE]")


def has_decimals(column: Column) -> bool:
    """Whether any value has a point or an exponent."""
    if len(column) <= _FEW:
        return any("." in text or "e" in text or "E" in text for text in column.to_pylist() if text is not None)
    return any_true(pc.match_substring_regex(column, "[.eE]"))
