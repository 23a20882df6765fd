"""The fast parser takes nothing that the exact one refuses, and gives the same rows; and what streaming rests on."""

import io
import json
import random
from unittest.mock import patch

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.formats import json as json_format
from migrator.formats import json_items, json_window
from migrator.formats.json_blocks import Block
from migrator.formats.json_build import MAX_CELLS, batches
from migrator.formats.json_fast import Pace, can_parse, parse_block, parse_objects
from migrator.formats.json_shape import JSON_TEXT, Items, Layout
from tests.migrator.formats.test_json import Memory, Recorder, agrees_with_oracle, convert, records, refused, strict

SCHEMA = pa.schema(
    [
        ("i", pa.int64()),
        ("f", pa.float64()),
        ("s", pa.string()),
        ("b", pa.bool_()),
        ("o", pa.struct([("x", pa.int64()), ("f", pa.float64())])),
        ("l", pa.list_(pa.float64())),
    ]
)


MANY = 1 << 30


def fast(block: str) -> pa.Table | None:
    """What `pyarrow.json` makes of the lines, and what both fast parsers do must be the same where both take them."""
    taken = Block(f"{block}\n".encode(), commas=False)
    rows = parse_block(taken, SCHEMA, MANY, Pace())
    objects = taken.objects()
    slow = parse_objects(*objects, SCHEMA) if objects else None
    assert rows == slow or slow is None
    return rows


@pytest.mark.parametrize(
    "line",
    [
        '{"i":1,"i":1}',
        '{"i":1,"\\u0069":null}',
        '{"o":{"x":1,"x":null}}',
        '{"o":null,"o":{}}',
        '{"f":NaN}',
        '{"f":-Infinity}',
        '{"o":{"f":Inf}}',
        '{"l":[1,NaN]}',
        '{"f":1e400}',
        '{"f":1e-400}',
        '{"l":[0.5,1e-0400]}',
        '{"f":1.00000000000000000001}',
        '{"l":[1,9007199254740993]}',
        '{"o":{"f":0.1000000000000000055511151231257827}}',
        '{"i":-0}',
        '{"o":{"x":-0}}',
        '{"i":9223372036854775808}',
        '{"i":1.0}',
        '{"i":1e2}',
        '{"i":"1"}',
        '{"i":true}',
        '{"i":01}',
        '{"s":1}',
        '{"s":"\\ud800"}',
        '{"s":"\\udc00\\ud800"}',
        '{"s":"\t"}',
        '{"s":"a\0b"}',
        '{"new":null}',
        '{"o":{"new":1}}',
        '{"o":[]}',
        '{"l":{}}',
        '{"i":1}{"i":2}',
        '{"i":1} {"i":2}',
        '{"i":1} null',
        '{"i":1},',
        '{"i":1,}',
        '{"i":1}//',
        "null",
        "[]",
        '{"i":1',
        '"i":1}',
        '\ufeff{"i":1}',
        '{"i":1}\0',
        '{"i":\x0c1}',
    ],
)
def test_a_line_that_is_wrong_or_would_lose_a_value_is_not_taken(line: str):
    assert fast(f'{{"i":5}}\n{line}\n{{"i":6}}') is None
    assert fast(f'{line}\n{{"i":6}}') is None
    assert fast(f'{{"i":5}}\n{line}') is None
    assert fast(line) is None


@pytest.mark.parametrize(
    "line",
    [
        '{"i":0,"s":"2024-01-01","f":-0.0,"b":true,"o":{"x":-1},"l":[1,2.5,null]}',
        '{"s":"\\ud83d\\ude00\\u0000 4111-1111-1111-1111 12345678901234567890"}',
        '{"f":0.8444218515250481,"l":[-0,1e5,123456789012345,10000000000000000]}',
        '{"i":9223372036854775807,"f":0.8444218515250481}',
        "{}",
        '{"i":null,"o":null,"l":null}',
    ],
)
def test_a_line_that_comes_back_is_taken(line: str):
    rows = fast(f"{line}\n{line}")
    assert rows is not None
    expected = pa.Table.from_batches(batches([json.loads(line)] * 2, Layout(SCHEMA, by_member=True)))
    assert rows.equals(expected)


