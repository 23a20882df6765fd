"""Streams that archives are read through: plain reads that come back full, and inflation that checks what it reads."""

import io
import lzma
import zlib
from collections.abc import Callable
from typing import Any, Protocol, cast

from isal import igzip_lib

from migrator.errors import ReasonCode, Refusal

BLOCK = 128 * 1024
PART = 256 * 1024
"""What is unpacked at a time stays in the processor's cache until it is used."""

# Declared by the library as a value, not as a class.
_DAMAGED = cast("type[Exception]", igzip_lib.IsalError)


class Input(Protocol):
    """What can be read forward."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, empty at the end."""

    def close(self) -> None:
        """No more is read."""


class Decompressor(Protocol):
    """The interface that bz2, lzma and isal share."""

    @property
    def eof(self) -> bool:
        """The packed stream has ended by its own word."""

    @property
    def needs_input(self) -> bool:
        """Nothing more comes out before something goes in."""

    @property
    def unused_data(self) -> bytes:
        """What was given beyond the end."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """At most `max_length` bytes."""


class ByteStream(io.RawIOBase):
    """A forward stream whose `read(n)` gives exactly n bytes, fewer only at the end. Subclasses give `some`."""

    def some(self, size: int) -> bytes:
        """Between one and `size` bytes, none only at the end."""
        raise NotImplementedError

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Exactly `size` bytes, fewer only at the end; everything where `size` is negative."""
        wanted = -1 if size is None else size
        parts: list[bytes] = []
        while wanted:
            part = self.some(BLOCK if wanted < 0 else wanted)
            if not part:
                break
            parts.append(part)
            if wanted > 0:
                wanted -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def readall(self) -> bytes:
        """Everything that is left."""
        return self.read(-1)

    def readinto(self, buffer: Any, /) -> int:
        """Fill `buffer`, or as much of it as there are bytes."""
        view = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(view) and (part := self.some(min(len(view) - filled, PART))):
            view[filled : filled + len(part)] = part
            filled += len(part)
        return filled


class GzipStream(ByteStream):
    """What a gzip file (RFC 1952) holds: its members one after the other, checksums and lengths checked.

    Zeros after the last member are padding; anything else there, and a missing end, is `corrupt-archive`.
    """

    def __init__(self, packed: Input) -> None:
        self._packed = packed
        self._member: Decompressor | None = None
        self._ahead = b""
        self._offset = 0
        self._ended = False

    def some(self, size: int) -> bytes:
        """The next bytes of what is packed."""
        while not self._ended:
            if self._member is None and not self._begin():
                break
            member = cast("Decompressor", self._member)
            given = self._take() if member.needs_input else b""
            if member.needs_input and not given:
                raise Refusal(ReasonCode.CORRUPT_ARCHIVE, f"the gzip data ends in the middle, at byte {self._offset}")
            try:
                data = member.decompress(given, size)
            except _DAMAGED as error:
                raise Refusal(
                    ReasonCode.CORRUPT_ARCHIVE, f"the gzip data is damaged before byte {self._offset}: {error}"
                ) from error
            if member.eof:
                self._ahead = member.unused_data
                self._member = None
            if data:
                return data
        return b""

    @property
    def packed_read(self) -> int:
        """Packed bytes that were read so far."""
        return self._offset

    def close(self) -> None:
        """Close what is read from, too."""
        if not self.closed:
            self._packed.close()
        super().close()

    def _take(self) -> bytes:
        data, self._ahead = self._ahead, b""
        if not data:
            data = self._packed.read(BLOCK)
            self._offset += len(data)
        return data

    def _begin(self) -> bool:
        """Whether another gzip member follows."""
        first = self._offset == 0
        data = self._take()
        if not first:
            data = data.lstrip(b"\0")
            while not data and (more := self._take()):
                data = more.lstrip(b"\0")
        if not data:
            self._ended = True
            if first:
                raise Refusal(ReasonCode.EMPTY_FILE, "the file has no bytes")
            return False
        start = self._offset - len(data)
        if data[0] != 0x1F or (len(data) > 1 and data[1] != 0x8B):
            what = "this is no gzip file" if first else f"something that is no gzip data follows at byte {start}"
            raise Refusal(ReasonCode.CORRUPT_ARCHIVE, what)
        self._ahead = data
        self._member = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        return True


class PackedStream(ByteStream):
    """One compressed run of bytes of known length, as a zip holds it; its size and checksum are held against `crc`.

    What comes out beyond the announced size is still given, so that a header that lies small cannot hide a bomb.
    """

    def __init__(
        self,
        packed: Input,
        decompressor: Decompressor | None,
        size: int,
        crc: int,
    ) -> None:
        self._packed = packed
        self._decompressor = decompressor
        self._size = size
        self._crc = crc
        self._seen_size = 0
        self._seen_crc = 0
        self._ended = False

    def some(self, size: int) -> bytes:
        """The next bytes; the last ones only if size and checksum are right."""
        if self._ended:
            return b""
        data = self._packed.read(min(size, BLOCK)) if self._decompressor is None else self._inflate(size)
        self._seen_size += len(data)
        self._seen_crc = zlib.crc32(data, self._seen_crc)
        if not data or (self._seen_size == self._size and self._at_end()):
            self._ended = True
            self._check()
        return data

    def close(self) -> None:
        """Close what is read from, too."""
        if not self.closed:
            self._packed.close()
        super().close()

    def _at_end(self) -> bool:
        return self._decompressor is None or self._decompressor.eof

    def _inflate(self, size: int) -> bytes:
        packed = self._decompressor
        if packed is None:
            return b""
        try:
            while not packed.eof:
                given = self._packed.read(BLOCK) if packed.needs_input else b""
                if packed.needs_input and not given:
                    raise Refusal(ReasonCode.CORRUPT_ARCHIVE, "the compressed data ends in the middle")
                if data := packed.decompress(given, size):
                    return data
        except (_DAMAGED, OSError, lzma.LZMAError, EOFError) as error:
            raise Refusal(
                ReasonCode.CORRUPT_ARCHIVE,
                f"the compressed data is damaged after {self._seen_size} unpacked bytes: {error}",
            ) from error
        return b""

    def _check(self) -> None:
        if self._seen_size != self._size:
            raise Refusal(
                ReasonCode.CORRUPT_ARCHIVE, f"{self._seen_size} bytes came out where {self._size} are announced"
            )
        if self._seen_crc != self._crc:
            raise Refusal(
                ReasonCode.CORRUPT_ARCHIVE,
                f"the checksum is {self._seen_crc:08x} where {self._crc:08x} is announced",
            )
        if self._decompressor is not None and (self._decompressor.unused_data or self._packed.read(1)):
            raise Refusal(ReasonCode.CORRUPT_ARCHIVE, "bytes follow the end of the compressed data")


class WindowStream(ByteStream):
    """A part of something that can be read anywhere: `length` bytes from `offset` on."""

    def __init__(self, read_at: Callable[[int, int], bytes], offset: int, length: int) -> None:
        self._read_at = read_at
        self._offset = offset
        self._left = length

    def some(self, size: int) -> bytes:
        """The next bytes of the part."""
        data = self._read_at(self._offset, min(size, self._left)) if self._left else b""
        self._offset += len(data)
        self._left -= len(data)
        return data
