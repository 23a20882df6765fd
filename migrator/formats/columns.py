"""Lossless typing of text columns: a type is given only where every value comes back unchanged in value.

The types and what counts as unchanged:

- int64: no leading zero, no plus sign, no `-0`.
- float64: finite, no leading zero, no plus sign, no negative zero; the decimal that is written equals the shortest
  decimal of the float; at least one value of the column has a point or an exponent.
- bool: `true`, `false`.
- date32: `2024-02-29`, years 0001 to 9999.
- timestamp in µs: `2024-02-29 23:59:59` with up to 6 decimals, blank or `T`; all with `Z` (then in UTC) or none.

Everything else is string. Null stays null in every type; the empty text is a value, and only text holds it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

Column: TypeAlias = "pa.Array[Any]"

# Straight from Arrow's registry: pyarrow's wrappers convert Python values anew with each call.
_equal = pc.get_function("equal").call
_less = pc.get_function("less").call
_less_equal = pc.get_function("less_equal").call
_lengths = pc.get_function("binary_length").call

TEXT = pa.string()
INTEGER = pa.int64()
FLOAT = pa.float64()
BOOLEAN = pa.bool_()
DATE = pa.date32()
LOCAL_TIME = pa.timestamp("us")
UTC_TIME = pa.timestamp("us", "UTC")

_FIRST_DAY = -719_162  # 0001-01-01 in days since 1970-01-01; year 0 exists in Arrow, but in few readers
_FIRST_MICROSECOND = _FIRST_DAY * 86_400_000_000
_DAY_LENGTH = len("2024-02-29")
_SECOND_LENGTH = len("2024-02-29 23:59:59")
_MICROSECOND_LENGTH = len("2024-02-29 23:59:59.123456")
_ZERO = pa.scalar(0.0)
# A decimal of at most 15 significant digits is the shortest one of the float nearest to it, unless it is so small
# that the float loses digits; an integer below 2^53 is a float exactly.
_SAFE_DIGITS = 15
_SAFE_LENGTH = pa.scalar(_SAFE_DIGITS, pa.int32())
_SAFE_LENGTH_WITH_POINT = pa.scalar(16, pa.int32())
_EXACT_INTEGERS = 2**53
_EXACT_FLOATS = pa.scalar(float(_EXACT_INTEGERS))
_FEW_VALUES = 256
_PLAIN_DECIMALS = re.compile(r"(?:(?:0|-?[1-9][0-9]*)(?:\.[0-9]+)?(?: |\Z))*")
_SMALLEST_SAFE = pa.scalar(1e-300)


class ColumnTypes:
    """Types of a table's columns: guessed from text, then held against every later value.

    Once they are guessed, several threads may call `cast` at a time, for rows in any order.

    Args:
        count: How many columns there are.
        text: Columns that stay text, because an earlier pass found a value there that no type can hold.
    """

    def __init__(self, count: int, text: Collection[int] = ()) -> None:
        self.types: list[pa.DataType] = [TEXT] * count
        self.broken: set[int] = set()
        self._decided: Mapping[int, pa.DataType] = dict.fromkeys(text, TEXT)
        self._guessed: dict[int, tuple[Column, Column]] = {}
        self._floats_later: dict[int, bool] = {}
        self._never_floats: set[int] = set()
        self._first_integers: dict[int, Column] = {}

    def guess(self, columns: Sequence[Column]) -> None:
        """Choose each column's type from its first values, or from all of them.

        Args:
            columns: A string array with nulls for each column. A column without a value is guessed text.
        """
        self._guessed = {}
        for index, column in enumerate(columns):
            decided = self._decided.get(index)
            data_type, typed = _guessed(column) if decided is None else (decided, None)
            self.types[index] = data_type
            if typed is not None:
                self._guessed[index] = (column, typed)
                if data_type is INTEGER:
                    self._first_integers[index] = typed

    def cast(self, columns: Sequence[Column]) -> list[Column] | None:
        """The values of some rows in the columns' types.

        Args:
            columns: A string array with nulls for each column, rows after those of the last call or the guessed ones.

        Returns:
            None once any column is broken. Go on calling, so that `broken` names every column that does not keep its
            type; then begin anew with `again()`.
        """
        results: list[Column] = []
        guessed, self._guessed = self._guessed, {}
        for index, column in enumerate(columns):
            known = guessed.get(index)
            if known is not None and known[0] is column:
                results.append(known[1])
            elif self.types[index] is TEXT:
                results.append(column)
            elif index in self.broken:
                self._hold_as_float(index, column)
            else:
                typed = _CASTS[self.types[index]](column)
                if typed is None:
                    # In this order: another thread may find the column broken at any moment.
                    self._floats_later.setdefault(index, False)
                    self.broken.add(index)
                    self._hold_as_float(index, column)
                else:
                    self._note_wide_integers(index, typed)
                    results.append(typed)
        return None if self.broken else results

    def again(self) -> ColumnTypes:
        """The types for a second pass over the same rows, each as all the rows of this pass allow.

        A broken column becomes text; one of integers that later has decimals becomes float64 where each value allows.
        """
        following = ColumnTypes(len(self.types))
        decided = dict(enumerate(self.types))
        for index in self.broken:
            if index in self._first_integers:
                self._note_wide_integers(index, self._first_integers[index])
            is_float = index not in self._never_floats and self._floats_later.get(index, False)
            decided[index] = FLOAT if is_float else TEXT
        following._decided = decided
        return following

    def _note_wide_integers(self, index: int, typed: Column) -> None:
        """Remember an integer column that cannot become float64, should decimals follow."""
        if self.types[index] is INTEGER and index not in self._never_floats:
            bounds = pc.min_max(typed)
            low, high = bounds["min"].as_py(), bounds["max"].as_py()
            if low is not None and (low < -_EXACT_INTEGERS or high > _EXACT_INTEGERS):
                self._never_floats.add(index)

    def _hold_as_float(self, index: int, column: Column) -> None:
        """Go on with a broken integer column as if it were one of floats."""
        if self.types[index] is not INTEGER or index in self._never_floats or _floats(column) is None:
            self._never_floats.add(index)
        elif not self._floats_later[index]:
            self._floats_later[index] = _has_decimals(column)


def _guessed(column: Column) -> tuple[pa.DataType, Column | None]:
    """The first type that holds all values of a column, and the values in it."""
    first = _first_value(column)
    if first is None:
        return TEXT, None
    for data_type in _candidates(first):
        typed = _CASTS[data_type](column)
        if typed is not None and (data_type is not FLOAT or _has_decimals(column)):
            return data_type, typed
    return TEXT, None


def _first_value(column: Column) -> str | None:
    if column.null_count == len(column):
        return None
    values = column.drop_null() if column.null_count else column
    first: str = values[0].as_py()
    return first


def _candidates(first: str) -> tuple[pa.DataType, ...]:
    """The types that a column can have whose first value is this."""
    if first in {"true", "false"}:
        return (BOOLEAN,)
    if len(first) >= _DAY_LENGTH and first[4] == first[7] == "-":
        if len(first) == _DAY_LENGTH:
            return (DATE,)
        return (UTC_TIME,) if first.endswith("Z") else (LOCAL_TIME,)
    if first[:1] not in _NUMBER_STARTS:
        return ()
    return (FLOAT,) if "." in first or "e" in first or "E" in first else (INTEGER, FLOAT)


_NUMBER_STARTS = frozenset("-.0123456789")


def _parsed(column: Column, data_type: pa.DataType) -> Column | None:
    try:
        return pc.cast(column, data_type)
    except pa.ArrowInvalid:
        return None


def _prints_back(typed: Column, column: Column) -> bool:
    return pc.cast(typed, TEXT).equals(column)


def _all(truths: Column) -> bool:
    """Whether nothing is false; nulls do not count."""
    return pc.all(truths, min_count=0).as_py() is not False


def _any(truths: Column) -> bool:
    return pc.any(truths, min_count=0).as_py() is True


def _integers(column: Column) -> Column | None:
    typed = _parsed(column, INTEGER)
    return typed if typed is not None and _prints_back(typed, column) else None


def _booleans(column: Column) -> Column | None:
    # Arrow's own cast takes `1`, `TRUE` and more.
    typed = _parsed(column, BOOLEAN)
    return typed if typed is not None and _prints_back(typed, column) else None


def _dates(column: Column) -> Column | None:
    typed = _parsed(column, DATE)
    if typed is None or not _prints_back(typed, column):
        return None
    return typed if _starts_at(typed.view(pa.int32()), _FIRST_DAY) else None


def _local_times(column: Column) -> Column | None:
    return _timestamps(column, LOCAL_TIME, suffix=0)


def _utc_times(column: Column) -> Column | None:
    # Arrow reads offsets such as +01:00 as well: another value than the one written.
    return _timestamps(column, UTC_TIME, suffix=1) if _all(pc.ends_with(column, "Z")) else None


def _timestamps(column: Column, data_type: pa.DataType, suffix: int) -> Column | None:
    """Timestamps that are written down to the second; Arrow's parser also takes days, hours and minutes alone."""
    lengths = pc.min_max(_lengths([column]))
    shortest, longest = lengths["min"].as_py(), lengths["max"].as_py()
    if shortest is not None and (shortest < _SECOND_LENGTH + suffix or longest > _MICROSECOND_LENGTH + suffix):
        return None
    typed = _parsed(column, data_type)
    return typed if typed is not None and _starts_at(typed.view(INTEGER), _FIRST_MICROSECOND) else None


