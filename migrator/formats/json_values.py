"""Exact reading and writing of one JSON value: what RFC 8259 allows and nothing else, without loss.

Python's own scanner (in C) reads what is shallow and plain. Whatever it refuses, cannot reach or would lose (depth,
`-0`, half surrogates) goes through a parser of ours that keeps its own stack, so that depth costs only memory, and that
knows the position of each fault.

A value is None, bool, str, list, dict, an int within 64 bits, a float whose shortest decimal equals what was written,
or a `Wide` number, which keeps its text.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1
_EXACT_IN_FLOAT = 2**53

_scanstring: Any = vars(json.decoder)["scanstring"]  # not in the typeshed
_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)((?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)")
_LITERALS = (("true", True), ("false", False), ("null", None))
# What the C scanner would lose or let through: the sign of -0, and a surrogate that stands alone.
NEGATIVE_ZERO = re.compile(r"-0(?=[ \t\n\r,\]}]|\Z)")
_TREACHEROUS = re.compile(r"-0(?=[ \t\n\r,\]}]|\Z)|\\u[dD][89a-fA-F]")
# A token cut off by the end of a text is told from a wrong one by standing this close to the end.
LONGEST_CUT_TOKEN = 16
_LONGEST_SHOWN = 100


class Wide(NamedTuple):
    """A number that neither int64 nor float64 gives back, as it was written."""

    text: str


class Fault(Exception):
    """A text is no JSON value: `message` says why, `position` is the character's index."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class Truncated(Exception):
    """The text ended inside a value; more of it may make it whole."""


class Duplicate(ValueError):
    """An object has a key twice; the C scanner cannot say where."""


def skip_space(text: str, position: int) -> int:
    """The index of the first character from `position` on that is not JSON's white space."""
    match = _SPACE.match(text, position)
    return match.end() if match else position


def is_treacherous(text: str) -> bool:
    """Whether values in `text` need the parser of ours; False lets `read_value` take the C scanner."""
    return _TREACHEROUS.search(text) is not None


def float_or_wide(text: str) -> float | Wide:
    """A number with a point or exponent: float where it comes back by value, else as it was written."""
    number = float(text)
    shortest = repr(number)
    if shortest == text or _same_decimal(shortest, text):
        return number
    return Wide(text)


def int_in_float(number: int) -> bool:
    """Whether a float64 holds the integer and shows it in its shortest decimal."""
    if -_EXACT_IN_FLOAT <= number <= _EXACT_IN_FLOAT:
        return True
    return Decimal(repr(float(number))) == number


def read_value(text: str, position: int, *, final: bool, treacherous: bool) -> tuple[Any, int]:
    """The value that starts at `position`, and the index after it.

    Args:
        text: Text that holds the value.
        position: Index of its first character, white space skipped.
        final: Nothing follows `text`. If not, whoever calls holds a value that reaches the end for unfinished.
        treacherous: What `is_treacherous` says of the text, or True.

    Raises:
        Fault: No JSON value starts there.
        Truncated: Only if not `final`: the value goes on beyond the text.
    """
    if not treacherous:
        try:
            return _scan(text, position)
        except json.JSONDecodeError as error:
            # The parser below knows where and why; but what only wants more text need not be read twice.
            if not final and (error.pos >= len(text) - LONGEST_CUT_TOKEN or error.msg.startswith("Unterminated")):
                raise Truncated from error
        except (ValueError, RecursionError):
            pass  # a number of thousands of digits, or depth: no fault; a key twice: found again with its position
    return parse_value(text, position, final=final)


def parse_value(text: str, position: int, *, final: bool) -> tuple[Any, int]:
    """As `read_value`, always by our own parser."""
    try:
        return _parse(text, position)
    except Fault as fault:
        cut = fault.position >= len(text) - LONGEST_CUT_TOKEN or isinstance(fault, _OpenString)
        if cut and not final:
            raise Truncated from fault
        raise


