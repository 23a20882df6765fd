"""One column of a run of rows, from the kinds of its literals and the texts between their bounds."""

from __future__ import annotations

import binascii
import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from migrator.formats.sql_block import BlockColumn, text_column
from migrator.formats.sql_kinds import BINARIES, BINARY_STRING, BOOL, HEX, HEX_STRING, NULL, NUMBER, STRING
from migrator.formats.sql_marks import Signs, Truths, first_true
from migrator.formats.sql_slots import Column, Slots

_NUMBERS = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_HEX_DIGITS = re.compile("[0-9A-Fa-f]*")
_NOT = pa.scalar(value=False)
_NOT_HEX = STRING | BINARY_STRING | NUMBER | BOOL
_NOTHING = pa.scalar("", pa.string())


def column_of(slots: Slots, written: Slots | None, number: int, kinds: Signs) -> tuple[BlockColumn, int]:
    """The column's values, and how many rows stand before the first whose literal is none.

    Args:
        slots: What stands inside the quotes of strings and behind `0x`, and all of other literals.
        written: The literals as they are written, where some are binary.
        number: The column's, from 0.
        kinds: Of its literals.
    """
    present = int(np.bitwise_or.reduce(kinds))
    nulls = kinds == NULL if present & NULL else None
    text = slots.column(number, nulls)
    good = len(kinds)
    if present & NUMBER:
        good = leading_numbers(text, kinds, present)
    if present & BOOL:
        text = _chosen(kinds == BOOL, pc.ascii_lower(text), text)
    if written is None or not present & BINARIES:
        return text_column(text), good
    as_written = _chosen((kinds & BINARIES) != 0, written.column(number, nulls), text)
    if present & (NUMBER | BOOL) or (present & STRING and text_column(text.filter(pa.array(kinds == STRING))).has_text):
        # Also here a literal must be one.
        return BlockColumn(as_written, has_binary=True), min(good, _binaries(text, kinds)[1])
    binaries, good = _binaries(text, kinds)
    return BlockColumn(as_written, binaries, has_binary=True, has_text=False), good


def leading_numbers(text: Column, kinds: Signs, present: int) -> int:
    """How many rows stand before the first number that is none."""
    rows = None if not present & ~(NUMBER | NULL) else np.flatnonzero(kinds == NUMBER)
    values = text if rows is None else text.take(pa.array(rows, pa.int64()))
    if not _are_digits(values) and not _are_floats(values):
        # A null is no number that is none.
        index = first_true(
            np.asarray(pc.equal(pc.match_substring_regex(values, _NUMBERS), _NOT).fill_null(fill_value=False))
        )
        if index < len(values):
            return index if rows is None else int(rows[index])
    return len(kinds)


def _are_digits(values: Column) -> bool:
    return _all(pc.ascii_is_decimal(values))


def _are_floats(values: Column) -> bool:
    """Whether all are finite; Arrow reads names of what is not."""
    try:
        return _all(pc.is_finite(pc.cast(values, pa.float64())))
    except pa.ArrowInvalid:
        return False


def _all(truths: Column) -> bool:
    """Whether nothing is false; nulls do not count."""
    return pc.all(truths, min_count=0).as_py() is not False


def _binaries(text: Column, kinds: Signs) -> tuple[Column, int]:
    """The bytes that a column's literals stand for, and how many rows stand before the first that is none."""
    in_hex = (kinds & (HEX | HEX_STRING)) != 0
    digits = _chosen(in_hex, text, _NOTHING) if (kinds & _NOT_HEX).any() else text
    decoded, good = _decoded(digits, kinds)
    return (decoded if digits is text else _chosen(in_hex, decoded, text.cast(pa.binary()))), good


def _decoded(digits: Column, kinds: Signs) -> tuple[Column, int]:
    buffers: list[Any] = digits.buffers()
    validity, bounds, data = buffers
    offsets = np.frombuffer(bounds, np.int32)[digits.offset : digits.offset + len(digits) + 1]
    if not (offsets & 1).any() and not ((offsets[1:] == offsets[:-1]) & (kinds == HEX)).any():
        try:
            found = binascii.unhexlify(data[: offsets[-1]] if data is not None else b"")
        except binascii.Error:
            pass
        else:
            halves: Any = offsets // 2
            buffers = [validity, pa.py_buffer(halves), pa.py_buffer(found)]
            return pa.Array.from_buffers(pa.binary(), len(digits), buffers, digits.null_count), len(digits)
    texts = digits.to_pylist()
    good = next((index for index, pair in enumerate(zip(texts, kinds, strict=True)) if not _is_hex(*pair)), len(texts))
    # An odd number of digits behind `0x` is filled up on the left.
    values = [None if text is None else bytes.fromhex("0" * (len(text) % 2) + text) for text in texts[:good]]
    return pa.array(values + [None] * (len(texts) - good), pa.binary()), good


def _is_hex(text: str | None, kind: int) -> bool:
    if text is None or not kind & (HEX | HEX_STRING):
        return True
    complete = bool(text) if kind == HEX else len(text) % 2 == 0
    return complete and _HEX_DIGITS.fullmatch(text) is not None


def _chosen(rows: Truths, values: Column, others: Column | pa.StringScalar) -> Column:
    """In these rows the one, in all others the other."""
    chosen: Column = pc.if_else(pa.array(rows), values, others)
    return chosen
