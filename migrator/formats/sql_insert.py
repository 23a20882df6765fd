"""INSERT and REPLACE with literal rows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from migrator.formats.sql_block import Block, text_column
from migrator.formats.sql_create import column_names, dotted, table_name
from migrator.formats.sql_grammar import Grammar, compiled
from migrator.formats.sql_insert_fast import Run, take_run
from migrator.formats.sql_literals import Value, row_values
from migrator.formats.sql_pace import Pace
from migrator.formats.sql_scanner import Scanner
from migrator.formats.sql_table import check_width
from migrator.formats.sql_tables import Tables

# Up to here a statement's rows wait for its end, which may say that they are none.
_PATIENT_BYTES = 2 << 20


@dataclass
class _Singles:
    """Rows that were read one by one."""

    line: int
    rows: list[list[Value]] = field(default_factory=list)
    size: int = 0


@dataclass
class _Rows:
    """The rows of a statement that wait, one by one or in blocks."""

    table: str
    names: tuple[str, ...] | None
    expected: tuple[str, ...] | None
    waiting: list[Block | _Singles] = field(default_factory=list)
    size: int = 0
    handed_over: bool = False

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


class InsertReader:
    """Reads the INSERT and REPLACE statements of one pass.

    Args:
        tables: Where the rows go.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._pace = Pace()
        self._last: tuple[bytes, _Rows] | None = None

    def read(self, scanner: Scanner, number: int) -> tuple[bytes | None, int]:
        """Take the rows of the statement that begins at the scanner's anchor, or of several that begin alike.

        Args:
            scanner: At the statement's first byte; afterwards behind its end.
            number: The statement's number, to be noted where its rows were handed over before they turned out to be
                none.

        Returns:
            The statement's text where it is not, from its first word to its end, literal rows for a table; and how many
            statements were taken.

        Raises:
            Refusal: `malformed-sql` for a row that does not fit its columns, a column named twice, or what is open.
        """
        taken = self._take_alike(scanner)
        if taken:
            return None, taken
        self._last = None
        rows = _head(scanner, self._tables)
        if rows is None:
            return scanner.finish(), 1
        window = scanner.window
        head = window.data[window.anchor : window.pos]
        if self._take_rows(scanner, rows):
            rows.hand_over(self._tables)
            scanner.take_end()
            self._last = head, rows
            return None, 1
        text = scanner.finish()
        if not rows.handed_over:
            return text, 1
        self._tables.facts.whole.add(number)
        self._tables.give_up()
        return None, 1

    def _take_alike(self, scanner: Scanner) -> int:
        """Take statements of one row each that begin like the one before and follow each other; how many."""
        if self._last is None or self._tables.facts.whole or scanner.grammar.delimiter != b";":
            return 0
        head, before = self._last
        window = scanner.window
        gap = _GAP.search(window.data, max(0, window.pos - _LONGEST_GAP), window.pos)
        if gap is None or not window.has(len(head)) or not window.data.startswith(head, window.pos):
            return 0
        size = self._pace.next_piece(window)
        if not size:
            return 0
        begin = window.pos + len(head)
        piece = window.data[begin : begin + size]
        expected = before.names or self._tables.columns_of(before.table) or before.expected
        width = len(expected or ())
        run = take_run(piece, b")" + gap[0] + head + b"(", scanner.grammar.family, width, b");")
        self._pace.took(run.size if run else 0, len(piece))
        if run is None:
            return 0
        line = window.line(begin)
        names = before.names or self._tables.columns_of(before.table)
        self._tables.add_block(before.table, _block(names, run, line))
        window.pos = begin + run.size + len(b");")
        return run.rows

    def _take_rows(self, scanner: Scanner, rows: _Rows) -> bool:
        """Go over the rows to the statement's end; False where it stops at something else, with what it needs then."""
        window, grammar = scanner.window, scanner.grammar
        comma = compiled(grammar.blank + rb"," + grammar.blank)
        separator = b"),("
        while True:
            if rows.size > _PATIENT_BYTES:
                rows.handed_over = True
                rows.hand_over(self._tables)
            if rows.handed_over:
                window.anchor = window.pos
            if not self._take_run(scanner, rows, separator) and not _take_row(scanner, rows):
                return False
            begin = window.pos - window.anchor
            stop = scanner.advance()
            between = window.data[window.anchor + begin : window.pos]
            if stop == b"" and grammar.skip.fullmatch(between):
                return True
            if stop != b"(" or (between != b"," and not comma.fullmatch(between)):
                return False
            if between.strip() == b",":
                separator = b")" + between + b"("

    def _take_run(self, scanner: Scanner, rows: _Rows, separator: bytes) -> bool:
        """Take many rows at once, where there are many that allow it."""
        if rows.expected is None or scanner.grammar.delimiter != b";":
            return False
        window = scanner.window
        size = self._pace.next_piece(window)
        if not size:
            return False
        # Not sure to be the statement's end, but a piece of text that is worth trying.
        hint = window.data.find(b";\n", window.pos, window.pos + size)
        piece = window.data[window.pos : window.pos + size if hint < 0 else hint]
        run = take_run(piece, separator, scanner.grammar.family, len(rows.expected))
        self._pace.took(run.size if run else 0, len(piece))
        if run is None:
            return False
        rows.waiting.append(_block(rows.names or self._tables.columns_of(rows.table), run, window.line(window.pos)))
        rows.size += run.size
        window.pos += run.size + 1
        return True


def _block(names: tuple[str, ...] | None, run: Run, line: int) -> Block:
    return Block(names, [text_column(column) for column in run.columns], run.rows, run.size, line)


_LONGEST_GAP = 8
_GAP = re.compile(rb";\s*+\Z")


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
    return _Rows(table, names, expected)


def _take_row(scanner: Scanner, rows: _Rows) -> bool:
    """Take one row, value by value; False where it is none, with what the scanner needs to go on."""
    window = scanner.window
    line = window.line(window.pos)
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
    rows.add(values, len(row) + 2, line)
    window.pos += 1
    return True


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
