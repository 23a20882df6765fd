"""A text is a table of its lines."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.errors import ReasonCode, Refusal
from migrator.formats import txt
from tests.migrator.formats.fakes import MemorySink, MemorySource


def lines_of(data, step=1 << 30):
    sink = MemorySink()
    txt.read(MemorySource(data, "x.txt", step), sink)
    (table,) = sink.tables
    assert table["line_number"].to_pylist() == list(range(1, table.num_rows + 1))
    return table["line"].to_pylist()


def slow_lines(text):
    lines = text.split("\n")
    last = lines.pop()
    return [line.removesuffix("\r") for line in lines] + ([last] if last else [])


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"a\nb\n", ["a", "b"]),
        (b"a\r\nb", ["a", "b"]),
        (b"\n", [""]),
        (b"\n\n\r\n", ["", "", ""]),
        (b"a\rb\n", ["a\rb"]),
        (b"a\r\r\n", ["a\r"]),
        (b"a\r", ["a\r"]),
        (b" a\t\x0b\x0c\x1c\n", [" a\t\x0b\x0c\x1c"]),
        ("a\u2028b\u0085c\n".encode(), ["a\u2028b\u0085c"]),
        (b"a\0\n\0", ["a\0", "\0"]),
        ("\ufeffa\n\ufeffb".encode(), ["a", "\ufeffb"]),
        ("ä\r\n😀".encode("utf-16"), ["ä", "😀"]),
    ],
)
def test_only_a_newline_ends_a_line(data, lines):
    assert lines_of(data) == lines
    assert lines_of(data, 1) == lines


@settings(deadline=None)
@given(st.text(st.sampled_from("a\r\n\0ä"), min_size=1), st.integers(1, 9))
def test_any_text_is_split_as_the_rules_say(text, step):
    assert lines_of(text.encode(), step) == slow_lines(text)


def test_lines_may_span_reads():
    text = ("x" * 3_000_000 + "\r\n") * 3 + "y" * 5_000_000
    assert lines_of(text.encode()) == slow_lines(text)


def test_nothing_at_all_is_an_empty_file():
    with pytest.raises(Refusal) as caught:
        lines_of(b"")
    assert caught.value.code is ReasonCode.EMPTY_FILE


def test_a_byte_that_is_no_text_is_refused():
    with pytest.raises(Refusal) as caught:
        lines_of(b"a\n\xff\n")
    assert caught.value.code is ReasonCode.NOT_TEXT
    assert caught.value.message.startswith("byte 2:")
