"""Parquet as a careful migrator that types nothing would make it, straight from the truth."""

import pyarrow as pa

from harness.mock_json import dumped
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
    return pa.binary() if any(isinstance(value, Binary) for value in column.values) else pa.string()


def _cell_text(column, value):
    if (
        value is None
        or column.reading is Reading.NUMBER
        or (isinstance(value, str) and column.reading is not Reading.JSON)
    ):
        return value
    if isinstance(value, Binary):
        return value.value
    if column.reading is Reading.WRITTEN:
        return "TRUE" if value else "FALSE"
    return value if column.all_strings else dumped(value)
