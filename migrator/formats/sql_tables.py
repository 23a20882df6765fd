"""The tables of a dump: rows in, parquet tables out, with what contradicts an earlier guess noted for another pass."""

from collections.abc import Sequence

import pyarrow as pa

from migrator.formats.interface import Sink
from migrator.formats.sql_block import Block
from migrator.formats.sql_casts import Casts
from migrator.formats.sql_facts import Facts
from migrator.formats.sql_literals import Value
from migrator.formats.sql_statements import Statements
from migrator.formats.sql_table import RowTable

# Of rows that wait, over all tables.
_WAITING_BYTES = 16 << 20


class Tables:
    """All tables of one pass.

    Once something contradicts a guess, nothing is written any more (`stale`), and the pass goes on to learn the rest.
    """

    def __init__(self, sink: Sink, facts: Facts) -> None:
        self.facts = facts
        self.stale = False
        self.statements = Statements(sink)
        self._sink = sink
        self._rows: dict[str, RowTable] = {}
        self._created: dict[str, tuple[str, ...]] = {}
        self._first_created: dict[str, tuple[str, ...]] = {}
        self._waiting = 0
        self._whole = len(facts.whole)
        self._casts = Casts()

    def columns_of(self, name: str) -> tuple[str, ...] | None:
        """The columns that a CREATE TABLE lists: the last one so far, else the first one of the dump."""
        return self._created.get(name) or self.facts.created.get(name)

    def types_of(self, name: str, columns: tuple[str, ...]) -> list[pa.DataType] | None:
        """The types of a table's columns, once they are settled."""
        table = self._rows.get(name)
        return None if table is None else table.types_of(columns)

    def create(self, name: str, columns: tuple[str, ...]) -> None:
        """Take note of a CREATE TABLE."""
        table = self._rows.get(name)
        comes_late = table is not None and self.columns_of(name) is None
        self._created[name] = columns
        self._first_created.setdefault(name, columns)
        if table is not None and comes_late and not table.create(columns):
            self.give_up()

    def add_rows(
        self, name: str, names: tuple[str, ...] | None, rows: Sequence[Sequence[Value]], size: int, line: int
    ) -> None:
        """Append rows that are all equally wide; `names` are the columns that the statement names."""
        if rows:
            table = self._table(name)
            table.add_rows(names or self.columns_of(name), rows, size, line)
            self._wait(table, size)

    def add_block(self, name: str, block: Block) -> None:
        """Append a block, its names those of the statement or of `columns_of`."""
        table = self._table(name)
        table.add_block(block)
        self._wait(table, block.weight)

    def give_up(self) -> None:
        """Forget what was written, and only learn from now on."""
        if not self.stale:
            self.stale = True
            self.abort()

    def finish(self) -> bool:
        """Write what waits; True where all is written, False where another pass has to, with the facts learned."""
        for table in self._rows.values():
            self._flush(table)
        if not self._casts.settle(self._open_sink()):
            self.give_up()
        if not all(table.is_settled() for table in self._rows.values()):
            self.give_up()
        if self.stale:
            self.facts.created = self._first_created
            if len(self.facts.whole) == self._whole:
                for table in self._rows.values():
                    table.learn()
            # Else rows that are none had a part in what the tables would tell.
            return False
        for table in self._rows.values():
            table.close()
        self.statements.close()
        return True

    def end(self) -> None:
        """Let go of the threads; of use no more."""
        self._casts.end()

    def abort(self) -> None:
        """Forget everything that was written."""
        for table in self._rows.values():
            table.abort()
        self.statements.abort()

    def _table(self, name: str) -> RowTable:
        table = self._rows.get(name)
        if table is None:
            table = self._rows[name] = RowTable(name, self.facts)
        return table

    def _wait(self, table: RowTable, size: int) -> None:
        self._waiting += size
        if table.is_full():
            self._flush(table)
        elif self._waiting > _WAITING_BYTES:
            self._flush(max(self._rows.values(), key=lambda each: each.waiting))

    def _flush(self, table: RowTable) -> None:
        self._waiting -= table.waiting
        if not table.flush(self._open_sink(), self._casts):
            self.give_up()

    def _open_sink(self) -> Sink | None:
        return None if self.stale else self._sink
