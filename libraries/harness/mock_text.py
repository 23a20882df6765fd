"""Builders of csv (RFC 4180) and txt: fields and lines in, bytes and their truth out."""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass

from harness.mock_made import Made, Table, good, table
from harness.truth import ExpectedColumn, Reading

UTF16 = "utf-16-le"
_MARKS = {"utf-8-sig": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}


@dataclass(frozen=True)
class Quoted:
    """A field that is quoted although nothing asks for it."""

    text: str


@dataclass(frozen=True)
class Bare:
    """A field that is written as it is, although it holds a quote."""

    text: str


Field = str | Quoted | Bare | None
"""A field of a record; None is an empty one, the empty text a quoted empty one."""


def csv(
    header: Sequence[str],
    *records: Sequence[Field],
    delimiter: str = ",",
    end: str = "\n",
    last_end: bool = True,
    encoding: str = "utf-8",
) -> Made:
    """A csv file; an empty name in the header is an empty field there."""
    lines = [delimiter.join(_quoted_if_needed(name, delimiter) if name else "" for name in header)]
    lines += [delimiter.join(_written(field, delimiter) for field in record) for record in records]
    text = end.join(lines) + (end if last_end else "")
    rows = [[_value(field) for field in record] for record in records]
    return good(encoded(text, encoding), table(Reading.WRITTEN, column_names(header), rows))


def raw_csv(text: str, header: Sequence[str], *rows: Sequence[str | None], encoding: str = "utf-8") -> Made:
    """A csv file whose text no writer would make, with its truth beside it."""
    return good(encoded(text, encoding), table(Reading.WRITTEN, header, rows))


def column_names(header: Sequence[str]) -> list[str]:
    """The header's names as columns: a repeated one gets the next free `_2`, `_3` …, an empty one `column_N`."""
    taken = {name for name in header if name}
    names: list[str] = []
    used: set[str] = set()
    for position, name in enumerate(header, start=1):
        if name and name not in used:
            chosen = name
        else:
            stem, number = (f"{name}_", 2) if name else ("column_", position)
            while f"{stem}{number}" in taken | used:
                number += 1
            chosen = f"{stem}{number}"
        names.append(chosen)
        used.add(chosen)
    return names


def txt(text: str, encoding: str = "utf-8") -> Made:
    r"""A text file; only `\n` and `\r\n` end a line."""
    *lines, rest = text.split("\n")
    # A return at the very end is no line end, as no `\n` follows it.
    values = (*(line.removesuffix("\r") for line in lines), *([rest] if rest else ()))
    numbers = ExpectedColumn("line_number", Reading.NUMBER, tuple(range(1, len(values) + 1)))
    return good(encoded(text, encoding), Table((numbers, ExpectedColumn("line", Reading.PLAIN, values)), len(values)))


def encoded(text: str, encoding: str) -> bytes:
    """Text in an encoding, with the byte order mark where that encoding asks for one."""
    return _MARKS.get(encoding, b"") + text.encode("utf-8" if encoding == "utf-8-sig" else encoding)


def _value(field: Field) -> str | None:
    return field.text if isinstance(field, Quoted | Bare) else field


def _written(field: Field, delimiter: str) -> str:
    if field is None:
        return ""
    if isinstance(field, Bare):
        return field.text
    if isinstance(field, Quoted):
        return _quoted(field.text)
    return _quoted_if_needed(field, delimiter)


def _quoted_if_needed(text: str, delimiter: str) -> str:
    return _quoted(text) if not text or any(sign in text for sign in (delimiter, '"', "\n", "\r")) else text


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
