"""The casts of `column_casts` for a few values in plain Python, where setting Arrow's machinery up costs more.

What is not written in the plainest way is left to Arrow.
"""

from __future__ import annotations

import pyarrow as pa

from migrator.formats.column_floats import Column
from migrator.formats.column_plain import plain_values

FEW = 256
"""Values at most."""


def few(column: Column, data_type: pa.DataType) -> Column | None:
    """The values, if they are few and plainly of this type; None says nothing."""
    if len(column) > FEW:
        return None
    values: list[str | None] = column.to_pylist()
    made = plain_values(values, data_type)
    return None if made is None else pa.array(made, data_type)
