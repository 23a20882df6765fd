"""sql: whatever values are written as literals come back, by the fast way and the exact one alike."""

# Statements are made of values here, and never executed anywhere but in a database in memory.
# The lists of pieces are long, and clearer in lines than one a line.
# ruff: noqa: E501, RUF005, S608

import math
import os
import re
import sqlite3

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from migrator.errors import Refusal
from migrator.formats import sql, sql_copy, sql_insert, sql_insert_runs, sql_window
from tests.migrator.formats.fakes import MemorySource

LONG = bool(os.environ.get("TEST_LONG"))
TREACHEROUS = "'\"\\;,()\n\r\t\0\x01\x02\x1a-/*#$`NX0é😀 a.1"
TEXTS = st.text(st.sampled_from(TREACHEROUS), max_size=12) | st.text(max_size=6)
NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.none() | TEXTS | NUMBERS
TABLES = st.integers(1, 4).flatmap(lambda width: st.lists(st.tuples(*[VALUES] * width), min_size=1, max_size=12))


class TextTable:
    """Keeps what is written, each value as text."""

    def __init__(self, sink, segment):
        self.sink, self.segment, self.rows = sink, segment, []

    def write(self, batch):
        self.rows += [tuple(row.values()) for row in batch.to_pylist()]

    def close(self):
        self.sink.tables[self.segment] = self.rows

    def abort(self):
        self.rows = []


class TextSink:
    def __init__(self):
        self.tables = {}

    def table(self, schema, segment=None):
        del schema
        return TextTable(self, segment)


def read(text):
    sink = TextSink()
    sql.read(MemorySource(text.encode() if isinstance(text, str) else text, "dump.sql"), sink)
    return sink.tables


def outcome(text):
    """Tables, or the refusal's code and the line that it names."""
    try:
        return read(text)
    except Refusal as refusal:
        return refusal.code, refusal.message


def exactly(text):
    """The outcome without the fast ways."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sql_insert_runs.Runs, "take", lambda *_: None)
        patch.setattr(sql_copy, "columns_of_lines", lambda *_: None)
        return outcome(text)


def eagerly(text):
    """The outcome with the fast ways tried at every row, on a window of a few bytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("migrator.formats.sql_pace._LONGEST_PAUSE", 0)
        patch.setattr("migrator.formats.sql_pace.SMALLEST_PIECE", 40)
        patch.setattr(sql_insert_runs, "LEAST_BYTES", 0)
        patch.setattr(sql_insert_runs, "_LONGEST_PAUSE", 0)
        patch.setattr(sql_window, "CHUNK_BYTES", 64)
        return outcome(text)


