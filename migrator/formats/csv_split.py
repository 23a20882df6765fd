"""A block of csv split into its fields at once, by the places of all delimiters and line ends.

Only where that is proved to be what RFC 4180 says: each record has its line end where its last field ends, and each
quote is the first or the last sign of a field that holds no other. Whatever else a block holds is for other parsers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from migrator.formats.csv_blocks import Block
from migrator.formats.csv_words import Words
from migrator.formats.fields import SLACK, Column, Fields, Places, Truths

LEAST_ROWS = 512
"""Fewer records a block are parsed as fast in other ways."""

_LARGEST = 32 << 20
_MOST_PASSED_OVER = 64
_QUOTE = ord('"')
_NEWLINE = ord("\n")
_RETURN = ord("\r")


@dataclass(frozen=True)
class Split:
    """The fields of a block; good until the block is released.

    Attributes:
        block: Where their bytes lie.
        fields: Those of each column, without their quotes.
    """

    block: Block
    fields: Sequence[Fields]

    def columns(self, types: Sequence[pa.DataType]) -> list[Column]:
        """The columns in these types, or as text where that takes a second look."""
        found = []
        for fields, kind in zip(self.fields, types, strict=True):
            column = fields.typed(kind)
            found.append(fields.text() if column is None else column)
        return found


class Splitter:
    """Splits the blocks of one file; not for several threads.

    Args:
        delimiter: One byte.
        width: How many columns the header has.
    """

    def __init__(self, delimiter: bytes, width: int) -> None:
        self._delimiter = delimiter[0]
        self._width = width
        self._quoted_before: list[int] = []
        self._found = np.empty(0, np.bool_)
        self._also_found = np.empty(0, np.bool_)
        self._pass_over = 0
        self._left_to_pass = 0

    def split(self, block: Block) -> Split | None:
        """The fields of a block that is `whole`; None where they are not known to be found this way.

        A file with many such blocks is soon asked less often.
        """
        if self._left_to_pass:
            self._left_to_pass -= 1
            return None
        found = self._split(block)
        self._pass_over = 0 if found else min(2 * self._pass_over + 1, _MOST_PASSED_OVER)
        self._left_to_pass = self._pass_over
        return found

    def _split(self, block: Block) -> Split | None:
        signs = np.frombuffer(block.buffer, np.uint8, block.size)
        if signs[-1] != _NEWLINE or block.size > _LARGEST or len(block.buffer) < block.size + SLACK:
            return None
        ends = self._ends(signs)
        if ends is None:
            return None
        starts = [np.empty_like(ends[0]), *(column + 1 for column in ends[:-1])]
        starts[0][0] = 0
        np.add(ends[-1][:-1], 1, out=starts[0][1:])
        if block.buffer.find(b"\r", 0, block.size) >= 0:
            if not (signs[ends[-1] - 1] == _RETURN).all():
                return None
            if np.count_nonzero(np.equal(signs, _RETURN, out=self._found[: len(signs)])) != len(ends[-1]):
                return None
            ends[-1] -= 1
        quoted = self._quoted(signs, starts, ends, block.quotes) if block.quotes else {}
        if quoted is None:
            return None
        words = Words(block.buffer)
        columns = enumerate(zip(starts, ends, strict=True))
        return Split(block, [Fields(words, *places, _nulls(*places, quoted.get(index))) for index, places in columns])

    def _ends(self, signs: npt.NDArray[np.uint8]) -> list[Places] | None:
        """Where the fields of each column end, line ends included; None where records are not alike."""
        size = len(signs)
        if len(self._found) < size:
            self._found, self._also_found = np.empty(size, np.bool_), np.empty(size, np.bool_)
        newlines = np.equal(signs, _NEWLINE, out=self._found[:size])
        rows = int(np.count_nonzero(newlines))
        if rows < LEAST_ROWS:
            return None
        delimiters = np.equal(signs, self._delimiter, out=self._also_found[:size])
        places = np.flatnonzero(np.logical_or(newlines, delimiters, out=newlines))
        if len(places) != rows * self._width:
            return None
        table = np.ascontiguousarray(places.reshape(rows, self._width).T)
        if not (signs[table[-1]] == _NEWLINE).all():
            return None
        return list(table)

    def _quoted(
        self, signs: npt.NDArray[np.uint8], starts: list[Places], ends: list[Places], quotes: int
    ) -> dict[int, Truths] | None:
        """Which fields are quoted; their places leave the quotes out. None where quotes stand anywhere else."""
        quoted: dict[int, Truths] = {}
        seen = 0
        others = (index for index in range(self._width) if index not in self._quoted_before)
        for index in [*self._quoted_before, *others]:
            if seen == quotes:
                break
            first = signs[starts[index]] == _QUOTE
            count = int(np.count_nonzero(first))
            if count:
                inner = ends[index] - 1
                if not ((signs[inner] == _QUOTE) & (inner > starts[index]))[first].all():
                    return None
                starts[index] += first
                ends[index] -= first
                quoted[index] = first
                seen += 2 * count
        if seen != quotes:
            return None
        self._quoted_before = list(quoted)
        return quoted


def _nulls(starts: Places, ends: Places, quoted: Truths | None) -> Truths | None:
    """Which fields are empty and not quoted, if any."""
    if (starts < ends).all():
        return None
    nulls: Truths = starts == ends
    if quoted is not None:
        nulls &= ~quoted
    return nulls if nulls.any() else None
