"""Blocks of objects that are written alike → rows: found by their templates, read a column at a time.

Most files are written by a machine, so that their records differ in nothing but their values, and many times as many
of them are read in a second as by any parser that looks at each record. It is also the whole proof: a record that is
made of a template's pieces (which are JSON with a value in each slot), of strings without control characters and with
right escapes, and of scalars that are JSON's, is a JSON text, and no key is there twice.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from migrator.formats import json_cells as cells
from migrator.formats.json_lists import lists
from migrator.formats.json_spans import Block, Mask, Positions, Spans
from migrator.formats.json_template import Elements, Members, Node, Plain, Text, Unlike

Column: TypeAlias = "pa.Array[Any]"
_Nodes: TypeAlias = Sequence[Node | None]

# The stubs know only types that are known where they are written.
_list_from: Any = pa.ListArray.from_arrays
_struct_from: Any = pa.StructArray.from_arrays

MAX_TEMPLATES = 8
"""In a block; each costs as much as some hundred records."""


def parse_alike(text: bytes, schema: pa.Schema, most: int, *, commas: bool) -> pa.Table | None:
    """The rows of a block, or None where it is not written so plainly.

    Args:
        text: Objects, no white space before or behind them.
        schema: Columns of the rows; no JSON text.
        most: How many rows there may be.
        commas: Whether a comma stands between each two, else a line end.
    """
    try:
        block = Block(text, commas=commas)
        return _parsed(block, schema) if block.rows <= most else None
    except Unlike:
        return None


def _parsed(block: Block, schema: pa.Schema) -> pa.Table:
    """The rows, template by template: what has not the first record's is held against that of the first left."""
    parts: list[pa.RecordBatch] = []
    chosen: list[Positions] = []
    done = 0
    template = block.first
    left = None if block.uniform else np.arange(block.rows)
    while True:
        spans = Spans(block, template, left)
        done += spans.rows
        if done * (2 if parts else 8) < block.rows or len(parts) == MAX_TEMPLATES:
            # So few are alike that a parser which looks at each record is faster.
            raise Unlike
        parts.append(_Rows(spans).batch(schema))
        if spans.chosen is None:
            break
        chosen.append(spans.chosen)
        left = np.setdiff1d(np.arange(block.rows) if left is None else left, spans.chosen, assume_unique=True)
        if not len(left):
            break
        template, end = block.template(int(block.starts[left[0]]))
        if end != block.ends[left[0]]:
            raise Unlike
    table = pa.Table.from_batches(parts, schema)
    if len(parts) == 1:
        return table
    order = np.empty(block.rows, np.int64)
    order[np.concatenate(chosen)] = np.arange(block.rows)
    return table.take(order)


