"""Literals of a row to values: text, binary, or null.

Numbers and TRUE/FALSE stay text here; a column's type is found from its text later, quoted or not.
"""

import re
from typing import NamedTuple, TypeAlias

from migrator.formats.sql_grammar import Family, Grammar


class Binary(NamedTuple):
    """A hexadecimal or `_binary` literal: its bytes, and how it is written."""

    value: bytes
    written: str


Value: TypeAlias = str | Binary | None

_MYSQL_ESCAPE = re.compile(rb"\\(.)|''|\"\"", re.DOTALL)
# `\%` and `\_` stay as they are: they only mean something to LIKE.
_MYSQL_ESCAPES = {
    b"0": b"\0",
    b"b": b"\b",
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"Z": b"\x1a",
    b"%": b"\\%",
    b"_": b"\\_",
}
_E_ESCAPE = re.compile(
    rb"''|((?:\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8})+)|\\([0-7]{1,3})|\\x([0-9A-Fa-f]{1,2})|\\(.)", re.DOTALL
)
_LETTER_ESCAPES = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_COPY_ESCAPES = {**_LETTER_ESCAPES, b"v": b"\v"}
_COPY_ESCAPE = re.compile(rb"\\([0-7]{1,3})|\\x([0-9A-Fa-f]{1,2})|\\(.)", re.DOTALL)


def row_values(row: bytes, grammar: Grammar) -> list[Value] | None:
    """The values between a row's parentheses; None where one of them is no literal.

    Raises:
        ValueError: Escapes in a string do not make up UTF-8.
    """
    values: list[Value] = []
    match = grammar.value.match
    position = 0
    while found := match(row, position):
        value = _decoded(found, grammar.family)
        if value is _NO_LITERAL:
            return None
        values.append(value)
        if found.end() == len(row):
            return values
        position = found.end() + 1
    return None


_NO_LITERAL = Binary(b"", "")


def _decoded(found: re.Match[bytes], family: Family) -> Value:
    kind = found.lastgroup
    if kind == "null":
        return None
    if kind in {"string", "national"}:
        return _string(found[kind], family).decode()
    if kind == "number":
        return found["number"].decode()
    if kind == "bool":
        return found["bool"].decode().lower()
    if kind == "escaped":
        return _E_ESCAPE.sub(_e_escape, found["escaped"][1:-1]).decode()
    if kind == "dollared":
        return found["dollared"][len(found["tag"]) : -len(found["tag"])].decode()
    if kind == "hex":
        return _hex(found)
    return Binary(_string(found["bytes"], family), found["binary"].decode())


def _hex(found: re.Match[bytes]) -> Binary:
    """An odd number of digits is no literal in `X'…'`; `0x…` is filled up on the left, as MySQL does."""
    digits = found["pairs"]
    if digits is None:
        digits = b"0" * (len(found["digits"]) % 2) + found["digits"]
    elif len(digits) % 2:
        return _NO_LITERAL
    return Binary(bytes.fromhex(digits.decode()), found["hex"].decode())


def _string(literal: bytes, family: Family) -> bytes:
    inner = literal[1:-1]
    if family is Family.STANDARD:
        return inner.replace(b"''", b"'")
    quote = literal[:1]
    if b"\\" not in inner:
        return inner.replace(quote * 2, quote)

    def unescaped(found: re.Match[bytes]) -> bytes:
        escaped: bytes | None = found[1]
        if escaped is None:
            return quote if found[0][:1] == quote else found[0]
        return _MYSQL_ESCAPES.get(escaped, escaped)

    return _MYSQL_ESCAPE.sub(unescaped, inner)


def _e_escape(found: re.Match[bytes]) -> bytes:
    unicode, octal, hexadecimal, letter = found.groups()
    if unicode is not None:
        return _unicode(unicode)
    if octal is not None:
        return bytes([int(octal, 8) & 0xFF])
    if hexadecimal is not None:
        return bytes([int(hexadecimal, 16)])
    if letter is None:
        return b"'"
    if letter in b"uU":
        raise ValueError(f"\\{letter.decode()} needs the digits of a Unicode character")
    return _LETTER_ESCAPES.get(letter, letter)


def _unicode(escapes: bytes) -> bytes:
    r"""`\u0041` and `\U00000041`, where two `\u` can be the halves of one character."""
    units = re.findall(rb"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})", escapes)
    points = [int(short or long, 16) for short, long in units]
    if any(point > 0x10FFFF for point in points):
        raise ValueError(f"{escapes.decode()} is no Unicode character")
    # UTF-16 joins the halves, and refuses one alone.
    return "".join(map(chr, points)).encode("utf-16-le", "surrogatepass").decode("utf-16-le").encode()


def copy_value(field: bytes) -> str | None:
    r"""A field of COPY's text form: `\N` is null, a backslash escapes.

    Raises:
        ValueError: The escapes do not make up UTF-8.
    """
    if b"\\" not in field:
        return field.decode()
    if field == b"\\N":
        return None
    return _COPY_ESCAPE.sub(_copy_escape, field).decode()


def _copy_escape(found: re.Match[bytes]) -> bytes:
    octal, hexadecimal, letter = found.groups()
    if octal is not None:
        return bytes([int(octal, 8) & 0xFF])
    if hexadecimal is not None:
        return bytes([int(hexadecimal, 16)])
    escaped: bytes = letter
    return _COPY_ESCAPES.get(escaped, escaped)
