"""csv, held against a slow reader that spells the rules out sign by sign, and against Python's own for plain tables."""

import csv as python_csv
import io
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from migrator.errors import ReasonCode, Refusal
from migrator.formats import csv, csv_parse, csv_scan, csv_split
from migrator.formats.csv_blocks import Block, BlockReader, is_plain, last_record_end, quotes_are_data
from migrator.formats.csv_header import column_names, detect_delimiter
from migrator.formats.csv_records import Fault, rows
from tests.migrator.formats.fakes import MemorySink, MemorySource


def read(data, step=1 << 30):
    sink = MemorySink()
    source = MemorySource(data if isinstance(data, bytes) else data.encode(), step=step)
    csv.read(source, sink)
    assert all(stream.closed for stream in source.streams)
    (table,) = sink.tables
    return table


def refusal_of(data, step=1 << 30):
    with pytest.raises(Refusal) as caught:
        read(data, step)
    return caught.value


def values_of(table):
    return [[column[row].as_py() for column in table.columns] for row in range(table.num_rows)]


class Malformed(Exception):
    pass


def slow_records(text, delimiter):
    """All records, a blank line as []; the rules sign by sign."""
    found, fields, field, state = [], [], "", "start"
    signs = [*text, None]
    for sign, before in zip(signs, [None, *signs], strict=False):
        ends = sign in ("\n", "\r", None)
        if state == "quoted" and sign is None:
            raise Malformed
        if state == "quoted" and sign == '"':
            state = "closed"
        elif state == "closed" and sign == '"':
            field += '"'
            state = "quoted"
        elif state == "start" and sign == '"':
            state = "quoted"
        elif state == "start" and not fields and sign == "\n" and before == "\r":
            continue
        elif state != "quoted" and (sign == delimiter or ends):
            fields.append(None if state == "start" else field)
            field, state = "", "start"
            if ends and fields != [None]:
                found.append(fields)
            elif ends and sign is not None:
                found.append([])
            fields = [] if ends else fields
        elif state == "closed":
            raise Malformed
        else:
            field += sign
            state = "unquoted" if state == "start" else state
    return found


def slow_rows(text, width):
    found = [record or [None] * width for record in slow_records(text, ",") if record or width == 1]
    if any(len(record) != width for record in found):
        raise Malformed
    return found


def slow_table(text, delimiter=","):
    records = slow_records(text, delimiter)
    while records and not records[0]:
        del records[0]
    if not records:
        raise Malformed
    header, *body = records
    body = [record or [None] for record in body] if len(header) == 1 else [record for record in body if record]
    if any(len(record) != len(header) for record in body):
        raise Malformed
    return body


def places(data):
    """Where quotes stand."""
    return np.flatnonzero(np.frombuffer(data, np.uint8) == ord('"'))


def whole_block(data):
    return Block(bytearray(data + b"the rest of it" * 2), len(data), data.count(b'"'), 0, whole=True, final=False)


def text_rows(data, width, quoting, delimiter=b","):
    """What the fast path makes of a block."""
    columns = csv_parse.BlockParser(delimiter, width).parse(whole_block(data), quoting=quoting)
    return [list(row) for row in zip(*[column.to_pylist() for column in columns], strict=True)]


snippets = st.sampled_from(
    [
        "a",
        "b",
        "1",
        " ",
        ",",
        ",",
        ";",
        '"',
        '"',
        '""',
        '"x"',
        '"x",',
        "\n",
        "\n",
        "\r",
        "\r\n",
        "\0",
        "\ufeff",
        "ä",
        '"\n"',
        ",\n",
        'a"b',
    ]
)
texts = st.lists(snippets, max_size=30).map("".join)


@settings(max_examples=120, deadline=None)
@given(texts, st.integers(1, 3))
def test_a_block_that_arrow_is_given_is_read_as_the_rules_say(text, width):
    data = text.encode()
    assume(data and not data.startswith("\ufeff".encode()))
    plain, unquoted = is_plain(data, b",", places(data)), quotes_are_data(data, b",", places(data))
    assume(plain or unquoted)
    assert plain != unquoted or not len(places(data))
    try:
        expected = slow_rows(text, width)
    except Malformed:
        with pytest.raises(Fault):
            text_rows(data, width, not unquoted)
    else:
        assert text_rows(data, width, not unquoted) == expected


