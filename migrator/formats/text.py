"""Text as the formats read it: a stream of valid UTF-8 without a byte order mark.

A source is UTF-8, with or without a mark, or UTF-16 with one (The Unicode Standard, sections 2.6 and 3.10). Nothing is
guessed: whatever else it is, is refused with the offset of the first byte that is wrong. NUL is a character.
"""

import codecs
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO, cast

from migrator.errors import ReasonCode, Refusal
from migrator.formats.interface import Source

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK = 1 << 20
_LONGEST_MARK = 4
_LONGEST_CHARACTER = 4
# The first bytes of characters, by how many follow (The Unicode Standard, table 3-6).
_CONTINUATION, _TWO_BYTES, _THREE_BYTES, _FOUR_BYTES = 0x80, 0xC0, 0xE0, 0xF0
_UTF32_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
# Bytes in, text and how many bytes it took out; an incomplete character at the end is left.
_Decode = Callable[[bytes, str, bool], tuple[str, int]]
_UTF16_MARKS: tuple[tuple[bytes, str, _Decode], ...] = (
    (codecs.BOM_UTF16_LE, "UTF-16-LE", codecs.utf_16_le_decode),
    (codecs.BOM_UTF16_BE, "UTF-16-BE", codecs.utf_16_be_decode),
)


class TextStream(io.RawIOBase):
    """A source's text as bytes of UTF-8, checked as they are read; made by `open_text`.

    Any read raises `Refusal` (`not-text`) once it comes to a byte that is no text.
    """

    def __init__(self, raw: BinaryIO) -> None:
        super().__init__()
        self._raw = raw
        head = _read_up_to(raw, _LONGEST_MARK)
        if head.startswith(_UTF32_MARKS):
            raise Refusal(ReasonCode.NOT_TEXT, "byte 0: a byte order mark of UTF-32; text is UTF-8 or UTF-16")
        self._encoding, mark = "UTF-8", b""
        self._decode: _Decode = codecs.utf_8_decode
        if head.startswith(codecs.BOM_UTF8):
            mark = codecs.BOM_UTF8
        for candidate, encoding, decode in _UTF16_MARKS:
            if head.startswith(candidate):
                self._encoding, mark, self._decode = encoding, candidate, decode
        self._offset = len(mark)
        self._undecoded = head[len(mark) :]
        self._ready = b""
        self._given = 0
        self._at_end = False
        # With what is ready after the mark, a file of a mark and nothing else is told from text at once.
        if len(head) < _LONGEST_MARK and not self._undecoded:
            raise Refusal(ReasonCode.EMPTY_FILE, "nothing but a byte order mark" if mark else "there are no bytes")

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to `size` bytes, at least one before the end; all that is left where `size` is negative or None."""
        if size is None or size < 0:
            return self.readall()
        while self._given == len(self._ready) and not self._at_end and size:
            self._fill(size)
        if self._given == 0 and len(self._ready) <= size:
            taken, self._ready = self._ready, b""
            return taken
        taken = self._ready[self._given : self._given + size]
        self._given += len(taken)
        return taken

    def readall(self) -> bytes:
        """Everything from here to the end."""
        return b"".join(iter(lambda: self.read(CHUNK), b""))

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill `buffer` as far as one read goes; 0 at the end."""
        view = memoryview(buffer).cast("B")
        if self._encoding == "UTF-8" and self._given == len(self._ready) and len(view) > _LONGEST_CHARACTER:
            return self._read_utf8_into(view)
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the source's own stream too."""
        if not self.closed:
            self._raw.close()
        super().close()

    def _read_utf8_into(self, view: memoryview) -> int:
        """The same as `readinto`, checked where it lies: what is read and copied again costs as much as its parsing."""
        started = len(self._undecoded)
        view[:started] = self._undecoded
        while not self._at_end:
            count = cast("io.RawIOBase", self._raw).readinto(view[started:]) or 0
            self._at_end = count == 0
            length = started + count
            taken = length if self._at_end else _whole_characters(view, length)
            if not _is_utf8(view[:taken]):
                # Tells where it is wrong.
                _, taken = self._decoded(bytes(view[:length]))
            if taken or self._at_end:
                self._offset += taken
                self._undecoded = bytes(view[taken:length])
                return taken
            started = length
        return 0

    def _fill(self, size: int) -> None:
        chunk = self._raw.read(max(size - len(self._undecoded), _LONGEST_MARK))
        self._at_end = not chunk
        self._given = 0
        data = self._undecoded + chunk if self._undecoded else chunk
        if self._encoding == "UTF-8" and data.isascii():
            self._offset += len(data)
            self._undecoded = b""
            self._ready = data
            return
        text, taken = self._decoded(data)
        self._offset += taken
        self._undecoded = data[taken:]
        if self._encoding == "UTF-8":
            self._ready = data if taken == len(data) else data[:taken]
        else:
            self._ready = text.encode()

    def _decoded(self, data: bytes) -> tuple[str, int]:
        try:
            return self._decode(data, "strict", self._at_end)
        except UnicodeDecodeError as error:
            where = self._offset + error.start
            shown = data[error.start : error.end].hex(" ")
            message = f"byte {where}: {shown} is no {self._encoding} ({error.reason}); convert the file to UTF-8"
            raise Refusal(ReasonCode.NOT_TEXT, message) from error


def open_text(source: Source) -> TextStream:
    """Open a source as UTF-8 without a byte order mark.

    Returns:
        A stream that whoever asked for it closes. A read may give less than asked for, and nothing only at the end.

    Raises:
        Refusal: `empty-file` where there are no bytes or only a byte order mark, `not-text` with the byte's offset
            where the mark is one of UTF-32; any later read raises it where the bytes are no text.
        OSError: The source cannot be read.
    """
    raw = source.open()
    try:
        return TextStream(raw)
    except BaseException:
        raw.close()
        raise


def _read_up_to(raw: BinaryIO, size: int) -> bytes:
    """`size` bytes, fewer only at the end; a single read of a stream may give less."""
    data = raw.read(size)
    while 0 < len(data) < size:
        more = raw.read(size - len(data))
        if not more:
            break
        data += more
    return data


def _whole_characters(view: memoryview, length: int) -> int:
    """How many of the first `length` bytes are left when a character is taken off that may go on behind them."""
    for back in range(1, min(_LONGEST_CHARACTER, length + 1)):
        byte = view[length - back]
        if byte < _CONTINUATION:
            return length
        if byte >= _TWO_BYTES:
            needed = 2 if byte < _THREE_BYTES else 3 if byte < _FOUR_BYTES else 4
            return length - back if needed > back else length
    return length


def _is_utf8(view: memoryview) -> bool:
    """Whether bytes are whole characters; without a text made of them."""
    import numpy as np
    import pyarrow as pa

    if not view or int(np.frombuffer(view, np.uint8).max()) < _CONTINUATION:
        return True
    places = pa.py_buffer(np.array([0, len(view)], np.int32).tobytes())
    try:
        pa.Array.from_buffers(pa.string(), 1, [None, places, pa.py_buffer(view)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
