"""A small csv read in one go, held against the pipeline for all others: the same table or the same refusal."""

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from migrator.errors import Refusal
from migrator.formats import column_few, csv, csv_small
from migrator.formats.column_kinds import typed
from migrator.formats.columns import ColumnTypes
from migrator.formats.csv_small import LARGEST
from tests.migrator.formats.fakes import MemorySink, MemorySource

# What the rules of csv and of types turn on, and what is near to it.
SIGNS = [
    ",",
    ";",
    "\t",
    "|",
    '"',
    '""',
    "\n",
    "\r",
    "\r\n",
    "\0",
    " ",
    "a",
    "1",
    "\ufeff",
    "ä",
    "\u2028",
    "\v",
    "'",
    "\\",
]
VALUES = [
    *("0", "1", "-5", "7", "007", "+1", "-0", "12345678901234", "1234567890123456789", "12345678901234567890"),
    *("1.5", "0.10", "-0.5", "-0.0", ".5", "5.", "1e5", "1E400", "0.1234567890123456789", "9007199254740993.5", "NaN"),
    *("true", "false", "TRUE", "2024-02-29", "2024-02-30", "0000-01-01", "2024-2-29", "9999-12-31"),
    *("2024-02-29 23:59:59", "2024-02-29T00:00:00", "2024-02-29 24:00:00", "2024-02-29 23:59:59.123456"),
    *("2024-02-29 23:59:59Z", "2024-02-29 23:59", "2024-02-29 23:59:59+01:00"),
    *("1_000", "\uff11", "a", "a b", "1\n2", "2024-02-29\n2024-02-29", "true\ntrue", "1.5\r2.5", "x" * 40),
]
LINE_ENDS = ["\n", "\r\n", "\r"]


class _Pipeline(Exception):
    """The pipeline was asked."""


def outcome(read, data, **told):
    sink = MemorySink()
    source = MemorySource(data, **told)
    try:
        read(source, sink)
    except Refusal as refusal:
        outcome = refusal.code, refusal.message
    else:
        (outcome,) = sink.tables
    assert all(stream.closed for stream in source.streams)
    return outcome


def assert_same(data):
    small = outcome(csv_small.read, data, size=len(data))
    whole = outcome(csv.read, data)
    assert type(small) is type(whole)
    assert small.equals(whole, check_metadata=True) if isinstance(whole, pa.Table) else small == whole


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([*SIGNS, *VALUES]), max_size=40).map("".join), st.sampled_from(["", "h\n", "h,k\n"]))
@example('a\n""\n', "h\n")
@example("\n\n1\n", "h\n")
@example('"a\n', "h\n")
@example('"a"b\n', "h\n")
@example("", "")
def test_any_text_gives_the_same(text, header):
    assert_same((header + text).encode())


@st.composite
def tables(draw):
    """The text of a table whose columns each hold a few kinds of value, quoted or not."""
    width = draw(st.integers(1, 4))
    kinds = [draw(st.lists(st.sampled_from(["", *VALUES]), min_size=1, max_size=3)) for _ in range(width)]
    delimiter, line_end = draw(st.sampled_from(",;\t|")), draw(st.sampled_from(LINE_ENDS))
    lines = [delimiter.join(f"c{number % 3}" for number in range(width))]
    for _ in range(draw(st.integers(0, 12))):
        cells = [draw(st.sampled_from(kind)) for kind in kinds]
        if draw(st.booleans()):
            cells = ['"' + cell.replace('"', '""') + '"' for cell in cells]
        lines.append(delimiter.join(cells))
    return line_end.join(lines) + draw(st.sampled_from(["", line_end]))


@settings(max_examples=150, deadline=None)
@given(tables(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_any_table_gives_the_same(text, encoding):
    assert_same(text.encode(encoding))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=30))
def test_any_bytes_give_the_same(data):
    assert_same(data)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([None, *VALUES]), max_size=6) | st.lists(st.none() | st.floats().map(repr), max_size=6))
@example(["1", "2.5"])
@example(["1", "1e5"])
@example(["2.5", "12345678901234567"])
def test_a_columns_type_is_the_one_that_arrows_casts_find(values):
    text = pa.array(values, pa.string())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(column_few, "FEW", 0)
        types = ColumnTypes(1)
        types.guess([text])
        (expected,) = types.cast([text])
    found = typed(values)
    found.validate(full=True)
    assert found.type == expected.type
    assert found.equals(expected)


@pytest.fixture
def without_pipeline(monkeypatch):
    def asked(source, sink):
        raise _Pipeline

    monkeypatch.setattr(csv, "read", asked)


@pytest.mark.usefixtures("without_pipeline")
@pytest.mark.parametrize(
    "data", ['a,b\n1,"x, y"\n,\n', "a;b\r\n1;2\r\n", "a\n\n1\n", 'a\n"1\n2"\n', "h", "ä,b\n1,2", 'a\n"x""y"\n""""']
)
def test_what_is_plain_and_small_needs_no_pipeline(data):
    assert isinstance(outcome(csv_small.read, data.encode(), size=len(data.encode())), pa.Table)


@pytest.mark.usefixtures("without_pipeline")
@pytest.mark.parametrize(
    ("data", "size"),
    [
        ("a\n1\n", None),
        ("a\n1\n", LARGEST + 1),
        ("a\n1\n" + "1\n" * 20, 10),
        ('a\n"1"2\n', 8),
        ('a\n1\n""\n', 7),
        ("a\n1,2\n", 6),
    ],
    ids=["of unknown size", "big", "longer than said", "malformed", "with a quoted empty field", "ragged"],
)
def test_the_pipeline_has_the_last_word(data, size):
    with pytest.raises(_Pipeline):
        outcome(csv_small.read, data.encode(), size=size)
