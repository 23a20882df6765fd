"""What becomes of JSON, by value: layouts, types, places of faults."""

import io
import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.errors import ReasonCode, Refusal
from migrator.formats import json as json_format
from migrator.formats import json_items, json_window
from migrator.formats.json_shape import JSON_TEXT


class Memory:
    name = "x.json"
    path: Path | None = None

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.opened = 0

    def open(self) -> io.BytesIO:
        self.opened += 1
        return io.BytesIO(self.data)


class Recorder:
    """A sink that keeps its table, and holds each call against the interface."""

    def __init__(self) -> None:
        self.tables: list[Recorded] = []

    def table(self, schema: pa.Schema, segment: str | None = None) -> "Recorded":
        assert segment is None
        assert all(table.state == "aborted" for table in self.tables)
        self.tables.append(Recorded(schema))
        return self.tables[-1]

    def member(self, path: str) -> "Recorder":
        raise AssertionError(path)


class Recorded:
    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        self.parts: list[pa.Table] = []
        self.state = "begun"

    def write(self, rows: pa.RecordBatch | pa.Table) -> None:
        assert self.state == "begun"
        assert rows.schema.equals(self.schema)
        self.parts.append(pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows)

    def close(self) -> None:
        assert self.state == "begun"
        self.state = "closed"

    def abort(self) -> None:
        assert self.state == "begun"
        self.state = "aborted"


def convert(text: str | bytes) -> pa.Table:
    sink = Recorder()
    json_format.read(Memory(text.encode() if isinstance(text, str) else text), sink)
    assert sink.tables[-1].state == "closed"
    table = sink.tables[-1]
    return pa.concat_tables([table.schema.empty_table(), *table.parts])


def refused(text: str | bytes) -> str:
    sink = Recorder()
    with pytest.raises(Refusal) as caught:
        json_format.read(Memory(text.encode() if isinstance(text, str) else text), sink)
    assert caught.value.code is ReasonCode.MALFORMED_JSON
    assert all(table.state == "aborted" for table in sink.tables)
    return caught.value.message


def rows(text: str | bytes) -> list[dict[str, Any]]:
    return convert(text).to_pylist()


def types(text: str | bytes) -> dict[str, pa.DataType]:
    schema = convert(text).schema
    return dict(zip(schema.names, schema.types, strict=True))


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_window, "BLOCK", 64)
    monkeypatch.setattr(json_items, "BLOCK", 64)


# Layouts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"a":1},{"a":2}]', [{"a": 1}, {"a": 2}]),
        ('{"a":1}\n{"a":2}\n', [{"a": 1}, {"a": 2}]),
        ('{"a":1}\r\n\r\n{"a":2}', [{"a": 1}, {"a": 2}]),
        ('\n\n  {"a":1}  \n\t\n{"a":2}\n\n', [{"a": 1}, {"a": 2}]),
        ('{\n  "a": 1,\n  "b": [\n    2\n  ]\n}\n', [{"a": 1, "b": [2]}]),
        ('{"a":1}', [{"a": 1}]),
        ("[1,2]", [{"value": 1}, {"value": 2}]),
        ("[1,2]\n\n \n", [{"value": 1}, {"value": 2}]),
        ("[1,2]\n[3,4]", [{"value": [1, 2]}, {"value": [3, 4]}]),
        ("\n [1,2]\r\n\r\n[3,4]\r\n", [{"value": [1, 2]}, {"value": [3, 4]}]),
        ("[1]\n2", [{"value": "[1]"}, {"value": "2"}]),
        ("[]\n[]", [{"value": []}, {"value": []}]),
        ("[[1,2]]", [{"value": [1, 2]}]),
        ("[\n1,\n2\n]", [{"value": 1}, {"value": 2}]),
        ("[]", []),
        (" [ ] ", []),
        ("1\n2\n", [{"value": 1}, {"value": 2}]),
        ("5", [{"value": 5}]),
        ("null", [{"value": None}]),
        ('"x"', [{"value": "x"}]),
        ("[null]", [{"value": None}]),
        ("{}", [{"value": "{}"}]),
        ("[{}]", [{"value": "{}"}]),
        ('[{},{"a":1}]', [{"a": None}, {"a": 1}]),
        ('{"a":1}\n5', [{"value": '{"a":1}'}, {"value": "5"}]),
        ('[{"a":1},{"a":2},[]]', [{"value": '{"a":1}'}, {"value": '{"a":2}'}, {"value": "[]"}]),
        ('[{"a":1},null]', [{"value": {"a": 1}}, {"value": None}]),
        ('[null,{"a":1}]', [{"value": None}, {"value": {"a": 1}}]),
        ('{"value":1}', [{"value": 1}]),
    ],
)
def test_a_file_is_an_array_lines_or_one_value(text: str, expected: list[dict[str, Any]], small_blocks: None):
    assert rows(text) == expected


