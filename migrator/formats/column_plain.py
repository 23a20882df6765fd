"""What values plainly are, in plain Python: where they are few it costs less than setting Arrow's machinery up.

What is not written in the plainest way is left to Arrow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, cast

import pyarrow as pa

_Make = Callable[[str], Any]
_FLOAT = pa.float64()
_DAY_LENGTH = len("2024-02-29")
_NUMBER_STARTS = frozenset("-.0123456789")
_NUMBER = r"(?:0|-?[1-9][0-9]{0,14})"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
# Each value with a line end behind it. Up to 15 digits every integer fits and every decimal comes back; so does a
# number that is no decimal from a column of decimals.
_PLAIN: dict[pa.DataType, tuple[re.Pattern[str], _Make]] = {
    pa.int64(): (re.compile(rf"(?:{_NUMBER}\n)*+"), int),
    _FLOAT: (re.compile(rf"(?:(?=[^\n]{{1,15}}\n){_NUMBER}(?:\.[0-9]+)?\n)*+"), float),
    pa.bool_(): (re.compile(r"(?:(?:true|false)\n)*+"), {"true": True, "false": False}.__getitem__),
    pa.date32(): (re.compile(rf"(?:{_DAY}\n)*+"), date.fromisoformat),
    pa.timestamp("us"): (
        re.compile(rf"(?:{_DAY}[ T](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\n)*+"),
        datetime.fromisoformat,
    ),
}


def candidates(first: str) -> tuple[pa.DataType, ...]:
    """The types, besides text, that a column can have whose first value is this; the first that holds all is right.

    float64 needs a value with a point or an exponent besides.
    """
    if first in {"true", "false"}:
        return (pa.bool_(),)
    if len(first) >= _DAY_LENGTH and first[4] == first[7] == "-":
        if len(first) == _DAY_LENGTH:
            return (pa.date32(),)
        return (pa.timestamp("us", "UTC"),) if first.endswith("Z") else (pa.timestamp("us"),)
    if first[:1] not in _NUMBER_STARTS:
        return ()
    return (_FLOAT,) if "." in first or "e" in first or "E" in first else (pa.int64(), _FLOAT)


def plain_values(values: Sequence[str | None], data_type: pa.DataType) -> list[Any] | None:
    """The values, if all of them are plainly of this type; None says nothing."""
    if data_type not in _PLAIN:
        return None
    pattern, make = _PLAIN[data_type]
    present: Sequence[str] = (
        [value for value in values if value is not None] if None in values else cast("Sequence[str]", values)
    )
    if not pattern.fullmatch("\n".join([*present, ""])):
        return None
    try:
        if len(present) == len(values):
            return list(map(make, present))
        return [None if value is None else make(value) for value in values]
    except (KeyError, ValueError):
        # A day that no month has, or a value with a line end of its own.
        return None
