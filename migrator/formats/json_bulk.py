"""Many values read at once by Python's scanner, where that loses nothing and tells nothing wrong apart.

None always means: take them one by one, by `json_values.read_value`, which reads on where this cannot, or says what is
wrong and where.
"""

import json
import re
from typing import Any

import orjson

from migrator.formats.json_values import NEGATIVE_ZERO, float_or_wide, unique

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_SPACE = " \t\r\n"
_MARK = object()


def _mark(name: str) -> object:
    if name != "NaN":
        raise ValueError(name)
    return _MARK


def _refuse(name: str) -> object:
    raise ValueError(name)


def _decoder(constant: Any) -> json.JSONDecoder:
    return json.JSONDecoder(object_pairs_hook=unique, parse_float=float_or_wide, parse_constant=constant)


_plain = _decoder(_refuse)
_marking = _decoder(_mark)


def read_lines(text: str) -> list[Any] | None:
    """The values of `text`, one a line; None also where a line is empty."""
    text = text.strip(_SPACE)
    # What no JSON text holds stands between the lines: if it comes back between the values and nowhere else, then each
    # line holds exactly one. A newline inside a string or value swallows one of the marks.
    if "NaN" in text or not _is_safe(text, text.replace("\n", ",")):
        return None
    marked = _decode(_marking, text.replace("\n", ",NaN,"))
    if marked is None:
        return None
    marks = marked[1::2]
    if len(marked) != 2 * text.count("\n") + 1 or any(mark is not _MARK for mark in marks):
        return None
    return marked[::2]


def read_elements(text: str) -> list[Any] | None:
    """The elements of an array, given without brackets, at least one."""
    return (_decode(_plain, text) or None) if _is_safe(text, text) else None


def _is_safe(text: str, elements: str) -> bool:
    """Whether Python's scanner reads all that it accepts of `text` without loss."""
    if NEGATIVE_ZERO.search(text):
        return False
    if _SURROGATE.search(text):
        try:
            orjson.loads(f"[{elements}]")  # takes no half of a pair, as Python would
        except ValueError:
            return False
    return True


def _decode(decoder: json.JSONDecoder, elements: str) -> list[Any] | None:
    try:
        values = decoder.decode(f"[{elements}]")
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, list) else None
