"""INSERT and REPLACE with literal rows."""

from __future__ import annotations

import re

from migrator.formats.sql_block import Block
from migrator.formats.sql_create import column_names, dotted, table_name
from migrator.formats.sql_grammar import Grammar, compiled
from migrator.formats.sql_insert_form import Form, Part
from migrator.formats.sql_insert_rows import Names, StatementRows
from migrator.formats.sql_insert_runs import Runs
from migrator.formats.sql_literals import Value, row_values
from migrator.formats.sql_pace import Pace
from migrator.formats.sql_scanner import Scanner
from migrator.formats.sql_table import check_width, numbered_columns
from migrator.formats.sql_tables import Tables

# Up to here a statement's rows wait for its end, which may say that they are none.
_PATIENT_BYTES = 2 << 20


class InsertReader:
    """Reads the INSERT and REPLACE statements of one pass.

    Args:
        tables: Where the rows go.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._pace = Pace()
        self._runs = Runs()
        self._last: StatementRows | None = None
        self._between = b"),("
        self._gap = b";\n"

    def read(self, scanner: Scanner, number: int) -> tuple[bytes | None, int]:
        """Take the rows of the statement that begins at the scanner's anchor, and maybe of more that begin alike.

        Args:
            scanner: At the statement's first byte; afterwards behind the end of the last one that was taken.
            number: The statement's number, to be noted where its rows were handed over before they turned out to be
                none.

        Returns:
            The last statement's text where it is not, from its first word to its end, literal rows for a table; and how
            many statements were taken.

        Raises:
            Refusal: `malformed-sql` for a row that does not fit its columns, a column named twice, or what is open.
        """
        rows = self._alike(scanner) or self._begun(scanner)
        self._last = None
        if rows is None:
            return scanner.finish(), 1
        before, complete = self._take_rows(scanner, rows)
        if complete:
            rows.hand_over(self._tables)
            scanner.take_end()
            self._last = rows
            return None, before + 1
        text = scanner.finish()
        if not rows.handed_over:
            return text, before + 1
        self._tables.facts.whole.add(number + before)
        self._tables.give_up()
        return None, before + 1

    def _begun(self, scanner: Scanner) -> StatementRows | None:
        """Go to the first row of a statement that may have rows."""
        found = _head(scanner, self._tables)
        window = scanner.window
        return None if found is None else StatementRows(window.data[window.anchor : window.pos], *found)

    def _alike(self, scanner: Scanner) -> StatementRows | None:
        """Go to the first row of a statement that begins like the one before."""
        last, window = self._last, scanner.window
        if last is None or not window.has(len(last.head) + 1) or not window.data.startswith(last.head, window.pos):
            return None
        gap = _GAP.search(window.data, max(0, window.pos - _LONGEST_GAP), window.pos)
        if gap is not None:
            self._gap = gap[0]
        window.pos += len(last.head)
        if not window.data.startswith(b"(", window.pos):
            window.pos = window.anchor
            return None
        last.begin_anew(self._tables)
        return last

    def _take_rows(self, scanner: Scanner, rows: StatementRows) -> tuple[int, bool]:
        """Go over the rows to the statement's end, and over whole statements on the way that begin alike.

        Returns:
            How many statements were taken before the one that it came to, whose rows `rows` holds then; and whether it
            came to its end. Else the scanner has what it needs to go on from where it stands.
        """
        window, grammar = scanner.window, scanner.grammar
        comma = compiled(grammar.blank + rb"," + grammar.blank)
        statements = 0
        while True:
            if rows.size > _PATIENT_BYTES:
                rows.handed_over = True
                rows.hand_over(self._tables)
            if rows.handed_over:
                window.anchor = window.pos
            taken = self._take_run(scanner, rows)
            statements += taken or 0
            if taken is None and not _take_row(scanner, rows):
                return statements, False
            if taken and not rows.waiting:
                # At the first row of another statement.
                continue
            begin = window.pos - window.anchor
            stop = scanner.advance()
            between = window.data[window.anchor + begin : window.pos]
            if stop == b"" and grammar.skip.fullmatch(between):
                return statements, True
            if stop != b"(" or (between != b"," and not comma.fullmatch(between)):
                return statements, False
            if between.strip() == b",":
                self._between = b")" + between + b"("

    def _take_run(self, scanner: Scanner, rows: StatementRows) -> int | None:
        """Take many rows at once; how many statements ended with them, None where there was no row that allowed it."""
        tables, window = self._tables, scanner.window
        width = len(rows.expected) if rows.expected is not None else rows.width
        if not width or scanner.grammar.delimiter != b";":
            return None
        size = self._pace.next_piece(window, width)
        if not size:
            return None
        begin = window.pos + 1
        piece = window.data[begin : begin + size]
        # A statement that is known to be no rows must be seen from its start.
        after = None if tables.facts.whole else b")" + self._gap + rows.head + b"("
        names = rows.names or tables.columns_of(rows.table)
        types = tables.types_of(rows.table, names or numbered_columns(width))
        run = self._runs.take(piece, Form(scanner.grammar.family, width, self._between, after), types)
        self._pace.took(run.end if run else 0, len(piece))
        if run is None:
            return None
        if run.ended is not None and after is not None:
            rows.hand_over(tables)
            tables.add_block(rows.table, _block(names, run.ended, window.line(begin + run.ended.begin)))
            rows.begin_anew(tables)
            window.pos = begin + run.ended.end + len(after) - 1
            window.anchor = window.pos - len(rows.head)
        if run.rest is not None:
            rows.add_block(_block(names, run.rest, window.line(begin + run.rest.begin)))
            rows.expected = rows.expected or numbered_columns(width)
            window.pos = begin + run.rest.end + 1
        return run.statements


def _block(names: Names, part: Part, line: int) -> Block:
    return Block(names, part.columns, part.rows, part.end - part.begin, line)


_LONGEST_GAP = 8
_GAP = re.compile(rb";\s*+\Z")


def _head(scanner: Scanner, tables: Tables) -> tuple[str, Names, Names] | None:
    """Go to the first row's parenthesis; the table, the columns that are named, those that each row must have.

    None where the statement has no rows.
    """
    window, grammar = scanner.window, scanner.grammar
    if scanner.advance() != b"(":
        return None
    found = _head_pattern(grammar).fullmatch(window.data, window.anchor, window.pos)
    if found is None:
        return None
    table = table_name(found["name"], grammar)
    names: Names = None
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
    return table, names, expected


def _take_row(scanner: Scanner, rows: StatementRows) -> bool:
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
        rows.expected = numbered_columns(len(values))
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
