"""sql: dumps in the style of the programs that write them, with strings that look like what they are not."""

# Dumps are SQL in strings, with lines as long as dumps have them, and hold times without a zone.
# ruff: noqa: DTZ001, E501, S608

import datetime
import sqlite3

import pytest

from migrator.errors import ReasonCode, Refusal
from migrator.formats import sql, sql_window
from tests.migrator.formats.fakes import MemorySink, MemorySource

LONG = "x" * 300


class NamedSink(MemorySink):
    """Keeps each table's values under its segment."""

    def table(self, schema, segment=None):
        table = super().table(schema, segment)
        table.segment = segment
        return table

    def values(self):
        closed = [table for table in self.begun if table.state == "closed"]
        assert len({table.segment for table in closed}) == len(closed)
        return {table.segment: [row for batch in table.batches for row in batch.to_pylist()] for table in closed}


@pytest.fixture(params=[1 << 20, 7], ids=["whole", "in small pieces"])
def dump(request, monkeypatch):
    """Reads a dump, at once and through a window that grows by a few bytes."""
    monkeypatch.setattr(sql_window, "CHUNK_BYTES", request.param)

    def read(text):
        sink = NamedSink()
        source = MemorySource(text if isinstance(text, bytes) else text.encode(), "dump.sql", step=request.param)
        try:
            sql.read(source, sink)
        finally:
            assert all(stream.closed for stream in source.streams)
            assert all(table.state != "open" for table in sink.begun)
        return sink.values()

    return read


def rows(dump, text, table="t"):
    return [tuple(row.values()) for row in dump(text)[table]]


def statements(dump, text):
    return [tuple(row.values()) for row in dump(text).get("_statements", [])]


def malformed(dump, text):
    with pytest.raises(Refusal) as caught:
        dump(text)
    assert caught.value.code is ReasonCode.MALFORMED_SQL
    return caught.value.message


MYSQLDUMP = r"""-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)
--
-- Host: localhost    Database: shop's
-- ------------------------------------------------------

/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40103 SET TIME_ZONE='+00:00' */;

DROP TABLE IF EXISTS `orders`;
CREATE TABLE `orders` (
  `id` int NOT NULL AUTO_INCREMENT COMMENT 'the (only) key, really',
  `note` text COLLATE utf8mb4_bin,
  `pri``ce` decimal(10,2) DEFAULT '0.00', -- a comment, with a comma
  `at` datetime DEFAULT NULL /*!80016 INVISIBLE */,
  `data` blob,
  PRIMARY KEY (`id`),
  KEY `note` (`note`(10)),
  CONSTRAINT `c` CHECK ((`id` > 0))
) ENGINE=InnoDB AUTO_INCREMENT=4 DEFAULT CHARSET=utf8mb4;

LOCK TABLES `orders` WRITE;
/*!40000 ALTER TABLE `orders` DISABLE KEYS */;
INSERT INTO `orders` VALUES (1,'it\'s; -- no # comment /* at all */','1.50','2024-02-29 23:59:59',_binary 'a\0\\'),(2,'a),(b\n\r\t\\','2.25',NULL,''),(3,'\"quoted\" \\\'','3.00','2024-03-01 00:00:00',0x00FF);
/*!40000 ALTER TABLE `orders` ENABLE KEYS */;
UNLOCK TABLES;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER `t` BEFORE INSERT ON `orders` FOR EACH ROW BEGIN
  SET NEW.note = 'x;;y'; /* inner ; */
END */;;
DELIMITER ;
-- Dump completed
"""


