"""The types of `columns` for values that are all there at once; most need nothing of Arrow's machinery."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from migrator.formats.column_plain import candidates, plain_values

_TEXT = pa.string()
_FLOAT = pa.float64()


def typed(values: Sequence[str | None]) -> pa.Array[Any]:
    """A whole column in the type that holds all of its values."""
    first = next((value for value in values if value is not None), None)
    types = () if first is None else candidates(first)
    for data_type in types:
        made = plain_values(values, data_type)
        # With a point somewhere no other type holds them all; a plain number has no exponent.
        if made is not None and (data_type is not _FLOAT or any(value and "." in value for value in values)):
            return pa.array(made, data_type)
    text = pa.array(values, _TEXT)
    return _typed_exactly(text) if types else text


def _typed_exactly(text: pa.Array[Any]) -> pa.Array[Any]:
    from migrator.formats.columns import ColumnTypes

    types = ColumnTypes(1)
    types.guess([text])
    found = types.cast([text])
    return text if found is None else found[0]
