"""Blocks split at once and fields read as words: either what the rules say, or nothing."""

import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.formats import csv_split
from migrator.formats.columns import BOOLEAN, DATE, FLOAT, INTEGER, TEXT
from migrator.formats.csv_blocks import Block
from migrator.formats.csv_split import Splitter
from migrator.formats.csv_words import Words
from migrator.formats.fields import SLACK
from tests.migrator.formats.test_columns import ORACLES, TREACHEROUS
from tests.migrator.formats.test_csv import Malformed, slow_rows, texts

NOISE = b'9,"\n-.0e1tr'


@pytest.fixture(autouse=True)
def any_number_of_rows(monkeypatch):
    monkeypatch.setattr(csv_split, "LEAST_ROWS", 0)


def block_of(text):
    data = text.encode()
    buffer = bytearray(data + (NOISE * SLACK)[:SLACK])
    return Block(buffer, len(data), data.count(b'"'), 0, whole=True, final=False)


def split_rows(text, width, types=None):
    split = Splitter(b",", width).split(block_of(text))
    if split is None:
        return None
    columns = split.columns(types or [TEXT] * width)
    for column in columns:
        column.validate(full=True)
    return [list(row) for row in zip(*[column.to_pylist() for column in columns], strict=True)]


@settings(max_examples=300, deadline=None)
@given(texts | st.text(st.sampled_from('ab",\n\r'), max_size=25), st.integers(1, 3), st.sampled_from(["\n", "\r\n"]))
def test_what_is_split_is_what_the_rules_say(text, width, line_end):
    text = text.replace("\n", line_end) + line_end
    found = split_rows(text, width)
    try:
        expected = slow_rows(text, width)
    except Malformed:
        assert found is None
    else:
        assert found is None or found == expected


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("1,2\n3,4\n", [["1", "2"], ["3", "4"]]),
        ('1,"x"\n3,""\n,"y"\n', [["1", "x"], ["3", ""], [None, "y"]]),
        ('"1",x\n3,\n', [["1", "x"], ["3", None]]),
        ("1,2\r\n3,\r\n,4\r\n", [["1", "2"], ["3", None], [None, "4"]]),
        ("ä,\0\n😀,\ufeff\n", [["ä", "\0"], ["😀", "\ufeff"]]),
        ("\ufeffa,b\n", [["\ufeffa", "b"]]),
        (",\n,\n", [[None, None]] * 2),
        ('1,"x,y"\n', None),
        ('1,"x\ny"\n', None),
        ('1,"x""y"\n', None),
        ('1,x"y\n', None),
        ('1,"x"y\n', None),
        ('1,""x""\n', None),
        ('1,"\n","2\n', None),
        ('"a","\n","b"\n', None),
        ("1,2\n\n3,4\n", None),
        ("1,2\n3,4", None),
        ("1,2,3\n4\n", None),
        ("1\n2,3,4\n", None),
        ("1,2\r3,4\n", None),
        ("1,2\r\n3,4\n", None),
        ("1,\r2\n3,4\r\n", None),
    ],
)
def test_what_is_plain_is_split_and_nothing_else(text, rows):
    assert split_rows(text, 2) == rows


def test_a_file_of_other_blocks_is_soon_asked_less_often():
    splitter = Splitter(b",", 2)
    others, plain = block_of('1,"x,y"\n'), block_of("1,2\n")
    asked = []
    original = splitter._split
    splitter._split = lambda block: asked.append(block) or original(block)
    for _ in range(1000):
        assert splitter.split(others) is None
    assert 10 < len(asked) < 25
    while splitter.split(plain) is None:
        pass
    assert all(splitter.split(plain) for _ in range(10))


def test_columns_of_quotes_may_change():
    splitter = Splitter(b",", 2)
    for text in ('"1",2\n', '1,"2"\n', '"1","2"\n', "1,2\n"):
        split = splitter.split(block_of(text))
        assert [column.to_pylist() for column in split.columns([TEXT, TEXT])] == [["1"], ["2"]]


