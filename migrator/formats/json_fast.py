"""Blocks of objects parsed by `pyarrow.json`, with a proof for each that nothing was lost or let through.

`pyarrow.json` with an explicit schema refuses, by itself, everything that RFC 8259 forbids, a key twice at any depth,
an unknown key, another kind of value, half surrogates, and integers beyond int64. It takes more than we may in four
places, and those are proved here:

- values side by side without a separator: each separator must stand between `}` and `{`, which a newline inside
  valid objects never does, and there must be one row more than separators;
- `NaN`, `Infinity`: floats must be finite;
- `-0` as an integer: it has none;
- decimals that a float64 does not give back: each number of 16 and more digits is compared with its text.
"""

import io
import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from migrator.formats.json_values import Wide, float_or_wide

_LONG_NUMBER = re.compile(rb"-?[0-9][-+0-9.eE]{15,}")
_ALL_DIGITS = bytes(0x30 if byte in b"0123456789." else 0x20 for byte in range(256))
_LONG_RUN = b"0" * 16
_NEGATIVE_ZERO = re.compile(rb"-0(?=[ \t\r\n,\]}])")
_TINY = 1e-290
_TINY_EXPONENT = re.compile(rb"[eE]-[0-9]{3}")


def can_parse(schema: pa.Schema) -> bool:
    """Whether rows of this schema can come from here: JSON text is not given by `pyarrow.json`."""
    return all(not isinstance(field.type, pa.BaseExtensionType) for field in schema)


def parse_objects(block: bytes, separators: int, schema: pa.Schema) -> pa.Table | None:
    """The rows of a block, or None if anything about it needs the exact parser.

    Args:
        block: Objects, from the first `{` to the last `}`, separated by newlines.
        separators: How many newlines are meant to separate two.
        schema: Columns of the rows; no JSON text.
    """
    if not block.startswith(b"{") or not block.endswith(b"}") or block.count(b"}\n{") != separators:
        return None
    try:
        rows = pj.read_json(
            io.BytesIO(block),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(block) + 1),
            parse_options=pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
        )
    except pa.ArrowInvalid:
        return None
    if rows.num_rows != separators + 1 or not rows.schema.equals(schema):
        return None
    seen = _Seen()
    for column in rows.columns:
        for chunk in column.chunks:
            seen.look(chunk)
    return rows if seen.proves(block) else None


class _Seen:
    """What stands in the numbers of a block, as far as it asks for a look at the text."""

    def __init__(self) -> None:
        self.floats = False
        self.zero_int = False
        self.tiny = False
        self.not_finite = False

    def look(self, values: Any) -> None:
        kind = values.type
        if pa.types.is_struct(kind) or pa.types.is_list(kind):
            for child in values.flatten() if pa.types.is_struct(kind) else [values.flatten()]:
                self.look(child)
        elif pa.types.is_floating(kind) and values.null_count < len(values):
            self.floats = True
            if not pc.all(pc.is_finite(values)).as_py():
                self.not_finite = True
            elif pc.any(pc.less(pc.abs(values), pa.scalar(_TINY))).as_py():
                self.tiny = True
        elif pa.types.is_integer(kind) and not self.zero_int and values.null_count < len(values):
            self.zero_int = bool(pc.any(pc.equal(values, pa.scalar(0))).as_py())

    def proves(self, block: bytes) -> bool:
        """Whether every number equals its text."""
        if self.not_finite or (self.zero_int and _NEGATIVE_ZERO.search(block)):
            return False
        if self.tiny and _TINY_EXPONENT.search(block):
            return False
        if not self.floats or _LONG_RUN not in block.translate(_ALL_DIGITS):
            return True
        return all(_comes_back(token) for token in _LONG_NUMBER.findall(block))


def _comes_back(token: bytes) -> bool:
    text = token.decode()
    try:
        return not isinstance(float_or_wide(text), Wide)
    except ValueError:  # digits inside a text, such as a card's number with dashes
        return True
