"""Second looks at a csv that is wrong or suspicious, in memory that does not grow with it: lines, unending records."""

import re
from collections.abc import Iterator
from contextlib import closing
from enum import Enum, auto

from migrator.formats.csv_records import OPEN_QUOTE, Fault, line_ends
from migrator.formats.interface import Source
from migrator.formats.text import CHUNK, open_text

LONGEST_RECORD = 1 << 30
"""In bytes. What is longer could not be held in memory together with what is made of it."""


def line_at(source: Source, offset: int) -> int:
    """The number of the line, from 1, that holds the byte at `offset` of the text, in bytes of UTF-8."""
    line = 1
    last = b""
    for chunk in _chunks(source, 0, offset):
        line += line_ends(chunk)
        if last == b"\r" and chunk.startswith(b"\n"):
            line -= 1
        last = chunk[-1:]
    return line


def check_long_record(source: Source, offset: int, delimiters: bytes) -> None:
    """Find out whether the record at `offset` ends at all, before more and more of the file is read as its part.

    Raises:
        Fault: A quote in it is never closed, text follows a closing one, or it is longer than `LONGEST_RECORD`.
    """
    length = _length(_chunks(source, offset), offset, delimiters)
    if length > LONGEST_RECORD:
        raise Fault(offset, f"a record of {length:,} bytes; the longest that can be read has {LONGEST_RECORD:,}")


class _Place(Enum):
    FIELD_START = auto()
    UNQUOTED = auto()
    QUOTED = auto()
    BEHIND_QUOTE = auto()


def _length(chunks: Iterator[bytes], offset: int, delimiters: bytes) -> int:
    """How long the record is that the chunks start with."""
    unquoted_end = re.compile(rb"[\r\n" + re.escape(delimiters) + rb"]")
    place = _Place.FIELD_START
    length = 0
    for chunk in chunks:
        position = 0
        while position < len(chunk):
            sign = chunk[position : position + 1]
            if place is _Place.QUOTED:
                quote = chunk.find(b'"', position)
                position = quote + 1 if quote >= 0 else len(chunk)
                place = _Place.BEHIND_QUOTE if quote >= 0 else place
            elif place is _Place.UNQUOTED:
                found = unquoted_end.search(chunk, position)
                if found and found.group() not in delimiters:
                    return length + found.start()
                position = found.end() if found else len(chunk)
                place = _Place.FIELD_START if found else place
            elif sign == b'"':
                place = _Place.QUOTED
                position += 1
            elif sign in delimiters:
                place = _Place.FIELD_START
                position += 1
            elif sign in (b"\r", b"\n"):
                return length + position
            elif place is _Place.BEHIND_QUOTE:
                raise Fault(offset, "there is text after a closing quote")
            else:
                place = _Place.UNQUOTED
        length += len(chunk)
    if place is _Place.QUOTED:
        raise Fault(offset, OPEN_QUOTE)
    return length


def _chunks(source: Source, start: int, end: int | None = None) -> Iterator[bytes]:
    """The text from `start` to `end`."""
    position = 0
    with closing(open_text(source)) as stream:
        while end is None or position < end:
            chunk = stream.read(CHUNK if end is None else min(CHUNK, end - position))
            if not chunk:
                return
            if position + len(chunk) > start:
                yield chunk[max(start - position, 0) :]
            position += len(chunk)