def settled(text):
    """The same, with types that are settled by the first rows; a column that has no value there stays text."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("migrator.formats.sql_table._FULL_BYTES", 1)
        return eagerly(text)


def same(found, value):
    """Whether a value came back: text as it is, a number by value, a truth by its word."""
    if isinstance(value, str) and isinstance(found, str):
        return found == value
    if isinstance(found, bool):
        return str(found).lower() == value
    return found == value or str(found) == str(value) or (value is not None and float(found) == float(value))


def standard_literal(value):
    if value is None:
        return "NULL"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


MYSQL_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\0": "\\0", "\x1a": "\\Z", '"': '\\"'}


def mysql_literal(value):
    if not isinstance(value, str):
        return standard_literal(value)
    return "'" + "".join(MYSQL_ESCAPES.get(character, character) for character in value) + "'"


COPY_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", "\v": "\\v"}


def copy_field(value):
    if value is None:
        return "\\N"
    return "".join(COPY_ESCAPES.get(character, character) for character in str(value))


def one_insert(rows, literal):
    return "INSERT INTO t VALUES " + ",".join(f"({','.join(map(literal, row))})" for row in rows) + ";\n"


def one_row_a_line(rows, literal):
    return (
        one_insert(rows, literal)
        + "INSERT INTO t VALUES\n"
        + ",\r\n".join(f"({','.join(map(literal, row))})" for row in rows)
        + "\n;"
    )


def a_few_rows_each(rows, literal):
    """As phpMyAdmin and pg_dump with --rows-per-insert write them: blanks, lines, a list of columns, some rows each."""
    names = ", ".join(f"c{number}" for number in range(len(rows[0])))
    lines = [f"\t({', '.join(map(literal, row))})" for row in rows]
    groups = [lines[begin : begin + 3] for begin in range(0, len(lines), 3)]
    return "".join(f"INSERT INTO t ({names}) VALUES\n" + ",\n".join(group) + ";\n\n" for group in groups)


def many_inserts(rows, literal):
    return "".join(f"INSERT INTO t VALUES({','.join(map(literal, row))});\n" for row in rows)


def copied(rows, _):
    return "COPY t FROM stdin;\n" + "".join("\t".join(map(copy_field, row)) + "\n" for row in rows) + "\\.\n"


WRITERS = [
    pytest.param("", one_insert, standard_literal, id="one INSERT"),
    pytest.param("", one_row_a_line, standard_literal, id="a row a line"),
    pytest.param("", many_inserts, standard_literal, id="many INSERTs"),
    pytest.param("-- MySQL dump\n", one_insert, mysql_literal, id="one INSERT of MySQL"),
    pytest.param("-- MySQL dump\n", many_inserts, mysql_literal, id="many INSERTs of MySQL"),
    pytest.param("", a_few_rows_each, standard_literal, id="a few rows each"),
    pytest.param("-- MySQL dump\n", a_few_rows_each, mysql_literal, id="a few rows each of MySQL"),
    pytest.param("", copied, None, id="COPY"),
]


@pytest.mark.parametrize(("head", "write", "literal"), WRITERS)
@given(rows=TABLES, repeated=st.sampled_from([1, 40]))
@example(rows=[("a),(b", "c);\nINSERT INTO t VALUES(", "'")], repeated=40)
@settings(max_examples=20, deadline=None)
def test_every_value_comes_back(head, write, literal, rows, repeated):
    rows = rows * repeated
    text = head + write(rows, literal) + "SELECT 1;"
    found = read(text)
    rows = rows * (2 if write is one_row_a_line else 1)
    assert len(found["t"]) == len(rows)
    for found_row, row in zip(found["t"], rows, strict=True):
        assert all(same(one, other) for one, other in zip(found_row, row, strict=True)), (found_row, row)
    assert found == exactly(text) == eagerly(text)
    assert [row[2] for row in found["_statements"]] == ["SELECT 1"]


BLANKS = st.sampled_from(["", " ", "\t", "\n", "  "])
ODD_LITERALS = st.sampled_from(
    ["TRUE", "False", "true", "NULL", "null", "Null", "0x00FF", "0x0", "0xabc", "0x", "0X1F", "X'00ff'", "x''", "x'0'", "x'0g'"]
    + ["_binary 'a\\0b''c'", "_binary ''", "_BINARY 'x'", "_binary  'x'", "_binary 0x41", "N'x'", "'a' 'b'", "'a'x", "x 'ab'", "b'1'", "1.5", "-2", "+3", ".5", "1.", "1e5"]
    + ["-", "--1", "1-2", "inf", "-inf", "-Infinity", "nan", "-nan", "1e400", "99999999999999999999", "''", "'x'", "''''", "'\\''", "\\", "now()"]
    + ['"x"', "E'a'", "$$a$$", "nul", "NULLS", "truth", "", "(1)", "é", "'é'", "1_0", "00", "0x1G", "NaN", "007", "\\N", "_binary", "1;2", "'\n'"]
)  # fmt: skip


@given(
    head=st.sampled_from(["", "-- MySQL\n"]),
    columns=st.lists(st.lists(ODD_LITERALS, min_size=1, max_size=3), min_size=1, max_size=3),
    rows=st.integers(1, 30),
    blanks=st.tuples(BLANKS, BLANKS, BLANKS),
    several=st.booleans(),
    data=st.data(),
)
@settings(max_examples=1000 if LONG else 60, deadline=None)
def test_every_literal_means_the_same_to_the_fast_way(head, columns, rows, blanks, several, data):
    before, after, between = blanks
    picked = [[data.draw(st.sampled_from(kinds)) for kinds in columns] for _ in range(rows)]
    lines = ["(" + ",".join(before + literal + after for literal in row) + ")" for row in picked]
    start = "INSERT INTO t VALUES "
    first = "(" + ",".join(["1"] * len(columns)) + ")"
    separator = ";\n" + start if several else "," + between
    text = head + start + first + ";\n" + start + separator.join(lines) + ";\n"
    found = exactly(text)
    assert outcome(text) == found
    assert eagerly(text) == found
    assert settled(text) == found


PIECES = st.sampled_from(
    ["(1,'a')", "('b',NULL)", ",", ",\n", ";\n", "INSERT INTO t VALUES ", "INSERT INTO t VALUES", "'", "\\'", "\\", "''"]
    + ["(X'00','x')", "(0x1,1)", "(1)", "(now(),1)", " ON CONFLICT DO NOTHING", "--", "/*", "*/", '"', "\x02", "(1,2", ")"]
    + ["COPY t FROM stdin;\n", "1\ta\n", "\\N\tb\\\\\n", "\\.\n", "x\n", "a\\\n", "$$", "E'\\''", "(TRUE,1e5)", "(1 ,'c')", "#"]
)  # fmt: skip


@given(
    head=st.sampled_from(["", "-- MySQL\n", "CREATE TABLE t (a int, b text);\n"]), pieces=st.lists(PIECES, max_size=25)
)
@settings(max_examples=1000 if LONG else 80, deadline=None)
def test_the_fast_ways_never_differ_from_the_exact_one(head, pieces):
    text = head + "INSERT INTO t VALUES " + ",".join(["(1,'a')"] * 8) + ";\n" + "".join(pieces)
    assert outcome(text) == exactly(text) == eagerly(text)


FAST_FORMS = [
    pytest.param("INSERT INTO t VALUES (1,'a');\n", id="sqlite3"),
    pytest.param("INSERT INTO public.t (a, b) VALUES (1, 'it''s, (so);');\n", id="pg_dump"),
    pytest.param("INSERT INTO t VALUES\n\t(1, 'a', NULL),\n\t(-2.5, 'b', true);\n\n", id="pg_dump, some rows each"),
    pytest.param("INSERT INTO `t` (`a`, `b`) VALUES\n(1, 'a\\'b\\\\'),\n(2, '\\n');\n", id="phpMyAdmin"),
    pytest.param("INSERT INTO `t` (`a`, `b`) VALUES\n(1,\t'x'),\n(2,\tNULL);\n", id="Adminer"),
    pytest.param(
        "INSERT INTO `t` VALUES (1,_binary 'a\\0',0x00FF,TRUE),(2,'','',FALSE);\n", id="mysqldump with binary values"
    ),
    pytest.param("INSERT INTO t VALUES(X'00ff',1.5e-3);\n", id="sqlite3 with binary values"),
]


@pytest.mark.parametrize("statement", FAST_FORMS)
def test_rows_in_the_forms_of_known_programs_are_not_read_one_by_one(monkeypatch, statement):
    text = statement * 2000
    expected = exactly(text)
    read_alone = []
    row_values = sql_insert.row_values
    monkeypatch.setattr(sql_insert, "row_values", lambda *given: read_alone.append(1) or row_values(*given))
    assert read(text) == expected
    assert len(read_alone) < 20


PLAIN_FORMS = [pytest.param("", *each.values, "", id=each.id) for each in FAST_FORMS if "binary" not in each.id]
COPY_FORM = ("COPY t FROM stdin;\n", "1\t\\N\ta\\tb\\\\\n-2.5\t\tit's\n", "\\.\n")


@pytest.mark.parametrize(("before", "repeated", "after"), [*PLAIN_FORMS, pytest.param(*COPY_FORM, id="COPY")])
def test_rows_without_binary_values_are_split_at_their_commas_and_tabs(monkeypatch, before, repeated, after):
    text = before + repeated * 2000 + after
    otherwise = []
    take_marked, copy_value = sql_insert_runs.take_marked, sql_copy.copy_value
    monkeypatch.setattr(sql_insert_runs, "take_marked", lambda *given: otherwise.append(1) or take_marked(*given))
    monkeypatch.setattr(sql_copy, "copy_value", lambda *given: otherwise.append(1) or copy_value(*given))
    read(text)
    # Small pieces are not worth it.
    assert len(otherwise) < 5


@given(rows=st.lists(st.tuples(VALUES, st.none() | st.binary(max_size=4)), min_size=1, max_size=6))
@settings(max_examples=50, deadline=None)
@example(rows=[(5.1926095855810795e-298, None)])
def test_a_dump_of_sqlite_holds_what_the_database_held(rows):
    database = sqlite3.connect(":memory:")
    database.execute('CREATE TABLE "a table" (key, "blob;")')
    rows = [(str(value) if isinstance(value, int) else value, blob) for value, blob in rows]
    # `iterdump` writes text with NUL through a C string, and infinities as numbers beyond float64.
    rows = [(value.replace("\0", "") if isinstance(value, str) else value, blob) for value, blob in rows]
    database.executemany('INSERT INTO "a table" VALUES (?, ?)', rows)
    held = database.execute('SELECT key, "blob;" FROM "a table"').fetchall()
    text = "\n".join(database.iterdump())
    found = read(text)
    assert len(found["a table"]) == len(held)
    for (found_value, found_blob), (value, blob) in zip(found["a table"], held, strict=True):
        # SQLite writes 15 digits where its own reading of them, which is not exact, gives the number back.
        close = isinstance(value, float) and math.isclose(float(found_value), value, rel_tol=1e-14)
        assert close or same(found_value, value)
        assert found_blob == blob
    assert re.fullmatch(r"BEGIN,CREATE,COMMIT", ",".join(row[1] for row in found["_statements"]))


LITERALS = st.sampled_from(
    ["-1", "+1", "1e3", ".5", "1.", "1.5E-3", "0", "'it''s'", "''", "NULL", "X'00ff'", "x''", "'--'", "'/*'", "1.25", "'\\'", "'a\nb'"]
)  # fmt: skip


@given(st.lists(LITERALS, min_size=1, max_size=6))
@settings(max_examples=50, deadline=None)
def test_each_literal_means_what_it_means_to_sqlite(literals):
    (expected,) = sqlite3.connect(":memory:").execute(f"SELECT {', '.join(literals)}").fetchall()
    (found,) = read(f"INSERT INTO t VALUES ({', '.join(literals)});")["t"]
    assert all(same(one, other) for one, other in zip(found, expected, strict=True)), (found, expected)
