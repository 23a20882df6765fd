"""Rows of one table on their way from a dump to parquet: text columns, of which some may be binary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from migrator.formats.sql_literals import Binary, Value

Column: TypeAlias = "pa.Array[Any]"


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
    columns: Sequence[BlockColumn]
    rows: int
    size: int
    line: int


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