@settings(max_examples=120, deadline=None)
@given(texts, st.integers(1, 3), st.integers(0, 40))
def test_our_own_parser_follows_the_rules_and_stops_before_what_may_go_on(text, width, cut):
    data = text.encode()
    try:
        expected = slow_rows(text, width)
    except Malformed:
        with pytest.raises(Fault):
            rows(data, b",", width, final=True)
        return
    decoded = [
        [None if field is None else field.decode() for field in row] for row in rows(data, b",", width, final=True)[0]
    ]
    assert decoded == expected
    first, end = rows(data[:cut], b",", width, final=False)
    rest, last = rows(data[end:], b",", width, final=True)
    assert first + rest == rows(data, b",", width, final=True)[0]
    assert end + last == len(data)


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of a few bytes, all of them offered to Arrow."""
    monkeypatch.setattr(csv, "BLOCK", 8)
    monkeypatch.setattr(csv, "_BYTES_A_COLUMN", 1)
    monkeypatch.setattr(csv, "_SUSPICIOUS_RECORD", 32)
    monkeypatch.setattr(csv_parse, "SMALL", 0)
    monkeypatch.setattr(csv_parse, "SMALL_WITH_QUOTES", 0)
    monkeypatch.setattr(csv, "SMALL", 0)
    monkeypatch.setattr(csv_split, "LEAST_ROWS", 0)


@pytest.mark.usefixtures("small_blocks")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts, st.sampled_from(["h", "h,k", '"h\n",k']), st.integers(1, 9))
def test_any_file_is_read_as_the_rules_say_wherever_blocks_end(text, header, step):
    whole = f"{header}\n{text}"
    try:
        expected = slow_table(whole)
    except Malformed:
        refusal = refusal_of(whole, step)
        assert refusal.code is ReasonCode.MALFORMED_CSV
        assert refusal.message.startswith("line ")
    else:
        table = read(whole, step)
        texts = [[None if value is None else str(value) for value in row] for row in values_of(table)]
        assert texts == expected


cells = (
    st.none()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
    | st.integers().map(str)
    | st.floats(allow_nan=False).map(repr)
    | st.dates().map(str)
)


@pytest.mark.usefixtures("small_blocks")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1)),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_any_table_that_is_written_comes_back(table, line_end):
    width = len(table[0])
    lines = [",".join(f"c{index}" for index in range(width))]
    lines += [",".join("" if cell is None else '"' + cell.replace('"', '""') + '"' for cell in row) for row in table]
    found = values_of(read(line_end.join(lines) + line_end, 7))
    assert len(found) == len(table)
    for found_row, row in zip(found, table, strict=True):
        for value, cell in zip(found_row, row, strict=True):
            if isinstance(value, float):
                assert value == float(cell)
            else:
                assert (None if value is None else str(value)) == cell


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5), min_size=2, max_size=2),
        min_size=1,
    )
)
def test_what_python_writes_comes_back(table):
    text = io.StringIO(newline="")
    python_csv.writer(text, lineterminator="\r\n").writerows([["a", "b"], *table])
    found = read(text.getvalue())
    assume(found.schema.types == [pa.string()] * 2)
    assert values_of(found) == table


def test_columns_are_typed_over_the_whole_file():
    table = read("i,f,b,d,t,u,s\n1,1.5,true,2024-02-29,2024-02-29 23:59:59,2024-02-29T01:00:00Z,x\n,2,false,,,,007\n")
    assert [str(kind) for kind in table.schema.types] == [
        "int64", "double", "bool", "date32[day]", "timestamp[us]", "timestamp[us, tz=UTC]", "string",
    ]  # fmt: skip
    assert table["d"].to_pylist() == [date(2024, 2, 29), None]


def many(count, last, first="1"):
    return "a,b\n" + f"{first},x\n" * count + last


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        ("x,y\n", "string"),
        ("2.5,y\n", "double"),
        ("9007199254740993.0,y\n", "string"),
        ("007,y\n", "string"),
        ('"",y\n', "string"),
        ("2,y\n", "int64"),
    ],
)
def test_a_type_that_breaks_in_record_600_000_is_given_up_for_the_whole_file(last, kind):
    sink = MemorySink()
    csv.read(MemorySource(many(600_000, last).encode()), sink)
    (table,) = sink.tables
    assert str(table.schema.field("a").type) == kind
    assert table.num_rows == 600_001
    assert table["b"][-1].as_py() == last[-2]
    assert [begun.state for begun in sink.begun] == (["closed"] if kind == "int64" else ["aborted", "closed"])
    assert str(table["a"][0].as_py()) in ("1", "1.0")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("a,b", b","),
        ("a;b", b";"),
        ("a\tb", b"\t"),
        ("a|b", b"|"),
        ("a", b","),
        ("a,b;c", b","),
        ("a;b|c", b";"),
        ("a,b;c;d", b";"),
        ('"a,b,c";d', b";"),
        ('"a;b"";c";d|e|"f;;;"', b"|"),
        ('a"b;c";d,e', b";"),
        ('"a\n;;;";b,c,d\n;;;;', b","),
        ('x,"a;;;"', b","),
        ('"', b","),
    ],
)
def test_the_delimiter_is_the_one_that_is_most_often_in_the_header(header, expected):
    assert detect_delimiter(header.encode(), final=True) == expected


@pytest.mark.parametrize(
    ("written", "names"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", "a", "a"], ["a", "a_2", "a_3"]),
        (["a", "a", "a_2"], ["a", "a_3", "a_2"]),
        (["a_2", "a", "a", "a"], ["a_2", "a", "a_3", "a_4"]),
        (["", "b", ""], ["column_1", "b", "column_3"]),
        (["", "column_1"], ["column_2", "column_1"]),
        (["", "", "column_1"], ["column_2", "column_3", "column_1"]),
        (["column", "column", ""], ["column", "column_2", "column_3"]),
        (["A", "a"], ["A", "a"]),
        (["a", "a", "a_2", "a_2"], ["a", "a_3", "a_2", "a_2_2"]),
    ],
)
def test_names_that_are_written_are_kept_and_made_up_ones_take_the_next_free_number(written, names):
    assert column_names(written) == names


def test_names_take_linear_time():
    count = 30_000
    names = column_names([""] * count + [f"column_{index}" for index in range(1, count)] + ["a"] * count)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ('a,b\n,""\n', [[None, ""]]),
        ("a,b\n\n\r\n1,2\r\r\n\n3,4", [[1, 2], [3, 4]]),
        ("\n\r\na,b\n1,2", [[1, 2]]),
        ("a\n1\n\n2\n", [[1], [None], [2]]),
        ("a\r1\r\r2\r", [[1], [None], [2]]),
        ('a\n""\n', [[""]]),
        ("a,b\n", []),
        ("a,b", []),
        ('a,b\n5" pipe,x"y"z\n', [['5" pipe', 'x"y"z']]),
        ('a,b\n "x",y\n', [[' "x"', "y"]]),
        ('a,b\n"1",2\n', [[1, 2]]),
        ("a,b\nx\0y,\0\n", [["x\0y", "\0"]]),
        ('a;b\n"1,5";2\n', [["1,5", 2]]),
        ("a,b\n\ufeffx,1\n", [["\ufeffx", 1]]),
        ("\ufeffa,b\nNULL,NA\n", [["NULL", "NA"]]),
        ('"a\r\nb",c\n"x\ny","p""q"\n', [["x\ny", 'p"q']]),
    ],
)
def test_fields_are_what_is_written(data, expected):
    assert values_of(read(data)) == expected
    assert values_of(read(data, 1)) == expected


def test_utf16_is_read_too():
    assert values_of(read("\ufeffä,b\n😀,1\n".encode("utf-16-be"), 3)) == [["😀", 1]]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ("a,b\n1,2\n1\n", 3),
        ("a,b\r\n1,2,3\r\n", 2),
        ("a,b\r1,2\r\r\n1", 4),
        ('a,b\n"x\n\ny",1\n"1"2,3\n', 5),
        ('a,b\n1,"2\n3,4\n', 2),
        ("\n\n", 3),
        ('"a,b\n1,2\n', 1),
        ('"a"x,b\n', 1),
        ('a,b\n1,2\n""x,1\n', 3),
        ("a,b\n\n1\n", 3),
        ("a,b\n" + "1,2\n" * 600_000 + "3\n", 600_002),
        ("a,b\n" + "1,2\n" * 600_000 + '"3\n', 600_002),
        ("a,b\r\n" + '1,"2\r\n"\r\n' * 300_000 + "3\r\n4,5", 600_002),
    ],
)
def test_what_is_no_csv_is_refused_with_its_line(data, line):
    refusal = refusal_of(data)
    assert refusal.code is ReasonCode.MALFORMED_CSV
    assert refusal.message.startswith(f"line {line}: "), refusal.message


def test_a_byte_that_is_no_text_is_refused_wherever_it_is():
    refusal = refusal_of(b"a,b\n" + b"1,2\n" * 600_000 + b"\xff,1\n")
    assert (refusal.code, refusal.message[:13]) == (ReasonCode.NOT_TEXT, "byte 2400004:")


def test_a_record_of_many_mib_is_one_value():
    text = "x\n,y" * (5 << 18)
    assert values_of(read(f'a,b\n1,"{text}"\n2,z\n')) == [[1, text], [2, "z"]]
    plain = "x" * (5 << 20)
    assert values_of(read(f"a,b\n1,{plain}\n2,z\n")) == [[1, plain], [2, "z"]]


@pytest.mark.parametrize("final", ["\n", ""])
def test_many_columns_are_read(final):
    width = 5_000
    text = "\n".join([",".join(f"c{index}" for index in range(width)), *[",".join(map(str, range(width)))] * 3]) + final
    table = read(text)
    assert (table.num_rows, table.num_columns) == (3, width)
    assert table.column(width - 1).to_pylist() == [width - 1] * 3


@pytest.mark.usefixtures("small_blocks")
def test_a_quote_that_is_never_closed_is_found_without_reading_everything_into_memory(monkeypatch):
    longest = 0
    original = BlockReader.next_block

    def watched(self, size, **options):
        nonlocal longest
        longest = max(longest, size)
        return original(self, size, **options)

    monkeypatch.setattr(BlockReader, "next_block", watched)
    assert refusal_of('a,b\n1,"2\n' + "3,4\n" * 1000).message.startswith("line 2: a quote is opened")
    assert refusal_of('"a,b\n' + "3,4\n" * 1000).message.startswith("line 1: a quote is opened")
    assert longest <= 64


@pytest.mark.usefixtures("small_blocks")
def test_a_record_too_long_for_memory_is_refused(monkeypatch):
    monkeypatch.setattr(csv_scan, "LONGEST_RECORD", 500)
    assert "501" in refusal_of("a,b\n1,2\n" + "x" * 501 + "\n").message
    assert values_of(read(f'a,b\n1,2\n{"x" * 496},"\n"\n'))[1] == ["x" * 496, "\n"]


@pytest.mark.parametrize(
    ("data", "end"),
    [
        (b"", 0),
        (b"a", 0),
        (b"a\n", 2),
        (b"a\r", 0),
        (b"a\rb", 2),
        (b"a\r\nb", 3),
        (b'"\n"', 0),
        (b'a\n"\n', 2),
        (b'a\n"\n"\nb', 6),
        (b"a\n\r", 2),
    ],
)
def test_a_block_is_cut_behind_its_last_record(data, end):
    assert last_record_end(data + b"\n", len(data), data.count(b'"')) == end


def test_a_mark_at_a_blocks_start_is_left_to_our_own_parser(monkeypatch):
    monkeypatch.setattr(csv_parse, "SMALL", 0)
    parser = csv_parse.BlockParser(b",", 1)
    assert parser.quoting(whole_block(b"xa\n")) is False
    assert parser.quoting(whole_block("\ufeffa\n".encode())) is None


def test_quotes_that_are_data_everywhere_are_left_to_arrow(monkeypatch):
    monkeypatch.setattr(csv_parse, "SMALL_WITH_QUOTES", 0)
    parser = csv_parse.BlockParser(b",", 2)
    assert parser.quoting(whole_block(b'5" pipe,x\n')) is False
    assert parser.quoting(whole_block(b'"5"" pipe",x\n')) is True
    assert parser.quoting(whole_block(b'5" pipe,"x"\n')) is None


def test_memory_of_blocks_is_used_again_and_nothing_read_from_it_changes():
    rows = [f'{number},"{number * 7:030}"' for number in range(400_000)]
    table = read("a,b\n" + "\n".join(rows), 1 << 17)
    assert table["a"].to_pylist() == list(range(400_000))
    assert table["b"].to_pylist() == [f"{number * 7:030}" for number in range(400_000)]


def test_records_that_only_our_own_rules_read_are_left_to_them(monkeypatch):
    parser = csv_parse.BlockParser(b",", 2)
    monkeypatch.setattr(csv_parse, "rows", None)
    for data, expected in [
        (b'1,5" pipe\n"a,b",x"\n', [["1", '5" pipe'], ["a,b", 'x"']]),
        (b'1,5" pipe\n\n"a\nb",\n', [["1", '5" pipe'], ["a\nb", None]]),
    ]:
        columns, end = parser.parse_exactly(data, final=False, whole=True)
        assert end == len(data)
        assert [list(row) for row in zip(*[column.to_pylist() for column in columns], strict=True)] == expected
    for data in (b'1,5" pipe\n"",x\n', b'1,"x\n', b'"1"2,x\n', b'1,5" pipe\n1\n'):
        with pytest.raises(TypeError):
            parser.parse_exactly(data, final=False, whole=True)
