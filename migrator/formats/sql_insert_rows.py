"""The rows of one INSERT, which wait for its end or for too many to wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from migrator.formats.sql_block import Block
from migrator.formats.sql_literals import Value
from migrator.formats.sql_tables import Tables

Names: TypeAlias = tuple[str, ...] | None


@dataclass
class _Singles:
    """Rows that were read one by one."""

    line: int
    rows: list[list[Value]] = field(default_factory=list)
    size: int = 0


@dataclass
class StatementRows:
    """A statement's rows.

    Attributes:
        head: What stands before the first one, from the statement's first word on.
        table: Where they go.
        names: The columns that the statement names.
        expected: The columns that each must have a value for, where they are known.
        width: How many values to expect in each where they are not; 0 where nothing tells.
        waiting: What the tables do not have yet, one by one or in blocks.
        size: Its bytes.
        handed_over: Whether the tables have some that may yet turn out to be none.
    """

    head: bytes
    table: str
    names: Names
    expected: Names
    width: int = 0
    waiting: list[Block | _Singles] = field(default_factory=list)
    size: int = 0
    handed_over: bool = False

    def begin_anew(self, tables: Tables) -> None:
        """Go on to a statement with the same head."""
        self.width = len(self.expected or ()) or self.width
        self.expected = self.names or tables.columns_of(self.table)
        self.waiting, self.size, self.handed_over = [], 0, False

    def add_block(self, block: Block) -> None:
        """Append rows."""
        self.waiting.append(block)
        self.size += block.size

    def add(self, row: list[Value], size: int, line: int) -> None:
        """Append a row."""
        singles = self.waiting[-1] if self.waiting else None
        if not isinstance(singles, _Singles):
            singles = _Singles(line)
            self.waiting.append(singles)
        singles.rows.append(row)
        singles.size += size
        self.size += size

    def hand_over(self, tables: Tables) -> None:
        """Give what waits to the tables."""
        for part in self.waiting:
            if isinstance(part, Block):
                tables.add_block(self.table, part)
            else:
                tables.add_rows(self.table, self.names, part.rows, part.size, part.line)
        self.waiting, self.size = [], 0
