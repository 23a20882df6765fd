"""Items read from JSON → record batches of their layout."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from migrator.formats.json_shape import JSON_TEXT, Layout
from migrator.formats.json_values import json_text

# A batch of many columns has few rows, for missing values take room as well: 8 bytes and more for each.
MAX_CELLS = 1 << 21


def batches(items: list[Any], layout: Layout) -> Iterator[pa.RecordBatch]:
    """The items as rows, in order; `layout` must hold each of them."""
    schema = layout.schema
    kinds: set[Any] = set(schema.types)
    rows = max(1, MAX_CELLS // layout.cells)
    for start in range(0, len(items), rows):
        part = items[start : start + rows]
        if not layout.by_member:
            yield pa.record_batch([_array(part, schema.field(0).type)], schema=schema)
            continue
        present = set().union(*part)
        absent = {kind: pa.nulls(len(part), kind) for kind in kinds}
        columns = [
            _array([item.get(name) for item in part], kind) if name in present else absent[kind]
            for name, kind in zip(schema.names, schema.types, strict=True)
        ]
        yield pa.record_batch(columns, schema=schema)


def _array(values: list[Any], kind: pa.DataType) -> Any:
    if kind == JSON_TEXT:
        texts = [None if value is None else json_text(value) for value in values]
        return pa.ExtensionArray.from_storage(JSON_TEXT, pa.array(texts, pa.string()))
    try:
        return pa.array(values, kind)
    except pa.ArrowInvalid:
        # pyarrow refuses every integer beyond 2**53 as a float; those that come back are welcome here.
        return pa.array([_floated(value, kind) for value in values], kind)


def _floated(value: Any, kind: pa.DataType) -> Any:
    """The value with floats for the integers that stand where `kind` has floats."""
    if value is None:
        return None
    if pa.types.is_floating(kind):
        return float(value)
    if pa.types.is_list(kind):
        return [_floated(item, kind.value_type) for item in value]
    if pa.types.is_struct(kind):
        return {field.name: _floated(value.get(field.name), field.type) for field in kind}
    return value
