"""What records that are written alike have in common: the bytes between their values, which are the same in each.

    {"id":7,"name":"amber"}     pieces  {"id":  ,"name":"  "}
    {"id":12,"name":"birch"}    slots   7 and amber; 12 and birch

A template is read off one record, strictly by RFC 8259 as far as the pieces go; what stands in the slots is for others
to prove. A record has it if each piece stands at its place; the quotation marks tell the places, for no slot holds one.
"""

import json
import re
from dataclasses import dataclass
from typing import TypeAlias

_SPACE = re.compile(rb"[ \t\r\n]*")
_STRING = re.compile(rb'"(?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*+"')
_KEY = re.compile(rb'"[^"\\\x00-\x1f]*+"')
_SCALAR = re.compile(rb'[^\x00-\x20",:\[\]{}]++')
_QUOTE = b'"'
_MAX_DEPTH = 64


class Unlike(Exception):
    """A text is not of the plain kind that is read here; nothing is said about its being right or wrong."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string: the slot of what stands between its quotation marks."""

    slot: int


@dataclass(frozen=True, slots=True)
class Plain:
    """A value without any quotation mark (a number, a list of numbers, `{}`, `null` …): its slot."""

    slot: int


@dataclass(frozen=True, slots=True)
class Members:
    """An object that has members."""

    nodes: "dict[str, Node]"


@dataclass(frozen=True, slots=True)
class Elements:
    """A list in which there are strings or objects with members, always as many as here."""

    nodes: "tuple[Node, ...]"


Node: TypeAlias = Text | Plain | Members | Elements


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that are the same in each record.

    Attributes:
        text: The bytes.
        quote: Which of the record's quotation marks the first one in it is; -1 where it holds none.
        lead: How many bytes stand before that one.
    """

    text: bytes
    quote: int
    lead: int


@dataclass(frozen=True, slots=True)
class Template:
    """The form of records: a piece, a slot, a piece, … a piece.

    Attributes:
        root: The object that each record is.
        pieces: One more than there are slots; each but the last holds a quotation mark.
        quotes: How many quotation marks a record has, not counting escaped ones.
        lines: How many line ends the pieces hold.
    """

    root: Members
    pieces: tuple[Piece, ...]
    quotes: int
    lines: int


def template_of(text: bytes, start: int) -> tuple[Template, int]:
    """The template of the object with members that starts there, and where it ends.

    Raises:
        Unlike: where there is none, it is malformed, or has no quotation mark between two of its values.
    """
    reader = _Reader(text)
    root, end = reader.node(start, 0)
    if not isinstance(root, Members):
        raise Unlike
    pieces: list[Piece] = []
    quotes = 0
    begin = start
    for slot, following in [*reader.slots, (end, end)]:
        piece = text[begin:slot]
        lead = piece.find(_QUOTE)
        pieces.append(Piece(piece, quotes if lead >= 0 else -1, max(lead, 0)))
        quotes += piece.count(_QUOTE)
        begin = following
    if any(piece.quote < 0 for piece in pieces[:-1]):
        raise Unlike
    lines = sum(piece.text.count(b"\n") for piece in pieces)
    return Template(root, tuple(pieces), quotes, lines), end


class _Reader:
    """Reads one record; collects the slots as it comes to them."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self.slots: list[tuple[int, int]] = []

    def space(self, position: int) -> int:
        match = _SPACE.match(self._text, position)
        return match.end() if match else position

    def node(self, position: int, depth: int) -> tuple[Node, int]:
        if depth > _MAX_DEPTH:
            raise Unlike
        sign = self._text[position : position + 1]
        if sign == _QUOTE:
            match = _STRING.match(self._text, position)
            if match is None:
                raise Unlike
            self.slots.append((position + 1, match.end() - 1))
            return Text(len(self.slots) - 1), match.end()
        if sign not in {b"{", b"["}:
            match = _SCALAR.match(self._text, position)
            if match is None:
                raise Unlike
            return self._plain(position, match.end())
        earlier = len(self.slots)
        node, end = self._members(position, depth) if sign == b"{" else self._elements(position, depth)
        if _QUOTE in self._text[position:end]:
            return node, end
        # Without quotation marks nothing inside could be found again; but it is a value as plain as a number.
        del self.slots[earlier:]
        return self._plain(position, end)

    def _plain(self, start: int, end: int) -> tuple[Node, int]:
        self.slots.append((start, end))
        return Plain(len(self.slots) - 1), end

    def _members(self, position: int, depth: int) -> tuple[Node, int]:
        nodes: dict[str, Node] = {}
        position = self.space(position + 1)
        if self._is(position, b"}"):
            return Members(nodes), position + 1
        while True:
            match = _KEY.match(self._text, position)
            if match is None:
                raise Unlike
            name = json.loads(match[0])
            position = self.space(match.end())
            if name in nodes or not self._is(position, b":"):
                raise Unlike
            nodes[name], position = self.node(self.space(position + 1), depth + 1)
            position = self.space(position)
            if self._is(position, b"}"):
                return Members(nodes), position + 1
            position = self._behind_comma(position)

    def _elements(self, position: int, depth: int) -> tuple[Node, int]:
        nodes: list[Node] = []
        position = self.space(position + 1)
        if self._is(position, b"]"):
            return Elements(()), position + 1
        while True:
            node, position = self.node(position, depth + 1)
            nodes.append(node)
            position = self.space(position)
            if self._is(position, b"]"):
                return Elements(tuple(nodes)), position + 1
            position = self._behind_comma(position)

    def _is(self, position: int, sign: bytes) -> bool:
        return self._text[position : position + 1] == sign

    def _behind_comma(self, position: int) -> int:
        if not self._is(position, b","):
            raise Unlike
        return self.space(position + 1)
