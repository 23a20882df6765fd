"""A text column's bytes, looked at as they lie in memory.

A few machine instructions a value; Arrow, which makes a text or a truth of each, takes many times more.
"""

from __future__ import annotations

from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_Numbers: TypeAlias = npt.NDArray[Any]

_MINUS = ord("-")
_ZERO = ord("0")
_NINE = ord("9")
_POINT = ord(".")


class Signs:
    """The bytes of a column's values, but for those that have none.

    Args:
        column: A string array; nulls hold no bytes, as in every array that a parser makes.
    """

    def __init__(self, column: pa.Array[Any]) -> None:
        _, places, data = column.buffers()
        if not len(column) or places is None or data is None:
            offsets: _Numbers = np.zeros(1, np.int32)
            self._data: _Numbers = np.zeros(0, np.uint8)
        else:
            # The stubs do not know that a buffer of Arrow is one of Python.
            offsets = np.frombuffer(cast(Any, places), np.int32, len(column) + 1, column.offset * 4)
            self._data = np.frombuffer(cast(Any, data), np.uint8)
        self._starts: _Numbers = offsets[:-1]
        self._lengths: _Numbers = np.diff(offsets)
        self._held: _Numbers | None = None
        if not self._lengths.all():
            self._held = np.flatnonzero(self._lengths)
            self._starts, self._lengths = self._starts[self._held], self._lengths[self._held]
        self._first = int(offsets[0])
        self._all = self._data[self._first : offsets[-1]]
        self.least = int(self._all.min()) if len(self._all) else _NINE
        """The smallest byte of all values."""
        self._has_minus = self.least <= _MINUS
        self._greatest = int(self._all.max()) if len(self._all) else _ZERO

    def any_negative(self) -> bool:
        """Whether any value starts with a minus."""
        return self._has_minus and bool((self._data[self._starts] == _MINUS).any())

    def are_plain_integers(self) -> bool:
        """Whether numbers that are known to be integers have no leading zero and are not `-0`."""
        first, minus = self._leading(self._starts)
        zero = first == _ZERO
        return not (zero & ((self._lengths > 1) if minus is None else (self._lengths > 1) | minus)).any()

    def odd(self, longest: int) -> _Numbers:
        """Which values are longer than `longest` bytes, or hold others than digits, points, minuses (and `/`)."""
        odd: _Numbers = self._lengths > longest
        if self.least < _MINUS or self._greatest > _NINE:
            places = np.flatnonzero((self._all < _MINUS) | (self._all > _NINE))
            odd[np.searchsorted(self._starts, places + self._first, "right") - 1] = True
        return odd

    def have_leading_zeros(self, passed_over: _Numbers) -> bool:
        """Whether in any decimal, but for some, a zero in front stands neither alone nor before a point."""
        first, minus = self._leading(self._starts)
        zeros = (first == _ZERO) & ~passed_over
        if minus is None:
            places = self._starts[zeros & (self._lengths > 1)]
        else:
            places = (self._starts + minus)[zeros & (self._lengths - minus > 1)]
        return bool((self._data[places + 1] != _POINT).any())

    def indices(self, chosen: _Numbers) -> _Numbers:
        """Where values that are chosen stand in the column."""
        found = np.flatnonzero(chosen)
        return found if self._held is None else self._held[found]

    def _leading(self, starts: _Numbers) -> tuple[_Numbers, _Numbers | None]:
        """The first byte of each number behind its minus, and where there is one."""
        first = self._data[starts]
        if not self._has_minus:
            return first, None
        minus = first == _MINUS
        return self._data[starts + minus], minus