def test_a_mysqldump_gives_its_rows_and_every_other_statement(dump):
    values = dump(MYSQLDUMP)
    assert set(values) == {"orders", "_statements"}
    assert values["orders"] == [
        {
            "id": 1,
            "note": "it's; -- no # comment /* at all */",
            "pri`ce": 1.5,
            "at": datetime.datetime(2024, 2, 29, 23, 59, 59),
            "data": b"a\0\\",
        },
        {"id": 2, "note": "a),(b\n\r\t\\", "pri`ce": 2.25, "at": None, "data": b""},
        {"id": 3, "note": '"quoted" \\\'', "pri`ce": 3.0, "at": datetime.datetime(2024, 3, 1), "data": b"\x00\xff"},
    ]
    kinds = [(row["statement_number"], row["kind"]) for row in values["_statements"]]
    assert kinds == [
        (1, "SET"), (2, "SET"), (3, "DROP"), (4, "CREATE"), (5, "LOCK"), (6, "ALTER"), (8, "ALTER"), (9, "UNLOCK"), (10, "CREATE"),
    ]  # fmt: skip
    assert values["_statements"][1]["statement"] == "/*!40103 SET TIME_ZONE='+00:00' */"
    assert values["_statements"][-1]["statement"].endswith("/* inner ; */\nEND */")


def test_a_mariadb_dump_may_begin_with_its_sandbox_comment(dump):
    text = "/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n\nINSERT INTO t VALUES ('a\\'b'),\n(\"c\"\"d'\");"
    assert rows(dump, text) == [("a'b",), ("c\"d'",)]


PG_DUMP = r"""--
-- PostgreSQL database dump
--

\restrict abc'def
SET statement_timeout = 0;
CREATE FUNCTION public.f() RETURNS text LANGUAGE sql AS $_$ SELECT 'it''s; $$ ' || $1; $_$;
CREATE TABLE public.people (
    id integer NOT NULL,
    key text,
    "When" timestamp without time zone,
    CONSTRAINT k CHECK ((key <> 'a,b'::text))
);

COPY public.people (id, key, "When") FROM stdin;
1	tab\there, line\nthere, back\\slash; it's -- `quoted`	2024-02-29 12:00:00
2	\N	2024-02-29 12:00:01.5
3	\\N	\N
4	\\.	\N
5		\N
6	\101\x42\v\q	\N
\.


INSERT INTO public."Odd Name" VALUES (1, E'a\'b\\', 'C:\', true);
INSERT INTO public."Odd Name" OVERRIDING SYSTEM VALUE VALUES (2, 'it''s', '', NULL);
ALTER TABLE ONLY public.people ADD CONSTRAINT p PRIMARY KEY (id);
"""


def test_a_pg_dump_gives_the_rows_of_copy_and_insert(dump):
    values = dump(PG_DUMP)
    assert [row["key"] for row in values["public.people"]] == [
        "tab\there, line\nthere, back\\slash; it's -- `quoted`", None, "\\N", "\\.", "", "AB\vq",
    ]  # fmt: skip
    assert values["public.people"][1]["When"] == datetime.datetime(2024, 2, 29, 12, 0, 1, 500000)
    assert [tuple(row.values()) for row in values["public.Odd Name"]] == [
        (1, "a'b\\", "C:\\", True), (2, "it's", "", None),
    ]  # fmt: skip
    assert [(row["statement_number"], row["kind"]) for row in values["_statements"]] == [
        (1, "\\RESTRICT"), (2, "SET"), (3, "CREATE"), (4, "CREATE"), (8, "ALTER"),
    ]  # fmt: skip
    assert values["_statements"][0]["statement"] == "\\restrict abc'def"


SQLITE_DUMP = """PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE kv (key TEXT, value, "third one" BLOB, PRIMARY KEY(key));
INSERT INTO kv VALUES('a;b','line
break','');
INSERT INTO kv VALUES('\\',-1.5,X'00FF');
INSERT INTO kv VALUES('--','/*',NULL);
CREATE TRIGGER tr AFTER INSERT ON kv BEGIN INSERT INTO log VALUES('no row'); SELECT CASE WHEN 1 THEN 2 END; END;
COMMIT;
"""


