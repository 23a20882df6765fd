"""The header of a csv: its delimiter and the names of its columns."""

import re
from dataclasses import dataclass

from migrator.formats.csv_records import Fault, records

DELIMITERS = (b",", b";", b"\t", b"|")
"""In the order in which they are preferred where they occur equally often."""

_UNQUOTED_PART = re.compile(rb'[^"\r\n]*+')
_BEFORE_QUOTE = frozenset(b"".join(DELIMITERS))


@dataclass(frozen=True)
class Header:
    """What the header says, and where the first record behind it starts, in bytes."""

    delimiter: bytes
    names: list[str]
    end: int


def read_header(data: bytes, *, final: bool, whole: bool = False) -> Header | None:
    """The header at the start of `data`, which does not start with a line end.

    Args:
        data: UTF-8 without a byte order mark.
        final: Whether the text ends with `data`.
        whole: Whether a carriage return at the end of `data` is known to be a line end by itself.

    Returns:
        None where the header may go on behind `data`.

    Raises:
        Fault: There is no header, a quote is open, or text follows a closing one.
    """
    if not data and final:
        raise Fault(0, "there is no header")
    delimiter = detect_delimiter(data, final=final)
    if delimiter is None:
        return None
    for fields, _, end in records(data, delimiter, final=final, whole=whole):
        return Header(delimiter, column_names([(field or b"").decode() for field in fields]), end)
    return None


def detect_delimiter(data: bytes, *, final: bool) -> bytes | None:
    """The delimiter that occurs most often outside quotes in the first record, a comma where there is none.

    Returns:
        None where the record may go on behind `data`.
    """
    counts = dict.fromkeys(DELIMITERS, 0)
    position = 0
    while True:
        end = _UNQUOTED_PART.match(data, position).end()  # type: ignore[union-attr] # matches the empty text too
        for delimiter in DELIMITERS:
            counts[delimiter] += data.count(delimiter, position, end)
        if end == len(data):
            if not final:
                return None
            break
        if data[end] != _QUOTE:
            break
        position = end + 1
        if end == 0 or data[end - 1] in _BEFORE_QUOTE:
            close = _skip_quoted(data, position)
            if close < 0:
                # An open quote: which delimiter it is does not matter, and the record says what is wrong.
                return max(DELIMITERS, key=counts.__getitem__) if final else None
            position = close
    return max(DELIMITERS, key=counts.__getitem__)


def column_names(written: list[str]) -> list[str]:
    """Names that differ from each other: a repeated one gets `_2`, `_3` …, an empty one `column_N`.

    Names that are written keep theirs; where a made-up name is taken, the next free number is.
    """
    taken = set(written)
    seen: set[str] = set()
    next_numbers: dict[str, int] = {}
    next_empty = 1
    names: list[str] = []
    for position, name in enumerate(written, 1):
        if not name:
            number = max(position, next_empty)
            while f"column_{number}" in taken:
                number += 1
            next_empty = number + 1
            chosen = f"column_{number}"
        elif name in seen:
            number = next_numbers.get(name, 2)
            while f"{name}_{number}" in taken:
                number += 1
            next_numbers[name] = number + 1
            chosen = f"{name}_{number}"
        else:
            chosen = name
        seen.add(name)
        taken.add(chosen)
        names.append(chosen)
    return names


_QUOTE = ord('"')


def _skip_quoted(data: bytes, position: int) -> int:
    """Where the text goes on behind the quote that closes the one before `position`; -1 where none does."""
    while True:
        close = data.find(b'"', position)
        if close < 0 or data[close + 1 : close + 2] != b'"':
            return close + 1 if close >= 0 else -1
        position = close + 2
