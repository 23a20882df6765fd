"""Builder of JSON (RFC 8259): values in, bytes and their truth out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from harness.mock_made import Made, Table, good
from harness.mock_text import encoded
from harness.truth import ExpectedColumn, Json, Reading


class Form(StrEnum):
    """How the items of a file stand in it."""

    ARRAY = "array"
    LINES = "lines"
    SINGLE = "single"


def json_file(form: Form, *items: Json, escaped: bool = False, spread: bool = False, encoding: str = "utf-8") -> Made:
    r"""A JSON file.

    Args:
        form: An array of the items, one a line, or the one item alone.
        *items: The values, each a row.
        escaped: Whether all that is not ASCII is written as `\uXXXX`.
        spread: Whether an array's items stand on lines of their own.
        encoding: Of the text; `utf-8-sig` and the UTF-16 ones begin with a byte order mark.
    """
    texts = [dumped(item, escaped=escaped) for item in items]
    if form is Form.LINES:
        text = "".join(f"{each}\n" for each in texts)
    elif form is Form.ARRAY:
        text = "[" + (",\n  " if spread else ",").join(texts) + "]"
    else:
        [text] = texts
    return good(encoded(text, encoding), json_table(items))


def json_table(items: Sequence[Json]) -> Table:
    """The table that the items of a file make."""
    if not items:
        return Table(None, 0)
    objects = [item for item in items if isinstance(item, Mapping)]
    names = list(dict.fromkeys(name for item in objects for name in item))
    if len(objects) < len(items) or not names:
        return Table((ExpectedColumn("value", Reading.JSON, tuple(items)),), len(items))
    columns = (ExpectedColumn(name, Reading.JSON, tuple(item.get(name) for item in objects)) for name in names)
    return Table(tuple(columns), len(items))


def dumped(value: Json, *, escaped: bool = False) -> str:
    """A value as JSON, however deep; a Decimal with all of its digits."""
    parts: list[str] = []
    waiting: list[Json | _Sign] = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, _Sign):
            parts.append(part.text)
        elif isinstance(part, Decimal):
            parts.append(str(part))
        elif isinstance(part, Mapping):
            names = [_Sign(json.dumps(name, ensure_ascii=escaped) + ": ") for name in part]
            pairs = [piece for pair in zip(names, part.values(), strict=True) for piece in (_COMMA, *pair)]
            waiting += reversed([_Sign("{"), *pairs[1:], _Sign("}")])
        elif isinstance(part, Sequence) and not isinstance(part, str):
            items = [piece for item in part for piece in (_COMMA, item)]
            waiting += reversed([_Sign("["), *items[1:], _Sign("]")])
        else:
            parts.append(json.dumps(part, ensure_ascii=escaped))
    return "".join(parts)


@dataclass(frozen=True)
class _Sign:
    """What stands between values."""

    text: str


_COMMA = _Sign(", ")