def test_a_sqlite_dump_keeps_a_trigger_in_one_piece(dump):
    values = dump(SQLITE_DUMP)
    assert set(values) == {"kv", "_statements"}
    assert values["kv"] == [
        {"key": "a;b", "value": "line\nbreak", "third one": b""},
        {"key": "\\", "value": "-1.5", "third one": b"\x00\xff"},
        {"key": "--", "value": "/*", "third one": None},
    ]
    assert [row["kind"] for row in values["_statements"]] == ["PRAGMA", "BEGIN", "CREATE", "CREATE", "COMMIT"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("INSERT INTO t VALUES (1),(2);", [(1,), (2,)]),
        ("insert t values(1)", [(1,)]),
        ("REPLACE INTO t VALUES (1) ;", [(1,)]),
        ("INSERT IGNORE INTO t VALUES (1)", [(1,)]),
        ("INSERT /* ( */ INTO -- ;\n t /* ' */ VALUES -- x\n (1 /* , */ , 'a' -- )\n) /* ; */ , (2,'b');", [(1, "a"), (2, "b")]),
        ("INSERT INTO t VALUES (TRUE, false, NULL, null);", [(True, False, None, None)]),
        ("INSERT INTO t VALUES (TRUE),('x');", [("true",), ("x",)]),
        ("INSERT INTO t VALUES (-1, +1, 1e3, .5, 1., '12', 007, 12345678901234567890);", [(-1, "+1", 1000.0, 0.5, 1.0, 12, "007", "12345678901234567890")]),
        ("INSERT INTO t VALUES (X'');", [(b"",)]),
        ("INSERT INTO t VALUES (0xABC),(x'0a'),(''),(NULL);", [(b"\x0a\xbc",), (b"\n",), (b"",), (None,)]),
        ("INSERT INTO t VALUES (0xABC),(''),('a');", [("0xABC",), ("",), ("a",)]),
        ("INSERT INTO t VALUES (1),(0xAB),(TRUE),(0xABC),(-2);", [("1",), ("0xAB",), ("true",), ("0xABC",), ("-2",)]),
        ("INSERT INTO t VALUES (_binary 'a''b');", [(b"a'b",)]),
        ("INSERT INTO t VALUES (_binary 0x6162),(_BINARY X'63'),('');", [(b"ab",), (b"c",), (b"",)]),
        ("INSERT INTO t VALUES (_binary 0x6162),('a');", [("_binary 0x6162",), ("a",)]),
        ("INSERT INTO t VALUES (1, N'it''s'),(2, n'a\\');", [(1, "it's"), (2, "a\\")]),
        ("-- mysql\nINSERT INTO t VALUES (N'it\\'s');", [("it's",)]),
        ("INSERT INTO t VALUES ('a\\'),('b');", [("a\\",), ("b",)]),
        ("INSERT INTO t VALUES ('a\\\\');", [("a\\\\",)]),
        ("-- mysql\nINSERT INTO t VALUES ('a\\\\'),('\\%\\_\\Z\\0\\b\\x');", [("a\\",), ("\\%\\_\x1a\0\bx",)]),
        ("INSERT INTO t VALUES ('`');", [("`",)]),
        ("INSERT INTO t VALUES ('a\0b');", [("a\0b",)]),
        ("INSERT INTO t VALUES ($$it's$$, $a$ $$ $a$, E'\\u00e9\\U0001F600\\uD83D\\uDE00\\303\\251');", [("it's", " $$ ", "é😀😀é")]),
        ("INSERT INTO t VALUES ('');", [("",)]),
        (f"INSERT INTO t VALUES ('{LONG};{LONG}');", [(f"{LONG};{LONG}",)]),
        (f"/* {LONG} ; ' */ INSERT INTO t VALUES (1) -- {LONG}", [(1,)]),
        ("INSERT INTO t VALUES (1);\r\nINSERT INTO t VALUES (2);\r\n", [(1,), (2,)]),
        ("COPY t FROM stdin;\r\n1\ta\\r\r\n2\tb\r\n\\.\r\n", [(1, "a\r"), (2, "b")]),
        ("COPY t (a) FROM STDIN WITH (FORMAT text);\n\\\\\n\n\\.", [("\\",), ("",)]),
        ("copy t from stdin;\na\\\nb\tc\n\\.\n", [("a\nb", "c")]),
        ("copy t from stdin;\na\\\tb\t\\101\n\\.\n", [("a\tb", "A")]),
        ('COPY t ("a, (b)", [c)], d) FROM stdin;\n1\t2\t3\n\\.\n', [(1, 2, 3)]),
        ("COPY t FROM stdin;\na\x01\\\\b\\.c\n\\.\n", [("a\x01\\b.c",)]),
        ("COPY t FROM stdin;\na\0b\tx\\Ny\n\\.\n", [("a\0b", "xNy")]),
    ],
)  # fmt: skip
def test_rows_come_back_by_value(dump, text, expected):
    assert rows(dump, text) == expected
    assert statements(dump, text) == []


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO t VALUES (1, now())",
        "INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a=VALUES(a)",
        "INSERT INTO t VALUES (1), (2) ON CONFLICT DO NOTHING",
        "INSERT INTO t (a) VALUES (1) RETURNING a",
        "INSERT INTO t VALUES (1),(DEFAULT)",
        "INSERT INTO t VALUES (1+1)",
        "INSERT INTO t VALUES ((1))",
        "INSERT INTO t VALUES ('a'::text)",
        "INSERT INTO t VALUES (N 'a')",
        "INSERT INTO t VALUES (_utf8'a')",
        "INSERT INTO t VALUES (U&'a')",
        "INSERT INTO t VALUES ('a' 'b')",
        "INSERT INTO t VALUES (X'ABC')",
        'INSERT INTO t VALUES ("a")',
        "INSERT INTO t VALUES (1),",
        "INSERT INTO t SELECT 1",
        "INSERT INTO t (a) SELECT (1)",
        "INSERT INTO t SET a = 1",
        "INSERT INTO t DEFAULT VALUES",
        "INSERT OR REPLACE INTO t VALUES (1)",
        "COPY t FROM '/tmp/x.csv'",
        "COPY (SELECT 1) TO STDOUT",
    ],
)
def test_a_statement_that_is_more_than_literal_rows_is_kept_whole(dump, statement):
    text = f"INSERT INTO u VALUES (1); {statement}; SELECT 2 ;"
    kind = statement.split()[0]
    assert dump(text) == {
        "u": [{"column_1": 1}],
        "_statements": [
            {"statement_number": 2, "kind": kind, "statement": statement},
            {"statement_number": 3, "kind": "SELECT", "statement": "SELECT 2 "},
        ],
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT 1;\n\nSELECT 'a;", "line 3: the string"),
        ('SELECT 1;\nSELECT "a;', "line 2: the quoted name"),
        ("SELECT 1;\nSELECT $a$ $$;", "line 2: the string"),
        ("SELECT E'a\\';", "line 1: the string"),
        ("SELECT 1;\n/* /* */\n/* open", "line 3: the comment"),
        ("/* a /* b */ c */ SELECT 1;", "line 1: a comment is closed"),
        ("SELECT 1;\nSELECT (\n1;", "line 2: the parenthesis"),
        ("SELECT (1", "line 1: the parenthesis"),
        ("SELECT 1;\nSELECT 1);", "line 2: a parenthesis is closed"),
        ("INSERT INTO t VALUES (1,2;", "line 1: the parenthesis"),
        ("INSERT INTO t VALUES (1));", "line 1: a parenthesis is closed"),
        ("INSERT INTO t (a,b) VALUES\n(1,2),\n(3);", "line 3: a row of 1 values for 2 columns"),
        ("INSERT INTO t VALUES (1,2),\n(3);", "line 2: a row of 1"),
        ("CREATE TABLE t (a int);\nINSERT INTO t VALUES (1,2);", "line 2: a row of 2"),
        ("INSERT INTO t VALUES (1,2);\nCREATE TABLE t (a int);", "line 1: a row of 2"),
        ("INSERT INTO t (a,a) VALUES (1,2);", "line 1: the column 'a'"),
        ("COPY t (a, a) FROM stdin;\n\\.\n", "line 1: the column 'a'"),
        ("COPY t (a) FROM stdin;\n1\n2\t3\n\\.\n", "line 3: a row of 2"),
        ("COPY t FROM stdin;\n1\n2\n", "line 1: this COPY"),
        ("COPY t FROM stdin;", "line 1: this COPY"),
        ("COPY t FROM stdin CSV;\n1\n\\.\n", "line 1: only the text form"),
        ("COPY t (a) WITH OIDS FROM stdin;\n1\t2\n\\.\n", "line 1: only the text form"),
        ("COPY t FROM stdin WITH (FORMAT csv);\n1\n\\.\n", "line 1: only the text form"),
        ("COPY t FROM stdin;\n\\377\n\\.\n", "line 2: a value's escapes"),
        ("INSERT INTO t VALUES (E'\\377');", "line 1: a string's escapes"),
        ("/*!40101 SET a;\n SELECT `a`", "line 1: the comment"),
    ],
)
def test_a_fault_is_told_with_its_line(dump, text, message):
    assert malformed(dump, text).startswith(message)


