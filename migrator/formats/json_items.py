"""Where one item ends and the next begins: newline-delimited values, and the elements of an array."""

from typing import Any, NamedTuple, Protocol

import numpy as np

from migrator.formats.json_bulk import read_elements, read_lines
from migrator.formats.json_depth import last_separator, separate
from migrator.formats.json_values import (
    LONGEST_CUT_TOKEN,
    Fault,
    Truncated,
    expected,
    is_treacherous,
    read_value,
    skip_space,
)
from migrator.formats.json_window import BLOCK, SPACE, Window

_NEWLINE, _OPENING, _CLOSING = b"\n{}"


class Block(NamedTuple):
    """Whole items that may be given to the fast parser."""

    taken: bytes
    """What was taken from the window."""
    objects: bytes
    """The items. If they are valid, a newline stands between each two objects, at least one on both sides of it."""
    rows: int
    """How many there must be, each newline meant."""


class Splitter(Protocol):
    """One way in which items stand in a file."""

    def block(self) -> Block | None:
        """Take a block for the fast parser, or None where the exact one must go on."""

    def items(self) -> list[Any] | None:
        """Parse some items exactly, passing them; None at the end of the file."""


class LinesInstead(Exception):
    """What began as an array is one of many values, each on a line of its own."""


class Lines:
    """Newline-delimited values: each on one line, empty lines passed over."""

    def __init__(self, window: Window) -> None:
        self._window = window

    def block(self) -> Block | None:
        """Whole lines; where they end is certain, whatever they hold."""
        taken = self._take()
        if not taken:
            return None
        objects = (taken.replace(b"\r\n", b"\n") if b"\r" in taken else taken).rstrip(b"\n")
        signs = np.frombuffer(objects, np.uint8)
        ends = np.flatnonzero(signs == _NEWLINE)
        # Else there are empty lines, spaces, or something else than objects.
        if not _is_enclosed(objects) or (signs[ends - 1] != _CLOSING).any() or (signs[ends + 1] != _OPENING).any():
            objects = b""
        return Block(taken, objects, len(ends) + 1)

    def items(self) -> list[Any] | None:
        """The values of whole lines."""
        taken = self._take()
        if not taken:
            return None
        text = taken.decode()
        found = read_lines(text)
        if found is None:
            found = self._one_by_one(text)
        self._window.passed(taken)
        return found

    def _one_by_one(self, text: str) -> list[Any]:
        treacherous = is_treacherous(text)
        found = []
        start = 0
        try:
            for line in text.split("\n"):
                position = skip_space(line, 0)
                if position < len(line):
                    value, end = read_value(
                        line, position, final=True, treacherous=treacherous and is_treacherous(line)
                    )
                    _expect_end(line, end)
                    found.append(value)
                start += len(line) + 1
        except Fault as fault:
            raise self._window.refusal(Fault(fault.message, start + fault.position), text) from fault
        return found

    def _take(self) -> bytes:
        window = self._window
        window.fill()
        while (end := window.data.rfind(b"\n", 0, BLOCK) + 1) == 0:
            end = window.data.find(b"\n", BLOCK) + 1
            if end or window.final:
                break
            window.more()
        return window.take(end or len(window.data))


def _between_objects(text: str) -> bytes:
    """What stands between the first element and the second, braces included; empty where they are not both objects."""
    start = skip_space(text, 0)
    _, end = read_value(text, start, final=True, treacherous=True)
    following = skip_space(text, skip_space(text, end) + 1)
    return text[end - 1 : following + 1].encode() if text[following] == "{" else b""


def _is_enclosed(objects: bytes) -> bool:
    return objects.startswith(b"{") and objects.endswith(b"}")


def _expect_end(line: str, position: int) -> None:
    end = skip_space(line, position)
    if end < len(line):
        raise Fault(expected("the line's end after its value", line[end]), end)


