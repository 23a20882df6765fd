"""The casts of `column_casts` for a few values in plain Python, where setting Arrow's machinery up costs more.

What is not written in the plainest way is left to Arrow.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pyarrow as pa

from migrator.formats.column_floats import Column

FEW = 256
"""Values at most."""

_Make = Callable[[str], Any]
_NUMBER = r"(?:0|-?[1-9][0-9]{0,14})"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
# Each value with a line end behind it. Up to 15 digits every integer fits and every decimal comes back; so does a
# number that is no decimal from a column of decimals.
_PLAIN: dict[pa.DataType, tuple[re.Pattern[str], _Make]] = {
    pa.int64(): (re.compile(rf"(?:{_NUMBER}\n)*+"), int),
    pa.float64(): (re.compile(rf"(?:(?=[^\n]{{1,15}}\n){_NUMBER}(?:\.[0-9]+)?\n)*+"), float),
    pa.bool_(): (re.compile(r"(?:(?:true|false)\n)*+"), {"true": True, "false": False}.__getitem__),
    pa.date32(): (re.compile(rf"(?:{_DAY}\n)*+"), date.fromisoformat),
    pa.timestamp("us"): (
        re.compile(rf"(?:{_DAY}[ T](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\n)*+"),
        datetime.fromisoformat,
    ),
}


def few(column: Column, data_type: pa.DataType) -> Column | None:
    """The values, if they are few and plainly of this type; None says nothing."""
    if len(column) > FEW or data_type not in _PLAIN:
        return None
    pattern, make = _PLAIN[data_type]
    values: list[str | None] = column.to_pylist()
    if not pattern.fullmatch("".join([f"{value}\n" for value in values if value is not None])):
        return None
    try:
        made = [None if value is None else make(value) for value in values]
    except (KeyError, ValueError):
        # A day that no month has, or a value with a line end of its own.
        return None
    return pa.array(made, data_type)