@pytest.mark.parametrize("text", [";", "-- nothing\n;;\n", "/* a */", "\n\n", "--", "-- MySQL\nDELIMITER ;;\n"])
def test_a_dump_without_rows_and_statements_makes_no_table(dump, text):
    assert dump(text) == {}


def test_different_column_lists_make_their_union_in_order_of_sight(dump):
    text = "INSERT INTO t (b) VALUES (1); INSERT INTO t (a, b) VALUES ('x', 2);"
    assert dump(text) == {"t": [{"b": 1, "a": None}, {"b": 2, "a": "x"}]}


def test_names_lose_their_quotes_and_keep_schema_and_case(dump):
    text = 'INSERT INTO "S" . "a""b.C%/" VALUES (1); INSERT INTO S.t VALUES (2); INSERT INTO s.t VALUES (3);'
    assert set(dump(text)) == {'S.a"b.C%25%2F', "S.t", "s.t"}


def test_a_table_named_like_the_statements_has_a_key_of_its_own(dump):
    assert set(dump("INSERT INTO _statements VALUES (1); SELECT 1;")) == {"%5Fstatements", "_statements"}


@pytest.mark.parametrize("first", [b"", b"-- MySQL dump\n"], ids=["standard", "mysql"])
def test_bytes_that_are_no_text_are_told_with_what_helps_a_dump(dump, first):
    text = first + b"INSERT INTO `t` VALUES (1,_binary '\\0\xff');\n"
    with pytest.raises(Refusal) as caught:
        dump(text)
    assert caught.value.code is ReasonCode.NOT_TEXT
    assert caught.value.message.startswith(f"byte {text.index(255)}: ")
    assert "--hex-blob" in caught.value.message


