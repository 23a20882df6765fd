"""Rows of one table on their way from a dump to parquet: text columns, of which some may be binary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from migrator.formats.fields import Column, Fields
from migrator.formats.sql_literals import Binary, Value

__all__ = ["Block", "BlockColumn", "Column", "FieldColumn", "block_of_rows", "text_column"]


_PLACES_BYTES = 16


@dataclass(frozen=True)
class BlockColumn:
    """Values of one column.

    Attributes:
        text: Each value's text, a binary literal as it is written.
        binary: The bytes, where there is a binary literal and all other values are null or the empty string.
        has_binary: Whether there is a binary literal.
        has_text: Whether there is a value that is neither null, nor empty, nor a binary literal.
    """

    text: Column
    binary: Column | None = None
    has_binary: bool = False
    has_text: bool = True

    def typed(self, _kind: pa.DataType) -> Column | None:
        """The values in a type; None where only their text tells."""
        return None


class FieldColumn:
    """Values of one column that are made when they are asked for; none is a binary literal.

    Args:
        fields: Where they stand.
        put_right: Makes the texts that are meant of those that stand there.
        known: The values in their type, where that is known already.
    """

    binary: Column | None = None
    has_binary = False

    def __init__(
        self, fields: Fields, put_right: Callable[[Column], Column] | None = None, known: Column | None = None
    ) -> None:
        self._fields = fields
        self._put_right = put_right
        self._known = known

    @property
    def has_text(self) -> bool:
        """Whether any value is neither null nor empty."""
        return bool((self._fields.starts < self._fields.ends).any())

    @property
    def rows(self) -> int:
        """How many values there are."""
        return len(self._fields.starts)

    @property
    def text(self) -> Column:
        """Each value's text."""
        text = self._fields.text()
        return text if self._put_right is None else self._put_right(text)

    def typed(self, kind: pa.DataType) -> Column | None:
        """The values in a type; None where only their text tells."""
        return self._known if self._known is not None and self._known.type == kind else self._fields.typed(kind)

    def slice(self, begin: int, end: int) -> FieldColumn:
        """The values of the rows from `begin` up to `end`."""
        known = None if self._known is None else self._known.slice(begin, end - begin)
        return FieldColumn(self._fields.slice(begin, end), self._put_right, known)


@dataclass(frozen=True)
class Block:
    """Some rows of one statement.

    Attributes:
        names: The columns that the statement names; None where it names none.
        columns: As many as each row has values.
        rows: How many rows there are.
        size: How many bytes they took in the dump, about.
        line: Where the first row stands.
    """

    names: tuple[str, ...] | None
    columns: Sequence[BlockColumn | FieldColumn]
    rows: int
    size: int
    line: int

    @property
    def weight(self) -> int:
        """How many bytes they take while they wait, about: where values are few bytes, their places take more."""
        return self.size + _PLACES_BYTES * self.rows * sum(isinstance(column, FieldColumn) for column in self.columns)


def text_column(text: Column) -> BlockColumn:
    """A column in which no value is a binary literal; at least one value, and what is null has no length."""
    bounds: Any = text.buffers()[1]
    offsets = np.frombuffer(bounds, np.int32)
    return BlockColumn(text, has_text=bool(offsets[text.offset] < offsets[text.offset + len(text)]))


def block_of_rows(names: tuple[str, ...] | None, rows: Sequence[Sequence[Value]], size: int, line: int) -> Block:
    """A block of rows that are all equally wide."""
    columns = [_column(values) for values in zip(*rows, strict=True)]
    return Block(names, columns, len(rows), size, line)


def _column(values: Sequence[Value]) -> BlockColumn:
    if Binary not in set(map(type, values)):
        return BlockColumn(pa.array(values, pa.string()), has_text=any(values))
    written = [value.written if isinstance(value, Binary) else value for value in values]
    text = pa.array(written, pa.string())
    if any(value and not isinstance(value, Binary) for value in values):
        return BlockColumn(text, has_binary=True)
    binary = [value.value if isinstance(value, Binary) else None if value is None else b"" for value in values]
    return BlockColumn(text, pa.array(binary, pa.binary()), has_binary=True, has_text=False)