def test_columns_stand_in_order_of_first_sight():
    table = convert('[{"b":1,"a":2},{"c":3,"a":4},{"":5}]')
    assert table.schema.names == ["b", "a", "c", ""]
    assert table.to_pylist()[1] == {"b": None, "a": 4, "c": 3, "": None}


@pytest.mark.parametrize("key", ["", "a\0b", "\U0001f600", "a.b", "A", "é", "e\u0301", '"', "\\", "a\nb"])
def test_every_key_is_a_column_and_comes_back_from_parquet(key: str):
    table = convert(json.dumps([{key: 1, "x": {key: "y"}}]))
    file = io.BytesIO()
    pq.write_table(table, file)
    assert pq.read_table(file).to_pylist() == [{key: 1, "x": {key: "y"}}]


# Types


@pytest.mark.parametrize(
    ("values", "kind", "cells"),
    [
        ("1,2", pa.int64(), [1, 2]),
        ("1,null", pa.int64(), [1, None]),
        ("9223372036854775807,-9223372036854775808", pa.int64(), [2**63 - 1, -(2**63)]),
        ("9223372036854775808", JSON_TEXT, ["9223372036854775808"]),
        ("1,123456789012345678901", JSON_TEXT, ["1", "123456789012345678901"]),
        ("1,2.5", pa.float64(), [1.0, 2.5]),
        ("10000000000000000,2.5", pa.float64(), [1e16, 2.5]),
        ("9007199254740993,2.5", JSON_TEXT, ["9007199254740993", "2.5"]),
        ("9007199254740993", pa.int64(), [9007199254740993]),
        ("1.0,2.0", pa.float64(), [1.0, 2.0]),
        ("0.1,1e2,1E+2,1.10", pa.float64(), [0.1, 100.0, 100.0, 1.1]),
        ("1.00000000000000000001", JSON_TEXT, ["1.00000000000000000001"]),
        ("0.1,1.00000000000000000001", JSON_TEXT, ["0.1", "1.00000000000000000001"]),
        ("1e400", JSON_TEXT, ["1e400"]),
        ("-1E400,1", JSON_TEXT, ["-1E400", "1"]),
        ("1e-400", JSON_TEXT, ["1e-400"]),
        ("0.4e0066999999999999999999", JSON_TEXT, ["0.4e0066999999999999999999"]),
        ("1e-99999999999999999999", JSON_TEXT, ["1e-99999999999999999999"]),
        ("1" * 5000, JSON_TEXT, ["1" * 5000]),
        ("5e-324", pa.float64(), [5e-324]),
        ("0e-400", pa.float64(), [0.0]),
        ("1.7976931348623157e308", pa.float64(), [1.7976931348623157e308]),
        ("true,false,null", pa.bool_(), [True, False, None]),
        ("true,1", JSON_TEXT, ["true", "1"]),
        ('1,"1"', JSON_TEXT, ["1", '"1"']),
        ('"1",null,1', JSON_TEXT, ['"1"', None, "1"]),
        ('"2024-01-01","2024-01-02T00:00:00Z",""', pa.string(), ["2024-01-01", "2024-01-02T00:00:00Z", ""]),
        ('"\\ud83d\\ude00","\\u0000"', pa.string(), ["\U0001f600", "\0"]),
        ("null,null", pa.string(), [None, None]),
        ("[1,2],[],null,[null]", pa.list_(pa.int64()), [[1, 2], [], None, [None]]),
        ("[1],[2.5]", pa.list_(pa.float64()), [[1.0], [2.5]]),
        ('[1],["a"]', JSON_TEXT, ["[1]", '["a"]']),
        ("[[]],[[[true]]]", pa.list_(pa.list_(pa.list_(pa.bool_()))), [[[]], [[[True]]]]),
        ("[],[]", pa.list_(pa.string()), [[], []]),
        (
            '{"x":1},{"y":"z"}',
            pa.struct([("x", pa.int64()), ("y", pa.string())]),
            [{"x": 1, "y": None}, {"x": None, "y": "z"}],
        ),
        ('{"x":1},{},null', pa.struct([("x", pa.int64())]), [{"x": 1}, {"x": None}, None]),
        ('{"x":1},{"x":"1"}', JSON_TEXT, ['{"x":1}', '{"x":"1"}']),
        ('{"x":1},[]', JSON_TEXT, ['{"x":1}', "[]"]),
        ('{"x":1.50, "y" : [ ]},5', JSON_TEXT, ['{"x":1.5,"y":[]}', "5"]),
        ("{},{}", JSON_TEXT, ["{}", "{}"]),
        ('{"x":{}}', JSON_TEXT, ['{"x":{}}']),
        ("[{}]", JSON_TEXT, ["[{}]"]),
        ('{"x":1e400}', JSON_TEXT, ['{"x":1e400}']),
        ('{"x":[10000000000000000,0.5]}', pa.struct([("x", pa.list_(pa.float64()))]), [{"x": [1e16, 0.5]}]),
        ('{"é\\n":"\\u0001\\"ü\\\\"},1', JSON_TEXT, ['{"é\\n":"\\u0001\\"ü\\\\"}', "1"]),
    ],
)
def test_a_column_has_the_type_that_gives_every_value_back(values: str, kind: pa.DataType, cells: list[Any]):
    table = convert("".join(f'{{"a":{json_item}}}\n' for json_item in split(values)))
    assert table.schema.field("a").type == kind
    assert table.column("a").to_pylist() == cells