class _Rows:
    """Rows of one template, a column at a time.

    A column is made of nodes, one or several a row, as those of a list are; None stands for a value that is not there.
    All nodes of a row come before those of the next.
    """

    def __init__(self, spans: Spans) -> None:
        self._spans = spans
        self._rows = spans.rows
        self._text = cells.Text(spans.block.signs, spans.block.buffer)

    def batch(self, schema: pa.Schema) -> pa.RecordBatch:
        """All columns."""
        members = self._spans.template.root.nodes
        if not members.keys() <= set(schema.names):
            raise Unlike
        columns = [self._column([members.get(field.name)], field.type) for field in schema]
        return pa.RecordBatch.from_arrays(columns, schema=schema)

    def _column(self, nodes: _Nodes, kind: Any) -> Column:
        if all(node is None for node in nodes):
            return cells.no_values(self._rows * len(nodes), kind)
        if pa.types.is_struct(kind):
            return self._structs(nodes, kind)
        if pa.types.is_list(kind):
            return self._lists(nodes, kind)
        if pa.types.is_string(kind):
            return self._strings(nodes)
        plain = [node for node in nodes if isinstance(node, Plain)]
        if len(plain) < len(nodes):
            raise Unlike
        return cells.plain(self._text, *self._interleaved(plain), kind)

    def _strings(self, nodes: _Nodes) -> Column:
        there = [node for node in nodes if isinstance(node, Text)]
        if len(there) == len(nodes):
            return cells.strings(self._text, *self._interleaved(there), None, self._spans.block.backslashes)
        nulls = np.ones((self._rows, len(nodes)), np.bool_)
        starts = np.empty((self._rows, len(nodes)), np.int64)
        ends = np.empty((self._rows, len(nodes)), np.int64)
        reached = self._spans.starts
        for number, node in enumerate(nodes):
            if isinstance(node, Text):
                starts[:, number], ends[:, number] = self._spans.of(node.slot)
                nulls[:, number] = False
                reached = ends[:, number]
            elif isinstance(node, Plain):
                self._expect_null(node)
                starts[:, number] = ends[:, number] = reached = self._spans.of(node.slot)[0]
            elif node is None:
                starts[:, number] = ends[:, number] = reached
            else:
                raise Unlike
        backslashes = self._spans.block.backslashes
        return cells.strings(self._text, starts.ravel(), ends.ravel(), nulls.ravel(), backslashes)

    def _structs(self, nodes: _Nodes, kind: Any) -> Column:
        fields = list(kind)
        names = {field.name for field in fields}
        nulls = np.zeros((self._rows, len(nodes)), np.bool_)
        members: list[dict[str, Node]] = []
        for number, node in enumerate(nodes):
            if isinstance(node, Members) and node.nodes.keys() <= names:
                members.append(node.nodes)
                continue
            members.append({})
            if node is None:
                nulls[:, number] = True
            elif isinstance(node, Plain):
                nulls[:, number] = self._nulls_else(node, b"{}")
            else:
                raise Unlike
        columns = [self._column([nodes.get(field.name) for nodes in members], field.type) for field in fields]
        mask = pa.array(nulls.ravel()) if nulls.any() else None
        column: Column = _struct_from(columns, fields=fields, mask=mask)
        return column

    def _lists(self, nodes: _Nodes, kind: Any) -> Column:
        plain = [node for node in nodes if isinstance(node, Plain)]
        if len(plain) == len(nodes):
            starts, ends = self._interleaved(plain)
            return lists(self._text, starts, ends, kind)
        nulls = np.array([node is None for node in nodes])
        inner: list[Node | None] = []
        sizes = np.zeros(len(nodes), np.int32)
        for number, node in enumerate(nodes):
            if isinstance(node, Elements):
                inner.extend(node.nodes)
                sizes[number] = len(node.nodes)
            elif node is not None:
                raise Unlike
        offsets = np.zeros(self._rows * len(nodes) + 1, np.int32)
        np.cumsum(np.tile(sizes, self._rows), out=offsets[1:])
        mask = pa.array(np.tile(nulls, self._rows)) if nulls.any() else None
        column: Column = _list_from(pa.array(offsets), self._column(inner, kind.value_type), type=kind, mask=mask)
        return column

    def _interleaved(self, nodes: Sequence[Text | Plain]) -> tuple[Positions, Positions]:
        """Starts and ends of some nodes' values, row by row."""
        if len(nodes) == 1:
            return self._spans.of(nodes[0].slot)
        starts, ends = zip(*(self._spans.of(node.slot) for node in nodes), strict=True)
        return np.stack(starts, axis=1).ravel(), np.stack(ends, axis=1).ravel()

    def _expect_null(self, node: Plain) -> None:
        if not cells.are(self._text, *self._spans.of(node.slot), b"null").all():
            raise Unlike

    def _nulls_else(self, node: Plain, other: bytes) -> Mask:
        """Where a value is null; everywhere else it must be `other`."""
        starts, ends = self._spans.of(node.slot)
        nulls = cells.are(self._text, starts, ends, b"null")
        if not (nulls | cells.are(self._text, starts, ends, other)).all():
            raise Unlike
        return nulls
