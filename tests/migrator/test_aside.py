"""Rows that were put aside come back as they were, in any order, and the room they took is used again."""

import pyarrow as pa
import pytest

from migrator.aside import Aside
from migrator.errors import StateUnusable


def rows(seed, count=40_000):
    """Some with nulls and texts; they fill several pieces of the file."""
    numbers = [(seed + number) * 2654435761 % 2**62 for number in range(count)]
    texts = [None if number % 7 == 0 else f"{number:x}" for number in numbers]
    return pa.record_batch({"n": pa.array(numbers, pa.int64()), "t": pa.array(texts, pa.string())})


@pytest.fixture
def aside(tmp_path):
    made = Aside(tmp_path)
    yield made
    made.close()


def test_rows_come_back_in_any_order(aside):
    given = [rows(seed, count) for seed, count in ((1, 40_000), (2, 1), (3, 0), (4, 20_000))]
    put = [aside.put(batch) for batch in given]
    for number in (3, 0, 2, 1):
        back = aside.take(put[number], given[number].schema)
        back.validate(full=True)
        assert back.equals(given[number])


def test_room_is_used_again(aside):
    given = rows(1)
    first, kept = aside.put(given), aside.put(rows(2))
    aside.take(first, given.schema)
    second = aside.put(given)
    assert sorted(second.places) == sorted(first.places)
    aside.forget(second)
    assert sorted(aside.put(given).places) == sorted(first.places)
    assert aside.take(kept, given.schema).equals(rows(2))


def test_the_file_has_no_name(aside, tmp_path):
    aside.put(rows(1))
    assert not any(tmp_path.iterdir())


def test_no_room_is_not_the_file_s_fault(tmp_path):
    with pytest.raises(StateUnusable, match="make room there"):
        Aside(tmp_path / "nowhere").put(rows(1, 1))
