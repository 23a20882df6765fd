"""pandas opens what a migrator made, and what it made wrongly is told."""

import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness import frames
from harness.truth import ExpectedColumn, ExpectedObject, Reading

EXPECTED = ExpectedObject("a.csv.parquet", "a.csv", 2, (ExpectedColumn("n", Reading.WRITTEN, ("1", None)),))


def parquet(columns) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


def test_an_object_with_its_rows_and_columns_passes():
    assert frames.difference(EXPECTED, parquet({"n": [1, None]})) is None


def test_rows_of_whatever_columns_pass_where_any_are_right():
    assert frames.difference(ExpectedObject("k", "k", 0, None), parquet({"x": pa.array([], pa.int8())})) is None


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"no parquet", "pandas cannot read it"),
        (parquet({"n": [1]}), "1 rows where 2 were expected"),
        (parquet({"m": [1, None]}), r"the columns \['m'\] where \['n'\] were expected"),
    ],
)
def test_what_is_wrong_is_told(data, told):
    assert re.search(told, frames.difference(EXPECTED, data))
