"""Right objects pass, however they are typed; each realistic loss is refused, in a sentence that says where."""

# ruff: noqa: DTZ001 - timestamps without a zone are what is tested
import datetime as dt
import io
import unicodedata
from functools import cache

import pyarrow as pa
import pytest

from harness import contents
from harness.mock_made import Recipe
from harness.mock_sql import Insert, Literal, dump, number
from harness.mock_text import Quoted, csv, txt
from harness.truth import Binary
from tests.libraries.paper_parquet import as_text, expected_of, parquet, told

ORDERS = csv(
    ["id", "price", "paid", "day", "at", "zoned", "note"],
    ["1", "12.50", "true", "2024-02-29", "2024-02-29 23:59:59", "2024-03-31T02:30:00Z", None],
    ["-2", "0.1", "false", "1969-12-31", "1969-12-31T23:59:59.000001", "1969-12-31 23:59:59.5Z", ""],
    [None, "1e3", None, None, None, None, "ü 😀"],
)


def _orders_typed():
    micros = dt.timedelta(microseconds=1)
    return {
        "id": pa.array([1, -2, None], pa.int64()),
        "price": pa.array([12.5, 0.1, 1000.0]),
        "paid": pa.array([True, False, None]),
        "day": pa.array([dt.date(2024, 2, 29), dt.date(1969, 12, 31), None]),
        "at": pa.array(
            [dt.datetime(2024, 2, 29, 23, 59, 59), dt.datetime(1970, 1, 1) - 999999 * micros, None], pa.timestamp("us")
        ),
        "zoned": pa.array(
            [dt.datetime(2024, 3, 31, 2, 30), dt.datetime(1970, 1, 1) - 500_000 * micros, None],
            pa.timestamp("us", "UTC"),
        ),
        "note": pa.array([None, "", "ü 😀"]),
    }


def test_typed_columns_pass():
    assert told(ORDERS, _orders_typed()) is None


def test_text_columns_pass():
    expected = expected_of(ORDERS)
    assert contents.difference(expected, parquet(as_text(expected))) is None


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("id", pa.int32()),
        ("id", pa.decimal128(20, 0)),
        ("price", pa.decimal128(20, 4)),
        ("at", pa.timestamp("ns")),
        ("zoned", pa.timestamp("ns", "UTC")),
        ("zoned", pa.timestamp("ms", "Europe/Berlin")),
        ("note", pa.large_string()),
        ("note", pa.string_view()),
        ("note", pa.dictionary(pa.int32(), pa.string())),
        ("id", pa.dictionary(pa.int32(), pa.int64())),
    ],
)
def test_other_types_of_the_same_values_pass(column, kind):
    table = _orders_typed()
    array = table[column]
    table[column] = array.dictionary_encode() if pa.types.is_dictionary(kind) else array.cast(kind)
    assert told(ORDERS, table) is None


@pytest.mark.parametrize(
    ("column", "lost", "where"),
    [
        ("id", [1.0, -2.0, None], "no value has a point"),
        ("id", [1, 2, None], "row 2, column 'id': expected '-2', seen 2"),
        ("price", [12.5, 0.1, 1000.5], "row 3, column 'price'"),
        ("price", ["12.5", "0.1", "1e3"], "expected '12.50', seen '12.5'"),
        ("paid", [True, None, None], "row 2, column 'paid': expected 'false', seen null"),
        ("paid", ["True", "False", None], "row 1, column 'paid'"),
        ("day", [dt.date(2024, 2, 28), dt.date(1969, 12, 31), None], "row 1, column 'day'"),
        ("at", [dt.datetime(2024, 2, 29, 22, 59, 59), None, None], "row 1, column 'at'"),
        (
            "at",
            [dt.datetime(2024, 2, 29, 23, 59, 59), dt.datetime(1969, 12, 31, 23, 59, 59), None],
            "row 2, column 'at'",
        ),
        ("zoned", [dt.datetime(2024, 3, 31, 2, 30), None, None], "row 1, column 'zoned'"),
        ("note", ["", "", "ü 😀"], "row 1, column 'note': expected null, seen ''"),
        ("note", [None, None, "ü 😀"], "row 2, column 'note': expected '', seen null"),
        ("note", [None, "", "Ã¼ ð\x9f\x98\x80"], "row 3, column 'note'"),
        ("note", ["None", "", "ü 😀"], "row 1, column 'note': expected null, seen 'None'"),
    ],
)
def test_a_lost_value_is_refused(column, lost, where):
    assert where in told(ORDERS, _orders_typed() | {column: pa.array(lost)})


