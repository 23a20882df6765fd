"""Dumps as other programs write them: small letters, other delimiters and tags, escapes by number, quotes in names."""

from dataclasses import dataclass

from harness.mock_made import Made, good
from harness.mock_sql import Between, Copy, Insert, Literal, Other, dump, number
from harness.mock_text import UTF16


def rare_dumps() -> dict[str, Made]:
    """All of them by path."""
    plain = (
        Between("-- a dump\n"),
        Other("CREATE TABLE t (id int, name text)", "CREATE"),
        Insert("t", "t", ("id", "name"), ((number("1"), "ä 😀"), (number("2"), None)), named=False),
    )
    returns = dump(*plain)
    return {
        "dumps/rare mysql.sql": _mysql(),
        "dumps/rare postgres.sql": _postgres(),
        "dumps/sixteen.sql": dump(*plain, encoding=UTF16),
        "dumps/sixteen be.sql": dump(*plain, encoding="utf-16-be"),
        "dumps/mark.sql": dump(*plain, encoding="utf-8-sig"),
        "dumps/returns.sql": good(returns.data.replace(b"\n", b"\r\n"), *returns.tables),
    }


@dataclass(frozen=True)
class _Spelled(Copy):
    """A COPY whose data is escaped as no builder of ours does it."""

    data: str = ""

    @property
    def text(self) -> str:
        head, _, _ = super().text.partition("\n")
        return f"{head}\n{self.data}\\.\n"


def _mysql() -> Made:
    return dump(
        Between("-- MySQL dump\n"),
        Other("create table if not exists `a``b` (\n  `id` int,\n  `x``y` text,\n  primary key (`id`)\n)", "CREATE"),
        Insert(
            "`a``b`",
            "a`b",
            ("id", "x`y"),
            (
                (number("1"), Literal('"say ""hi"" \\"there\\""', 'say "hi" "there"')),
                (number("2"), "\\ \n"),
                # What LIKE would take for itself stays as it is; a backslash before any other letter goes.
                (number("3"), Literal(r"'100\% \_\t\b\0\Z\q\''", "100\\% \\_\t\b\0\x1aq'")),
            ),
            named=False,
            verb="insert into",
            backslashes=True,
        ),
        Insert("`shop`.`t`", "shop.t", ("a", "b"), ((number("1"), "x"),), verb="replace", quote="`"),
        Insert("`shop`.`t`", "shop.t", ("b", "c"), ((None, number("2")),), verb="Insert Ignore", quote="`"),
        Other("/*!40000 ALTER TABLE `t` DISABLE KEYS */", "ALTER"),
        Other("INSERT INTO `shop`.`t` (`a`,`b`) VALUES (3,'x'),(4,UPPER('y'))", "INSERT"),
        Other("insert into `shop`.`t` select 1, 2", "INSERT"),
        Other("INSERT INTO `shop`.`t` SET a = 1", "INSERT"),
        Between("delimiter //\n"),
        Other("CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW BEGIN SET @a = 1; SET @b = 4 / 2; END", "CREATE", "//"),
        Between("DELIMITER $$\n"),
        Other("DROP TRIGGER `r`", "DROP", "$$"),
        Between("delimiter ;\n"),
        Other("UNLOCK TABLES", "UNLOCK"),
    )


def _postgres() -> Made:
    rows = (("äA", "Z", None), ("\\N", "tab\there", ""))
    return dump(
        Between("-- PostgreSQL database dump\n"),
        Other("SELECT 5 # 3", "SELECT"),
        Other('CREATE TABLE IF NOT EXISTS "quo""ted" ("a""b" integer, c text, CONSTRAINT k PRIMARY KEY (c))', "CREATE"),
        Insert(
            '"quo""ted"',
            'quo"ted',
            ('a"b', "c"),
            (
                (number("1"), Literal("E'\\u00e4\\x41\\102'", "äAB")),
                (number("2"), Literal("e'it\\'s'", "it's")),
                (number("3"), Literal("E'\\\\'", "\\")),
            ),
            named=False,
        ),
        _Spelled(
            "public.c", "public.c", ("x", "y", "z"), rows, data="\\303\\244\\x41\tZ\t\\N\n\\\\N\ttab\\011here\t\n"
        ),
        Copy("public.d", "public.d", ("column_1", "column_2"), (("1", "a"), ("2", None)), named=False),
        Other(
            "CREATE FUNCTION g() RETURNS text AS $body$ SELECT $$;$$; INSERT INTO t VALUES (1); $body$ LANGUAGE sql",
            "CREATE",
        ),
        Other("INSERT INTO public.d VALUES ('3', 'b') ON CONFLICT DO NOTHING", "INSERT"),
        Other("INSERT INTO public.d VALUES ('3', 'b'), ('4', DEFAULT)", "INSERT"),
        Other("INSERT INTO public.d DEFAULT VALUES", "INSERT"),
        Other("INSERT INTO public.d VALUES ('3', 'b') RETURNING *", "INSERT"),
        Other("COPY public.d TO stdout", "COPY"),
    )
