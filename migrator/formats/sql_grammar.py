"""The lexical rules of the two families of dumps, as regular expressions over UTF-8 bytes.

Sources: MySQL Reference Manual 9 (Language Structure; mysql client's DELIMITER), PostgreSQL 4.1 Lexical Structure,
SQLite "SQL As Understood By SQLite". Comments do not nest in either. All repetitions are possessive: a pattern costs
time linear in the text, also where it fails.
"""

import re
from dataclasses import dataclass
from enum import Enum
from functools import cache

_PLAIN = rb"'(?:[^']++|'')*+'"
_BACKSLASHED = rb"'(?:[^'\\]++|\\.|'')*+'"
_DOUBLE_BACKSLASHED = rb'"(?:[^"\\]++|\\.|"")*+"'
_DOUBLE = rb'"(?:[^"]++|"")*+"'
_BACKTICKED = rb"`(?:[^`]++|``)*+`"
# SQLite's third way to quote a name; an array of PostgreSQL follows a word, or begins with a string or an array. The
# length is bounded so that it is known from a little text ahead which of them it is.
_BRACKETED = rb"\[[^\]]{0,200}+\]"
BRACKETED_NAME = rb"(?<=[\s(,.])(?!\[\s*+['\"\[])" + _BRACKETED
_TAG = rb"\$(?:[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*+)?\$"
_DOLLARED = rb"(?>(?P<tag>" + _TAG + rb").*?(?P=tag))"
DOLLAR_QUOTE = re.compile(_TAG)
_NAME_WORD = rb"[A-Za-z0-9_$\x80-\xff]++"
_WORD = rb"[A-Za-z0-9_\x80-\xff][A-Za-z0-9_$\x80-\xff]*+"
_BLOCK_COMMENT = rb"/\*(?:[^*]++|\*(?!/))*+\*/"
_PLAIN_BLOCK_COMMENT = rb"/\*(?!!)(?:[^*]++|\*(?!/))*+\*/"
_NUMBER = rb"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?"
# `*/` followed by `*` is a multiplication before a comment.
_STAR = rb"\*(?!/)|\*(?=/\*)"


class Family(Enum):
    """Who wrote a dump, as far as its lexical rules go."""

    STANDARD = "PostgreSQL or SQLite"
    MYSQL = "MySQL or MariaDB"


@dataclass(frozen=True)
class Grammar:
    """Compiled patterns; each matches at a position, and possibly the empty text.

    Attributes:
        family: Whose rules these are.
        delimiter: What ends a statement.
        skip: Blanks and comments.
        code: As much of a statement as holds no parenthesis, no delimiter, no dollar quote, no conditional comment,
            nothing open.
        flat: Code and parentheses without parentheses in them.
        value: One literal of a row, up to its comma or the row's end.
        string: A quoted string of any form.
        name: A table's or column's name where one must stand; SQLite also takes a string for one there.
        blank: `skip` as text, for patterns that hold blanks.
        stops_at_names: Whether `code` stops before names in backticks.
    """

    family: Family
    delimiter: bytes
    skip: re.Pattern[bytes]
    code: re.Pattern[bytes]
    flat: re.Pattern[bytes]
    value: re.Pattern[bytes]
    string: bytes
    name: bytes
    blank: bytes
    stops_at_names: bool = False


@cache
def standard() -> Grammar:
    """Of PostgreSQL, SQLite and everything that is not MySQL's."""
    comment = rb"--[^\n]*+|" + _BLOCK_COMMENT
    skip = rb"(?:\s++|" + comment + rb")*+"
    code = [
        rb"[^'\"`$/*\-();\[A-Za-z0-9_\x80-\xff]++",
        BRACKETED_NAME + rb"|\[",
        rb"[eE]" + _BACKSLASHED,
        rb"(?![eE]')" + _WORD,
        _PLAIN,
        _DOUBLE,
        rb"\$(?!" + _TAG[2:] + rb")",
        comment,
        rb"-(?!-)",
        rb"/(?!\*)",
        _STAR,
    ]
    strings = [rb"(?P<string>" + _PLAIN + rb")", rb"[eE](?P<escaped>" + _BACKSLASHED + rb")"]
    strings += [rb"(?P<dollared>" + _DOLLARED + rb")"]
    return Grammar(
        Family.STANDARD,
        b";",
        _compiled(skip),
        _compiled(rb"(?:" + rb"|".join(code) + rb")*+"),
        _flat(rb"|".join(code)),
        _value(strings, _PLAIN, _PLAIN, skip),
        _PLAIN + rb"|[eE]" + _BACKSLASHED + rb"|" + _DOLLARED,
        _DOUBLE + rb"|" + _BRACKETED + rb"|" + _PLAIN + rb"|" + _NAME_WORD,
        skip,
    )


