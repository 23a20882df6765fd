"""Text columns of a block of csv: by Arrow's parser where its result is proved to be the same, else by our own."""

import csv as python_csv
import functools
import io
import re
from collections.abc import Iterable, Sequence
from typing import IO, Any, cast

import pyarrow as pa
from pyarrow import csv

from migrator.formats.csv_blocks import Block, is_plain, quotes_are_data, starts_with_mark
from migrator.formats.csv_records import Field, rows

SMALL = 16 * 1024
"""Up to so many bytes plain Python is faster than the setting up of Arrow's parser, where there are no quotes."""

SMALL_WITH_QUOTES = 512
"""The same, where there are."""

_LARGEST_FOR_ARROW = 1 << 30
_QUOTED_EMPTY = re.compile(rb'(?:\A|[,;\t|\r\n])""(?:[,;\t|\r\n]|\Z)')
_LINE_ENDS = frozenset(b"\r\n")


class BlockParser:
    """Parses blocks of records of one file; may be used by several threads.

    Args:
        delimiter: One byte.
        width: How many columns the header has.
    """

    def __init__(self, delimiter: bytes, width: int) -> None:
        self._delimiter = delimiter
        self._width = width
        self._nothing: list[pa.Array[Any]] = [pa.array([], pa.string())] * width
        self._names = [str(index) for index in range(width)]

    @functools.cached_property
    def _conversion(self) -> csv.ConvertOptions:
        return csv.ConvertOptions(
            check_utf8=False,  # the stream is checked already
            column_types=dict.fromkeys(self._names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        )

    def quoting(self, block: Block) -> bool | None:
        """Whether Arrow's parser reads this block, which is whole, as RFC 4180 says, and must know of quotes for it.

        Returns:
            None where it is not known to read it so.
        """
        least = SMALL_WITH_QUOTES if block.quotes else SMALL
        if not least < block.size < _LARGEST_FOR_ARROW or starts_with_mark(block.view):
            return None
        if not block.quotes:
            return False
        places = block.quote_places()
        if is_plain(block.view, self._delimiter, places):
            return True
        return False if quotes_are_data(block.view, self._delimiter, places) else None

    def parse(self, block: Block, *, quoting: bool) -> "list[pa.Array[Any]]":
        """The columns of a whole block by Arrow's parser.

        Args:
            block: A block that is `whole`.
            quoting: What `quoting` said of it.

        Raises:
            Fault: A record has too few or too many fields.
        """
        view = block.view
        # Without a line end Arrow takes an empty last field for a quoted one where the one before is quoted.
        data = view if view[-1] in _LINE_ENDS else bytes(view) + b"\n"
        try:
            table = csv.read_csv(
                cast(IO[Any], pa.BufferReader(data)),  # the stubs know files only
                read_options=csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=self._names),
                parse_options=csv.ParseOptions(
                    delimiter=self._delimiter.decode(),
                    quote_char='"' if quoting else False,
                    newlines_in_values=quoting,
                    ignore_empty_lines=self._width > 1,
                ),
                convert_options=self._conversion,
            )
        except pa.ArrowInvalid:
            # Arrow tells of the record by its number only, and our own rules have the last word.
            return self.parse_exactly(block.data, final=True, whole=True)[0]
        return [_in_one_piece(column) for column in table.columns] if table.num_rows else self._nothing

    def parse_exactly(self, data: bytes, *, final: bool, whole: bool) -> "tuple[list[pa.Array[Any]], int]":
        """The columns of the complete records of any block, and where the first record starts that is not complete.

        Raises:
            Fault: As `csv_records.rows`.
        """
        if final or whole:
            known = self._split(data) or self._read_by_python(data)
            if known is not None:
                return known, len(data)
        found, end = rows(data, self._delimiter, self._width, final=final, whole=whole)
        columns: list[tuple[Field, ...]] = list(zip(*found, strict=True)) if found else [()] * self._width
        return [pa.array(column, pa.string()) for column in columns], end

    def _split(self, data: bytes) -> "list[pa.Array[Any]] | None":
        """The columns of records without quotes, where each has as many fields as the header."""
        if b'"' in data:
            return None
        lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n").split(b"\n")
        columns: Iterable[Sequence[bytes]]
        if self._width == 1:
            if any(self._delimiter in line for line in lines):
                return None
            columns = [lines]
        else:
            found = [line.split(self._delimiter) for line in lines if line]
            if not found or any(len(fields) != self._width for fields in found):
                return None
            columns = zip(*found, strict=True)
        return [pa.array([field or None for field in column], pa.string()) for column in columns]

    def _read_by_python(self, data: bytes) -> "list[pa.Array[Any]] | None":
        """The columns by Python's own reader, which is strict, but takes a quoted empty field for an empty one."""
        if _QUOTED_EMPTY.search(data):
            return None
        lines = io.StringIO(data.decode(), newline="")
        try:
            found = list(python_csv.reader(lines, delimiter=self._delimiter.decode(), strict=True))
        except python_csv.Error:
            # Also where the data end inside quotes.
            return None
        if self._width == 1:
            found = [record or [""] for record in found]
        elif not all(found):
            found = [record for record in found if record]
        if not found or any(len(record) != self._width for record in found):
            return None
        return [pa.array([field or None for field in column], pa.string()) for column in zip(*found, strict=True)]


def _in_one_piece(column: "pa.ChunkedArray[Any]") -> "pa.Array[Any]":
    chunks: list[pa.Array[Any]] = column.chunks
    return chunks[0] if len(chunks) == 1 else pa.concat_arrays(chunks)
