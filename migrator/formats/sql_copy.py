r"""PostgreSQL's COPY … FROM stdin in text form (PostgreSQL manual, COPY, "Text Format").

A line for each row, tabs between the values, `\N` for null, backslash escapes, `\.` on a line of its own at the end.
"""

import re

import numpy as np

from migrator.formats.sql_block import Block
from migrator.formats.sql_copy_split import columns_of_lines
from migrator.formats.sql_create import column_names, dotted, table_name
from migrator.formats.sql_grammar import Grammar, compiled
from migrator.formats.sql_literals import Value, copy_value
from migrator.formats.sql_scanner import Scanner, malformed
from migrator.formats.sql_table import check_width, numbered_columns
from migrator.formats.sql_tables import Tables

_BACKSLASH, _POINT = b"\\."
_NO_MORE_OF_LINE = re.compile(rb"[ \t\r]*+(?:--[^\n]*+)?(?:\n|\Z)")
_TEXT_FORM = rb"""(?:FORMAT{0}['"]?text['"]?|FREEZE(?:{0}(?:TRUE|ON|1))?|ENCODING{0}'utf-?8')"""


def read_copy(scanner: Scanner, tables: Tables) -> bytes | None:
    """Take the rows of the COPY that begins at the scanner's anchor.

    Returns:
        The statement's text where no data follows it.

    Raises:
        Refusal: `malformed-sql` for another form than text, a row that does not fit its columns, a missing end.
    """
    window, grammar = scanner.window, scanner.grammar
    line = window.line(window.anchor)
    text = scanner.finish()
    found = _pattern(grammar).fullmatch(text)
    if found is None:
        return text
    form = _TEXT_FORM.replace(b"{0}", grammar.blank)
    options = rb"(?:WITH\b)?" + grammar.blank + rb"(?:\(" + grammar.blank + form + grammar.blank
    options += rb"(?:," + grammar.blank + form + grammar.blank + rb")*+\))?" + grammar.blank
    if found["binary"] or found["oids"] or not compiled(options).fullmatch(found["options"]):
        raise malformed("only the text form of COPY … FROM stdin is read, without options", line)
    table = table_name(found["name"], grammar)
    names = None
    if found["columns"] is not None:
        names = column_names(found["columns"], grammar)
        if names is None:
            raise malformed("the columns of this COPY are no list of names", line)
        check_width(len(names), names, line)
    end = window.match(_END_OF_HEAD)
    if not _NO_MORE_OF_LINE.fullmatch(end[0]):
        raise malformed("the data of a COPY begins on the line after it", line)
    window.pos = end.end()
    _take_lines(scanner, tables, (table, names), line, b"\r\n" if end[0].endswith(b"\r\n") else b"\n")
    return None


_END_OF_HEAD = re.compile(rb"[^\n]*+\n?")


def _pattern(grammar: Grammar) -> re.Pattern[bytes]:
    blank = grammar.blank
    columns = rb"\((?P<columns>(?:" + grammar.name + rb"|[^()])*+)\)"
    return compiled(
        rb"COPY\b" + blank + rb"(?P<binary>BINARY\b" + blank + rb")?(?P<name>" + dotted(grammar) + rb")" + blank
        + rb"(?:" + columns + blank + rb")?(?P<oids>WITH\b" + blank + rb"OIDS\b" + blank + rb")?FROM\b" + blank
        + rb"STDIN\b" + blank + rb"(?P<options>.*+)"
    )  # fmt: skip


def _take_lines(
    scanner: Scanner, tables: Tables, target: tuple[str, tuple[str, ...] | None], start: int, newline: bytes
) -> None:
    """Read rows up to the line that ends them."""
    window = scanner.window
    table, names = target
    names = names or tables.columns_of(table)
    if names is not None:
        check_width(len(names), names, start)
    width = len(names) if names is not None else 0
    while True:
        window.anchor = window.pos
        begin = window.pos
        end, following = _end_of_lines(window.data, begin, window.ended)
        if end > begin:
            lines = window.data[begin:end]
            line = window.line(begin)
            width = width or _first_width(lines)
            _add_lines(tables, table, names, lines, newline, width, line)
        window.pos = end if following is None else following
        if following is not None:
            return
        if window.ended:
            raise malformed("this COPY has no \\. that ends its data", start)
        window.anchor = window.pos
        window.grow()


def _end_of_lines(data: bytes, begin: int, ended: bool) -> tuple[int, int | None]:
    r"""Where whole lines end, and where the text goes on behind the `\.` that ends all lines, if it is there."""
    for position in _points(data, data.find(b"\\", begin)):
        after = position + 2
        rest = data[after : after + 2]
        if (position == begin or _ends_line(data, begin, position)) and (
            rest[:1] == b"\n" or rest == b"\r\n" or (ended and rest in {b"", b"\r"})
        ):
            return position, after + (data[after : after + 2].find(b"\n") + 1 or len(rest))
    last = data.rfind(b"\n", begin) + 1
    # A line's end may be escaped, and what follows may end the data.
    while last > begin and not _ends_line(data, begin, last):
        last = data.rfind(b"\n", begin, last - 1) + 1
    return max(last, begin), None


def _points(data: bytes, begin: int) -> list[int]:
    """Where a backslash and a point stand, given where the first backslash does; below 0 there is none."""
    if begin < 0:
        return []
    # Arrays, as `find` is slow for two bytes of which one is frequent.
    signs = np.frombuffer(data, np.uint8)[begin:]
    found: list[int] = (np.flatnonzero((signs[:-1] == _BACKSLASH) & (signs[1:] == _POINT)) + begin).tolist()
    return found


def _ends_line(data: bytes, begin: int, position: int) -> bool:
    """Whether a newline that is not escaped stands before `position`."""
    if data[position - 1 : position] != b"\n":
        return False
    before = position - 1
    while before > begin and data[before - 1] == 0x5C:
        before -= 1
    return (position - 1 - before) % 2 == 0


def _first_width(lines: bytes) -> int:
    first = _LINE.match(lines)
    return len(_fields(first[1])) if first else 1


def _fields(line: bytes) -> list[bytes]:
    """What stands between the tabs of a line that no backslash escapes."""
    if b"\\\t" not in line:
        return line.split(b"\t")
    ends = [found.start() for found in _TAB.finditer(line) if found["tab"]]
    return [line[begin:end] for begin, end in zip([0, *(end + 1 for end in ends)], [*ends, len(line)], strict=True)]


_TAB = re.compile(rb"(?P<tab>\t)|\\.", re.DOTALL)


_LINE = re.compile(rb"((?:[^\\\n]++|\\.)*+)\n", re.DOTALL)


def _add_lines(
    tables: Tables, table: str, names: tuple[str, ...] | None, lines: bytes, newline: bytes, width: int, line: int
) -> None:
    if newline == b"\r\n":
        lines = lines.replace(b"\r\n", b"\n")
    columns = columns_of_lines(lines, width)
    if columns is not None:
        tables.add_block(table, Block(names, columns, columns[0].rows, len(lines), line))
        return
    rows: list[list[Value]] = []
    escaped_newlines = b"\\\n" in lines
    for text in _LINE.findall(lines) if escaped_newlines else lines[:-1].split(b"\n"):
        fields = _fields(text)
        if len(fields) != width:
            check_width(len(fields), names or numbered_columns(width), line)
        try:
            rows.append([copy_value(item) for item in fields])
        except ValueError as error:
            raise malformed(f"a value's escapes make no text: {error}", line) from error
        line += 1 + text.count(b"\n")
    tables.add_rows(table, names, rows, len(lines), line - len(rows))
