r"""Runs of literal rows to columns by Arrow's CSV parser, where that gives what reading value by value gives.

Splitting at quotes tells what stands outside of strings; there, every token is checked to be a plain string, a number
or NULL, and separators of rows become line ends. Escapes, and line ends in strings, are replaced by stand-ins of one
byte, which the text must not hold, and put back in the columns. Whatever else comes up is left to the exact way.
"""

from __future__ import annotations

import io
import re
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa
from pyarrow import csv

from migrator.formats.sql_grammar import Family

Column: TypeAlias = "pa.Array[Any]"

_ESCAPES = {
    b"\\\\": b"\x01",
    b"\\'": b"\x04",
    b'\\"': b"\x05",
    b"\\n": b"\x06",
    b"\\r": b"\x07",
    b"\\t": b"\x08",
    b"\\0": b"\x0e",
    b"\\Z": b"\x0f",
    b"\\b": b"\x10",
}
_ESCAPE_STAND_INS = b"".join(_ESCAPES.values())
_LINE_STAND_INS = bytes.maketrans(b"\n\r", b"\x02\x03")
_STAND_INS = b"\x02\x03" + _ESCAPE_STAND_INS
_MEANT = bytes.maketrans(_STAND_INS, b"\n\r\\'\"\n\r\t\0\x1a\b")
_TOKEN = rb"(?:'++|-?[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?|NULL|true|false|[+-]?\.?[0-9]++\.?+)"
_TOKENS = re.compile(rb"(?:" + _TOKEN + rb"[,\n])*+(?:" + _TOKEN + rb"(?=\)))?+")
_PARSE = csv.ParseOptions(delimiter=",", quote_char="'", double_quote=True, ignore_empty_lines=False)


class Run(NamedTuple):
    """Rows that were taken.

    Attributes:
        columns: Text with nulls.
        rows: How many.
        size: The bytes from the first row's opening parenthesis to before the last row's closing one.
    """

    columns: list[Column]
    rows: int
    size: int


def take_run(piece: bytes, separator: bytes, family: Family, width: int, closing: bytes = b")") -> Run | None:
    """As many whole rows as can be taken this way; None where that is none.

    Args:
        piece: Text that begins with a row's opening parenthesis.
        separator: What stands between the values of two rows: `),(`, or the end of a statement and the next one's head.
        family: The lexical rules.
        width: How many values a row has.
        closing: What must stand behind a row for it to be the last one.
    """
    if b"\0" in piece or len(piece.translate(None, _STAND_INS)) != len(piece):
        return None
    escaped = family is Family.MYSQL and b"\\" in piece
    if escaped:
        for escape, stand_in in _ESCAPES.items():
            piece = piece.replace(escape, stand_in)
            if b"\\" not in piece:
                break
    if b"\n" in piece or b"\r" in piece:
        piece = piece.translate(_LINE_STAND_INS)
        separator = separator.translate(_LINE_STAND_INS)
    parts = piece.split(b"'")
    # Strings are a quote each in the outline, and as many more as they hold doubled ones.
    outline = b"'".join(parts[::2])
    lines = outline[1:].replace(separator, b"\n")
    found = _TOKENS.match(lines)
    end = found.end() if found else 0
    if not end or lines[end - 1 : end] in b",\n" or not lines.startswith(closing, end):
        end = lines.rfind(b"\n", 0, end)
    if end <= 0:
        return None
    rows = lines.count(b"\n", 0, end) + 1
    outline_end = 1 + end + (rows - 1) * (len(separator) - 1)
    before = outline.count(b"'", 0, outline_end)
    inside = parts[1 : 2 * before : 2]
    size = outline_end + before + sum(map(len, inside))
    text = piece[1:size]
    if text.count(separator) != rows - 1 or (family is Family.MYSQL and b"\\" in text):
        return None
    columns = _parsed(text.replace(separator, b"\n"), width)
    if columns is None or len(columns[0]) != rows:
        return None
    if escaped or b"\x02" in text or b"\x03" in text:
        columns = [_meant(column) for column in columns]
    original_size = size + (len(text) - len(text.translate(None, _ESCAPE_STAND_INS)) if escaped else 0)
    return Run(columns, rows, original_size)


def _parsed(lines: bytes, width: int) -> list[Column] | None:
    names = [str(index) for index in range(width)]
    try:
        table = csv.read_csv(
            io.BytesIO(lines),
            csv.ReadOptions(column_names=names, use_threads=False, block_size=len(lines) + 1),
            _PARSE,
            csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=["NULL"],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    return [column.combine_chunks() for column in table.columns]


def _meant(column: Column) -> Column:
    validity, offsets, data = column.buffers()
    if data is None:
        return column
    meant = pa.py_buffer(data.to_pybytes().translate(_MEANT))
    buffers = [validity, offsets, meant]
    return pa.Array.from_buffers(pa.string(), len(column), buffers, column.null_count, column.offset)
