"""How a table is best written as parquet, decided on its schema and its first rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pyarrow as pa

_TINY_BYTES = 16 * 1024
_SMALL_BYTES = 256 * 1024
_BIG_BYTES = 4 * 1024 * 1024


def readable_schema(schema: pa.Schema) -> pa.Schema:
    """`schema` itself, or one where types that hold no value at all, which many readers refuse, are text."""
    if not any(pa.types.is_null(kind) or pa.types.is_nested(kind) for kind in schema.types):
        return schema
    # Each walk through a schema makes its fields anew.
    given = list(schema)
    fields = [_readable(field) for field in given]
    if all(ours is theirs for ours, theirs in zip(fields, given, strict=True)):
        return schema
    return pa.schema(fields)


def write_options(first: pa.Table, size: int) -> dict[str, Any]:
    """The parquet writer's options for a table that begins with the rows `first`, which take `size` bytes.

    A small table is written the quick way: a zstd context alone costs more than its encoding. In a tiny one compression
    saves next to nothing, and no reader passes a part of it over by its statistics. In a big one each column is looked
    at by itself.
    """
    options: dict[str, Any] = {"store_schema": False, "use_dictionary": False}
    if size < _TINY_BYTES:
        return options | {"compression": "none", "write_statistics": False}
    if size < _SMALL_BYTES:
        return options | {"compression": "snappy"}
    # Only here Arrow's functions are needed, which take a tenth of a second to import.
    from migrator.parquet_columns import LONG_SAMPLE_ROWS, ColumnOptions, column_options

    rows = first.slice(0, LONG_SAMPLE_ROWS)
    columns: dict[str, ColumnOptions] = {}
    for path, array in _leaves(rows):
        # The library cannot tell a column `a.b` from the `b` of a struct `a`: what suits one may not do for the other.
        columns[path] = ColumnOptions() if path in columns else column_options(array, trial=size >= _BIG_BYTES)
    packed = [path for path, column in columns.items() if column.compressed]
    encodings = {path: column.encoding for path, column in columns.items() if column.encoding}
    return options | {
        "compression": dict.fromkeys(packed, "zstd") or "none",
        "compression_level": dict.fromkeys(packed, 1) or None,
        "use_dictionary": [path for path, column in columns.items() if column.dictionary] or False,
        "column_encoding": encodings or None,
        "write_statistics": [path for path, column in columns.items() if column.statistics] or False,
    }


def _readable(field: pa.Field[Any]) -> pa.Field[Any]:
    kind = _readable_type(field.type)
    return field if kind is field.type else field.with_type(kind)


def _readable_type(kind: pa.DataType) -> pa.DataType:
    """`kind` itself, the same object, where there is nothing to change."""
    if pa.types.is_null(kind):
        return pa.string()
    if not pa.types.is_nested(kind):
        return kind
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        value = kind.value_field
        readable = _readable(value)
        if readable is not value:
            return pa.list_(readable) if pa.types.is_list(kind) else pa.large_list(readable)
    if pa.types.is_struct(kind):
        fields = [kind.field(number) for number in range(kind.num_fields)]
        readables = [_readable(field) for field in fields]
        if any(ours is not theirs for ours, theirs in zip(readables, fields, strict=True)):
            return pa.struct(readables)
    return kind


def _leaves(table: pa.Table) -> Iterator[tuple[str, pa.Array[Any]]]:
    """The columns that parquet keeps, with the paths it gives them."""
    for name, column in zip(table.column_names, table.columns, strict=True):
        whole = column.combine_chunks()
        parts = whole.chunks if isinstance(whole, pa.ChunkedArray) else [whole]
        if parts:
            yield from _leaves_of(name, parts[0])


def _leaves_of(path: str, array: pa.Array[Any]) -> Iterator[tuple[str, pa.Array[Any]]]:
    if pa.types.is_struct(array.type):
        for number, part in enumerate(cast("Any", array).flatten()):
            yield from _leaves_of(f"{path}.{array.type.field(number).name}", part)
    elif pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        yield from _leaves_of(f"{path}.list.element", cast("Any", array).flatten())
    elif isinstance(array, pa.ExtensionArray):
        yield from _leaves_of(path, array.storage)
    else:
        yield path, array
