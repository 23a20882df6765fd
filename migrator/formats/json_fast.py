"""Blocks of objects parsed by `pyarrow.json`, with a proof for each that nothing was lost or let through.

`pyarrow.json` with an explicit schema refuses, by itself, everything that RFC 8259 forbids, a key twice at any depth,
an unknown key, another kind of value, half surrogates, and integers beyond int64. It takes more than we may in four
places, and those are proved here:

- values side by side without a separator: if there is at least one object between each two separators, and as many
  as there are places between them, then there is exactly one;
- `NaN`, `Infinity`: floats must be finite;
- `-0` as an integer: it has none;
- decimals that a float64 does not give back: each number of 16 and more digits is compared with its text.
"""

import re
from typing import IO, Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from migrator.formats.json_alike import parse_alike
from migrator.formats.json_blocks import Block
from migrator.formats.json_values import Wide, float_or_wide

_MOST_PASSED_OVER = 31  # blocks
# Numbers of fewer characters have at most 15 digits, which always come back.
_LONG = 16
_IN_NUMBER = np.zeros(256, np.bool_)
_IN_NUMBER[list(b"0123456789.eE+-")] = True
_NUMBER_SIGNS = bytes(_IN_NUMBER)
_FOUR_SIGNS = 0x01010101
_NEGATIVE_ZERO = re.compile(rb"-0(?=[ \t\r\n,\]}])")
_TINY = 1e-290
_LARGE = 1e15  # an integer of 16 digits is no less
_TINY_EXPONENT = re.compile(rb"[eE]-[0-9]{3}")


def can_parse(schema: pa.Schema) -> bool:
    """Whether rows of this schema can come from here: JSON text is not given by `pyarrow.json`."""
    return all(not isinstance(field.type, pa.BaseExtensionType) for field in schema)


class Pace:
    """How often the parser of records that are written alike is asked: seldom where it has refused again and again.

    Several threads may use it; where they meet, it is asked once more or less.
    """

    def __init__(self) -> None:
        self._pass_over = 0
        self._left = 0

    def asks(self) -> bool:
        """Whether it is asked this time."""
        if self._left <= 0:
            return True
        self._left -= 1
        return False

    def note(self, *, taken: bool) -> None:
        """What came of asking."""
        self._pass_over = 0 if taken else min(2 * self._pass_over + 1, _MOST_PASSED_OVER)
        self._left = self._pass_over


def parse_block(block: Block, schema: pa.Schema, most: int, pace: Pace) -> pa.Table | None:
    """The rows of a block by the fastest parser that takes it; None where none does, or there are more than `most`."""
    rows = None
    if pace.asks():
        rows = parse_alike(block.text(), schema, most, commas=block.commas)
        pace.note(taken=rows is not None)
    if rows is None and (objects := block.objects()) is not None and objects.rows <= most:
        rows = parse_objects(*objects, schema)
    return rows


def parse_objects(block: bytes, count: int, schema: pa.Schema) -> pa.Table | None:
    """The rows of a block, or None if anything about it needs the exact parser.

    Args:
        block: Objects with newlines between them, at least one on both sides of each newline.
        count: How many there must be if there is exactly one.
        schema: Columns of the rows; no JSON text.
    """
    try:
        rows = pj.read_json(
            cast(IO[Any], pa.BufferReader(block)),  # the stubs know files only
            read_options=pj.ReadOptions(use_threads=False, block_size=len(block) + 1),
            parse_options=pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
        )
    except pa.ArrowInvalid:
        return None
    if rows.num_rows != count or not rows.schema.equals(schema):
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
        self.large = False
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
                return
            bounds = pc.min_max(pc.abs(values))
            self.tiny |= bounds["min"].as_py() < _TINY
            self.large |= bounds["max"].as_py() >= _LARGE
        elif pa.types.is_integer(kind) and not self.zero_int and values.null_count < len(values):
            self.zero_int = bool(pc.any(pc.equal(values, pa.scalar(0))).as_py())

    def proves(self, block: bytes) -> bool:
        """Whether every number equals its text."""
        if self.not_finite or (self.zero_int and _NEGATIVE_ZERO.search(block)):
            return False
        if self.tiny and _TINY_EXPONENT.search(block):
            return False
        return not self.floats or _long_numbers_come_back(block, integers=self.large)


def _long_numbers_come_back(block: bytes, *, integers: bool) -> bool:
    """Whether each long number in the text, also those inside strings, equals the shortest decimal of its float64.

    Integers are looked at only where some may stand in a column of floats.
    """
    if not _may_have_long_numbers(block):
        return True
    inside = np.zeros(len(block) + 2, np.bool_)
    inside[1:-1] = _IN_NUMBER[np.frombuffer(block, np.uint8)]
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    starts, ends = edges[::2], edges[1::2]
    long = ends - starts >= _LONG
    tokens = [block[start:end] for start, end in zip(starts[long].tolist(), ends[long].tolist(), strict=True)]
    if not integers:
        tokens = [token for token in tokens if b"." in token or b"e" in token or b"E" in token]
    if not tokens:
        return True
    texts = pa.array(tokens, pa.binary()).cast(pa.string())
    try:
        same = pc.equal(texts.cast(pa.float64()).cast(pa.string()), texts)
        odd = texts.filter(pc.invert(same)).to_pylist()
    except pa.ArrowInvalid:  # some are no numbers
        odd = texts.to_pylist()
    return all(_comes_back(text) for text in odd)


def _may_have_long_numbers(block: bytes) -> bool:
    """False only if no number has 16 characters; cheap, for dates and most numbers it is decided.

    What is as long fills three places of four bytes each, one behind another, wherever it begins.
    """
    signs = np.frombuffer(block.translate(_NUMBER_SIGNS), np.uint32, len(block) // 4)
    full = signs == _FOUR_SIGNS
    return bool((full[:-2] & full[1:-1] & full[2:]).any())


def _comes_back(text: Any) -> bool:
    try:
        return not isinstance(float_or_wide(text), Wide)
    except ValueError:  # digits inside a string, such as a card's number with dashes
        return True