def test_a_shifted_zone_is_refused():
    table = _orders_typed()
    table["zoned"] = pa.array([moment and moment - dt.timedelta(hours=1) for moment in table["zoned"].to_pylist()])
    assert "row 1, column 'zoned'" in told(ORDERS, table)


def test_a_zone_that_nobody_wrote_is_refused():
    table = _orders_typed()
    table["at"] = table["at"].cast(pa.timestamp("us", "UTC"))
    assert "column 'at'" in told(ORDERS, table)


@pytest.mark.parametrize("written", ["007", "+49", "-0", "00", "+0.5", "01.5"])
def test_a_number_that_does_not_print_back_is_refused(written):
    seen = [float(written), 1.5] if "." in written else [int(written), 1]
    assert f"expected {written!r}" in told(
        csv(["n"], [written], ["1.5" if "." in written else "1"]), {"n": pa.array(seen)}
    )


def test_a_negative_zero_keeps_its_sign():
    made = csv(["n"], ["-0.0"], ["1.5"])
    assert told(made, {"n": pa.array([-0.0, 1.5])}) is None
    assert "row 1" in told(made, {"n": pa.array([0.0, 1.5])})


def test_a_rounded_decimal_is_refused():
    made = csv(["n"], ["0.12345678901234567890"], ["1.5"])
    assert "row 1, column 'n'" in told(made, {"n": pa.array([0.12345678901234567890, 1.5])})


def test_an_integer_beyond_float_is_refused_as_float():
    assert "column 'n'" in told(csv(["n"], ["9007199254740993"], ["0.5"]), {"n": pa.array([9007199254740993.0, 0.5])})


def test_a_long_exact_decimal_passes_as_float():
    assert told(csv(["n"], ["123456789.12345678"], ["5e-324"]), {"n": pa.array([123456789.12345678, 5e-324])}) is None


def test_columns_without_values_may_have_any_type():
    made = csv(["a", "b"], ["1", None], ["2", None])
    for empty in (
        pa.nulls(2),
        pa.nulls(2, pa.int64()),
        pa.nulls(2, pa.list_(pa.string())),
        pa.nulls(2, pa.timestamp("s")),
    ):
        assert told(made, {"a": pa.array([1, 2]), "b": empty}) is None
    assert "expected null, seen 0" in told(made, {"a": pa.array([1, 2]), "b": pa.array([0, None])})


@cache
def _many():
    return csv(["n"], *([str(number)] for number in range(70_000)))


def test_a_dropped_row_is_refused_with_both_counts():
    sentence = told(_many(), {"n": pa.array([n for n in range(70_000) if n != 67_456])})
    assert "expected 70000 rows, seen 69999" in sentence
    assert "row 67457, column 'n': expected '67456', seen 67457" in sentence


def test_a_dropped_last_row_is_refused():
    assert "expected 70000 rows, seen 69999" in told(_many(), {"n": pa.array(range(69_999))})


def test_a_row_too_many_is_refused():
    assert "expected 70000 rows, seen 70001" in told(_many(), {"n": pa.array(range(70_001))})


def test_swapped_rows_are_refused_and_the_rest_is_counted():
    values = list(range(70_000))
    values[68_000], values[7] = values[7], values[68_000]
    assert told(_many(), {"n": pa.array(values)}) == (
        "object 'a/b.csv.parquet': row 8, column 'n': expected '7', seen 68000 (int64); 1 more values differ"
    )


@pytest.mark.parametrize(
    ("names", "where"),
    [
        (["a", "B"], "column 2: expected the name 'b', seen 'B' (2 columns expected, 2 seen)"),
        (["b", "a"], "column 1: expected the name 'a', seen 'b'"),
        (["a"], "column 2: expected the name 'b', seen nothing"),
        (["a", "b", "__index_level_0__"], "column 3: expected the name nothing, seen '__index_level_0__'"),
    ],
)
def test_other_columns_are_refused(names, where):
    table = pa.table([pa.array(["1"])] * len(names), names)
    assert where in contents.difference(expected_of(csv(["a", "b"], ["1", "1"])), table).replace(
        ": nothing", ": nothing"
    )


def test_a_normalised_name_or_value_is_refused_and_told_apart():
    composed = unicodedata.normalize("NFC", "é")
    apart = unicodedata.normalize("NFD", composed)
    assert r"e\u0301" in told(csv([apart], ["1"]), {composed: pa.array(["1"])})
    assert r"e\u0301" in told(csv(["a"], [apart]), {"a": pa.array([composed])})