def json_text(value: Any) -> str:
    """The value as compact JSON; numbers that were too wide to hold stand as they were written."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # too deep for it, or a number that it does not know
        return "".join(_pieces(value))


def expected(what: str, character: str) -> str:
    """What a fault says: what should stand there, and which character does; none at the end."""
    return f"expected {what}, found {character!r}" if character else f"expected {what}, found the end"


class _OpenString(Fault):
    """A string without its closing quotation mark."""


def _same_decimal(shortest: str, text: str) -> bool:
    if shortest in {"inf", "-inf"}:
        return False
    if len(text) < LONGEST_CUT_TOKEN and "e" not in text and "E" not in text:
        return True  # at most 15 digits always come back
    try:
        return Decimal(shortest) == Decimal(text)
    except ArithmeticError:  # an exponent beyond what Decimal knows
        return False


def _int_or_wide(text: str) -> int | float | Wide:
    if text == "-0":
        return -0.0
    if len(text) > len(str(INT64_MIN)):
        return Wide(text)
    number = int(text)
    return number if INT64_MIN <= number <= INT64_MAX else Wide(text)


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object from its members, as Python's scanner gives them; `Duplicate` where a key comes twice."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Duplicate
    return members


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


# Integers of any length are ints here; what is out of range is sorted out by whoever types them.
_scan = json.JSONDecoder(
    object_pairs_hook=unique, parse_float=float_or_wide, parse_constant=_refuse_constant
).raw_decode


def _parse(text: str, position: int) -> tuple[Any, int]:
    # Each open container with the key that its next value belongs to.
    stack: list[tuple[Any, str | None]] = []
    while True:
        character = text[position : position + 1]
        value: Any
        if character == "{":
            position = skip_space(text, position + 1)
            if text[position : position + 1] != "}":
                members: dict[str, Any] = {}
                first_key, position = _parse_key(text, position, members)
                stack.append((members, first_key))
                continue
            value, position = {}, position + 1
        elif character == "[":
            position = skip_space(text, position + 1)
            if text[position : position + 1] != "]":
                stack.append(([], None))
                continue
            value, position = [], position + 1
        else:
            value, position = _parse_scalar(text, position, character)
        while stack:
            container, key = stack[-1]
            if key is None:
                container.append(value)
            else:
                container[key] = value
            position = skip_space(text, position)
            character = text[position : position + 1]
            if character == ",":
                position = skip_space(text, position + 1)
                if key is not None:
                    next_key, position = _parse_key(text, position, container)
                    stack[-1] = (container, next_key)
                break
            if character != ("]" if key is None else "}"):
                raise Fault(expected("',' or ']'" if key is None else "',' or '}'", character), position)
            stack.pop()
            value, position = container, position + 1
        else:
            return value, position


def _parse_key(text: str, position: int, members: dict[str, Any]) -> tuple[str, int]:
    """A key, its colon and the space after it; the index is that of the value."""
    character = text[position : position + 1]
    if character != '"':
        raise Fault(expected("a key in quotation marks", character), position)
    key, end = _parse_string(text, position)
    if key in members:
        shown = key if len(key) <= _LONGEST_SHOWN else key[:_LONGEST_SHOWN] + "…"
        raise Fault(f"the key {shown!r} stands twice in one object, and one of its values would be lost", position)
    end = skip_space(text, end)
    character = text[end : end + 1]
    if character != ":":
        raise Fault(expected("':' after a key", character), end)
    return key, skip_space(text, end + 1)


def _parse_scalar(text: str, position: int, character: str) -> tuple[Any, int]:
    if character == '"':
        return _parse_string(text, position)
    if match := _NUMBER.match(text, position):
        number = float_or_wide(match[0]) if match[1] else _int_or_wide(match[0])
        return number, match.end()
    for literal, value in _LITERALS:
        if text.startswith(literal, position):
            return value, position + len(literal)
    raise Fault(expected("a value", character), position)


def _parse_string(text: str, position: int) -> tuple[str, int]:
    try:
        value, end = _scanstring(text, position + 1, True)
    except json.JSONDecodeError as error:
        if error.msg.startswith("Unterminated"):
            raise _OpenString("a string is never closed", position) from error
        wrong = "an escape is none that JSON knows" if "escape" in error.msg else "a string holds a control character"
        raise Fault(wrong, error.pos) from error
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise Fault("a string holds half a surrogate pair", position) from error
    return value, end


def _pieces(value: Any) -> Iterator[str]:
    """The text of `value` piece by piece, with a stack of our own: depth is no limit."""
    todo: list[Any] = [value]
    while todo:
        item = todo.pop()
        if type(item) is _Piece:
            yield item.text
        elif isinstance(item, dict):
            todo.append(_Piece("}"))
            for number, (key, member) in zip(range(len(item) - 1, -1, -1), reversed(item.items()), strict=True):
                todo.append(member)
                todo.append(_Piece(("," if number else "") + orjson.dumps(key).decode() + ":"))
            todo.append(_Piece("{"))
        elif isinstance(item, list):
            todo.append(_Piece("]"))
            for number in range(len(item) - 1, -1, -1):
                todo.append(item[number])
                if number:
                    todo.append(_Piece(","))
            todo.append(_Piece("["))
        elif isinstance(item, Wide):
            yield item.text
        elif isinstance(item, int) and not isinstance(item, bool):
            yield str(item)
        else:
            yield orjson.dumps(item).decode()


class _Piece(NamedTuple):
    """Text that is written as it stands."""

    text: str