@pytest.mark.parametrize("name", ['""', '"."', '".."'])
def test_a_table_without_a_usable_name_is_refused(dump, name):
    with pytest.raises(Refusal) as caught:
        dump(f"INSERT INTO {name} VALUES (1);")
    assert caught.value.code is ReasonCode.UNSUPPORTED_NAME


def test_backticks_make_a_mysql_dump_even_after_escaped_quotes(dump):
    text = "INSERT INTO t VALUES ('it\\'s');\nINSERT INTO `t` VALUES ('b');"
    assert rows(dump, text) == [("it's",), ("b",)]


def test_backticks_in_strings_comments_and_copied_data_make_no_mysql_dump(dump):
    text = "-- `a`\nINSERT INTO t VALUES ('`\\');\nSELECT $$`$$;\nCOPY u FROM stdin;\n`\n\\.\n\\echo `date`\n"
    assert rows(dump, text) == [("`\\",)]


def test_conditional_comments_are_comments_outside_mysql(dump):
    assert statements(dump, "/*!40101 SET x */; SELECT 1;") == [(1, "SELECT", "SELECT 1")]


@pytest.mark.parametrize("delimiter", ["$$", "//", "|", ";;", "END_OF_IT"])
def test_a_delimiter_ends_statements_until_the_next_one(dump, delimiter):
    text = f"-- MariaDB\nDELIMITER {delimiter}\nCREATE x; y $ / (1)\n{delimiter}\ndelimiter ;\nSELECT 1;"
    assert statements(dump, text) == [(1, "CREATE", "CREATE x; y $ / (1)\n"), (2, "SELECT", "SELECT 1")]