def split(values: str) -> list[str]:
    """The elements as they are written."""
    decoder = json.JSONDecoder()
    if values == "1" * 5000:
        return [values]
    parts = []
    position = 0
    while position < len(values):
        _, end = decoder.raw_decode(values, position)
        parts.append(values[position:end])
        position = end + 1
    return parts


def test_negative_zero_keeps_its_sign():
    for text in ('[{"a":-0}]', '[{"a":-0.0}]', '[{"a":1},{"a":-0}]'):
        value = rows(text)[-1]["a"]
        assert value == 0
        assert math.copysign(1, value) == -1


def test_json_text_is_marked_as_such_in_parquet():
    file = io.BytesIO()
    pq.write_table(convert('[{"a":1},{"a":"x"}]'), file)
    assert str(pq.ParquetFile(file).schema.column(0).logical_type) == "JSON"


# Depth and width


@pytest.mark.parametrize("depth", [40, 500, 1000, 5000, 10_000])
def test_depth_costs_no_recursion(depth: int):
    text = "[" * depth + "]" * depth
    assert rows(f'{{"a":{text}}}') == [{"a": text}]
    text = '{"k":' * depth + "1" + "}" * depth
    assert rows(f'{{"a":{text}}}\n{{"a":0}}')[0] == {"a": text}
    assert "column" in refused("[" * depth)
    assert "column" in refused('{"a":' * depth)


def test_deep_files_are_one_value_or_an_array():
    assert convert("[" * 1000 + "]" * 1000).num_rows == 1
    assert convert('{"k":' * 1000 + "1" + "}" * 1000).schema.names == ["k"]


def test_ten_thousand_keys_are_ten_thousand_columns():
    wide = {f"k{number}": number for number in range(10_000)}
    table = convert(json.dumps([wide, {"k1": 1}]))
    assert table.num_columns == 10_000
    assert table.column("k9999").to_pylist() == [9999, None]
    table = convert("".join(f'{{"k{number}":{number}}}\n' for number in range(1500)))
    assert (table.num_rows, table.num_columns) == (1500, 1500)
    assert table.column("k1499")[1499].as_py() == 1499


def test_an_object_used_as_a_map_is_json_text():
    assert types(json.dumps([{"a": {f"k{number}": 1 for number in range(1001)}}]))["a"] == JSON_TEXT