flat_records = st.fixed_dictionaries(
    {},
    optional={
        "i": st.integers(-(2**64), 2**64) | st.integers(0, 3),
        "f": st.floats(allow_nan=False, allow_infinity=False) | st.just(0.5),
        "s": st.text(max_size=4),
        "o": st.fixed_dictionaries({}, optional={"x": st.integers(0, 9), "y": st.text(max_size=2) | st.none()}),
        "l": st.lists(st.integers(0, 9) | st.none(), max_size=3),
    },
).map(lambda record: json.dumps(record, ensure_ascii=False))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(flat_records | flat_records | flat_records | records, min_size=1, max_size=30),
    st.sampled_from([("", "\n", ""), ("[", ",", "]"), ("[\n ", ",\n ", "\n]"), ("[ ", " , ", " ]")]),
    st.sampled_from([1, 16, 64, 256]),
)
def test_files_of_many_blocks_come_back_as_python_reads_them(items: list[str], frame: tuple[str, str, str], block: int):
    with patch.multiple(json_window, BLOCK=block), patch.multiple(json_items, BLOCK=block):
        agrees_with_oracle(frame[0] + frame[1].join(items) + frame[2])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(flat_records, min_size=5, max_size=20),
    st.sampled_from([("", "\n", ""), ("[", ",", "]"), ("[\n ", ",\n ", "\n]")]),
    st.data(),
)
def test_damage_in_a_later_block_is_refused_where_python_refuses_it(
    items: list[str], frame: tuple[str, str, str], data: st.DataObject
):
    text = frame[0] + frame[1].join(items) + frame[2]
    place = data.draw(st.integers(0, len(text)))
    damage = data.draw(st.sampled_from(["", ",", "}", "]", '"', "\n", "-", "NaN", "},{", "}{", "null"]))
    damaged = text[:place] + damage + text[place + data.draw(st.integers(0, 2)) :]
    with patch.multiple(json_window, BLOCK=64), patch.multiple(json_items, BLOCK=64):
        agrees_with_oracle(damaged)


def numbers(count: int, last: str, frame: tuple[str, str, str]) -> bytes:
    records = [f'{{"id":{number},"name":"n{number:060}","x":{number / 7!r},"n":null}}' for number in range(count)]
    return (frame[0] + frame[1].join([*records, last]) + frame[2]).encode()


FRAMES = [("", "\n", "\n"), ("[", ",", "]"), ("[\n  ", ",\n  ", "\n]\n")]


@pytest.mark.parametrize("frame", FRAMES)
def test_a_surprise_in_the_last_record_restarts_once(frame: tuple[str, str, str]):
    source = Memory(numbers(30_000, '{"id":"7","name":"z","late":[1],"n":1.5}', frame))
    assert len(source.data) > 3 * json_window.BLOCK
    sink = Recorder()
    json_format.read(source, sink)
    assert source.opened == 2
    assert [table.state for table in sink.tables] == ["aborted", "closed"]
    table = pa.Table.from_batches([batch for part in sink.tables[-1].parts for batch in part.to_batches()])
    assert table.schema.names == ["id", "name", "x", "n", "late"]
    assert table.schema.types == [JSON_TEXT, pa.string(), pa.float64(), pa.float64(), pa.list_(pa.int64())]
    assert table.num_rows == 30_001
    assert table.slice(30_000).to_pylist() == [{"id": '"7"', "name": "z", "x": None, "n": 1.5, "late": [1]}]
    assert table.column("x").to_pylist()[:-1] == [number / 7 for number in range(30_000)]


@pytest.mark.parametrize("frame", FRAMES)
def test_a_fault_far_into_the_file_is_told_with_its_line(frame: tuple[str, str, str]):
    message = refused(numbers(30_000, '{"id":1,"id":2}', frame))
    assert "'id' stands twice" in message
    assert ("line 30001, column 9" in message) or ("line 30002, column 11" in message) or ("line 1, " in message)


@pytest.mark.parametrize("frame", FRAMES)
def test_plain_records_are_parsed_fast(frame: tuple[str, str, str]):
    data = numbers(30_000, '{"id":1}', frame)
    with patch.object(json_format, "parse_block", wraps=parse_block) as parser:
        assert convert(data).num_rows == 30_001
    blocks = len(data) // (json_items.FAST * json_window.BLOCK)
    assert blocks - 1 <= parser.call_count <= blocks + 2


def test_an_integer_beyond_int64_after_one_beyond_float64_makes_json_text():
    with patch.multiple(json_items, BLOCK=8), patch.multiple(json_window, BLOCK=8):
        table = convert('{"a":9007199254740993}\n{"a":9223372036854775808}\n{"a":1}\n')
    assert table.column("a").to_pylist() == ["9007199254740993", "9223372036854775808", "1"]