def test_many_dollar_quotes_in_one_statement_are_one_statement(dump):
    text = "SELECT " + ", ".join(["$a$ ; $b$ ( $a$", "$$'$$", "$1", "a$b"] * 300)
    assert statements(dump, text + ";SELECT 2") == [(1, "SELECT", text), (2, "SELECT", "SELECT 2")]


def test_statements_whose_rows_have_no_value_are_kept_whole(dump):
    text = "INSERT INTO t VALUES (1);\n" + "INSERT INTO t VALUES ();\n" * 3
    assert rows(dump, text) == [(1,)]
    assert statements(dump, text) == [(number, "INSERT", "INSERT INTO t VALUES ()") for number in (2, 3, 4)]


def test_a_column_may_be_named_key_beside_keys(dump):
    text = (
        "CREATE TABLE `t` (key text, `a` int, KEY `k` (`a`), key b using btree (a)); INSERT INTO `t` VALUES ('x', 1);"
    )
    assert dump(text)["t"] == [{"key": "x", "a": 1}]


def test_a_column_that_is_computed_has_no_value_in_a_dump(dump):
    database = sqlite3.connect(":memory:")
    database.execute(
        "CREATE TABLE t (a, b INT AS (a + 1), c TEXT DEFAULT (CAST(1 AS numeric)), d TEXT GENERATED ALWAYS AS (a || ',') STORED)"
    )
    database.execute("INSERT INTO t (a) VALUES (1)")
    assert dump("\n".join(database.iterdump()))["t"] == [{"a": 1, "c": 1}]


def test_an_identity_has_values(dump):
    text = "CREATE TABLE t (a int GENERATED BY DEFAULT AS IDENTITY (START WITH 1), b int);\nCOPY t FROM stdin;\n1\t2\n\\.\n"
    assert dump(text)["t"] == [{"a": 1, "b": 2}]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("CREATE TABLE [t] ([a b] int, [c,;d] text, [it's (] int, [)--] int);", ["a b", "c,;d", "it's (", ")--"]),
        ("CREATE TABLE 't' ('a' int, 'b,(' text, \"d,\"\"e\" int);", ["a", "b,(", 'd,"e']),
        (
            "CREATE TABLE t ('unique' int, [check] int, \"primary key\" int, CHECK (1));",
            ["unique", "check", "primary key"],
        ),
        ("CREATE TABLE t (a int[] DEFAULT ARRAY[1, 2], b text[] DEFAULT ARRAY[['x]', 'y'], ['z']]);", ["a", "b"]),
        ("CREATE TABLE `t` (`a` int, # one, two (\n `b` int, #)\n c int # it's\n);", ["a", "b", "c"]),
        ("CREATE TABLE `t` (`a` int DEFAULT 5--3, `b,(` int COMMENT 'it\\'s, (');", ["a", "b,("]),
        ("CREATE TABLE `t` (`a` int /*!50606 STORAGE DISK */, /*!80000 `b` int */, `c` int);", ["a", "b", "c"]),
        ("-- MariaDB\nCREATE TABLE t (a int /*M!100301 INVISIBLE, x */, b int);", ["a", "b"]),
    ],
)
def test_columns_are_told_from_quotes_comments_and_arrays(dump, text, columns):
    row = ",".join(map(str, range(len(columns))))
    name = "`t`" if "`" in text else "t"
    assert dump(f"{text}INSERT INTO {name} VALUES ({row});")["t"] == [dict(zip(columns, range(9), strict=False))]


