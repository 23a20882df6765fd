"""Where one item ends and the next begins: newline-delimited values, and the elements of an array."""

import re
from typing import Any, Protocol

from migrator.formats.json_blocks import Block, Objects
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

FAST = 4  # blocks of the exact parser that go to the fast ones at once
_HEAD = re.compile(r'{[ \t\r\n]*"[^"\\]*"')


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
        taken = self._take(FAST * BLOCK)
        return Block(taken, commas=False) if taken else None

    def items(self) -> list[Any] | None:
        """The values of whole lines."""
        taken = self._take(BLOCK)
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

    def _take(self, size: int) -> bytes:
        window = self._window
        window.fill(size)
        while (end := window.data.rfind(b"\n", 0, size) + 1) == 0:
            end = window.data.find(b"\n", size) + 1
            if end or window.final:
                break
            window.more()
        return window.take(end or len(window.data))


def _between_objects(text: str) -> tuple[bytes, bytes]:
    """What stands between the first element and the second, braces included, and the second's first key behind it.

    Nothing where they are not both objects.
    """
    start = skip_space(text, 0)
    _, end = read_value(text, start, final=True, treacherous=True)
    following = skip_space(text, skip_space(text, end) + 1)
    if text[following] != "{":
        return b"", b""
    head = _HEAD.match(text, following)
    return text[end - 1 : following + 1].encode(), (head[0][1:] if head else "").encode()


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
        self._key = b""  # what stood behind it

    def block(self) -> Block | None:
        """Objects up to one of the places that look like the end of an element.

        Whether it is one is for the parser to say: if all before it are whole objects, it is.
        """
        window = self._window
        window.fill(FAST * BLOCK)
        if not self._separator or not self._open:
            return None
        self._given = True
        if self._nested:
            return self._block_by_depth()
        # The first key as well: objects inside an element seldom begin with the same one.
        start = window.data.rfind(self._separator + self._key, 0, FAST * BLOCK)
        if start < 0:
            start = window.data.rfind(self._separator, 0, FAST * BLOCK)
        if start < 0:
            return None
        taken = window.take(start + self._separator.index(b",") + 1)
        return Block(taken, commas=True, separator=self._separator)

    def _block_by_depth(self) -> Block | None:
        window = self._window
        cut = separate(window.data[: FAST * BLOCK])
        if cut is None:
            return None
        end, objects, separators = cut
        return Block(window.take(end + 1), commas=True, cut=Objects(objects.strip(SPACE), separators + 1))

    def items(self) -> list[Any] | None:
        """The elements that are whole in the window, at least one."""
        window = self._window
        # A block was refused: perhaps what separates the elements stands between others inside them too.
        self._nested = self._given
        if not self._open:
            self._end()
            return None
        window.fill(BLOCK)
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
            self._separator, self._key = _between_objects(text)
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
