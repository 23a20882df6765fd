"""Text comes out as UTF-8, or is refused with the offset of the byte that is wrong."""

import codecs
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.errors import ReasonCode, Refusal
from migrator.formats.text import open_text
from tests.migrator.formats.fakes import MemorySource


def of(data, step=1 << 20):
    return MemorySource(data, "x.txt", step)


def text_of(data, step=1 << 20, size=-1):
    with open_text(of(data, step)) as stream:
        return b"".join(iter(lambda: stream.read(size), b""))


def filled_with(data, step, sizes):
    """The text by `readinto`, with buffers of one size after the other."""
    parts = []
    with open_text(of(data, step)) as stream:
        while True:
            buffer = bytearray(b"\xff" * sizes[len(parts) % len(sizes)])
            count = stream.readinto(buffer)
            if not count:
                return b"".join(parts)
            parts.append(bytes(buffer[:count]))


def refusal_of(data, step=1 << 20, size=-1):
    with pytest.raises(Refusal) as caught:
        text_of(data, step, size)
    return caught.value


steps = st.integers(1, 9)


@given(st.text(), steps, st.integers(1, 9), st.sampled_from(["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"]))
def test_any_text_comes_out_as_utf8(text, step, size, encoding):
    mark = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}.get(encoding, b"")
    data = mark + text.encode(encoding)
    if not text:
        assert refusal_of(data, step, size).code is ReasonCode.EMPTY_FILE
    elif data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        assert refusal_of(data, step, size).code is ReasonCode.NOT_TEXT
    elif text == "\ufeff" and encoding == "utf-8":
        assert refusal_of(data, step, size).code is ReasonCode.EMPTY_FILE
    else:
        expected = text.removeprefix("\ufeff") if encoding == "utf-8" else text
        assert text_of(data, step, size) == expected.encode()


@given(st.binary(min_size=1), steps, st.integers(1, 9))
def test_any_bytes_are_text_or_refused_at_the_byte_that_python_names(data, step, size):
    marks = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
    mark, encoding = next(((m, e) for m, e in marks.items() if data.startswith(m)), (b"", "utf-8"))
    if data == mark or data.startswith(codecs.BOM_UTF32_LE):
        return
    try:
        expected = data[len(mark) :].decode(encoding).encode()
    except UnicodeDecodeError as error:
        refusal = refusal_of(data, step, size)
        assert refusal.code is ReasonCode.NOT_TEXT
        assert refusal.message.startswith(f"byte {error.start + len(mark)}:")
    else:
        assert text_of(data, step, size) == expected


@given(
    st.binary(max_size=30) | st.text(max_size=20).map(str.encode),
    steps,
    st.lists(st.integers(1, 12), min_size=1, max_size=3),
)
def test_buffers_are_filled_with_what_reads_give(data, step, sizes):
    try:
        expected = text_of(data, step)
    except Refusal as error:
        with pytest.raises(Refusal) as caught:
            filled_with(data, step, sizes)
        assert (caught.value.code, caught.value.message) == (error.code, error.message)
    else:
        assert filled_with(data, step, sizes) == expected


@given(
    st.integers(0, 40),
    st.sampled_from([b"\xff", b"\xe9x", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"]),
)
def test_the_offset_is_exact_wherever_a_read_ends(before, bad):
    for step in (1, 2, 3, 5, 1 << 20):
        assert refusal_of(b"a" * before + bad, step).message.startswith(f"byte {before}:")
        assert refusal_of("ä".encode() * before + bad, step).message.startswith(f"byte {2 * before}:")
        with pytest.raises(Refusal, match=f"^byte {2 * before}:"):
            filled_with("ä".encode() * before + bad, step, (16,))


@pytest.mark.parametrize("step", [1, 2, 3, 5, 1 << 20])
def test_surrogate_pairs_may_lie_across_reads(step):
    text = "a😀b" * 9
    assert text_of(codecs.BOM_UTF16_LE + text.encode("utf-16-le"), step, 3) == text.encode()
    assert text_of(codecs.BOM_UTF16_BE + text.encode("utf-16-be"), step, 3) == text.encode()


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (b"\xff\xfea\0\x3d\xd8", 4),
        (b"\xff\xfea\0\x00\xdcb\0", 4),
        (b"\xff\xfea\0b", 4),
        (b"\xfe\xff\xd8\x3d\0a", 2),
        (b"\xff\xfe\0\0a\0\0\0", 0),
        (b"\xff\xfe\0\0", 0),
        (b"\0\0\xfe\xff\0\0\0a", 0),
        (b"a\0\xff", 2),
    ],
)
def test_what_is_neither_utf8_nor_utf16_is_refused(data, offset):
    refusal = refusal_of(data)
    assert refusal.code is ReasonCode.NOT_TEXT
    assert refusal.message.startswith(f"byte {offset}:")


@pytest.mark.parametrize("data", [b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_no_bytes_or_only_a_mark_are_an_empty_file(data):
    source = of(data, 1)
    with pytest.raises(Refusal) as caught:
        open_text(source)
    assert caught.value.code is ReasonCode.EMPTY_FILE
    assert source.streams[0].closed


def test_nul_is_a_character():
    assert text_of(b"a\0b") == b"a\0b"


def test_only_the_first_mark_is_taken_off():
    assert text_of(codecs.BOM_UTF8 * 2) == codecs.BOM_UTF8


def test_a_read_never_gives_more_than_asked_for():
    with open_text(of("ä€😀".encode() * 10)) as stream:
        while data := stream.read(2):
            assert len(data) <= 2


def test_a_buffered_reader_can_stand_on_it():
    with open_text(of("\ufeffä\nb\n".encode("utf-16-le"), 3)) as stream:
        assert io.BufferedReader(stream).readlines() == ["ä\n".encode(), b"b\n"]


def test_closing_closes_the_source():
    source = of(b"x")
    open_text(source).close()
    assert source.streams[0].closed