# Refusals


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"a":1}\n{"a":2,"a":3}\n', "line 2, column 8"),
        ('{"a":1,"\\u0061":3}', "line 1, column 8"),
        ('[{"x":[{"b":{"c":1,"c":null}}]}]', "line 1, column 20"),
        ('["\\ud800"]', "line 1, column 2"),
        ('["\\udc00"]', "line 1, column 2"),
        ('["ü","\\ud83d\\ud83d\\ude00"]', "line 1, column 6"),
        ("[NaN]", "line 1, column 2"),
        ("[1,\n -Infinity]", "line 2, column 2"),
        ("[Infinity]", "line 1, column 2"),
        ("nan", "line 1, column 1"),
        ("[1,2]x", "line 1, column 6"),
        ("[1,2]\nx", "line 2, column 1"),
        ("[1,\n2]\n[3]", "line 3, column 1"),
        ("[1] [2]", "line 1, column 5"),
        ('{"a":1} {"a":2}', "line 1, column 9"),
        ('{"a":1}{"a":2}\n', "line 1, column 8"),
        ('{"a":1}\r{"a":2}', "line 1, column 9"),
        ('{"a":1},\n{"a":2}', "line 1, column 8"),
        ('{\n"a":1}\n{\n"a":2}', "line 3, column 1"),
        ('{"a":1}\n{"a":\n2}', "line 2, column 6"),
        ("[1,]", "line 1, column 4"),
        ("[1,,2]", "line 1, column 4"),
        ("[,1]", "line 1, column 2"),
        ('{"a":1,}', "line 1, column 8"),
        ("[1", "line 1, column 3"),
        ("[1,", "line 1, column 4"),
        ("[", "line 1, column 2"),
        ('[{"a":1}\n,{"a":', "line 2, column 7"),
        ('["abc', "line 1, column 2"),
        ('{"a":1}\n{"a', "line 2, column 2"),
        ("[01]", "line 1, column 3"),
        ("[+1]", "line 1, column 2"),
        ("[.5]", "line 1, column 2"),
        ("[1.]", "line 1, column 3"),
        ("[1e]", "line 1, column 3"),
        ("[-]", "line 1, column 2"),
        ("[0x1]", "line 1, column 3"),
        ("[1_000]", "line 1, column 3"),
        ("['a']", "line 1, column 2"),
        ("{a:1}", "line 1, column 2"),
        ("{1:1}", "line 1, column 2"),
        ('{"a" 1}', "line 1, column 6"),
        ('{"a":1 "b":2}', "line 1, column 8"),
        ("[1 2]", "line 1, column 4"),
        ("[1}", "line 1, column 3"),
        ("]", "line 1, column 1"),
        ("[tru]", "line 1, column 2"),
        ("[True]", "line 1, column 2"),
        ("[1] // x", "line 1, column 5"),
        ("/* x */ [1]", "line 1, column 1"),
        ('["a\tb"]', "line 1, column 4"),
        ('["a\nb"]', "line 1, column 4"),
        ('["a\0b"]', "line 1, column 4"),
        ('["\\x41"]', "line 1, column"),
        ('["\\u00"]', "line 1, column"),
        ('["\\u00g0"]', "line 1, column"),
        ('["\\', "line 1, column"),
        ("[1]\0", "line 1, column 4"),
        ("\0", "line 1, column 1"),
        ("\x0b[1]", "line 1, column 1"),
        ("\u00a0[1]", "line 1, column 1"),
        ("[\u2028 1]", "line 1, column 2"),
        ("[\uff11]", "line 1, column 2"),
        ("[1,\ufeff2]", "line 1, column 4"),
        (" \n\t\r\n ", "line 3, column 2"),
    ],
)
@pytest.mark.parametrize("block", [1, 64, 1 << 20])
def test_what_rfc_8259_forbids_is_refused_with_its_place(
    text: str, place: str, block: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(json_window, "BLOCK", block)
    monkeypatch.setattr(json_items, "BLOCK", block)
    assert place in refused(text)


@pytest.mark.parametrize(
    "text",
    [
        '["\\u0061\\u30af\\n\\/\\b\\f\\r\\t\\"\\\\"]',
        '["\u2028\u2029\x7f\uffff\U0010ffff"]',
        "[1e1,1E-1,0e+1,-0e0,0.0,-1.5e+10]",
        ' \r\n\t[ \n1 , "a" ]\r\n',
        '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}',
        '{"":0}',
        "-0",
        "true",
        '[[[[["x"]]]]]',
    ],
)
@pytest.mark.parametrize("block", [1, 64, 1 << 20])
def test_what_rfc_8259_allows_comes_back(text: str, block: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(json_window, "BLOCK", block)
    monkeypatch.setattr(json_items, "BLOCK", block)
    agrees_with_oracle(text)


# Against Python's json


def truth_of(text: str) -> list[Any] | None:
    """The items as Python's json reads them, made strict; None where they are malformed."""
    try:
        value = strict(text)
    except ValueError:
        lines = [line for line in text.split("\n") if line.strip(" \t\r\n")]
        try:
            return [strict(line) for line in lines] or None
        except ValueError:
            return None
    return value if isinstance(value, list) else [value]


def strict(text: str) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a key twice")
        return dict(pairs)

    def refuse(name: str) -> Any:
        raise ValueError(name)

    value = json.loads(text, object_pairs_hook=unique, parse_constant=refuse, parse_float=Decimal, parse_int=Decimal)
    try:
        repr(value).encode()
        flat(value).encode()
    except UnicodeEncodeError as error:
        raise ValueError("half a surrogate pair") from error
    return value


def flat(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(key + flat(member) for key, member in value.items())
    if isinstance(value, list):
        return "".join(map(flat, value))
    return value if isinstance(value, str) else ""


def plain(value: Any) -> Any:
    """A value in which missing and null are one, and numbers compare by value but not with booleans."""
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items() if member is not None}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return (type(value).__name__, value)
    return ("number", Decimal(repr(value)) if isinstance(value, float) else Decimal(value))


def agrees_with_oracle(text: str) -> None:
    truth = truth_of(text)
    if truth is None:
        assert "line" in refused(text)
        return
    table = convert(text)
    by_member = all(isinstance(item, dict) for item in truth) and any(truth)
    if by_member:
        names = list(dict.fromkeys(key for item in truth for key in item))
        expected = [[item.get(name) for item in truth] for name in names]
    else:
        names, expected = ["value"], [truth]
    assert table.schema.names == names
    for values, field, column in zip(expected, table.schema, table.columns, strict=True):
        cells = column.to_pylist()
        if field.type == JSON_TEXT:
            assert not all(isinstance(value, str) for value in values if value is not None)
            cells = [None if cell is None else strict(cell) for cell in cells]
        assert plain(cells) == plain(values)


numbers = st.one_of(
    st.integers(-10, 10).map(str),
    st.integers(-(2**70), 2**70).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.from_regex(r"\A-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?\Z"),
)
texts = st.text(max_size=5).map(json.dumps) | st.sampled_from(
    ['"a"', '"\\u0061"', '"-0,"', '"\\ud83d\\ude00"', '"},{"']
)
spaces = st.sampled_from(["", "", "", " ", "\t"])


def arrays_of(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(st.lists(inner, max_size=3), spaces).map(lambda pair: "[" + ("," + pair[1]).join(pair[0]) + "]")


def objects_of(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    keys = st.sampled_from(["a", "b", "c"]).map(json.dumps) | texts
    members = st.lists(st.tuples(keys, inner), max_size=3, unique_by=lambda pair: str(json.loads(pair[0])))
    return st.tuples(members, spaces).map(
        lambda pair: "{" + ("," + pair[1]).join(f"{key}:{pair[1]}{value}" for key, value in pair[0]) + "}"
    )


scalars = numbers | texts | st.sampled_from(["true", "false", "null"])
values = st.recursive(scalars, lambda inner: arrays_of(inner) | objects_of(inner), max_leaves=8)
records = objects_of(values)
documents = st.one_of(
    values,
    st.lists(values, max_size=6).map("\n".join),
    st.lists(records, max_size=6).map("\r\n".join),
    st.lists(records, max_size=6).map(lambda items: "[" + ",".join(items) + "]"),
    st.lists(records, max_size=6).map(lambda items: "[\n  " + ",\n  ".join(items) + "\n]"),
)


@settings(max_examples=70, deadline=None)
@given(documents.filter(bool))
def test_any_document_comes_back_as_python_reads_it(text: str):
    agrees_with_oracle(text)


@settings(max_examples=70, deadline=None)
@given(documents, st.data())
def test_a_damaged_document_is_refused_where_python_refuses_it(text: str, data: st.DataObject):
    place = data.draw(st.integers(0, len(text)))
    damage = data.draw(st.sampled_from(["", ",", "}", "]", '"', "\\", "\n", "0", "-", "NaN", "\ufeff", ".", "{", " "]))
    cut = data.draw(st.integers(0, 2))
    damaged = text[:place] + damage + text[place + cut :]
    if damaged.lstrip("\ufeff"):
        agrees_with_oracle(damaged.lstrip("\ufeff"))
