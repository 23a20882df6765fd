"""Tables become parquet that any reader reads, in bounded memory, and nothing of an aborted one goes on."""

import tempfile
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from migrator import encode
from migrator.encode import GROUP_ROWS, Encoder
from migrator.errors import StateUnusable, Stopped, TargetUnavailable
from migrator.parquet_options import write_options
from tests.migrator.staged import MemoryStage

FOOTER = {"source-path": "a.csv", "source-sha256": "00"}


def an_encoder(stage, stop=lambda: False, footer=lambda key: FOOTER):
    return Encoder(lambda key: stage.stage(key, {}), footer, stop, Path(tempfile.gettempdir()))


def encoded(schema, *writes):
    stage = MemoryStage()
    encoder = an_encoder(stage)
    table = encoder.table("k", schema, lambda: None)
    for rows in writes:
        table.write(rows)
    table.close()
    (made,) = encoder.finish()
    (upload,) = stage.uploads
    assert made.upload is upload
    assert upload.closed
    file = upload.parquet()
    assert made.rows == file.metadata.num_rows
    return upload, file


def numbers(count, start=0):
    return pa.table(
        {"n": pa.array(range(start, start + count), pa.int64()), "t": pa.array(["same"] * count, pa.string())}
    )


def noise(count):
    """Rows that no encoding makes small."""
    values = np.random.default_rng(count).integers(-(2**63), 2**63 - 1, count)
    return pa.table({"n": pa.array(values, pa.int64()), "t": pa.array(["same"] * count, pa.string())})


def test_a_small_table_is_written_in_one_piece_with_its_footer():
    upload, file = encoded(numbers(1).schema, numbers(3), numbers(2, 3).to_batches()[0])
    assert file.read().equals(numbers(5))
    assert upload.writes == 1
    assert file.metadata.metadata == {key.encode(): value.encode() for key, value in FOOTER.items()}
    assert file.metadata.num_row_groups == 1


def test_no_rows_make_a_valid_file():
    _, file = encoded(numbers(1).schema)
    assert file.read().equals(numbers(0))
    _, file = encoded(numbers(1).schema, numbers(0))
    assert file.read().num_rows == 0


def test_a_big_table_has_row_groups_bounded_by_rows_and_keeps_their_order():
    writes = [numbers(20_000, start) for start in range(0, 600_000, 20_000)]
    _, file = encoded(numbers(1).schema, *writes)
    assert file.read()["n"].to_pylist() == list(range(600_000))
    sizes = [file.metadata.row_group(number).num_rows for number in range(file.metadata.num_row_groups)]
    assert max(sizes) <= 2 * GROUP_ROWS
    assert len(sizes) <= 5
    assert file.metadata.metadata[b"source-sha256"] == b"00"


def test_one_giant_write_is_cut_into_row_groups():
    _, file = encoded(numbers(1).schema, numbers(600_000))
    assert file.read()["n"].to_pylist() == list(range(600_000))
    assert file.metadata.num_row_groups >= 3
    wide = pa.table({"t": ["x" * 1_000_000] * 70})
    _, file = encoded(wide.schema, wide)
    sizes = [file.metadata.row_group(number).total_byte_size for number in range(file.metadata.num_row_groups)]
    assert len(sizes) >= 3
    assert file.read().equals(wide)


def test_json_text_is_marked_as_json_and_null_columns_are_readable():
    storage = pa.array(['{"a":1}', None])
    json = pa.ExtensionArray.from_storage(pa.json_(pa.string()), storage)
    nested = pa.StructArray.from_arrays([pa.nulls(2), json], names=["none", "json"])
    table = pa.table(
        {
            "j": json,
            "none": pa.nulls(2),
            "list": pa.array([[None], []], pa.list_(pa.null())),
            "struct": nested,
            "deep": pa.array([[{"x": [None]}], None]),
        }
    )
    _, file = encoded(table.schema, table)
    schema = file.schema
    logical = {schema.column(n).path: str(schema.column(n).logical_type) for n in range(len(schema))}
    assert logical == {
        "j": "JSON",
        "none": "String",
        "list.list.element": "String",
        "struct.none": "String",
        "struct.json": "JSON",
        "deep.list.element.x.list.element": "String",
    }
    assert file.read().to_pylist() == table.to_pylist()