def test_names_in_brackets_and_strings_name_tables_and_columns(dump):
    text = "INSERT INTO main.[a;'t] ([b c], 'd') VALUES (1, 2); SELECT x[1], ARRAY['(]'], y [2];"
    values = dump(text)
    assert values["main.a;'t"] == [{"b c": 1, "d": 2}]
    assert len(values["_statements"]) == 1


def test_columns_are_those_of_create_table_whatever_is_altered_later(dump):
    text = "CREATE TABLE t (a int);\nALTER TABLE t ADD COLUMN b int;\nINSERT INTO t VALUES (1, 2);"
    assert malformed(dump, text).startswith("line 3: a row of 2 values for 1 columns")


def test_hash_begins_a_comment_in_mysql_only(dump):
    assert statements(dump, "-- mysql\nSELECT 1; # ; it's\nSELECT 2;") == [
        (1, "SELECT", "SELECT 1"),
        (2, "SELECT", "SELECT 2"),
    ]
    assert statements(dump, "SELECT 1 # 2;") == [(1, "SELECT", "SELECT 1 # 2")]


@pytest.fixture
def impatient(monkeypatch):
    """Rows are written, and columns settled, after a few bytes."""
    monkeypatch.setattr("migrator.formats.sql_insert._PATIENT_BYTES", 10)
    monkeypatch.setattr("migrator.formats.sql_table._FULL_BYTES", 10)


@pytest.mark.usefixtures("impatient")
class TestWhatComesLateIsKnownFromTheStart:
    HEAD = "INSERT INTO t VALUES (1,'a'),(2,'b'),(3,'c'),(4,'d');"

    def test_a_clause_after_many_rows(self, dump):
        text = f"{self.HEAD[:-1]} ON CONFLICT DO NOTHING; INSERT INTO t VALUES (1,2);"
        values = dump(text)
        assert values["t"] == [{"column_1": 1, "column_2": 2}]
        assert [row["statement"] for row in values["_statements"]] == [text.split(";")[0]]

    def test_a_column_list_that_only_a_statement_with_a_clause_has(self, dump):
        text = "INSERT INTO t (a, b) VALUES (1,'a'),(2,'b'),(3,'c') RETURNING a; INSERT INTO t (c) VALUES (1);"
        assert dump(text)["t"] == [{"c": 1}]

    def test_a_create_table(self, dump):
        values = dump(self.HEAD + "CREATE TABLE t (x int, y text);")
        assert values["t"][0] == {"x": 1, "y": "a"}

    def test_a_new_column(self, dump):
        values = dump(self.HEAD + "INSERT INTO t (column_1, z) VALUES (9, 'z');")
        assert values["t"][0] == {"column_1": 1, "column_2": "a", "z": None}

    def test_a_value_of_another_type(self, dump):
        values = dump(self.HEAD + "INSERT INTO t VALUES ('x', 1);")
        assert [row["column_1"] for row in values["t"]] == ["1", "2", "3", "4", "x"]

    def test_a_binary_value_after_nulls(self, dump):
        text = "INSERT INTO t VALUES (1,NULL),(2,''),(3,''); INSERT INTO t VALUES (4,X'00');"
        assert [row["column_2"] for row in dump(text)["t"]] == [None, b"", b"", b"\0"]

    def test_text_after_binary_values(self, dump):
        text = "INSERT INTO t VALUES (1,0x00),(2,0x01),(3,0x02); INSERT INTO t VALUES (4,'x');"
        assert [row["column_2"] for row in dump(text)["t"]] == ["0x00", "0x01", "0x02", "x"]

    def test_a_fault(self, dump):
        assert malformed(dump, self.HEAD + "\nSELECT 'a").startswith("line 2")