def typed(values, kind):
    """The values of fields among noise; None where nothing is said."""
    buffer = bytearray(NOISE)
    starts = []
    for value in values:
        starts.append(len(buffer))
        buffer += value.encode() + NOISE
    lengths = np.array([len(value.encode()) for value in values], np.int64)
    found = Words(buffer + bytes(SLACK)).typed(np.array(starts, np.int64), lengths, kind)
    if found is None:
        return None
    found.validate(full=True)
    assert found.type == kind
    return found.to_pylist()


def assert_right_or_nothing(values, kind):
    found = typed(values, kind)
    if found is not None:
        expected = [ORACLES[kind](value) for value in values]
        assert found == expected
        assert list(map(str, found)) == list(map(str, expected))


PLAIN = {
    INTEGER: ["0", "7", "-7", "12345678", "-12345678", "123456789", "1234567890123456", "-1234567890123456"],
    FLOAT: ["0", "0.0", "1.50", ".5", "5.", "-.5", "-0.5", "1520.95", "0.472479", "52.520008", "-13.404954", "1234567.",
            "12345678.", "1.23456789012345", "0.00000000000001", ".123456789012345", "123456789012345",
            "12345678.1234567", "1234567.12345678"],
    BOOLEAN: ["true", "false"],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in PLAIN.items() for value in values])
def test_plain_values_are_read(kind, value):
    assert typed([value], kind) == [ORACLES[kind](value)]
    assert typed([*PLAIN[kind], value], kind) == [ORACLES[kind](each) for each in [*PLAIN[kind], value]]


@pytest.mark.parametrize("kind", PLAIN)
def test_no_value_is_read_that_does_not_come_back(kind):
    for value in filter(None, TREACHEROUS):
        assert_right_or_nothing([value], kind)
        for other in PLAIN[kind]:
            assert_right_or_nothing([other, value], kind)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(
        st.from_regex(r"\A-?[0-9]{0,17}\.?[0-9]{0,17}\Z").filter(len)
        | st.integers(-(10**17), 10**17).map(str)
        | st.decimals(allow_nan=False, allow_infinity=False).map(str)
        | st.text("0123456789.-+e/:x \uff11", min_size=1, max_size=18)
        | st.sampled_from(["true", "false", "True", "falsE", "tru", "truefals"]),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([INTEGER, FLOAT, BOOLEAN]),
)
def test_any_fields_are_read_right_or_not_at_all(values, kind):
    assert_right_or_nothing(values, kind)


def test_a_hundred_thousand_decimals_are_read_as_python_does():
    rng = random.Random(5)  # noqa: S311
    values = []
    for _ in range(100_000):
        digits = str(rng.randrange(10 ** rng.randrange(1, 15)))
        place = rng.randrange(len(digits) + 1)
        whole = digits[:place].lstrip("0") or rng.choice(["0", ""])
        values.append(f"{whole}.{digits[place:] or '0'}")
    assert typed(values, FLOAT) == [float(value) for value in values]
    numbers = [str(rng.randrange(-(10**15), 10 ** rng.randrange(1, 16))) for _ in range(100_000)]
    assert typed(numbers, INTEGER) == [int(number) for number in numbers]


def test_types_without_a_way_and_nulls_are_left_to_text():
    text = '1,,true,2024-02-29,""\n,,false,2024-02-28,2\n-3,,,,\n'
    split = Splitter(b",", 5).split(block_of(text))
    found = split.columns([INTEGER, FLOAT, BOOLEAN, DATE, INTEGER])
    assert [column.type for column in found] == [INTEGER, FLOAT, BOOLEAN, TEXT, TEXT]
    assert [column.to_pylist() for column in found] == [
        [1, None, -3],
        [None] * 3,
        [True, False, None],
        ["2024-02-29", "2024-02-28", None],
        ["", "2", None],
    ]
    assert isinstance(found[0], pa.Int64Array)