class Elements:
    """The elements of an array, without its brackets."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._first_line = window.line
        window.drop(1)
        self._open = True
        self._may_close = True  # at once, or after an element; not after a comma
        self._given = False  # a block to the fast parser
        self._nested = False
        self._separator = b""  # what stood between two objects, braces included

    def block(self) -> Block | None:
        """Objects up to one of the places that look like the end of an element.

        Whether it is one is for the parser to say: if all before it are whole objects, it is.
        """
        window = self._window
        window.fill()
        if not self._separator or not self._open:
            return None
        self._given = True
        if self._nested:
            return self._block_by_depth()
        start = window.data.rfind(self._separator, 0, BLOCK)
        if start < 0:
            return None
        taken = window.take(start + self._separator.index(b",") + 1)
        objects = taken[:-1].strip(SPACE)
        # A newline takes each comma's place. If that comma stood inside a string or a nested array, the text is no
        # longer JSON (a bare newline in a string, two elements without a comma), and the parser says so.
        separators = objects.count(self._separator)
        return Block(taken, objects.replace(self._separator, b"}\n{") if _is_enclosed(objects) else b"", separators + 1)

    def _block_by_depth(self) -> Block | None:
        window = self._window
        cut = separate(window.data[:BLOCK])
        if cut is None:
            return None
        end, objects, separators = cut
        objects = objects.strip(SPACE)
        return Block(window.take(end + 1), objects if _is_enclosed(objects) else b"", separators + 1)

    def items(self) -> list[Any] | None:
        """The elements that are whole in the window, at least one."""
        window = self._window
        # A block was refused: perhaps what separates the elements stands between others inside them too.
        self._nested = self._given
        if not self._open:
            self._end()
            return None
        window.fill()
        if (found := self._at_once()) is not None:
            return found
        limit = 2 * BLOCK
        while True:
            text, final = window.text(limit)
            try:
                found, position = self._elements(text, final=final)
            except Fault as fault:
                raise window.refusal(fault, text) from fault
            if found or not self._open:
                window.drop(len(text[:position].encode()))
                return found
            limit *= 2
            if limit > len(window.data):
                window.more()

    def _at_once(self) -> list[Any] | None:
        window = self._window
        end = last_separator(window.data[:BLOCK])
        if end < 0:
            return None
        text = window.data[:end].decode()
        found = read_elements(text)
        if found is None:
            return None
        window.drop(end + 1)
        self._may_close = False
        if not self._separator and type(found[0]) is dict and len(found) > 1:
            self._separator = _between_objects(text)
        return found

    def _elements(self, text: str, *, final: bool) -> tuple[list[Any], int]:
        """Elements with the comma after each, and the index up to which they reach."""
        treacherous = is_treacherous(text)
        found: list[Any] = []
        reached = 0
        position = skip_space(text, 0)
        try:
            if self._may_close and text[position : position + 1] == "]":
                self._open = False
                return found, position + 1
            while position < len(text) and reached < BLOCK:
                value, end = read_value(text, position, final=final, treacherous=treacherous)
                comma = skip_space(text, end)
                character = text[comma : comma + 1]
                if character == "]":
                    found.append(value)
                    self._open = False
                    return found, comma + 1
                if character != ",":
                    if not final and comma >= len(text) - LONGEST_CUT_TOKEN:
                        break
                    raise Fault(expected("',' or ']' after an element", character), comma)
                reached = comma + 1
                self._may_close = False
                position = skip_space(text, reached)
                found.append(value)
            else:
                if final and position >= len(text):
                    raise Fault(expected("another element", ""), position)
        except Truncated:
            pass
        return found, reached

    def _end(self) -> None:
        window = self._window
        line = window.line
        if not window.skip_space():
            return
        if line == self._first_line < window.line:
            raise LinesInstead
        text, _ = window.text(BLOCK)
        raise window.refusal(Fault(expected("the end of the file after the array", text[0]), 0), text)
