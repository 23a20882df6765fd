"""Parquet as a careful migrator that types nothing would make it, straight from the truth; and how to judge others."""

import io

import pyarrow as pa
import pyarrow.parquet as pq

from harness import contents
from harness.mock_json import dumped
from harness.mock_made import Made, Recipe
from harness.truth import Binary, ExpectedObject, Reading


def as_text(expected: ExpectedObject) -> pa.Table:
    """What a migrator makes that leaves every column as text."""
    if expected.columns is None:
        return pa.table({})
    return pa.table(
        [
            pa.array([_cell_text(column, value) for value in column.values], _text_type(column))
            for column in expected.columns
        ],
        [column.name for column in expected.columns],
    )


def _text_type(column):
    if column.reading is Reading.NUMBER:
        return pa.int64()
    return pa.binary() if _is_binary(column) else pa.string()


def _is_binary(column):
    """Binary literals beside no text but the empty one."""
    present = [value for value in column.values if value is not None and value != ""]
    return bool(present) and all(isinstance(value, Binary) for value in present)


def _cell_text(column, value):
    if (
        value is None
        or column.reading is Reading.NUMBER
        or (isinstance(value, str) and column.reading is not Reading.JSON)
    ):
        return value
    if isinstance(value, Binary):
        return value.value if _is_binary(column) else value.written
    if column.reading is Reading.WRITTEN:
        return "TRUE" if value else "FALSE"
    return value if column.all_strings else dumped(value)


def expected_of(made: Made, path: str = "a/b.csv") -> ExpectedObject:
    [found] = Recipe(path, made).write(io.BytesIO()).objects
    return found


def parquet(table: pa.Table, **options: object) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **options)
    return sink.getvalue().to_pybytes()


def told(made: Made, columns: dict[str, pa.Array], path: str = "a/b.csv") -> str | None:
    return contents.difference(expected_of(made, path), parquet(pa.table(columns)))
