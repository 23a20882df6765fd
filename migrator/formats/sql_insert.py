"""INSERT and REPLACE with literal rows."""

import re
from dataclasses import dataclass, field

from migrator.formats.sql_create import column_names, dotted, table_name
from migrator.formats.sql_grammar import Grammar, compiled
from migrator.formats.sql_literals import Value, row_values
from migrator.formats.sql_scanner import Scanner
from migrator.formats.sql_table import check_width
from migrator.formats.sql_tables import Tables

# Up to here a statement's rows wait for its end, which may say that they are none.
_PATIENT_BYTES = 2 << 20


@dataclass
class _Rows:
    """The rows of a statement that wait."""

    table: str
    names: tuple[str, ...] | None
    expected: tuple[str, ...] | None
    rows: list[list[Value]] = field(default_factory=list)
    size: int = 0
    line: int = 0
    handed_over: bool = False

    def hand_over(self, tables: Tables) -> None:
        tables.add_rows(self.table, self.names, self.rows, self.size, self.line)
        self.rows, self.size = [], 0


def read_insert(scanner: Scanner, tables: Tables, number: int) -> bytes | None:
    """Take the rows of the statement that begins at the scanner's anchor.

    Args:
        scanner: At the statement's first byte; afterwards behind its end.
        tables: Where the rows go.
        number: The statement's number, to be noted where its rows were handed over before they turned out to be none.

    Returns:
        The statement's text where it is not, from its first word to its end, literal rows for a table.

    Raises:
        Refusal: `malformed-sql` for a row that does not fit its columns, a column named twice, or what is open.
    """
    rows = _head(scanner, tables)
    if rows is None:
        return scanner.finish()
    if _take_rows(scanner, tables, rows):
        rows.hand_over(tables)
        scanner.take_end()
        return None
    text = scanner.finish()
    if not rows.handed_over:
        return text
    tables.facts.whole.add(number)
    tables.give_up()
    return None


def _head(scanner: Scanner, tables: Tables) -> _Rows | None:
    """Go to the first row's parenthesis; None where the statement has no rows."""
    window, grammar = scanner.window, scanner.grammar
    if scanner.advance() != b"(":
        return None
    found = _head_pattern(grammar).fullmatch(window.data, window.anchor, window.pos)
    if found is None:
        return None
    table = table_name(found["name"], grammar)
    names = None
    if found["values"] is None:
        line = window.line(window.pos)
        window.pos += 1
        begin = window.pos - window.anchor
        if scanner.advance() != b")":
            scanner.open_parenthesis(line)
            return None
        names = column_names(window.data[window.anchor + begin : window.pos], grammar)
        window.pos += 1
        begin = window.pos - window.anchor
        stop = scanner.advance()
        values = _values_pattern(grammar).fullmatch(window.data, window.anchor + begin, window.pos)
        if names is None or stop != b"(" or values is None:
            return None
    expected = names or tables.columns_of(table)
    if expected is not None:
        check_width(len(expected), expected, window.line(window.pos))
    return _Rows(table, names, expected, line=window.line(window.pos))


def _take_rows(scanner: Scanner, tables: Tables, rows: _Rows) -> bool:
    """Go over the rows to the statement's end; False where it stops at something else, with what it needs to go on."""
    window, grammar = scanner.window, scanner.grammar
    comma = compiled(grammar.blank + rb"," + grammar.blank)
    while True:
        if rows.size > _PATIENT_BYTES:
            rows.handed_over = True
            rows.hand_over(tables)
        if rows.handed_over:
            window.anchor = window.pos
        line = window.line(window.pos)
        if not rows.rows:
            rows.line = line
        window.pos += 1
        begin = window.pos - window.anchor
        stop = scanner.advance()
        row = window.data[window.anchor + begin : window.pos]
        values = _values(row, scanner, line) if stop == b")" else None
        if values is None:
            scanner.open_parenthesis(line)
            return False
        if rows.expected is None:
            rows.expected = tuple(f"column_{number}" for number in range(1, len(values) + 1))
        if len(values) != len(rows.expected):
            check_width(len(values), rows.expected, line)
        rows.rows.append(values)
        rows.size += len(row) + 2
        window.pos += 1
        begin = window.pos - window.anchor
        stop = scanner.advance()
        between = window.data[window.anchor + begin : window.pos]
        if stop == b"" and grammar.skip.fullmatch(between):
            return True
        if stop != b"(" or (between != b"," and not comma.fullmatch(between)):
            return False


def _values(row: bytes, scanner: Scanner, line: int) -> list[Value] | None:
    try:
        return row_values(row, scanner.grammar)
    except ValueError as error:
        raise scanner.malformed(f"a string's escapes make no text: {error}", scanner.window.pos) from error


def _head_pattern(grammar: Grammar) -> re.Pattern[bytes]:
    blank = grammar.blank
    return compiled(
        rb"(?:INSERT\b(?:" + blank + rb"IGNORE\b)?|REPLACE\b)(?:" + blank + rb"INTO\b)?" + blank + rb"(?P<name>"
        + dotted(grammar) + rb")" + blank + rb"(?:OVERRIDING\b" + blank + rb"(?:SYSTEM|USER)\b" + blank
        + rb"VALUE\b" + blank + rb")?(?P<values>VALUES" + blank + rb")?"
    )  # fmt: skip


def _values_pattern(grammar: Grammar) -> re.Pattern[bytes]:
    blank = grammar.blank
    overriding = rb"(?:OVERRIDING\b" + blank + rb"(?:SYSTEM|USER)\b" + blank + rb"VALUE\b" + blank + rb")?"
    return compiled(blank + overriding + rb"VALUES" + blank)
