"""The keywords over the objects' contents fail on a lost value, a missing object, a wrong origin."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from Contents import Contents
from paper_world import balanced_world, parquet

CONTENTS = Contents()
KEY = "lake/a.csv.parquet"


@pytest.fixture
def world(tmp_path):
    return balanced_world(tmp_path)


def test_a_world_that_holds_the_truth_passes(world):
    CONTENTS.every_value_should_be_in_its_parquet_object(world)
    CONTENTS.every_object_should_tell_its_origin(world)
    CONTENTS.every_object_should_open_in_pandas(world)


def test_a_lost_value_is_told(world):
    world.bucket.objects[KEY] = parquet(world.truth.file("a.csv"), {"n": ["2", None]})
    with pytest.raises(AssertionError, match=r"row 1, column 'n'.*a\.csv"):
        CONTENTS.every_value_should_be_in_its_parquet_object(world)


def test_a_dropped_row_is_told(world):
    world.bucket.objects[KEY] = parquet(world.truth.file("a.csv"), {"n": ["1"]})
    with pytest.raises(AssertionError, match="expected 2 rows, seen 1"):
        CONTENTS.every_value_should_be_in_its_parquet_object(world)
    with pytest.raises(AssertionError, match="seen 1 rows where 2 were expected"):
        CONTENTS.every_object_should_open_in_pandas(world)


def test_an_object_that_is_no_parquet_is_told(world):
    world.bucket.objects[KEY] = b"n\n1\n"
    with pytest.raises(AssertionError, match="readable parquet"):
        CONTENTS.every_value_should_be_in_its_parquet_object(world)
    with pytest.raises(AssertionError, match="pandas cannot read it"):
        CONTENTS.every_object_should_open_in_pandas(world)


def test_a_missing_object_is_told(world):
    del world.bucket.objects[KEY]
    for keyword in (CONTENTS.every_value_should_be_in_its_parquet_object, CONTENTS.every_object_should_tell_its_origin):
        with pytest.raises(AssertionError, match=f"seen no such object in the bucket, at {KEY}"):
            keyword(world)


def test_missing_user_metadata_is_told(world):
    world.bucket.user_metadata[KEY].pop("source-path")
    with pytest.raises(AssertionError, match="user metadata source-path: expected 'a.csv', seen nothing"):
        CONTENTS.every_object_should_tell_its_origin(world)


def test_a_footer_without_the_digest_is_told(world):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"n": ["1", None]}), sink)
    world.bucket.objects[KEY] = sink.getvalue().to_pybytes()
    with pytest.raises(AssertionError, match="footer source-path: expected 'a.csv', seen nothing"):
        CONTENTS.every_object_should_tell_its_origin(world)
