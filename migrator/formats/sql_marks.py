"""Where the bytes stand that matter in a block of rows, found for the whole block at once.

A mark is a quote, a separator or a backslash. Positions are offsets into the block.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Positions: TypeAlias = npt.NDArray[np.int32]
Signs: TypeAlias = npt.NDArray[np.uint8]
Indices: TypeAlias = npt.NDArray[np.intp]
Truths: TypeAlias = npt.NDArray[np.bool_]

TAB, NEWLINE, QUOTE, COMMA, SEMICOLON, BACKSLASH = b"\t\n',;\\"


@dataclass(frozen=True)
class Marks:
    """The marks of a block, in order.

    Attributes:
        at: Where they stand.
        kinds: Which byte each is; 0 for a backslash and for what is escaped by one.
        escapes: Which of them are backslashes that escape what follows, as indices into `at`.
    """

    at: Positions
    kinds: Signs
    escapes: Indices


def marks(signs: Signs, *kinds: int) -> Marks:
    """Find bytes of these kinds; a backslash, where it is among them, escapes the byte that follows."""
    hit = signs == kinds[0]
    for kind in kinds[1:]:
        hit |= signs == kind
    at = np.flatnonzero(hit).astype(np.int32)
    found = signs.take(at)
    if BACKSLASH not in kinds:
        return Marks(at, found, np.zeros(0, np.intp))
    escapes = _escapes(at, found)
    found[found == BACKSLASH] = 0
    following = escapes + 1
    following = following[at.take(following, mode="clip") == at[escapes] + 1]
    found[following] = 0
    return Marks(at, found, escapes)


def matches(block: bytes, at: Positions, text: bytes) -> int:
    """At how many of these positions, from the first on, `text` stands."""
    last = len(block) - len(text)
    fits = int(np.searchsorted(at, last, side="right"))
    if fits == 0 or at[0] < 0:
        return 0
    found = windows(block, len(text))[at[:fits]].tobytes()
    if found == text * fits:
        return fits
    differ = np.frombuffer(found, np.uint8).reshape(fits, -1) != np.frombuffer(text, np.uint8)
    return int(differ.any(axis=1).argmax())


def windows(block: bytes | bytearray, size: int) -> npt.NDArray[np.void]:
    """The `size` bytes from each position on, without copying them."""
    return np.ndarray((max(0, len(block) - size + 1),), f"V{size}", block, strides=(1,))


def first_true(truths: Truths) -> int:
    """The index of the first true one, the length where none is."""
    if len(truths) == 0:
        return 0
    index = int(truths.argmax())
    return index if truths[index] else len(truths)


def escaping(places: npt.NDArray[Any]) -> Truths:
    """Which backslashes escape, given where all stand: every second one side by side is escaped itself."""
    apart = np.ones(len(places), np.bool_)
    np.not_equal(places[1:], places[:-1] + 1, out=apart[1:])
    if apart.all():
        return apart
    order = np.arange(len(places))
    begins = np.maximum.accumulate(np.where(apart, order, 0))
    every_second: Truths = (order - begins) % 2 == 0
    return every_second


def _escapes(at: Positions, kinds: Signs) -> Indices:
    """The backslashes among marks that escape."""
    indices = np.flatnonzero(kinds == BACKSLASH)
    return indices[escaping(at[indices])]
