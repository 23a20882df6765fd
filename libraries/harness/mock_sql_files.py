"""The dumps of the test data: as mysqldump, pg_dump and sqlite3 write them, with what breaks a parser of patterns."""

from harness.mock_made import Made
from harness.mock_sql import Between, Copy, Insert, Literal, Other, dump, number
from harness.truth import Binary


def sql_files() -> dict[str, Made]:
    """All dumps by path."""
    return {
        "dumps/mysql.sql": _mysql(),
        "dumps/postgres.sql": _postgres(),
        "dumps/SQLite.SQL": _sqlite(),
        "dumps/only statements.sql": dump(
            Between("-- nothing but definitions; no rows\n;\n"),
            Other("create table t (a int)", "CREATE"),
            Other("DROP TABLE t", "DROP"),
        ),
        "dumps/only comments.sql": dump(Between("-- nothing\n/* at all; */\n;;\n")),
        "dumps/mariadb.sql": _mariadb(),
        "dumps/text beside hex.sql": dump(
            Insert(
                "t",
                "t",
                ("data", "flag"),
                ((Literal("X'00FF'", _hex("00ff")), True), ("a text", "a word"), (None, False)),
            )
        ),
        "dumps/backtick in a string.sql": dump(
            Between("/* outer /* and no inner one */\n-- after MySQL came others\n"),
            Insert(
                "t",
                "t",
                ("a", "b"),
                (("a `quoted` word", "ends with \\"), (number("1"), "# no comment")),
                verb="INSERT",
            ),
        ),
        "same/data.sql": dump(
            Insert("t", "t", ("a", "b"), ((number("1"), "x"), (number("2"), None)), quote=""),
            Insert("t", "t", ("b", "c"), (("y", number("2.5")),), quote=""),
            Insert("_statements", "_statements", ("column_1", "column_2"), ((number("007"), ""),), named=False),
            Other("VACUUM", "VACUUM"),
        ),
    }


def _mysql() -> Made:
    customers = ("id", "name", "balance", "data", "note")
    return dump(
        Between("-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)\n--\n-- Host: localhost; Database: shop\n\n"),
        Other("/*!40101 SET NAMES utf8mb4 */", "SET"),
        Between("# a comment with an open ' quote\n"),
        Other("DROP TABLE IF EXISTS `customers`", "DROP"),
        Other(
            "CREATE TABLE `customers` (\n  `id` int NOT NULL AUTO_INCREMENT COMMENT 'the key; (it counts)',\n"
            "  `name` varchar(50) DEFAULT 'a,b',\n  `balance` decimal(10,2) DEFAULT NULL,\n  `data` blob,\n"
            "  `note` enum('x','y)') DEFAULT NULL,\n  PRIMARY KEY (`id`),\n  KEY `by_name` (`name`,`balance`)\n"
            ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
            "CREATE",
        ),
        Other("LOCK TABLES `customers` WRITE", "LOCK"),
        Insert(
            "`customers`",
            "customers",
            customers,
            (
                (number("1"), 'O\'Hara; \\ "x" -- no comment', number("10.50"), Literal("X'00FF'", _hex("00ff")), None),
                (number("2"), "two\nlines\r\n\0\x1a", number("-0.05"), None, "x"),
                (number("3"), "/* no comment */ 😀 'ä'", None, Literal("0xCAFE", Binary(b"\xca\xfe", "0xCAFE")), "y)"),
            ),
            named=False,
            backslashes=True,
        ),
        Insert(
            "`customers`",
            "customers",
            customers,
            (
                (number("4"), "", number("1e3"), Literal("_binary 'a\\0b'", Binary(b"a\0b", "_binary 'a\\0b'")), ""),
                (number("5"), Literal("'it''s'", "it's"), number("7.25"), Literal("''", ""), Literal('"y"', "y")),
            ),
            verb="REPLACE INTO",
            backslashes=True,
            quote="`",
        ),
        Other("UNLOCK TABLES", "UNLOCK"),
        Insert(
            "`flags`",
            "flags",
            ("id", "set"),
            ((number("1"), True), (number("2"), False), (number("3"), None)),
            quote="`",
        ),
        Insert(
            "`codes`",
            "codes",
            ("column_1", "column_2"),
            (("007", "+49"), ("1", "5")),
            named=False,
            verb="INSERT IGNORE INTO",
        ),
        Other("INSERT INTO `log` VALUES (1,NOW())", "INSERT"),
        Other("INSERT INTO `codes` VALUES ('a','b') ON DUPLICATE KEY UPDATE x=1", "INSERT"),
        Between("DELIMITER ;;\n"),
        Other(
            "CREATE TRIGGER `t` BEFORE INSERT ON `flags` FOR EACH ROW BEGIN SET @a = 1; SET @b = ';'; END",
            "CREATE",
            ";;",
        ),
        Between("DELIMITER ;\n-- Dump completed\n"),
    )


