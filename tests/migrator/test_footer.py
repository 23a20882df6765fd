"""What an object's end tells."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.footer import Footer, footer_bytes, parse


@pytest.fixture(scope="module")
def parquet():
    buffer = io.BytesIO()
    table = pa.table([pa.nulls(1000, pa.int64())], ["a"]).replace_schema_metadata({"source-path": "a/b.csv", "ä": "ö"})
    pq.write_table(table, buffer)
    return buffer.getvalue()


def test_rows_and_texts_are_told_from_the_footer_alone(parquet):
    tail = parquet[-footer_bytes(parquet[-8:], len(parquet)) :]
    assert len(tail) < len(parquet)
    assert parse(tail) == Footer(1000, {"source-path": "a/b.csv", "ä": "ö"})


def test_more_than_the_footer_does_no_harm(parquet):
    assert parse(parquet).rows == 1000


@pytest.mark.parametrize(
    "tail", [b"", b"PAR1", b"\0\0\0\0PAR1", b"x" * 100, b"\xff\xff\xff\xffPAR1", b"\x08\0\0\0PARE"]
)
def test_what_is_no_parquet_has_no_footer(tail):
    assert parse(tail) == Footer()


@given(st.data())
def test_a_damaged_footer_is_told_or_none_but_never_raises(parquet, data):
    tail = bytearray(parquet[-footer_bytes(parquet[-8:], len(parquet)) :])
    for _ in range(data.draw(st.integers(1, 4))):
        tail[data.draw(st.integers(0, len(tail) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(parse(bytes(tail)), Footer)


def test_a_footer_that_would_be_longer_than_the_object_is_none():
    assert footer_bytes(b"\x20\0\0\0PAR1", 20) == 0
    assert footer_bytes(b"\x20\0\0\0PAR1", 100) == 40
