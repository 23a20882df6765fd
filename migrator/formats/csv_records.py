r"""Records of RFC 4180, read exactly and in plain Python: the rules themselves, whatever a file holds.

Records end with `\n`, `\r\n` or `\r`. A field that starts with a quote goes to its closing quote, doubled quotes in it
being one; any other field holds its quotes as data. Bytes are UTF-8; every sign that matters is one byte.
"""

import re
from collections.abc import Iterator

Field = bytes | None
"""A field's text; None where it is empty and not quoted."""

OPEN_QUOTE = "a quote is opened that is never closed"

_LINE_WITHOUT_QUOTES = re.compile(rb'[^"\r\n]*+')
_QUOTE = ord('"')
_RETURN = ord("\r")
_NEWLINE = ord("\n")


class Fault(Exception):
    """The text is no csv.

    Args:
        offset: Where, in bytes of UTF-8 from where the reading began.
        message: What, without the line.
    """

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset
        self.message = message


def records(
    data: bytes, delimiter: bytes, *, final: bool, whole: bool = False
) -> Iterator[tuple[list[Field], int, int]]:
    """The complete records of `data`, which starts with one.

    Args:
        data: UTF-8.
        delimiter: One byte.
        final: Whether the text ends with `data`. If not, the records end before one that may go on.
        whole: Whether a carriage return at the end of `data` is known to be a line end by itself.

    Yields:
        A record's fields, where it starts and where the next one does. A line with nothing on it has no fields.

    Raises:
        Fault: An open quote at the end, or text after a closing one; at the start of the record.
    """
    size = len(data)
    start = 0
    while start < size:
        end = _LINE_WITHOUT_QUOTES.match(data, start).end()  # type: ignore[union-attr] # matches the empty text too
        fields: list[Field]
        if end < size and data[end] == _QUOTE:
            found = _record_with_quotes(data, start, delimiter, final=final)
            if found is None:
                return
            fields, end = found
        else:
            fields = [field or None for field in data[start:end].split(delimiter)] if end > start else []
        if end == size and not final:
            return
        following = _after_line_end(data, end)
        if following == size and not final and not whole and data[end] == _RETURN:
            return
        yield fields, start, following
        start = following


def rows(
    data: bytes, delimiter: bytes, width: int, *, final: bool, whole: bool = False
) -> tuple[list[list[Field]], int]:
    """The complete rows of `data`, which lies behind the header; arguments as of `records`.

    A line with nothing on it is a null where the header has one column, and no row where it has more.

    Returns:
        The rows, and where the first record starts that is not complete.

    Raises:
        Fault: As `records`, and for a record with too few or too many fields.
    """
    found: list[list[Field]] = []
    end = 0
    for fields, start, following in records(data, delimiter, final=final, whole=whole):
        end = following
        if len(fields) == width:
            found.append(fields)
        elif fields:
            raise Fault(start, f"{counted(len(fields), 'field')} where the header has {width}")
        elif width == 1:
            found.append([None])
    return found, end


def counted(number: int, noun: str) -> str:
    """`1 field`, `2 fields`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def line_ends(data: bytes) -> int:
    r"""How many line ends there are; `\r\n` is one."""
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")


def _after_line_end(data: bytes, end: int) -> int:
    if end == len(data):
        return end
    return end + 2 if data[end] == _RETURN and data[end + 1 : end + 2] == b"\n" else end + 1


def _record_with_quotes(data: bytes, start: int, delimiter: bytes, *, final: bool) -> tuple[list[Field], int] | None:
    """The fields of the record at `start` and the end of its last one; None where more text is needed."""
    size = len(data)
    delimiter_code = delimiter[0]
    unquoted = _UNQUOTED[delimiter]
    fields: list[Field] = []
    position = start
    while True:
        if position < size and data[position] == _QUOTE:
            close, doubled = _closing_quote(data, position)
            if close < 0 or (close + 1 == size and not final):
                if close < 0 and final:
                    raise Fault(start, OPEN_QUOTE)
                return None
            value = data[position + 1 : close]
            fields.append(value.replace(b'""', b'"') if doubled else value)
            position = close + 1
        else:
            end = unquoted.match(data, position).end()  # type: ignore[union-attr] # matches the empty text too
            fields.append(data[position:end] or None)
            position = end
        if position == size:
            return (fields, position) if final else None
        code = data[position]
        if code == delimiter_code:
            position += 1
        elif code in (_NEWLINE, _RETURN):
            return fields, position
        else:
            raise Fault(start, f"there is text after the closing quote of field {len(fields)}")


def _closing_quote(data: bytes, opening: int) -> tuple[int, bool]:
    """Where the quote at `opening` is closed (-1 if nowhere), and whether there are doubled quotes in between."""
    doubled = False
    close = data.find(b'"', opening + 1)
    while close >= 0 and data[close + 1 : close + 2] == b'"':
        doubled = True
        close = data.find(b'"', close + 2)
    return close, doubled


_UNQUOTED = {
    delimiter: re.compile(rb"[^\r\n" + re.escape(delimiter) + rb"]*+") for delimiter in (b",", b";", b"\t", b"|")
}