def _starts_at(numbers: Column, least: int) -> bool:
    smallest = pc.min(numbers).as_py()
    return smallest is None or smallest >= least


def _floats(column: Column) -> Column | None:
    typed = _parsed(column, FLOAT)
    if typed is not None and len(column) <= _FEW_VALUES and _are_plain_decimals(column):
        return typed
    if typed is None or not _all(pc.is_finite(typed)) or not _plainly_signed(column, typed):
        return None
    return typed if _is_shortest(column, typed) else None


def _are_plain_decimals(column: Column) -> bool:
    """Whether all are decimals of few digits in plain notation; dearer a value than Arrow, but cheaper to begin."""
    texts = [text for text in column.to_pylist() if text is not None]
    return max(map(len, texts), default=0) <= _SAFE_DIGITS and _PLAIN_DECIMALS.fullmatch(" ".join(texts)) is not None


def _plainly_signed(column: Column, typed: Column) -> bool:
    """Whether no value has a plus sign, a leading zero, or is a negative zero."""
    if _any(pc.starts_with(column, "+")):
        return False
    zeros = pc.starts_with(column, "0")
    others = pc.and_not(zeros, pc.starts_with(column, "0."))
    # The point is rare behind a leading zero that is none: `0`, `0e5`.
    if _any(others) and not _all(pc.match_substring_regex(column.filter(others), "^0($|[eE])")):
        return False
    minus = pc.starts_with(column, "-")
    if not _any(minus):
        return True
    if _any(pc.and_(minus, _equal([typed, _ZERO]))):
        return False
    return not _any(pc.and_not(pc.starts_with(column, "-0"), pc.starts_with(column, "-0.")))


def _is_shortest(column: Column, typed: Column) -> bool:
    """Whether each decimal equals the shortest decimal of its float; the dearer checks see only what is left."""
    sizes = pc.abs(typed)
    safe = _few_digits(column, sizes)
    small = _less([sizes, _SMALLEST_SAFE])
    if _any(small) and _any(_has_exponent(column.filter(small))):
        safe = pc.and_not(safe, small)
    if _all(safe):
        return True
    column, typed = _rest(column, typed, safe)
    printed = pc.equal(pc.cast(typed, TEXT), column)
    if _all(printed):
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
    lengths = _lengths([column])
    with_point = pc.and_(_equal([lengths, _SAFE_LENGTH_WITH_POINT]), _less([sizes, _EXACT_FLOATS]))
    few: Column = pc.or_(_less_equal([lengths, _SAFE_LENGTH]), with_point)
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


def _has_decimals(column: Column) -> bool:
    return _any(pc.match_substring_regex(column, "[.eE]"))


_CASTS = {
    INTEGER: _integers,
    FLOAT: _floats,
    BOOLEAN: _booleans,
    DATE: _dates,
    LOCAL_TIME: _local_times,
    UTC_TIME: _utc_times,
}
