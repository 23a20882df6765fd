"""What runs of rows are expected to look like, and what was taken of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from migrator.formats.sql_block import BlockColumn, FieldColumn
from migrator.formats.sql_grammar import Family


@dataclass(frozen=True)
class Form:
    r"""What the rows of a run are expected to look like.

    Attributes:
        family: The lexical rules.
        width: How many values a row has.
        between: What stands between the values of two rows of a statement, as `),(`.
        after: What stands between the values of two rows of two statements, as `);\nINSERT INTO t VALUES (`.
    """

    family: Family
    width: int
    between: bytes
    after: bytes | None = None


@dataclass(frozen=True)
class Part:
    """Some rows of a run.

    Attributes:
        columns: Their values.
        rows: How many.
        begin: Where in the piece the first value of the first row stands.
        end: Where the last value of the last row ends.
    """

    columns: Sequence[BlockColumn | FieldColumn]
    rows: int
    begin: int
    end: int


@dataclass(frozen=True)
class Run:
    """Rows that were taken.

    Attributes:
        ended: Rows of statements that end within the run.
        statements: How many those are.
        rest: Rows behind them, of a statement that goes on.
    """

    ended: Part | None
    statements: int
    rest: Part | None

    @property
    def end(self) -> int:
        """Where the last value of the last row ends."""
        last = self.rest or self.ended
        return last.end if last else 0
