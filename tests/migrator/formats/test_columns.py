"""Typing of text columns, held against exact rules in plain Python."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from migrator.formats import column_few
from migrator.formats.columns import BOOLEAN, DATE, FLOAT, INTEGER, LOCAL_TIME, TEXT, UTC_TIME, ColumnTypes


@pytest.fixture(scope="module", autouse=True, params=[column_few.FEW, 0], ids=["as few values", "as many values"])
def way(request):
    """Every claim holds both ways."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(column_few, "FEW", request.param)
        yield


def exact_integer(text):
    if not re.fullmatch(r"-?(0|[1-9][0-9]*)", text) or text == "-0" or not -(2**63) <= int(text) < 2**63:
        raise ValueError(text)
    return int(text)


def exact_float(text):
    if not re.fullmatch(r"-?(0|[1-9][0-9]*|(?=\.[0-9]))(\.[0-9]*)?([eE][+-]?[0-9]+)?", text):
        raise ValueError(text)
    number = float(text)
    if (text.startswith("-") and number == 0) or Decimal(text) != Decimal(repr(number)):
        raise ValueError(text)
    return number


def exact_boolean(text):
    return {"true": True, "false": False}[text]


def exact_date(text):
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError(text)
    return date.fromisoformat(text)


def exact_time(text, suffix="", zone=None):
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?" + suffix, text):
        raise ValueError(text)
    plain = text.removesuffix("Z")
    head, _, fraction = plain.partition(".")
    microsecond = int(fraction.ljust(6, "0")) if fraction else 0
    return datetime.strptime(head.replace("T", " "), "%Y-%m-%d %H:%M:%S").replace(microsecond=microsecond, tzinfo=zone)


def exact_utc_time(text):
    return exact_time(text, "Z", UTC)


ORACLES = {
    INTEGER: exact_integer,
    FLOAT: exact_float,
    BOOLEAN: exact_boolean,
    DATE: exact_date,
    LOCAL_TIME: exact_time,
    UTC_TIME: exact_utc_time,
}


def expected(values):
    """The type and the values of a whole column, by exact rules."""
    present = [value for value in values if value is not None]
    for data_type, oracle in ORACLES.items():
        if data_type == FLOAT and not any(set(value) & set(".eE") for value in present):
            continue
        try:
            typed = [None if value is None else oracle(value) for value in values]
        except (ValueError, KeyError, ArithmeticError):
            continue
        if present:
            return data_type, typed
    return TEXT, list(values)


def guessed(values):
    types = ColumnTypes(1)
    column = pa.array(values, TEXT)
    types.guess([column])
    (typed,) = types.cast([column])
    return types.types[0], typed


def assert_as_expected(values):
    data_type, typed = guessed(values)
    expected_type, expected_values = expected(values)
    assert (data_type, typed.to_pylist()) == (expected_type, expected_values), values
    assert typed.type == expected_type


