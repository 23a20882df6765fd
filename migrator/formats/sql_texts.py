"""The bytes of text columns, looked at and made anew without an object a value."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pyarrow as pa

from migrator.formats.sql_block import Column
from migrator.formats.sql_marks import Positions, Signs


class TextBytes:
    """The bytes of a text column that a parser made.

    Attributes:
        column: The column.
        signs: All bytes, one value behind the other.
        bounds: Where each value begins, and where the last one ends; a null has no length.
        sizes: The bytes of each value.
    """

    def __init__(self, column: Column) -> None:
        self.column = column
        _, places, data = cast("list[Any]", column.buffers())
        self.bounds: Positions = np.frombuffer(places, np.int32, len(column) + 1, 4 * column.offset)
        self.sizes: Positions = self.bounds[1:] - self.bounds[:-1]
        begin, end = int(self.bounds[0]), int(self.bounds[-1])
        self.signs: Signs = np.frombuffer(data, np.uint8, end - begin, begin) if end > begin else np.zeros(0, np.uint8)
        if begin:
            self.bounds = self.bounds - begin


def made(column: Column, bounds: Positions, signs: Signs | bytes) -> Column:
    """A column with the same nulls and other texts."""
    parts: list[Any] = [bounds, signs]
    buffers: list[Any] = [column.buffers()[0], *map(pa.py_buffer, parts)]
    return pa.Array.from_buffers(pa.string(), len(column), buffers, column.null_count)
