"""Casts of text columns that give nothing where a value would not come back unchanged."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from migrator.formats.column_few import few
from migrator.formats.column_floats import FLOAT, Column, all_true, floats, lengths, parsed
from migrator.formats.column_signs import Signs

TEXT = pa.string()
INTEGER = pa.int64()
BOOLEAN = pa.bool_()
DATE = pa.date32()
LOCAL_TIME = pa.timestamp("us")
UTC_TIME = pa.timestamp("us", "UTC")

_SMALL_A = ord("a")
_FIRST_DAY = -719_162  # 0001-01-01 in days since 1970-01-01; year 0 exists in Arrow, but in few readers
_FIRST_MICROSECOND = _FIRST_DAY * 86_400_000_000
_SECOND_LENGTH = len("2024-02-29 23:59:59")
_MICROSECOND_LENGTH = len("2024-02-29 23:59:59.123456")


def _integers(column: Column) -> Column | None:
    # Arrow's own cast takes leading zeros, hexadecimal numbers and `-0`.
    typed = parsed(column, INTEGER)
    return typed if typed is not None and Signs(column).are_plain_integers() else None


def _booleans(column: Column) -> Column | None:
    # Arrow's own cast takes `1`, `TRUE` and more: neither digits nor capitals are as great as small letters.
    typed = parsed(column, BOOLEAN)
    return typed if typed is not None and Signs(column).least >= _SMALL_A else None


def _dates(column: Column) -> Column | None:
    # Arrow's own cast takes nothing but four, two and two digits.
    typed = parsed(column, DATE)
    return typed if typed is not None and _starts_at(typed.view(pa.int32()), _FIRST_DAY) else None


def _local_times(column: Column) -> Column | None:
    return _timestamps(column, LOCAL_TIME, suffix=0)


def _utc_times(column: Column) -> Column | None:
    # Arrow reads offsets such as +01:00 as well: another value than the one written.
    return _timestamps(column, UTC_TIME, suffix=1) if all_true(pc.ends_with(column, "Z")) else None


def _timestamps(column: Column, data_type: pa.DataType, suffix: int) -> Column | None:
    """Timestamps that are written down to the second; Arrow's parser also takes days, hours and minutes alone."""
    bounds = pc.min_max(lengths([column]))
    shortest, longest = bounds["min"].as_py(), bounds["max"].as_py()
    if shortest is not None and (shortest < _SECOND_LENGTH + suffix or longest > _MICROSECOND_LENGTH + suffix):
        return None
    typed = parsed(column, data_type)
    return typed if typed is not None and _starts_at(typed.view(INTEGER), _FIRST_MICROSECOND) else None


def _starts_at(numbers: Column, least: int) -> bool:
    smallest = pc.min(numbers).as_py()
    return smallest is None or smallest >= least


_CASTS: dict[pa.DataType, Callable[[Column], Column | None]] = {
    INTEGER: _integers,
    FLOAT: floats,
    BOOLEAN: _booleans,
    DATE: _dates,
    LOCAL_TIME: _local_times,
    UTC_TIME: _utc_times,
}


def typed_values(column: Column, data_type: pa.DataType) -> Column | None:
    """The values of a text column in another type; None where one would not come back unchanged."""
    if column.null_count == len(column):
        return parsed(column, data_type)
    found = few(column, data_type)
    return found if found is not None else _CASTS[data_type](column)
