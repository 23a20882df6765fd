r"""Lines of COPY's text form to columns by Arrow's CSV parser, where that gives what reading value by value gives."""

from __future__ import annotations

import io
from typing import Any, TypeAlias

import pyarrow as pa
from pyarrow import csv

Column: TypeAlias = "pa.Array[Any]"

# What an escape stands for while Arrow splits lines and fields; only where the text holds none of them.
_STAND_INS = {b"\\\\": b"\x01", b"\\n": b"\x02", b"\\t": b"\x03", b"\\r": b"\x04"}
_MEANT = bytes.maketrans(b"\x01\x02\x03\x04", b"\\\n\t\r")
_PARSE = csv.ParseOptions(delimiter="\t", quote_char=False, double_quote=False, ignore_empty_lines=False)


def columns_of_lines(lines: bytes, width: int) -> list[Column] | None:
    """Columns of text with nulls; None where the lines are better read one by one, faulty ones among them."""
    if b"\r" in lines or b"\0" in lines:
        return None
    escapes = lines.count(b"\\")
    has_stand_ins = False
    if escapes != lines.count(b"\\N"):
        if any(stand_in in lines for stand_in in _STAND_INS.values()):
            return None
        has_stand_ins = True
        for escape, stand_in in _STAND_INS.items():
            lines = lines.replace(escape, stand_in)
        escapes = lines.count(b"\\")
        if escapes != lines.count(b"\\N"):
            return None
    names = [str(index) for index in range(width)]
    try:
        table = csv.read_csv(
            io.BytesIO(lines),
            csv.ReadOptions(column_names=names, use_threads=False, block_size=len(lines) + 1),
            _PARSE,
            csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=["\\N"],
                strings_can_be_null=True,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    columns = [column.combine_chunks() for column in table.columns]
    # A backslash that is left and makes no null stands inside a value.
    if sum(column.null_count for column in columns) != escapes:
        return None
    return [_meant(column) for column in columns] if has_stand_ins else columns


def _meant(column: Column) -> Column:
    validity, offsets, data = column.buffers()
    if data is None:
        return column
    meant = pa.py_buffer(data.to_pybytes().translate(_MEANT))
    buffers = [validity, offsets, meant]
    return pa.Array.from_buffers(pa.string(), len(column), buffers, column.null_count, column.offset)