TREACHEROUS = [
    "0", "-0", "00", "007", "-7", "-07", "+4930123", "1_000", " 1", "1 ", "0x1", "0X1F", "", "-", "+", "\u0661",
    "1,5", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "-0.0",
    "0.0", "0.00", "-0.5", "-00.5", "00.5", "0e5", "-0e5", "1e5", "1E5", "1e+5", "+1.5", ".5", "5.", "-.5", ".",
    "1.e5", "-.", "e5", "1e", "0.", "1.50", "1.500000000000000000", "0.00000000000000000000",
    "100000000000000000000.5", "1e400", "-1e400", "1e-400", "5e-324", "4.94e-324", "1e-310",
    "1.2345678901234567e-310", "2.2250738585072014e-308", "1.7976931348623157e308", "1.7976931348623159e308", "0.1",
    "0.30000000000000004", "0.3000000000000000444", "123456789012345678.5", "9007199254740993.0",
    "9007199254740992.0", "12345678901234.5", "123456789012345.6", "1234567890123456.7", "9999999999999999.", "nan",
    "NaN", "inf", "-inf", "Infinity", "1e5x", "0x1p3", "1d", "1f", "100000000000000000000", "1e22", "1e23",
    "100000000000000000000000.0", "0e99999999999999999999", "1e-99999999999999999999", "true", "false", "True",
    "TRUE", "t", "1", "null", "NULL", "NA", "2024-02-29", "2023-02-29", "2024-02-30", "0001-01-01", "0000-01-01",
    "0000-12-31", "9999-12-31", "2024-2-1", "20240229", " 2024-02-29", "2024-02-29 ", "10000-01-01", "2024-00-01",
    "-024-01-01", "2024-02-29 23:59:59", "2024-02-29T23:59:59", "2024-02-29t23:59:59", "2024-02-29 23:59:60",
    "2024-02-29 24:00:00", "2024-02-29 24:00", "2024-02-29 23:59", "2024-02-29 23", "2024-02-29 23:59:59.",
    "2024-02-29 23:59:59.1", "2024-02-29 23:59:59.000000", "2024-02-29 23:59:59.123456",
    "2024-02-29 23:59:59.1234567", "2024-02-29 23:59:59.1234560", "0001-01-01 00:00:00", "0000-12-31 23:59:59",
    "9999-12-31 23:59:59.999999", "2024-02-29 23:59:59,5", "2024-02-29 23:59:59Z", "2024-02-29T23:59:59.5Z",
    "2024-02-29 23:59:59z", "2024-02-29 23:59:59.Z", "2024-02-29 23:59Z", "2024-02-29Z",
    "2024-02-29 23:59:59+00:00", "2024-02-29 23:59:59+00", "2024-02-29 23:59:59 Z", "2024-02-29 23:59+0100",
    "2024-02-29 23:59:59.1+01Z", "0000-12-31 23:59:59Z", "9999-12-31T23:59:59.999999Z",
]  # fmt: skip


@pytest.mark.parametrize("value", TREACHEROUS)
def test_a_value_is_typed_only_if_it_comes_back_unchanged(value):
    assert_as_expected([value])
    assert_as_expected([None, value, None])


@pytest.mark.parametrize(
    "first", ["1", "0.5", "1e5", "true", "2024-02-29", "2024-02-29 01:02:03", "2024-02-29 01:02:03Z", "x"]
)
def test_a_column_is_typed_only_if_every_value_fits(first):
    for value in TREACHEROUS:
        assert_as_expected([first, value, first])
        assert_as_expected([first, None, value])


numbers = st.one_of(
    st.integers(-(2**65), 2**65).map(str),
    st.floats().map(repr),
    st.floats(width=32).map(repr),
    st.from_regex(r"\A[-+]?[0-9]{0,19}\.?[0-9]{0,19}([eE][-+]?[0-9]{1,3})?\Z"),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
)
dates = st.one_of(st.dates().map(str), st.from_regex(r"\A[0-9]{4}-[0-3][0-9]-[0-3][0-9]\Z"))
times = st.one_of(
    st.datetimes().map(str),
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.from_regex(
        r"\A[0-2][0-9]{3}-[01][0-9]-[0-3][0-9][ T][0-2][0-9](:[0-6][0-9]){0,2}(\.[0-9]{0,7})?(Z|[+-][0-9:]{0,5})?\Z"
    ),
)


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        [st.lists(st.none() | kind, max_size=5) for kind in (numbers, dates, times, st.sampled_from(["true", "false"]))]
    )
)
@example(["12345678901234567890.5", "1.0"])
def test_any_column_is_typed_by_the_exact_rules(values):
    assert_as_expected(values)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.none() | numbers | dates | times, min_size=1, max_size=3), min_size=1, max_size=4))
def test_a_second_pass_always_keeps_every_value(blocks):
    columns = [pa.array(block, TEXT) for block in blocks]
    types = ColumnTypes(1)
    for _ in range(3):
        types.guess([columns[0]])
        typed = [types.cast([column]) for column in columns]
        if not types.broken:
            break
        assert typed[-1] is None
        types = types.again()
    assert not types.broken
    values = [value for (array,) in typed for value in array.to_pylist()]
    texts = [text for block in blocks for text in block]
    if types.types[0] != TEXT:
        assert values == [None if text is None else ORACLES[types.types[0]](text) for text in texts]
    else:
        assert values == texts


