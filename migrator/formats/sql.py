"""SQL dumps: the rows of INSERT, REPLACE and COPY as a table each, every other statement in `_statements`.

Nothing is executed. A dump is read in one pass that guesses (whose dump it is, columns, types, which statements are
rows), and read again from its start, with all that was learned, where something further on contradicts a guess.
"""

import re

from migrator.errors import ReasonCode, Refusal
from migrator.formats.interface import Sink, Source
from migrator.formats.sql_copy import read_copy
from migrator.formats.sql_create import created_table
from migrator.formats.sql_facts import Facts
from migrator.formats.sql_grammar import Grammar, mysql, standard
from migrator.formats.sql_insert import InsertReader
from migrator.formats.sql_memory import keep_freed_memory
from migrator.formats.sql_scanner import MysqlFoundError, Scanner
from migrator.formats.sql_tables import Tables
from migrator.formats.sql_window import Window
from migrator.formats.text import open_text

_WORD = re.compile(rb"[A-Za-z]*+")
_CREATE = re.compile(rb"(?:/\*!\d*\s*)?CREATE\b", re.IGNORECASE)

# By then only types can still be contradicted: rows that turned out to be none had a part in the guesses.
_PASSES_WITH_TYPES = 3
_PASSES = 6


def read(source: Source, sink: Sink) -> None:
    """Read a dump into a table for each that receives rows, and `_statements`.

    Raises:
        Refusal: `malformed-sql` with the line, `not-text`, `empty-file`, `unsupported-name`.
    """
    keep_freed_memory()
    try:
        _read_by_its_rules(source, sink)
    except Refusal as refusal:
        if refusal.code is not ReasonCode.NOT_TEXT:
            raise
        # What mysqldump writes of a BLOB unless told otherwise; to convert that would ruin it.
        advice = "or, where that is a binary value, dump it in hexadecimal (mysqldump --hex-blob)"
        raise Refusal(refusal.code, f"{refusal.message}, {advice}") from refusal


def _read_by_its_rules(source: Source, sink: Sink) -> None:
    try:
        _read(source, sink, standard())
    except MysqlFoundError:
        _read(source, sink, mysql())
    except Refusal as refusal:
        # Backslash escapes, taken for plain characters, make strings seem open that are not.
        if refusal.code is not ReasonCode.MALFORMED_SQL or not _quotes_with_backticks(source):
            raise
        _read(source, sink, mysql())


def _read(source: Source, sink: Sink, grammar: Grammar) -> None:
    facts = Facts()
    for passed in range(_PASSES):
        facts.all_text = passed >= _PASSES_WITH_TYPES
        tables = Tables(sink, facts)
        try:
            if _pass(source, tables, grammar):
                return
        except BaseException:
            tables.abort()
            raise
        finally:
            tables.end()
    raise RuntimeError(f"{source.name} contradicts what was learned of it in {_PASSES} passes")


def _pass(source: Source, tables: Tables, grammar: Grammar) -> bool:
    with open_text(source) as stream:
        scanner = Scanner(Window(stream), grammar)
        inserts = InsertReader(tables)
        taken = 0
        while scanner.begin():
            statement, count = _take(scanner, tables, inserts, taken + 1)
            taken += count
            if statement is not None:
                tables.statements.add(taken, statement)
                if _CREATE.match(statement) and (created := created_table(statement, scanner.grammar)):
                    tables.create(*created)
        return tables.finish()


def _take(scanner: Scanner, tables: Tables, inserts: InsertReader, number: int) -> tuple[bytes | None, int]:
    """Take the statement that begins here, and maybe more like it, the rows into their table.

    Returns:
        The last statement's text where it is for `_statements`, and how many statements were taken.
    """
    window = scanner.window
    if window.data.startswith(b"\\", window.pos):
        return scanner.take_line(), 1
    word = window.match(_WORD)[0].upper()
    if word in {b"INSERT", b"REPLACE"} and number not in tables.facts.whole:
        return inserts.read(scanner, number)
    if word == b"COPY":
        return read_copy(scanner, tables), 1
    return scanner.finish(), 1


def _quotes_with_backticks(source: Source) -> bool:
    """Whether the rules of MySQL find a name in backticks outside strings."""
    with open_text(source) as stream:
        scanner = Scanner(Window(stream), mysql(stop_at_names=True))
        try:
            while scanner.begin():
                if scanner.window.data.startswith(b"\\", scanner.window.pos):
                    scanner.take_line()
                else:
                    scanner.finish()
        except MysqlFoundError:
            return True
        except Refusal:
            return False
    return False