def _mariadb() -> Made:
    """A dump that tells by its first comment alone whose it is."""
    return dump(
        Between("-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB\n"),
        Insert(
            "t", "t", ("a", "b"), (("it's", 'a "word"'), (Literal('"two"', "two"), None)), backslashes=True, quote=""
        ),
    )


def _hex(digits: str) -> Binary:
    return Binary(bytes.fromhex(digits), f"X'{digits.upper()}'")


def _postgres() -> Made:
    return dump(
        Between("--\n-- PostgreSQL database dump\n--\n\n"),
        Other("SET client_encoding = 'UTF8'", "SET"),
        Other("CREATE TABLE public.items (\n    id integer NOT NULL,\n    code text,\n    note text\n)", "CREATE"),
        Copy(
            "public.items",
            "public.items",
            ("id", "code", "note"),
            (
                ("1", "007", "tab\there"),
                ("2", "+49", "line\nbreak \\N \\."),
                ("3", None, ""),
                ("4", "a;b'c\"d", "back\\slash\r"),
                ("5", "1", "INSERT INTO x VALUES (1);"),
                ("6", "ä 😀", "--"),
                ("7", "bell\b feed\f tab\v", "x"),
            ),
        ),
        Copy("public.pairs", "public.pairs", ("left", "right"), (("1", "0.5"), ("2", "1.25")), named=False),
        Other('CREATE TABLE public.pairs ("left" integer, "right" numeric(10,2) DEFAULT 0.5)', "CREATE"),
        Insert(
            '"my schema"."odd/100%"',
            "my schema.odd/100%",
            ("id", "path"),
            (
                (number("1"), "C:\\dir"),
                (number("2"), Literal("E'it\\'s\\n\\t\\\\ ä'", "it's\n\t\\ ä")),
                (number("3"), "ends with a backslash \\"),
            ),
        ),
        Other("SELECT pg_catalog.setval('public.items_id_seq', 6, true)", "SELECT"),
        Other(
            "CREATE FUNCTION f() RETURNS void AS $body$ BEGIN; INSERT INTO t VALUES (1); END; $body$ LANGUAGE sql",
            "CREATE",
        ),
        Other("DO $$ BEGIN NULL; END $$", "DO"),
        Other("\\connect other", "\\CONNECT", ""),
        Between("-- done\n"),
    )


def _sqlite() -> Made:
    return dump(
        Other("PRAGMA foreign_keys=OFF", "PRAGMA"),
        Other("BEGIN TRANSACTION", "BEGIN"),
        Insert("people", "people", ("id", "name", "since"), ((number("1"), "it''s", "2024-02-29"),), named=False),
        Other('CREATE TABLE people (id INTEGER PRIMARY KEY, "name" TEXT, since DATE, CHECK (id > 0))', "CREATE"),
        Insert("people", "people", ("id", "name", "since"), ((number("2"), "a;\nb", "1999-01-01"),), named=False),
        Other("INSERT INTO people VALUES(3,replace('a\\nb','\\n',char(10)),NULL)", "INSERT"),
        Other("COMMIT", "COMMIT"),
    )
