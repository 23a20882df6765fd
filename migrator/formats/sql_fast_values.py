"""The literals of many rows, told apart and proved, for all values of a block at once."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from migrator.formats.sql_block import BlockColumn
from migrator.formats.sql_fast_columns import column_of
from migrator.formats.sql_kinds import (
    BINARIES,
    BINARY_STRING,
    BOOL,
    HEX,
    HEX_STRING,
    KINDS,
    NULL,
    NUMBER,
    OTHER,
    QUOTED,
)
from migrator.formats.sql_marks import Positions, Signs, first_true, windows
from migrator.formats.sql_slots import Slots

_BLANKS = np.zeros(256, np.bool_)
_BLANKS[list(b" \t\r\n")] = True
_BLANK = ord(" ")
_MOST_BLANKS = 4
_LOWER = 0x20
_WORDS = {ord("n"): b"null", ord("t"): b"true", ord("f"): b"false"}
_BINARY_PREFIX = b"_binary '"
# What a backslash and a letter mean in a string of MySQL; `\%` and `\_` stay as they are.
_MEANT = np.arange(256, dtype=np.uint8)
_MEANT[list(b"0bnrtZ")] = list(b"\0\b\n\r\t\x1a")
_KEPT = np.zeros(256, np.bool_)
_KEPT[list(b"%_")] = True


class RowValues:
    """The values of rows whose bounds are known; `good` falls to the number of rows before the first that is no good.

    Args:
        piece: The block.
        signs: Its bytes.
        starts: Where each value begins, blanks before it included, a row a row; at least one.
        ends: Where each ends; behind it stands at least one byte more.
    """

    def __init__(self, piece: bytes, signs: Signs, starts: Positions, ends: Positions) -> None:
        self.good = len(starts)
        self.row_ends = ends[:, -1].copy()
        self._piece = piece
        self._signs = signs
        self._meant = signs
        self._starts, self._ends = starts, ends
        self._removed: list[Positions] = []
        first = self._trimmed()
        self._kinds = KINDS.take(first)
        self._present = int(np.bitwise_or.reduce(self._kinds, axis=None))
        self._quotes = starts
        self._hold_words(first)

    def hold_quotes(self, quotes: Positions) -> None:
        """Prove that strings begin and end with their values, given all quotes that no backslash escapes."""
        quotes = quotes[: np.searchsorted(quotes, self.row_ends[-1])]
        opening, closing = quotes[: len(quotes) // 2 * 2 : 2], quotes[1::2]
        doubled = closing[:-1] + 1 == opening[1:]
        if doubled.any():
            self._removed.append(closing[:-1][doubled])
            opening = opening[np.concatenate(([True], ~doubled))]
            closing = closing[np.concatenate((~doubled, [True]))]
        quoted = (self._kinds & QUOTED) != 0
        self._hold_equal(opening, self._quotes[quoted])
        self._hold_equal(closing, self._ends[quoted] - 1)

    def hold_escapes(self, escapes: Positions, outside: Positions) -> None:
        """Take note of the backslashes that escape, and of those among them that stand in no string."""
        if len(outside):
            self._hold_before(int(outside[0]))
        escapes = escapes[: np.searchsorted(escapes, self.row_ends[-1])]
        letters = self._signs.take(escapes + 1)
        self._removed.append(escapes[~_KEPT.take(letters)])
        self._meant = self._signs.copy()
        self._meant[escapes + 1] = _MEANT.take(letters)

    def columns(self, begin: int, end: int) -> list[BlockColumn]:
        """The columns of the rows from `begin` up to `end`, of use only if `good` is as before afterwards."""
        starts, ends, kinds = self._starts[begin:end], self._ends[begin:end], self._kinds[begin:end]
        quoted = (kinds & QUOTED) != 0
        inner_starts = self._quotes[begin:end] + quoted
        if self._present & HEX:
            inner_starts[kinds == HEX] += len(b"0x")
        slots = Slots(self._meant, inner_starts, ends - quoted, self._all_removed)
        written = Slots(self._signs, starts, ends) if self._present & BINARIES else None
        columns: list[BlockColumn] = []
        for number, of_column in enumerate(np.ascontiguousarray(kinds.T)):
            column, good = column_of(slots, written, number, of_column)
            self.good = min(self.good, begin + good)
            columns.append(column)
        return columns

    @cached_property
    def _all_removed(self) -> Positions | None:
        if len(self._removed) > 1:
            return np.sort(np.concatenate(self._removed))
        return self._removed[0] if self._removed else None

    def _trimmed(self) -> Signs:
        """Take the blanks off all values; the first byte of each."""
        starts, ends, signs = self._starts, self._ends, self._signs
        first = signs.take(starts)
        for _ in range(_MOST_BLANKS):
            blank = first <= _BLANK
            if not blank.any():
                break
            blank = _BLANKS.take(first)
            starts += blank
            first = signs.take(starts)
        for _ in range(_MOST_BLANKS):
            blank = (signs.take(ends - 1) <= _BLANK) & (ends > starts)
            if not blank.any():
                break
            blank &= _BLANKS.take(signs.take(ends - 1))
            ends -= blank
        return first

    def _hold_words(self, first: Signs) -> None:
        """Tell literals that begin alike apart, and find those that are none."""
        flat, firsts = self._kinds.reshape(-1), first.reshape(-1)
        starts, ends = self._starts.reshape(-1), self._ends.reshape(-1)
        if self._present & NUMBER:
            chosen = np.flatnonzero(firsts == ord("0"))
            second = self._signs.take(starts[chosen] + 1)
            self._set_kind(chosen[second == ord("x")], HEX)
            self._set_kind(chosen[second == ord("X")], OTHER)
        if self._present & (NULL | BOOL):
            words = np.flatnonzero(flat & (NULL | BOOL))
            letters = firsts[words] | _LOWER
            for letter, word in _WORDS.items():
                chosen = words[letters == letter]
                wrong = ends[chosen] - starts[chosen] != len(word)
                wrong |= (self._bytes_at(starts[chosen], len(word)) | _LOWER != np.frombuffer(word, np.uint8)).any(
                    axis=1
                )
                self._set_kind(chosen[wrong], OTHER)
        if self._present & (HEX_STRING | BINARY_STRING):
            self._quotes = self._starts.copy()
            quotes = self._quotes.reshape(-1)
            for kind, prefix in ((HEX_STRING, b"'"), (BINARY_STRING, _BINARY_PREFIX)):
                chosen = np.flatnonzero(flat == kind)
                begins = starts[chosen] + (kind == HEX_STRING)
                wrong = (self._bytes_at(begins, len(prefix)) != np.frombuffer(prefix, np.uint8)).any(axis=1)
                self._set_kind(chosen[wrong], OTHER)
                quotes[chosen] = begins + len(prefix) - 1
        if self._present & OTHER:
            other = flat == OTHER
            if other.any():
                # By its number, as one without any text stands nowhere.
                self.good = min(self.good, first_true(other) // self._kinds.shape[1])

    def _set_kind(self, chosen: npt.NDArray[np.intp], kind: int) -> None:
        self._kinds.reshape(-1)[chosen] = kind
        if len(chosen):
            self._present |= kind

    def _bytes_at(self, at: Positions, size: int) -> npt.NDArray[np.uint8]:
        """`size` bytes from each position on; other ones where the block has no more so many."""
        last = len(self._piece) - size
        if last < 0 or not len(at):
            return np.zeros((len(at), size), np.uint8)
        found = windows(self._piece, size)[np.minimum(at, last)]
        return np.frombuffer(found.tobytes(), np.uint8).reshape(len(at), size)

    def _hold_before(self, position: int) -> None:
        """What stands at `position` is no good."""
        self.good = min(self.good, int(np.searchsorted(self.row_ends, position, side="right")))

    def _hold_equal(self, found: Positions, expected: Positions) -> None:
        both = min(len(found), len(expected))
        index = first_true(found[:both] != expected[:both])
        rest = [int(positions[index]) for positions in (found, expected) if index < len(positions)]
        if rest:
            self._hold_before(min(rest))