def test_what_is_no_parquet_is_refused(tmp_path):
    expected = expected_of(csv(["a"], ["1"]))
    assert "expected a readable parquet file" in contents.difference(expected, b"a\n1\n")
    assert "expected a readable parquet file" in contents.difference(expected, parquet(pa.table({"a": ["1"]}))[:-5])
    assert "expected a readable parquet file" in contents.difference(expected, tmp_path / "none.parquet")


def test_a_path_is_read(tmp_path):
    (tmp_path / "a.parquet").write_bytes(parquet(pa.table({"a": ["1"]})))
    assert contents.difference(expected_of(csv(["a"], ["1"])), tmp_path / "a.parquet") is None


def test_txt_lines_are_text_and_numbers_integers():
    made = txt("1\n2")
    numbers = pa.array([1, 2])
    assert told(made, {"line_number": numbers, "line": pa.array(["1", "2"])}) is None
    assert "column 'line': expected text" in told(made, {"line_number": numbers, "line": numbers})
    assert "row 1, column 'line_number'" in told(made, {"line_number": pa.array([0, 1]), "line": pa.array(["1", "2"])})


def _dump(*values):
    return dump(Insert("t", "t", ("v",), tuple((value,) for value in values)))


def test_true_and_false_of_a_dump_are_bools_or_text_in_either_case():
    made = _dump(True, None, False)
    assert told(made, {"v": pa.array([True, None, False])}) is None
    assert told(made, {"v": pa.array(["true", None, "FALSE"])}) is None
    assert "row 3" in told(made, {"v": pa.array([True, None, True])})
    assert "expected text" in told(made, {"v": pa.array([1, None, 0])}) or "row 1" in told(
        made, {"v": pa.array([1, None, 0])}
    )


def test_binary_is_compared_byte_by_byte():
    made = _dump(Literal("X'00FF'", Binary(b"\0\xff", "X'00FF'")), None, Literal("''", ""))
    assert told(made, {"v": pa.array([b"\0\xff", None, b""])}) is None
    assert told(made, {"v": pa.array([b"\0\xff", None, b""], pa.large_binary())}) is None
    assert told(made, {"v": pa.array(["X'00FF'", None, ""])}) is None
    assert "row 1" in told(made, {"v": pa.array([b"\0", None, b""])})
    assert "row 3" in told(made, {"v": pa.array([b"\0\xff", None, None])})
    assert "expected text" in told(_dump("a", number("1")), {"v": pa.array([b"a", b"1"])})


def test_quoted_numbers_are_typed_by_their_text():
    assert told(csv(["n"], [Quoted("1")], ["2"]), {"n": pa.array([1, 2])}) is None
    assert told(_dump("1", number("2")), {"v": pa.array([1, 2])}) is None


def _metadata():
    file = Recipe("ä b.csv", csv(["a"], ["1"])).write(io.BytesIO())
    said = {"source-path": "%C3%A4%20b.csv", "source-size": "4", "source-format": "csv"}
    return file, said, said | {"source-sha256": file.sha256}


def test_right_metadata_pass():
    file, user, footer = _metadata()
    assert contents.metadata_difference(file, file.objects[0], user, footer) is None
    user["source-path"] = "%c3%a4%20b.csv"
    assert contents.metadata_difference(file, file.objects[0], user, footer) is None


@pytest.mark.parametrize("name", ["source-path", "source-size", "source-format"])
@pytest.mark.parametrize("place", ["user metadata", "footer"])
def test_missing_and_wrong_metadata_are_refused(place, name):
    file, user, footer = _metadata()
    (user if place == "user metadata" else footer)[name] = "wrong"
    sentence = contents.metadata_difference(file, file.objects[0], user, footer)
    assert f"{place} {name}: expected" in sentence
    assert "seen 'wrong'" in sentence


def test_a_missing_digest_is_refused():
    file, user, _ = _metadata()
    assert "footer source-sha256: expected" in contents.metadata_difference(file, file.objects[0], user, user)


def test_a_path_too_long_for_metadata_stands_in_the_footer_alone():
    file = Recipe(f"{'深' * 210}.csv", csv(["a"], ["1"])).write(io.BytesIO())
    [each] = file.objects
    said = {"source-size": "4", "source-format": "csv"}
    footer = said | {"source-path": each.source_path, "source-sha256": file.sha256}
    assert len(each.source_path) > 1800
    assert contents.metadata_difference(file, each, said, footer) is None
    assert "expected nothing" in contents.metadata_difference(file, each, footer, footer)


def test_the_footer_is_read():
    table = pa.table({"a": ["1"]}).replace_schema_metadata({"source-path": "a%20b"})
    assert contents.footer_of(parquet(table))["source-path"] == "a%20b"
