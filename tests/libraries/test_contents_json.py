"""Values of JSON pass typed, nested or as JSON text; each loss among them is refused."""

import datetime as dt
import json
from decimal import Decimal

import pyarrow as pa

from harness import contents
from harness.mock_json import Form, json_file, json_table
from harness.mock_made import good
from tests.libraries.paper_parquet import expected_of, parquet, told


def told_json(items, values, kind=None, column="v"):
    made = json_file(Form.ARRAY, *({column: item} for item in items))
    return told(made, {column: pa.array(values, kind)}, "a.json")


def test_strings_and_numbers_are_told_apart():
    assert told_json([1, "1"], ["1", '"1"']) is None
    assert told_json(["1", "2"], ["1", "2"]) is None
    assert "row 2, column 'v': expected '1' within quotes, as JSON text" in told_json([1, "1"], ["1", "1"])
    assert "row 1" in told_json([1, "1"], ['"1"', '"1"'])
    assert "expected text" in told_json(["1", "2"], [1, 2])
    assert "row 1" in told_json(["1", "2"], ['"1"', '"2"'])


def test_null_among_json_text_is_null():
    assert told_json([1, None, "a"], ["1", None, '"a"']) is None
    assert "row 2" in told_json([1, None, "a"], ["1", "null", '"a"'])
    assert "row 2" in told_json([1, "null"], ["1", None])


def test_numbers_may_be_integers_floats_decimals_or_text():
    items = [1, Decimal("1.50"), None]
    assert told_json(items, [1.0, 1.5, None]) is None
    assert told_json(items, [Decimal("1.0"), Decimal("1.5"), None]) is None
    assert told_json(items, ["1", "1.5", None]) is None
    assert told_json([1, 2, None], [1.0, 2.0, None]) is None
    assert told_json([1, True], ["1", "true"]) is None
    assert "row 2" in told_json([1, True], [1, 1])
    assert "row 2" in told_json(items, [1, 1, None])


def test_exact_numbers_are_exact():
    big, fine = 123456789012345678901, Decimal("0.12345678901234567890")
    assert told_json([big, fine, Decimal("1E+400")], [str(big), "0.1234567890123456789", "1e400"]) is None
    assert "row 1" in told_json([big, 1], [float(big), 1.0])
    assert "row 2" in told_json([1, fine], [1.0, float(fine)])
    assert "row 1" in told_json([big, 1], ["1.2345678901234568e20", "1"])


def test_dates_are_not_guessed():
    assert "expected text" in told_json(["2024-02-29"], [dt.date(2024, 2, 29)])


def test_nested_values_pass_as_structs_or_text_at_any_level():
    items = [{"a": 1, "b": ["x"], "c": {"d": 1}}, {"a": None, "b": [], "c": {"d": "1"}}, None]
    structs = [{"a": 1, "b": ["x"], "c": {"d": "1"}}, {"a": None, "b": [], "c": {"d": '"1"'}}, None]
    assert told_json(items, structs) is None
    upper = [{"a": 1, "b": ["x"], "c": '{"d":1}'}, {"a": None, "b": [], "c": '{ "d" : "1" }'}, None]
    assert told_json(items, upper) is None
    assert told_json(items, [item and json.dumps(item) for item in items]) is None
    wrong = [{**structs[0], "c": {"d": '"1"'}}, *structs[1:]]
    assert "row 1" in told_json(items, wrong)


def test_missing_and_null_are_the_same_but_an_empty_object_is_no_null():
    items = [{"a": 1}, {"b": None}, {}, None]
    assert told_json(items, [{"a": 1, "b": None}, {"a": None, "b": None}, {"a": None, "b": None}, None]) is None
    assert told_json(items, ['{"a":1}', "{}", '{"a":null}', None]) is None
    assert "row 4" in told_json(items, [{"a": 1}, {"a": None}, {"a": None}, {"a": None}])
    assert "row 3" in told_json(items, [{"a": 1}, {"a": None}, None, None])


def test_a_lost_field_or_item_is_refused():
    assert "row 2" in told_json([{"a": 1}, {"a": 1, "late": 2}], [{"a": 1}, {"a": 1}])
    assert "row 1" in told_json([[1, 2]], [[1]])
    assert "row 1" in told_json([[1, 2]], [[2, 1]])
    assert "row 1" in told_json([[1, None]], [[1]])
    assert "row 1" in told_json([[]], [None], pa.list_(pa.int64()))
    assert "row 1" in told_json([{"a": ""}], [{"a": None}], pa.struct([("a", pa.string())]))


def test_broken_json_text_is_refused():
    assert "row 1" in told_json([{"a": 1}, 2], ["{'a': 1}", "2"])
    assert "row 1" in told_json([{"a": 1}, 2], ['{"a": 2, "a": 1}', "2"])
    assert "row 2" in told_json([1, "x"], ["1", "x"])


def test_text_marked_as_json_passes():
    expected = expected_of(json_file(Form.ARRAY, {"v": 1}, {"v": "1"}), "a.json")
    marked = pa.ExtensionArray.from_storage(pa.json_(), pa.array(["1", '"1"']))
    assert contents.difference(expected, pa.table({"v": marked})) is None
    assert contents.difference(expected, parquet(pa.table({"v": marked}))) is None


def test_an_empty_array_is_no_rows_of_whatever_columns():
    expected = expected_of(json_file(Form.ARRAY), "a.json")
    assert contents.difference(expected, parquet(pa.table({"value": pa.array([], pa.string())}))) is None
    assert contents.difference(expected, pa.table({})) is None
    assert "expected 0 rows, seen 1" in contents.difference(expected, pa.table({"value": ["x"]}))


def test_a_deep_value_is_compared():
    deep = 1
    for _ in range(490):
        deep = [deep]
    made = good(b"", json_table([{"v": deep}]))
    assert told(made, {"v": pa.array(["[" * 490 + "1" + "]" * 490])}) is None
    assert "row 1" in told(made, {"v": pa.array(["[" * 490 + "2" + "]" * 490])})
