"""Builder of JSON (RFC 8259): values in, bytes and their truth out."""

import json
from collections.abc import Mapping, Sequence
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
    """A value as JSON; a Decimal with all of its digits."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        pairs = (
            f"{json.dumps(name, ensure_ascii=escaped)}: {dumped(each, escaped=escaped)}" for name, each in value.items()
        )
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(dumped(each, escaped=escaped) for each in value) + "]"
    return json.dumps(value, ensure_ascii=escaped)