def test_many_keys_in_a_file_and_few_in_a_record_make_small_batches():
    items = [f'{{"k{number % 1000}":{number},"x":"{"x" * 90}"}}' for number in range(15_000)]
    sink = Recorder()
    json_format.read(Memory("\n".join(items).encode()), sink)
    parts = sink.tables[-1].parts
    assert sum(part.num_rows for part in parts) == len(items)
    assert max(part.num_rows * part.num_columns for part in parts) <= MAX_CELLS


def test_strings_that_look_like_separators_stay_as_they_are():
    items = [{"a": '},{"', "b": ["},{", '"},{"'], "n": number} for number in range(16_000)]
    for text in (json.dumps(items), json.dumps(items, separators=(",", ":")), json.dumps(items, indent=1)):
        table = convert(text)
        assert table.num_rows == len(items)
        assert table.slice(15_999).to_pylist() == items[-1:]


def test_one_item_larger_than_many_blocks_is_read_in_linear_time():
    big = "x" * (5 << 20)
    for text in (f'{{"a":"{big}"}}\n{{"a":"y"}}', f'[{{"a":"{big}"}},{{"a":"y"}}]', f'{{\n"a":"{big}"}}'):
        assert convert(text).column("a")[0].as_py() == big


def test_the_schema_of_learnt_rows_goes_on_learning():
    items = Items()
    items.observe([{"a": None, "i": 1}])
    schema = items.layout().schema
    assert can_parse(schema)
    rows = parse_objects(b'{"a":"x","i":9007199254740993}', 1, schema)
    assert rows is not None
    items.learn(rows)
    assert items.layout().schema == schema
    items.observe([{"a": 1, "i": 0.5}])
    assert items.layout().schema.types == [JSON_TEXT, JSON_TEXT]


def test_the_same_text_gives_the_same_table_in_one_block_or_many():
    chance = random.Random(7)  # noqa: S311 - the same data each time, no secret
    items = [
        {"k": chance.choice([1, 2**53 + 1, -5]), "v": chance.choice([None, "a", "b"]), "w": [chance.random()]}
        for _ in range(500)
    ]
    text = "\n".join(map(json.dumps, items))
    whole = convert(text)
    for block in (32, 500, 4000):
        with patch.multiple(json_window, BLOCK=block), patch.multiple(json_items, BLOCK=block):
            assert convert(text).equals(whole)
    assert [strict(line)["k"] for line in text.split("\n")] == whole.column("k").to_pylist()


def test_elements_with_arrays_of_objects_inside_are_parsed_fast():
    items = [{"n": number, "in": [{"a": '"},{"'}, {"a": "\\"}, {"a": '\\"'}]} for number in range(16_000)]
    for text in (json.dumps(items), json.dumps(items, separators=(",", ":")), json.dumps(items, indent=1)):
        with patch.object(json_format, "parse_block", wraps=parse_block) as parser:
            table = convert(text)
        assert table.num_rows == len(items)
        assert table.slice(15_999).to_pylist() == items[-1:]
        assert parser.call_count <= len(text) // json_window.BLOCK + 6


@pytest.mark.parametrize("odd", ["{} {}", "{} null", "null", "", "5", '"x"', "[]", "{},"])
def test_what_is_not_one_object_between_two_commas_is_not_taken(odd: str):
    for text in (f'[{{"a":[{{}},{{}}]}},{odd},{{}},{{}},{{}}', f"[{{}},{{}},{odd},{{}},{{}}"):
        for nested in (False, True):
            elements = json_items.Elements(json_window.Window(io.BytesIO(text.encode())))
            elements._separator = b"},{"
            elements._nested = nested
            block = elements.block()
            assert block is None or parse_block(block, pa.schema([("a", JSON_LISTS)]), MANY, Pace()) is None


JSON_LISTS = pa.list_(pa.struct([("b", pa.int64())]))


def test_a_parser_that_refuses_again_and_again_is_asked_less_often():
    pace = Pace()
    asked = []
    for number in range(100):
        if pace.asks():
            asked.append(number)
            pace.note(taken=False)
    assert asked == [0, 2, 6, 14, 30, 62, 94]
    pace.note(taken=True)
    assert pace.asks()