def run_blocks(types, *blocks):
    columns = [pa.array(block, TEXT) for block in blocks]
    types.guess([columns[0]])
    return [types.cast([column]) for column in columns]


def test_all_broken_columns_are_found_in_one_pass():
    types = ColumnTypes(3)
    rows = [[["1"], ["1"], ["1"]], [["x"], ["1"], ["1"]], [["1"], ["1"], ["y"]]]
    blocks = [[pa.array(values) for values in row] for row in rows]
    types.guess(blocks[0])
    assert types.cast(blocks[0]) is not None
    assert types.cast(blocks[1]) is None
    assert types.cast(blocks[2]) is None
    assert types.broken == {0, 2}
    assert types.again().broken == set()


def test_integers_that_turn_to_decimals_are_floats_in_the_second_pass():
    types = ColumnTypes(1)
    assert run_blocks(types, ["1"], ["2"], ["2.5"], ["3"])[2:] == [None, None]
    second = types.again()
    results = run_blocks(second, ["1"], ["2"], ["2.5"], ["3"])
    assert second.types == [FLOAT]
    assert [array.to_pylist() for (array,) in results] == [[1.0], [2.0], [2.5], [3.0]]


@pytest.mark.parametrize(
    "blocks",
    [
        (["9007199254740993"], ["2.5"]),
        (["1"], ["9007199254740993"], ["2.5"]),
        (["1"], ["x"], ["2.5"]),
        (["1"], ["2.5"], ["9007199254740993"]),
        (["1"], ["2.5"], ["007"]),
        (["1"], ["9223372036854775808"]),
        (["1"], ["100000000000000000000"]),
        (["1.5"], ["x"]),
        (["2024-02-29"], ["2024-02-29 01:02:03"]),
    ],
)
def test_what_no_type_holds_is_text_in_the_second_pass(blocks):
    types = ColumnTypes(1)
    run_blocks(types, *blocks)
    second = types.again()
    results = run_blocks(second, *blocks)
    assert second.types == [TEXT]
    assert [array.to_pylist() for (array,) in results] == list(blocks)


def test_columns_named_as_text_stay_text():
    types = ColumnTypes(2, text={1})
    types.guess([pa.array(["1"]), pa.array(["1"])])
    assert types.types == [INTEGER, TEXT]


def test_a_column_without_values_is_text_and_stays_it():
    types = ColumnTypes(1)
    results = run_blocks(types, [None], ["1"])
    assert types.types == [TEXT]
    assert results[1][0].to_pylist() == ["1"]


@pytest.mark.parametrize("kind", ["1", "0.5", "true", "2024-02-29", "2024-02-29 01:02:03", "2024-02-29 01:02:03Z"])
def test_rows_without_a_value_break_no_type(kind):
    types = ColumnTypes(1)
    results = run_blocks(types, [kind], [None] * 300, [kind])
    assert types.types != [TEXT]
    assert results[1][0].null_count == 300
    assert types.broken == set()


def test_no_rows_at_all_are_text():
    assert guessed([])[0] == TEXT


def test_slices_of_arrays_are_read_where_they_are():
    whole = pa.array(["x", "1", None, "2", "y"])
    types = ColumnTypes(1)
    types.guess([whole[1:4]])
    (typed,) = types.cast([whole[1:4]])
    assert typed.to_pylist() == [1, None, 2]


@pytest.mark.parametrize("text", ["1\n2", "1.5\n2.5", "true\nfalse", "2024-02-29\n2024-02-28", "24:00:00"])
def test_a_value_with_a_line_end_of_its_own_is_text(text):
    types = ColumnTypes(1)
    types.guess([pa.array([text])])
    assert types.types == [TEXT]