@cache
def mysql(delimiter: bytes = b";", stop_at_names: bool = False) -> Grammar:
    """Of MySQL and MariaDB.

    Args:
        delimiter: What ends a statement, as the last DELIMITER said.
        stop_at_names: `code` stops before a name in backticks, to find out whether there is one.
    """
    # `--` needs a blank behind it, else `5--3` would lose its end.
    comment = rb"--(?=\s|\Z)[^\n]*+|#[^\n]*+|" + _PLAIN_BLOCK_COMMENT
    skip = rb"(?:\s++|" + comment + rb")*+"
    first = re.escape(delimiter[:1])
    code = [
        rb"[^'\"`#/*\-()" + first + rb"]++",
        _BACKSLASHED,
        _DOUBLE_BACKSLASHED,
        *([] if stop_at_names else [_BACKTICKED]),
        comment,
        rb"-(?!-(?:\s|\Z))",
        rb"/(?!\*)",
        _STAR,
        *([] if delimiter[:1] in b"'\"`#/*-()" else [first]),
    ]
    piece = rb"(?!" + re.escape(delimiter) + rb")(?:" + rb"|".join(code) + rb")"
    strings = [rb"(?P<string>" + _BACKSLASHED + rb"|" + _DOUBLE_BACKSLASHED + rb")"]
    return Grammar(
        Family.MYSQL,
        delimiter,
        _compiled(skip),
        _compiled(rb"(?:" + piece + rb")*+"),
        _flat(piece),
        _value(strings, _BACKSLASHED, _BACKSLASHED + rb"|" + _DOUBLE_BACKSLASHED, skip),
        _BACKSLASHED,
        rb"|".join((_BACKTICKED, _DOUBLE_BACKSLASHED, _BRACKETED, _BACKSLASHED, _NAME_WORD)),
        skip,
        stop_at_names,
    )


@cache
def compiled(pattern: bytes) -> re.Pattern[bytes]:
    """A pattern over a grammar's parts, compiled once; keywords count in either case."""
    return re.compile(pattern, re.DOTALL | re.IGNORECASE)


def unquoted(name: bytes) -> str:
    """A name as written, without its quotes."""
    quote = name[:1]
    if quote in (b'"', b"`", b"'"):
        name = name[1:-1].replace(quote * 2, quote)
    elif quote == b"[":
        name = name[1:-1]
    return name.decode()


def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL)


def _flat(piece: bytes) -> re.Pattern[bytes]:
    return _compiled(rb"(?:" + piece + rb"|\((?:" + piece + rb")*+\))*+")


def _value(strings: list[bytes], single: bytes, binary: bytes, skip: bytes) -> re.Pattern[bytes]:
    introducer = rb"(?i:_binary)" + skip
    values = [
        *strings,
        rb"(?P<hex>(?:" + introducer + rb")?+(?:[xX]'(?P<pairs>[0-9A-Fa-f]*+)'|0x(?P<digits>[0-9A-Fa-f]++)))",
        rb"(?P<number>" + _NUMBER + rb")",
        rb"(?P<null>(?i:NULL))",
        rb"(?P<bool>(?i:TRUE|FALSE))",
        rb"(?P<binary>" + introducer + rb"(?P<bytes>" + binary + rb"))",
        rb"[nN](?P<national>" + single + rb")",
    ]
    return _compiled(skip + rb"(?:" + rb"|".join(values) + rb")" + skip + rb"(?=,|\Z)")
