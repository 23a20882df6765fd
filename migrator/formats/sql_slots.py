"""Texts between bounds in a block, gathered into columns without an object a value."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from migrator.formats.sql_marks import Positions, Signs, Truths

Column: TypeAlias = "pa.Array[Any]"


class Slots:
    """The values of a block's rows, each a stretch of its bytes.

    Args:
        signs: The block.
        starts: Where each value begins, a row a row and a column a column; each begins where or behind where the one
            before ends.
        ends: Where each ends.
        removed: Positions of bytes that are no part of a value, in order.
    """

    def __init__(self, signs: Signs, starts: Positions, ends: Positions, removed: Positions | None = None) -> None:
        rows, width = starts.shape
        self._first_column = np.arange(0, 2 * rows * width, 2 * width, dtype=np.int32)
        edges = np.stack((starts, ends), axis=-1).reshape(-1)
        begin, end = int(edges[0]), int(edges[-1])
        signs = signs[begin:end]
        edges -= begin
        if removed is not None:
            removed = removed[np.searchsorted(removed, begin) : np.searchsorted(removed, end)] - begin
            if len(removed):
                kept = np.ones(len(signs), np.bool_)
                kept[removed] = False
                signs = signs[kept]
                # How many removed bytes stand before each edge: each counts from the first edge behind it on.
                behind = np.searchsorted(edges, removed, side="right")
                edges -= np.cumsum(np.bincount(behind, minlength=len(edges))[: len(edges)], dtype=np.int32)
        parts: list[Any] = [edges, signs]
        buffers = [None, *map(pa.py_buffer, parts)]
        # What stands between two values is an element too.
        self._pieces: Column = pa.Array.from_buffers(pa.string(), len(edges) - 1, buffers)

    def column(self, number: int, nulls: Truths | None = None) -> Column:
        """The texts of one column, counted from 0."""
        return self._pieces.take(pa.array(self._first_column + 2 * number, mask=nulls))
