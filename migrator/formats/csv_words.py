"""Short fields as values, eight bytes at a time and a column at once: what is written in the plainest way only.

Eight digits are one 64-bit number, and a few multiplications make them a value (D. Lemire, "Quickly parsing eight
digits", 2018). Up to 15 digits the quotient of two floats that are exact is the float nearest to the decimal (W. D.
Clinger, "How to read floating point numbers accurately", 1990), and the decimal is the shortest one of that float.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_Places: TypeAlias = "npt.NDArray[np.int64]"
_Bytes8: TypeAlias = "npt.NDArray[np.uint64]"
_Values: TypeAlias = "npt.NDArray[Any]"

_INTEGER = pa.int64()
_FLOAT = pa.float64()
_BOOLEAN = pa.bool_()
_MINUS = ord("-")
_ZERO = ord("0")
_POINT = ord(".")
_MOST_DIGITS = 15
_WORD = 8


_ONES = 0x0101010101010101
_BYTE = np.uint64(0xFF)
_8, _16, _32, _7, _1, _56 = (np.uint64(bits) for bits in (8, 16, 32, 7, 1, 56))
_EACH_ONE, _EACH_SIX, _EACH_HIGH, _EACH_HIGHEST, _EACH_ZERO, _EACH_POINT = (
    np.uint64(byte * _ONES) for byte in (1, 6, 0xF0, 0x80, _ZERO, _POINT ^ _ZERO)
)
_TEN = np.uint64(10)
_PAIRS = np.uint64(0x000000FF000000FF)
_FIRST_PAIRS = np.uint64(100 + (1_000_000 << 32))
_SECOND_PAIRS = np.uint64(1 + (10_000 << 32))
_HUNDRED_MILLION = np.uint64(100_000_000)
_NUMBERS_OF_BYTES = np.uint64(0x0706050403020100)
_POWERS = np.array([float(10**exponent) for exponent in range(_MOST_DIGITS + 1)])
_TRUE = np.uint64(int.from_bytes(b"true", "little"))
_FALSE = np.uint64(int.from_bytes(b"false", "little"))
_FOUR_BYTES, _FIVE_BYTES = np.uint64(2**32 - 1), np.uint64(2**40 - 1)


class Words:
    """The bytes of a block, eight from any place on.

    Args:
        buffer: With eight bytes more than any field needs.
    """

    def __init__(self, buffer: bytes | bytearray) -> None:
        self.buffer = buffer
        self._at: _Bytes8 = np.ndarray((len(buffer) - _WORD + 1,), "<u8", cast(Any, buffer), strides=(1,))

    def know(self, kind: pa.DataType) -> bool:
        """Whether there is a way for this type at all."""
        return kind in _WAYS

    def typed(
        self,
        starts: _Places,
        lengths: _Places,
        kind: pa.DataType,
        held: _Places | None = None,
        rows: int = 0,
    ) -> pa.Array[Any] | None:
        """The values of fields; None says nothing.

        Args:
            starts: Where they start.
            lengths: How many bytes each has, at least one.
            kind: Their type.
            held: In which rows they stand; where it is not given, in all.
            rows: How many rows there are then.
        """
        values = _WAYS[kind](self, starts, lengths)
        if values is None:
            return None
        present = None
        if held is not None:
            all_values = np.zeros(rows, values.dtype)
            all_values[held] = values
            values = all_values
            truths = np.zeros(rows, np.bool_)
            truths[held] = True
            present = _buffer(np.packbits(truths, bitorder="little"))
        count = len(values)
        if kind == _BOOLEAN:
            values = np.packbits(values, bitorder="little")
        return pa.Array.from_buffers(kind, count, [present, _buffer(values)])

    def _integers(self, starts: _Places, lengths: _Places) -> _Values | None:
        found = self._signed(starts, lengths)
        if found is None:
            return None
        head, tail, first, minus, lengths = found
        if _not_digits(tail) or (head is not None and _not_digits(head)):
            return None
        longer = lengths > 1
        if ((first & _BYTE == _ZERO) & (longer if minus is None else longer | minus)).any():
            return None
        number = _number(tail)
        if head is not None:
            number += _number(head) * _HUNDRED_MILLION
        values = number.view(np.int64)
        if minus is not None:
            np.negative(values, out=values, where=minus)
        return values

    def _floats(self, starts: _Places, lengths: _Places) -> _Values | None:
        found = self._signed(starts, lengths)
        if found is None:
            return None
        head, tail, first, minus, lengths = found
        point = _place_of_point(tail)
        decimals = (point >> _7) * _NUMBERS_OF_BYTES >> _56
        has_point = point != 0
        if head is None:
            tail = np.where(has_point, _without_point(tail, point), tail)
        else:
            point_ahead = _place_of_point(head)
            has_point_ahead = point_ahead != 0
            if (has_point & has_point_ahead).any():
                return None
            decimals += ((point_ahead >> _7) * _NUMBERS_OF_BYTES >> _56) + has_point_ahead * _8
            tail = np.where(has_point, _without_point(tail, point) | (head >> _56), tail)
            head = np.where(has_point, head << _8, np.where(has_point_ahead, _without_point(head, point_ahead), head))
            has_point |= has_point_ahead
        digits = lengths - has_point
        if digits.min() < 1 or digits.max() > _MOST_DIGITS or _not_digits(tail):
            return None
        if head is not None and _not_digits(head):
            return None
        leading = (first & _BYTE == _ZERO) & (lengths > 1)
        if leading.any() and not ((first[leading] >> _8) & _BYTE == _POINT).all():
            return None
        number = _number(tail)
        if head is not None:
            number += _number(head) * _HUNDRED_MILLION
        values = number.astype(np.float64)
        values /= _POWERS[decimals.view(np.int64)]
        if minus is not None:
            if (values[minus] == 0).any():
                return None
            np.negative(values, out=values, where=minus)
        return values

    def _booleans(self, starts: _Places, lengths: _Places) -> _Values | None:
        words = self._at[starts]
        true = (words & _FOUR_BYTES == _TRUE) & (lengths == len("true"))
        false = (words & _FIVE_BYTES == _FALSE) & (lengths == len("false"))
        return true if (true | false).all() else None

    def _signed(
        self, starts: _Places, lengths: _Places
    ) -> tuple[_Bytes8 | None, _Bytes8, _Bytes8, npt.NDArray[np.bool_] | None, _Places] | None:
        """Fields of at most 16 bytes behind their minus.

        Returns:
            What stands before the last eight bytes (None if nothing anywhere), the last eight, both with digits as
            numbers and zeros in front; the first eight as they are; where there is a minus; how long each is.
        """
        longest = int(lengths.max())
        if longest > 2 * _WORD + 1:
            return None
        first = self._at[starts]
        minus: npt.NDArray[np.bool_] | None = first & _BYTE == _MINUS
        if minus is not None and minus.any():
            starts = starts + minus
            lengths = lengths - minus
            first = self._at[starts]
            longest = int(lengths.max())
            if lengths.min() < 1:
                return None
        else:
            minus = None
        if longest <= _WORD:
            return None, _digits(first, lengths), first, minus, lengths
        if longest > 2 * _WORD:
            return None
        ahead = np.maximum(lengths - _WORD, 0)
        tail = _digits(self._at[starts + ahead], lengths - ahead)
        # Shifted by all their bits numbers are nothing in numpy, as they should be here.
        return _digits(first, ahead), tail, first, minus, lengths


# Not with each object, which would be in a cycle then and keep its buffer until that is found.
_WAYS: dict[pa.DataType, Callable[[Words, _Places, _Places], _Values | None]] = {
    _INTEGER: Words._integers,
    _FLOAT: Words._floats,
    _BOOLEAN: Words._booleans,
}


def _buffer(values: _Values) -> pa.Buffer:
    # The stubs do not know that an array of numpy is a buffer.
    return pa.py_buffer(cast(Any, values))


def _digits(words: _Bytes8, lengths: _Places) -> _Bytes8:
    """The first bytes of words as numbers from 0 to 9 where they are digits, at the words' end, zeros before them."""
    shifts = (8 * (_WORD - lengths)).view(np.uint64)
    return (words ^ _EACH_ZERO) << shifts


def _not_digits(words: _Bytes8) -> bool:
    return bool(np.bitwise_or.reduce((words + _EACH_SIX) | words) & _EACH_HIGH)


def _number(digits: _Bytes8) -> _Bytes8:
    pairs = digits * _TEN + (digits >> _8)
    number: _Bytes8 = ((pairs & _PAIRS) * _FIRST_PAIRS + ((pairs >> _16) & _PAIRS) * _SECOND_PAIRS) >> _32
    return number


def _place_of_point(digits: _Bytes8) -> _Bytes8:
    """The highest bit of the first byte that is a point; 0 where there is none."""
    others = digits ^ _EACH_POINT
    found = (others - _EACH_ONE) & ~others & _EACH_HIGHEST
    return found & (~found + _1)


def _without_point(digits: _Bytes8, point: _Bytes8) -> _Bytes8:
    """The bytes before a point moved over it."""
    behind = digits & ~((point << _1) - _1)
    before = digits & ((point >> _7) - _1)
    moved: _Bytes8 = behind | (before << _8)
    return moved
