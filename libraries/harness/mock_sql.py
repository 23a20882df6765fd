r"""Builder of dumps: statements in, bytes and their truth out.

Written after the manuals of mysqldump, of PostgreSQL's `COPY` (text form) and of SQLite's `.dump`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.mock_made import Made, Table, good, table
from harness.mock_text import encoded
from harness.truth import Cell, ExpectedColumn, Reading, table_segment


@dataclass(frozen=True)
class Literal:
    """A value by its writing: `Literal("0x00FF", Binary(…))`, `Literal("-1.50", "-1.50")`."""

    written: str
    value: Cell


def number(text: str) -> Literal:
    """A number, by the text that stands in the dump."""
    return Literal(text, text)


Value = str | bool | Literal | None
"""A value of a row: text goes between single quotes, escaped as `Insert.escape` says."""


@dataclass(frozen=True)
class Insert:
    """An INSERT or REPLACE with its rows; `named` columns stand in the statement, `known` ones in CREATE TABLE.

    Args:
        written: The table as the statement writes it, with its quotes.
        table: The table without quotes, schema included.
        verb: What stands before the table.
        backslashes: Whether strings are escaped in MySQL's way.
        quote: What goes around the names of columns.
    """

    written: str
    table: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    named: bool = True
    verb: str = "INSERT INTO"
    backslashes: bool = False
    quote: str = '"'

    @property
    def text(self) -> str:
        """The statement, without its end."""
        names = f" ({', '.join(self.quote + name + self.quote for name in self.columns)})" if self.named else ""
        rows = ",\n".join(f"({', '.join(self._literal(value) for value in row)})" for row in self.rows)
        return f"{self.verb} {self.written}{names} VALUES {rows};\n"

    @property
    def values(self) -> list[tuple[Cell, ...]]:
        """The rows' values."""
        return [tuple(each.value if isinstance(each, Literal) else each for each in row) for row in self.rows]

    def _literal(self, value: Value) -> str:
        if value is None:
            return "NULL"
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if isinstance(value, Literal):
            return value.written
        if self.backslashes:
            for plain, escape in (
                ("\\", "\\\\"),
                ("'", "\\'"),
                ("\n", "\\n"),
                ("\r", "\\r"),
                ("\0", "\\0"),
                ("\x1a", "\\Z"),
            ):
                value = value.replace(plain, escape)
            return f"'{value}'"
        return "'" + value.replace("'", "''") + "'"


@dataclass(frozen=True)
class Copy:
    """A `COPY … FROM stdin` with its data."""

    written: str
    table: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    named: bool = True

    @property
    def text(self) -> str:
        """The statement, its rows and the line that ends them."""
        names = f" ({', '.join(self.columns)})" if self.named else ""
        lines = ("\t".join(_copied(value) for value in row) + "\n" for row in self.rows)
        return f"COPY {self.written}{names} FROM stdin;\n{''.join(lines)}\\.\n"

    @property
    def values(self) -> list[tuple[Cell, ...]]:
        """The rows' values."""
        return list(self.rows)


@dataclass(frozen=True)
class Other:
    """Any other statement: its text from the first word up to before the end; `end` may be what DELIMITER said."""

    statement: str
    kind: str
    end: str = ";"

    @property
    def text(self) -> str:
        """The statement with its end."""
        return f"{self.statement}{self.end}\n"


@dataclass(frozen=True)
class Between:
    """What is no statement: comments, empty lines, empty statements, DELIMITER."""

    text: str


def dump(*pieces: Insert | Copy | Other | Between, encoding: str = "utf-8") -> Made:
    """A dump of these pieces, in this order."""
    text = "".join(piece.text for piece in pieces)
    statements = [piece for piece in pieces if not isinstance(piece, Between)]
    others = [(position, piece) for position, piece in enumerate(statements, start=1) if isinstance(piece, Other)]
    by_table: dict[str, list[Insert | Copy]] = {}
    for piece in statements:
        if not isinstance(piece, Other):
            by_table.setdefault(piece.table, []).append(piece)
    tables = [_rows_of(name, parts) for name, parts in by_table.items()]
    if others:
        tables.append(_statements(others))
    return good(encoded(text, encoding), *tables)


def _rows_of(name: str, parts: Sequence[Insert | Copy]) -> Table:
    """A table's rows in order of the file; different lists of columns make their union."""
    union = list(dict.fromkeys(column for part in parts for column in part.columns))
    rows = []
    for part in parts:
        for values in part.values:
            by_name = dict(zip(part.columns, values, strict=True))
            rows.append([by_name.get(column) for column in union])
    return table(Reading.WRITTEN, union, rows, f"/{table_segment(name)}")


def _statements(others: Sequence[tuple[int, Other]]) -> Table:
    columns = (
        ExpectedColumn("statement_number", Reading.NUMBER, tuple(position for position, _ in others)),
        ExpectedColumn("kind", Reading.PLAIN, tuple(other.kind for _, other in others)),
        ExpectedColumn("statement", Reading.PLAIN, tuple(other.statement for _, other in others)),
    )
    return Table(columns, len(others), "/_statements")


_COPIED = (
    *(("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")),
    *(("\b", "\\b"), ("\f", "\\f"), ("\v", "\\v")),
)


def _copied(value: str | None) -> str:
    if value is None:
        return "\\N"
    for plain, escape in _COPIED:
        value = value.replace(plain, escape)
    return value
