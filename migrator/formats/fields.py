"""A column of a block before its values are made: where the bytes of each stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from migrator.formats.csv_words import Words

Places: TypeAlias = "npt.NDArray[np.int64]"
Truths: TypeAlias = "npt.NDArray[np.bool_]"
Column: TypeAlias = "pa.Array[Any]"

SLACK = 16
"""So many bytes more than a block's, at least, are in its buffer."""

_TEXT = pa.string()


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one column, at least one; good as long as their block's buffer holds their bytes.

    Attributes:
        words: The buffer.
        starts: Where each field starts, behind the end of the one before.
        ends: Where each ends.
        nulls: Which are null, if any; those have no length.
    """

    words: Words
    starts: Places
    ends: Places
    nulls: Truths | None = None

    def slice(self, begin: int, end: int) -> Fields:
        """The fields of the rows from `begin` up to `end`."""
        nulls = None if self.nulls is None else self.nulls[begin:end]
        return Fields(self.words, self.starts[begin:end], self.ends[begin:end], nulls)

    def typed(self, kind: pa.DataType) -> Column | None:
        """The values in a type; None where that takes a second look, or a value is none of this type."""
        if not self.words.know(kind):
            return None
        starts, lengths = self.starts, self.ends - self.starts
        if self.nulls is None:
            # The empty text is a value, and no number.
            return self.words.typed(starts, lengths, kind) if lengths.min() > 0 else None
        held = np.flatnonzero(~self.nulls)
        if not len(held):
            return pa.nulls(len(starts)).cast(kind)
        lengths = lengths[held]
        return self.words.typed(starts[held], lengths, kind, held, len(starts)) if lengths.min() > 0 else None

    def text(self) -> Column:
        """The values as text."""
        rows = len(self.starts)
        # Fields and what lies between them are texts in turn; each second one is taken.
        bounds = np.empty(2 * rows, np.int32)
        bounds[::2], bounds[1::2] = self.starts, self.ends
        every: Column = pa.Array.from_buffers(
            _TEXT, 2 * rows - 1, [None, pa.py_buffer(cast(Any, bounds)), pa.py_buffer(self.words.buffer)]
        )
        column = every.take(np.arange(0, 2 * rows, 2, dtype=np.int32))
        if self.nulls is None:
            return column
        _, places, data = column.buffers()
        present = pa.py_buffer(cast(Any, np.packbits(~self.nulls, bitorder="little")))
        return pa.Array.from_buffers(_TEXT, rows, [present, places, data])