def test_types_come_back_as_they_were():
    table = pa.table(
        {
            "ts": pa.array([1], pa.timestamp("us")),
            "utc": pa.array([1], pa.timestamp("us", tz="UTC")),
            "date": pa.array([1], pa.date32()),
            "float": [0.1],
            "bool": [True],
            "binary": [b"\0"],
            "large": pa.array(["x"], pa.large_string()),
        }
    )
    _, file = encoded(table.schema, table)
    assert file.read().to_pylist() == table.to_pylist()
    assert file.read().schema.field("utc").type == pa.timestamp("us", tz="UTC")
    assert file.read().schema.field("ts").type == pa.timestamp("us")


def test_dictionaries_are_for_columns_of_few_distinct_values():
    rows = 20_000
    table = pa.table(
        {
            "few": ["abcdefgh"[n % 5] * 10 for n in range(rows)],
            "many": [f"value {n}" for n in range(rows)],
            "flag": [True] * rows,
            "list": [["same", "same"]] * rows,
            "struct": [{"few": n % 3, "many": n} for n in range(rows)],
        }
    )
    assert write_options(table, table.nbytes)["use_dictionary"] == ["few", "list.list.element", "struct.few"]
    _, file = encoded(table.schema, table)
    group = file.metadata.row_group(0)
    columns = {group.column(n).path_in_schema: group.column(n) for n in range(group.num_columns)}
    assert {path for path, column in columns.items() if column.has_dictionary_page} == {
        "few",
        "list.list.element",
        "struct.few",
    }
    assert {column.compression for column in columns.values()} == {"ZSTD"}


def written_columns(table):
    _, file = encoded(table.schema, table)
    assert file.read().equals(table)
    group = file.metadata.row_group(0)
    return {group.column(n).path_in_schema: group.column(n) for n in range(group.num_columns)}


