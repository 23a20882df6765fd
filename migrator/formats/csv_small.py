"""A small csv, read whole and in one go: the same tables as `csv` makes of it, without setting its pipeline up.

Python's own reader of csv reads records as RFC 4180 says, but does not tell an empty field from a quoted empty one.
Where there may be one of these, or it refuses the text, `csv` has the last word and names the place.
"""

from __future__ import annotations

import csv as records
import io
import re
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from migrator.formats.column_kinds import typed
from migrator.formats.csv_header import read_header
from migrator.formats.csv_records import Fault
from migrator.formats.interface import Sink, Source
from migrator.formats.text import open_text

LARGEST = 32 * 1024
"""In bytes; Python's own reader takes fields of up to 128 KiB."""

_QUOTED_EMPTY = re.compile(rb'(?:\A|[,;\t|\r\n])""(?:[,;\t|\r\n]|\Z)')

_Row = Sequence[str]


def read(source: Source, sink: Sink) -> None:
    """Read a csv of any size into one table.

    Raises:
        Refusal: `malformed-csv` with the line, `not-text` with the byte, `empty-file`.
        OSError: The source cannot be read.
    """
    size = source.size
    columns = _columns(source, size) if size is not None and size <= LARGEST else None
    if columns is None:
        from migrator.formats import csv

        csv.read(source, sink)
        return
    rows = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
    table = sink.table(rows.schema)
    table.write(rows)
    table.close()


def _columns(source: Source, size: int) -> dict[str, pa.Array[Any]] | None:
    """Names and values of the columns; None where this is for `csv` to read."""
    data = _text(source, size)
    if data is None or (b'""' in data and _QUOTED_EMPTY.search(data)):
        return None
    data = data.lstrip(b"\r\n")
    try:
        header = read_header(data, final=True)
        if header is None:
            return None
        width = len(header.names)
        lines = io.StringIO(data[header.end :].decode(), newline="")
        rows: list[_Row] = list(records.reader(lines, delimiter=header.delimiter.decode(), strict=True))
    except (Fault, records.Error):
        return None
    if width == 1:
        rows = [row or ("",) for row in rows]
    elif not all(rows):
        rows = [row for row in rows if row]
    if rows and set(map(len, rows)) != {width}:
        return None
    fields = zip(*rows, strict=True) if rows else [()] * width
    values = [typed([field or None for field in column] if "" in column else column) for column in fields]
    return dict(zip(header.names, values, strict=True))


def _text(source: Source, size: int) -> bytes | None:
    """All of the text; None where it is longer than is said."""
    if source.path is not None:
        with source.open() as file:
            data = file.read(size)
        # No byte order mark is ASCII; who wrote to the file meanwhile is found out when it is read.
        if len(data) == size and data.isascii():
            return data
    with open_text(source) as stream:
        parts = []
        # Of UTF-16 becomes at most half as much again.
        left = 2 * size + 1
        while left > 0 and (part := stream.read(left)):
            parts.append(part)
            left -= len(part)
    return b"".join(parts) if left > 0 else None
