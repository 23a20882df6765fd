"""JSON (RFC 8259): an array, newline-delimited values, or one value → one table.

The layout is guessed from the first items and held against all later ones. Where one contradicts, the table is
abandoned, the rest of the file is only looked at, and the file is read once more by what all its items have in common.
"""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pyarrow as pa

from migrator.errors import ReasonCode, Refusal
from migrator.formats.heap import keep_freed_memory
from migrator.formats.interface import Sink, Source, Table
from migrator.formats.json_blocks import Block
from migrator.formats.json_build import MAX_CELLS, batches
from migrator.formats.json_fast import Pace, can_parse, parse_block
from migrator.formats.json_items import Elements, Lines, LinesInstead, Splitter
from migrator.formats.json_shape import Items, Layout
from migrator.formats.json_values import Fault, Truncated, expected, is_treacherous, read_value
from migrator.formats.json_window import Window
from migrator.formats.text import open_text

_PARSERS = 2
_AHEAD = 3  # blocks that wait for a parser or for their turn
_LONGEST_PAUSE = 64  # blocks; a file that the fast parser never likes shall not pay for asking it


# Blocks in order, each with its rows to come.
_Waiting = deque[tuple[Block, Future[pa.Table | None]]]


def read(source: Source, sink: Sink) -> None:
    """Convert a JSON source into one table.

    Raises:
        Refusal: `malformed-json` with line and column; `not-text` and `empty-file` as text.open_text has them.
    """
    items = Items()
    as_lines = False
    whole = False
    while not whole:
        with closing(open_text(source)) as stream:
            attempt = _Pass(Window(stream), items, sink)
            try:
                whole = attempt.run(as_lines=as_lines)
            except LinesInstead:
                attempt.abort()
                items = Items()
                as_lines = True
            except BaseException:
                attempt.abort()
                raise


class _Pass:
    """One reading of the file from start to end."""

    def __init__(self, window: Window, items: Items, sink: Sink) -> None:
        self._window = window
        self._items = items
        self._sink = sink
        self._table: Table | None = None
        self._layout: Layout = items.layout()
        self._broken = False
        self._pace = Pace()

    def run(self, *, as_lines: bool) -> bool:
        """Whether all items were written; False asks for another pass by what this one has learnt."""
        window = self._window
        if not window.skip_space():
            raise Refusal(ReasonCode.MALFORMED_JSON, f"line {window.line}, column {window.column}: there is no value")
        if as_lines:
            self._all(Lines(window))
        elif window.data.startswith(b"["):
            self._all(Elements(window))
        else:
            value, on_one_line = self._first_value()
            if on_one_line:
                self._all(Lines(window))
            else:
                self._accept([value])
        if self._broken:
            return False
        self._begin().close()
        self._table = None
        return True

    def abort(self) -> None:
        """Forget the table, if it was begun."""
        if self._table is not None:
            self._table.abort()
            self._table = None

    def _first_value(self) -> tuple[Any, bool]:
        """The value that the file starts with, and whether it is on one line, so that more may follow on others."""
        window = self._window
        while True:
            text, final = window.text()
            try:
                value, end = read_value(text, 0, final=final, treacherous=is_treacherous(text))
            except Truncated:
                window.more()
                continue
            except Fault as fault:
                raise window.refusal(fault, text) from fault
            if end < len(text) or window.final:
                break
            window.more()
        if "\n" not in text[:end]:
            return value, True
        window.drop(len(text[:end].encode()))
        if window.skip_space():
            text, _ = window.text()
            raise window.refusal(Fault(expected("the end of the file after the value", text[0]), 0), text)
        return value, False

    def _all(self, splitter: Splitter) -> None:
        keep_freed_memory()
        with ThreadPoolExecutor(_PARSERS, "json") as parsers:
            waiting: _Waiting = deque()
            exact = pause = 1  # blocks that go to the exact parser, and how many will after the next failure
            while True:
                if exact or not self._can_be_fast():
                    self._give_back(waiting)
                    found = splitter.items()
                    if found is None:
                        return
                    self._accept(found)
                    exact = max(0, exact - 1)
                    continue
                while len(waiting) < _AHEAD and (block := splitter.block()) is not None:
                    # Few keys a row and many in the file: the exact parser makes smaller batches.
                    most = MAX_CELLS // self._layout.cells
                    future = parsers.submit(parse_block, block, self._layout.schema, most, self._pace)
                    waiting.append((block, future))
                if not waiting:
                    exact = 1
                    continue
                block, future = waiting.popleft()
                rows = future.result()
                if rows is not None and rows.schema.equals(self._layout.schema):
                    self._window.passed(block.taken)
                    self._accept_rows(rows)
                    pause = 1
                    continue
                # Where this block really ends only the exact parser knows.
                waiting.appendleft((block, future))
                exact, pause = pause, min(2 * pause, _LONGEST_PAUSE)

    def _give_back(self, waiting: _Waiting) -> None:
        self._window.give_back(b"".join(block.taken for block, _ in waiting))
        waiting.clear()

    def _can_be_fast(self) -> bool:
        return self._layout.by_member and can_parse(self._layout.schema)

    def _accept(self, found: list[Any]) -> None:
        self._items.observe(found)
        self._hold()
        if not self._broken and found:
            table = self._begin()
            for batch in batches(found, self._layout):
                table.write(batch)

    def _accept_rows(self, rows: pa.Table) -> None:
        self._items.learn(rows)
        self._hold()
        if not self._broken:
            self._begin().write(rows)

    def _hold(self) -> None:
        """Hold the layout against what is known now."""
        layout = self._items.layout()
        if layout != self._layout:
            if self._table is not None:
                self.abort()
                self._broken = True
            self._layout = layout

    def _begin(self) -> Table:
        if self._table is None:
            self._table = self._sink.table(self._layout.schema)
        return self._table