def test_each_column_of_a_big_table_is_written_the_way_that_suits_its_values():
    rows = 200_000
    random = np.random.default_rng(7)
    table = pa.table(
        {
            "counted": pa.array(range(rows), pa.int64()),
            "random": random.integers(0, 2**40, rows),
            "stairs": [n // 50 * 7_919_000_000 + n // 700 for n in range(rows)],
            "far_apart": [(1, 2**50, 2**62)[n] for n in random.integers(0, 3, rows)],
            "decimal": random.random(rows),
            "flag": random.integers(0, 2, rows) > 0,
            "thousand": [f"word {n}" for n in random.integers(0, 1000, rows)],
            "unlike": [f"word {n}" for n in random.integers(0, 2**60, rows)],
            "sorted": [f"{n:08}" for n in range(rows)],
        }
    )
    columns = written_columns(table)
    assert {path for path, column in columns.items() if column.has_dictionary_page} == {"far_apart", "thousand"}
    assert {path for path, column in columns.items() if "DELTA_BINARY_PACKED" in column.encodings} == {
        "counted",
        "random",
        "stairs",
    }
    assert "BYTE_STREAM_SPLIT" in columns["decimal"].encodings
    assert {path for path, column in columns.items() if column.compression == "UNCOMPRESSED"} == {"random"}
    assert {path for path, column in columns.items() if not column.is_stats_set} == {"thousand", "unlike"}
    assert columns["sorted"].statistics.min == "00000000"


def test_columns_that_the_library_takes_for_one_are_written_the_plain_way():
    rows = 40_000
    table = pa.table({"a": [{"b": float(n)} for n in range(rows)], "a.b": [f"{n}" for n in range(rows)]})
    assert set(written_columns(table)) == {"a.b"}


def test_the_same_rows_are_always_written_alike():
    rows = noise(300_000)
    first, second = (encoded(rows.schema, rows)[0].data.getvalue() for _ in range(2))
    assert first == second


def test_an_aborted_table_leaves_nothing_and_its_key_can_be_used_again():
    stage = MemoryStage()
    encoder = an_encoder(stage)
    forgotten = []
    for rows in (numbers(3), numbers(400_000)):
        table = encoder.table("k", rows.schema, lambda: forgotten.append("k"))
        table.write(rows)
        table.abort()
    table = encoder.table("k", pa.schema([("t", pa.string())]), lambda: None)
    table.write(pa.table({"t": ["007"]}))
    table.close()
    (made,) = encoder.finish()
    assert forgotten == ["k", "k"]
    assert [upload.aborted for upload in stage.uploads] == [True, False]
    assert made.upload.parquet().read().to_pylist() == [{"t": "007"}]


@pytest.mark.parametrize("after", [0, 100_000])
def test_what_an_upload_raises_comes_out_and_everything_can_be_aborted(after):
    stage = MemoryStage(TargetUnavailable("down"), after)
    encoder = an_encoder(stage)
    small = encoder.table("small", numbers(1).schema, lambda: None)
    big = encoder.table("big", numbers(1).schema, lambda: None)
    rows = noise(200_000)
    with pytest.raises(TargetUnavailable, match="down"):
        for _ in range(20):
            big.write(rows)
            small.write(numbers(1))
    encoder.abort()
    assert stage.left == []
    assert not any(thread.name == "encoder" for thread in threading.enumerate())


def test_an_upload_that_finds_no_room_is_not_the_file_s_fault():
    encoder = an_encoder(MemoryStage(OSError(28, "No space left on device")))
    table = encoder.table("k", numbers(1).schema, lambda: None)
    table.write(numbers(1))
    with pytest.raises(StateUnusable, match="No space left"):
        table.close()
    encoder.abort()


def test_a_stop_is_seen_by_the_next_write():
    asked = threading.Event()
    encoder = an_encoder(MemoryStage(), asked.is_set)
    table = encoder.table("k", numbers(1).schema, lambda: None)
    table.write(numbers(1))
    asked.set()
    with pytest.raises(Stopped):
        table.write(numbers(1))
    encoder.abort()


def test_many_open_tables_together_stay_bounded(monkeypatch):
    monkeypatch.setattr(encode, "WAITING_BYTES", 2_000_000)
    stage = MemoryStage()
    encoder = an_encoder(stage)
    rows = numbers(5000)
    tables = [encoder.table(f"k{n}", rows.schema, lambda: None) for n in range(20)]
    for turn in range(4):
        for table in tables:
            table.write(numbers(5000, turn * 5000))
            assert sum(each.waiting_bytes for each in tables) <= 2_000_000
    for table in tables:
        table.close()
    made = encoder.finish()
    assert [each.key for each in made] == [f"k{n}" for n in range(20)]
    assert all(each.upload.parquet().read()["n"].to_pylist() == list(range(20_000)) for each in made)


def test_rows_in_turns_are_put_aside_until_they_are_worth_a_row_group(monkeypatch):
    monkeypatch.setattr(encode, "WAITING_BYTES", 2_000_000)
    stage = MemoryStage()
    encoder = an_encoder(stage)
    tables = [encoder.table(f"k{n}", numbers(1).schema, lambda: None) for n in range(10)]
    for turn in range(30):
        for table in tables:
            table.write(numbers(5000, turn * 5000))
    for table in tables:
        table.close()
    files = [made.upload.parquet() for made in encoder.finish()]
    assert all(file.read()["n"].to_pylist() == list(range(150_000)) for file in files)
    assert [file.metadata.num_row_groups for file in files] == [2] * 10
    assert {file.metadata.row_group(0).num_rows for file in files} == {GROUP_ROWS // 5000 * 5000 + 5000}


def test_a_table_of_many_columns_has_bigger_row_groups():
    columns, turns = 800, 30
    rows = pa.table({f"c{n}": pa.array(range(200), pa.int64()) for n in range(columns)})
    _, file = encoded(rows.schema, *[rows] * turns)
    assert file.metadata.num_row_groups == 2
    assert 200 * 8 * columns * turns > encode.GROUP_BYTES * 2
    assert file.read().equals(pa.concat_tables([rows] * turns).combine_chunks())


def test_an_aborted_table_gives_back_its_room_aside(monkeypatch):
    monkeypatch.setattr(encode, "WAITING_BYTES", 200_000)
    stage = MemoryStage()
    encoder = an_encoder(stage)
    rows = numbers(20_000)
    places = []
    put = encoder.aside.put
    monkeypatch.setattr(encoder.aside, "put", lambda batch: places.append(put(batch)) or places[-1])
    for _ in range(3):
        table = encoder.table("k", rows.schema, lambda: None)
        table.write(rows)
        table.abort()
    assert [each.places for each in places] == [places[0].places] * 3
    assert encoder.finish() == ()


def test_the_footer_is_asked_for_only_at_the_end():
    order = []
    stage = MemoryStage()
    encoder = an_encoder(stage, footer=lambda key: order.append(key) or FOOTER)
    table = encoder.table("k", numbers(1).schema, lambda: None)
    table.write(numbers(GROUP_ROWS * 2))
    order.append("written")
    table.close()
    encoder.finish()
    assert order == ["written", "k"]


def test_a_table_that_is_left_open_is_a_defect():
    encoder = an_encoder(MemoryStage())
    encoder.table("k", numbers(1).schema, lambda: None)
    with pytest.raises(RuntimeError, match="neither closed nor aborted"):
        encoder.finish()
