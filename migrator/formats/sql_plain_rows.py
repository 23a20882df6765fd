"""Rows of a dump, parsed by Arrow's csv reader: what its text means to csv is proved elsewhere to be what it means."""

from __future__ import annotations

from functools import lru_cache
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv

from migrator.formats.sql_block import Column
from migrator.formats.sql_marks import Positions, Signs

LARGEST = 1 << 30
"""Up to so many bytes positions and sizes are 32 bits wide."""

GAP = 5
"""What marks the end of a value that more than a comma follows: a control character that the text does not hold."""


def parsed(text: bytes | bytearray, form: RowForm) -> list[Column] | None:
    """Columns of text with nulls; None where a row has another number of values, or it is too big.

    Args:
        text: Whole rows, each with the newline that ends it.
        form: What a row looks like.
    """
    if len(text) >= LARGEST:
        return None
    try:
        table = csv.read_csv(
            cast("IO[Any]", pa.BufferReader(text)),  # the stubs know files only
            read_options=csv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=form.names),
            parse_options=form.parsing,
            convert_options=form.conversion,
        )
    except pa.ArrowInvalid:
        return None
    columns: list[Column] = []
    for column in table.columns:
        chunks: list[Column] = column.chunks
        if len(chunks) != 1 or chunks[0].offset:
            return None
        columns.append(chunks[0])
    return columns


class RowForm:
    """What rows look like to the csv reader.

    Args:
        width: How many values a row has.
        delimiter: What stands between two of them.
        quote: What stands around a string, where there are strings.
        nulls: What stands for null where it is not quoted.
        framed: Whether another field stands before the first value and another behind the last one.
    """

    def __init__(self, width: int, delimiter: str, quote: str | None, nulls: tuple[str, ...], *, framed: bool) -> None:
        self.names = [str(number) for number in range(width + 2 * framed)]
        kept = self.names[1:-1] if framed else self.names
        self.parsing = csv.ParseOptions(
            delimiter=delimiter,
            quote_char=quote or False,
            double_quote=False,
            newlines_in_values=False,
            # Else Arrow makes a row of empty values of one.
            ignore_empty_lines=width + 2 * framed > 1,
        )
        self.conversion = csv.ConvertOptions(
            check_utf8=False,  # the stream is checked already
            column_types=dict.fromkeys(kept, pa.string()),
            include_columns=kept,
            null_values=list(nulls),
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        )


@lru_cache(64)
def insert_form(width: int, *, gaps: bool) -> RowForm:
    """Of rows of INSERT, where parentheses became commas; `gaps` are marked, where there are any."""
    nulls = ("NULL", "null", *((f"NULL{chr(GAP)}", f"null{chr(GAP)}") if gaps else ()))
    return RowForm(width, ",", "'", nulls, framed=True)


@lru_cache(64)
def copy_form(width: int) -> RowForm:
    """Of lines of COPY's text form."""
    return RowForm(width, "\t", None, ("\\N",), framed=False)


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


def is_null(column: Column) -> npt.NDArray[np.bool_]:
    """Where a column that begins at its buffers' start has no value; at least one value is null."""
    valid = np.frombuffer(cast("Any", column.buffers()[0]), np.uint8)
    nulls: npt.NDArray[np.bool_] = np.unpackbits(valid, count=len(column), bitorder="little") == 0
    return nulls


def made(column: Column, bounds: Positions, signs: Signs | bytes) -> Column:
    """A column with the same nulls and other texts."""
    parts: list[Any] = [bounds, signs]
    buffers: list[Any] = [column.buffers()[0], *map(pa.py_buffer, parts)]
    return pa.Array.from_buffers(pa.string(), len(column), buffers, column.null_count)
