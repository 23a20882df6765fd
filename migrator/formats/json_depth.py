"""Where the elements of an array are separated: the commas outside all strings, arrays and objects, block by block."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

_Indices: TypeAlias = npt.NDArray[np.intp]
_Bytes: TypeAlias = npt.NDArray[np.uint8]

_QUOTE, _COMMA, _OPEN, _CLOSE = ord('"'), ord(","), ord("{"), ord("}")
_IS_MARK = np.zeros(256, bool)
_IS_MARK[list(b'"{}[],')] = True
_STEP = np.zeros(256, np.int8)
_STEP[list(b"{[")] = 1
_STEP[list(b"}]")] = -1


def separate(data: bytes) -> tuple[int, bytes, int] | None:
    """Cut `data`, which starts inside an array and outside its elements, behind the last element that is surely whole.

    Returns:
        The index of the comma that ends the last whole element; the text before it with a newline in place of each
        separating comma; the number of those. None where no comma separates, or one does not stand between `}` and `{`.
        If `data` is not JSON, the answer is of no use, and whoever parses it will notice.
    """
    places, marks, commas = _commas(data)
    if not len(commas):
        return None
    last, commas = commas[-1], commas[:-1]
    if (
        last == 0
        or marks[last - 1] != _CLOSE
        or (marks[commas - 1] != _CLOSE).any()
        or (marks[commas + 1] != _OPEN).any()
    ):
        return None
    end = int(places[last])
    separated = np.frombuffer(data, np.uint8)[:end].copy()
    separated[places[commas]] = ord("\n")
    return end, separated.tobytes(), len(commas)


def last_separator(data: bytes) -> int:
    """The index of the last comma outside all elements, -1 where there is none; under the same conditions."""
    places, _, commas = _commas(data)
    return int(places[commas[-1]]) if len(commas) else -1


def _commas(data: bytes) -> tuple[_Indices, _Bytes, _Indices]:
    """The places of all marks, the marks, and which of them are separating commas."""
    # A pair that begins with a backslash is no mark; a backslash itself goes first, so that `\\"` ends a string.
    unescaped = data
    if b"\\" in data:
        unescaped = data.replace(rb"\\", b"  ").replace(rb"\"", b"  ")
    every = np.frombuffer(unescaped, np.uint8)
    places = np.flatnonzero(_IS_MARK[every])
    marks = every[places]
    outside = (np.cumsum(marks == _QUOTE) & 1) == 0
    depth = np.cumsum(np.where(outside, _STEP[marks], 0))
    return places, marks, np.flatnonzero((marks == _COMMA) & outside & (depth == 0))
