"""tar and tar.gz, read forward: ustar, pax and GNU long names; a missing end or a damaged header is `corrupt-archive`.

The members of a plain tar file are found again by their place; those of a stream can be read once.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import closing

from migrator.errors import ReasonCode, Refusal
from migrator.formats import archive_tar_headers as headers
from migrator.formats.archive import Unpacking
from migrator.formats.archive_gzip import packed_size, unpacked
from migrator.formats.archive_member import Member, MemberKind, MemberSource, Meter
from migrator.formats.archive_scratch import Bytes
from migrator.formats.archive_streams import BLOCK, ByteStream, Input, WindowStream
from migrator.formats.archive_tar_headers import BLOCK_SIZE
from migrator.formats.file_source import FileBytes
from migrator.formats.interface import Source
from migrator.names import Format

_MAX_EXTENSION = 1024 * 1024
_SIZE = re.compile("[0-9]{1,20}")


def members(source: Source, file_format: Format, unpacking: Unpacking) -> Iterator[Member]:
    """The members of a tar, in their order.

    Raises:
        Refusal: `corrupt-archive`, `unsupported-format` for sparse files and entries that nobody knows.
    """
    tape: _Tape
    if file_format is Format.TAR and source.path is not None:
        tape = _FileTape(FileBytes(source.path))
    else:
        stream = source.open_forward() if isinstance(source, MemberSource) else source.open()
        packed: Input = stream
        if file_format is Format.TAR_GZ:
            packed = _Gauged(unpacked(source, stream), unpacking.meter, packed_size(source))
        tape = _StreamTape(packed)
    with closing(tape):
        yield from _entries(tape)
        tape.end()


def _entries(tape: "_Tape") -> Iterator[Member]:
    everywhere: dict[str, str] = {}
    extended: dict[str, str] = {}
    while (offset := tape.offset, block := tape.read(BLOCK_SIZE))[1] != headers.ZEROS:
        if len(block) < BLOCK_SIZE:
            what = "in the middle of a header" if block else "without the block of zeros that closes a tar"
            raise Refusal(ReasonCode.CORRUPT_ARCHIVE, f"the tar ends {what}, at byte {tape.offset}")
        header = headers.parse(block, offset)
        if header.type in "xXgLK":
            data = _extension(tape, header)
            if header.type == "g":
                everywhere |= headers.pax_records(data, offset)
            elif header.type == "L":
                extended["path"] = headers.long_name(data)
            elif header.type != "K":
                extended |= headers.pax_records(data, offset)
            continue
        said, extended = everywhere | extended, {}
        if (member := _member(tape, header, said)) is not None:
            yield member
            tape.pass_data()
    if extended:
        raise Refusal(ReasonCode.CORRUPT_ARCHIVE, f"the tar ends where a member must follow, at byte {tape.offset}")


def _extension(tape: "_Tape", header: headers.Header) -> bytes:
    if header.size > _MAX_EXTENSION:
        raise Refusal(
            ReasonCode.CORRUPT_ARCHIVE, f"the header before byte {tape.offset} claims names of {header.size} bytes"
        )
    tape.begin_data(header.size, header.path)
    data = tape.data().read(header.size)
    tape.pass_data()
    return data


def _member(tape: "_Tape", header: headers.Header, said: dict[str, str]) -> Member | None:
    """The entry as a member; None for what only speaks of the tar itself."""
    path = said.get("path", header.path)
    if header.type in headers.SPECIALS:
        return Member(path, MemberKind.SPECIAL, ByteStream, what=headers.SPECIALS[header.type])
    if header.type == "V":
        return None
    if header.type == "S" or any(key.startswith("GNU.sparse.") for key in said):
        raise Refusal(ReasonCode.UNSUPPORTED_FORMAT, "it is stored as a sparse file; pack it without --sparse").within(
            said.get("GNU.sparse.name", path)
        )
    if header.type in headers.FOLDERS or (header.type in headers.REGULAR and path.endswith("/")):
        if header.type in headers.REGULAR and header.size:
            raise Refusal(ReasonCode.CORRUPT_ARCHIVE, "it is a folder and yet has data").within(path)
        # Only GNU's listing of a folder has data; of others the size says what once was set aside.
        tape.begin_data(0 if header.type == "5" else header.size, path)
        return Member(path, MemberKind.FOLDER, ByteStream)
    if header.type not in headers.REGULAR:
        raise Refusal(ReasonCode.UNSUPPORTED_FORMAT, f"it is a tar entry of type {header.type!r}").within(path)
    size = header.size
    if "size" in said:
        if not _SIZE.fullmatch(said["size"]):
            raise Refusal(ReasonCode.CORRUPT_ARCHIVE, f"its pax header gives the size {said['size']!r}").within(path)
        size = int(said["size"])
    tape.begin_data(size, path)
    return Member(
        path,
        MemberKind.FILE,
        tape.data,
        size=size,
        packed=size,
        once=not tape.repeatable,
        proved=tape.repeatable,
    )


class _Tape:
    """A tar that is read from its first byte to its last; an entry's data ends on a block's edge."""

    repeatable = False

    def __init__(self) -> None:
        self.offset = 0
        self._next = 0
        self._data: Callable[[], ByteStream] = ByteStream

    def read(self, size: int) -> bytes:
        """The next bytes, fewer than `size` only at the end."""
        raise NotImplementedError

    def begin_data(self, size: int, path: str) -> None:
        """The next `size` bytes are the data of the member at `path`."""
        raise NotImplementedError

    def data(self) -> ByteStream:
        """A stream of the data that was begun."""
        return self._data()

    def pass_data(self) -> None:
        """Go on to the next header."""
        raise NotImplementedError

    def end(self) -> None:
        """See that nothing but zeros follows the closing block."""
        while data := self.read(BLOCK):
            if data.strip(b"\0"):
                raise Refusal(
                    ReasonCode.CORRUPT_ARCHIVE,
                    f"data follows the block of zeros that closes the tar, before byte {self.offset}",
                )

    def close(self) -> None:
        """Close what is read."""
        raise NotImplementedError


class _FileTape(_Tape):
    """A tar in a file of its own."""

    repeatable = True

    def __init__(self, file: Bytes) -> None:
        super().__init__()
        self._file = file

    def read(self, size: int) -> bytes:
        data = self._file.read_at(self.offset, size)
        self.offset += len(data)
        return data

    def begin_data(self, size: int, path: str) -> None:
        end = self.offset + _padded(size)
        if end > self._file.size:
            raise _cut_off(path, self._file.size)
        start = self.offset
        self._next = end
        self._data = lambda: WindowStream(self._file.read_at, start, size)

    def pass_data(self) -> None:
        self.offset = max(self.offset, self._next)

    def close(self) -> None:
        self._file.close()


class _StreamTape(_Tape):
    """A tar that comes as a stream."""

    def __init__(self, stream: Input) -> None:
        super().__init__()
        self._stream = stream

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self.offset += len(data)
        return data

    def begin_data(self, size: int, path: str) -> None:
        self._next = self.offset + _padded(size)
        live = _Live(self, size, path)
        self._data = lambda: live

    def pass_data(self) -> None:
        while self.offset < self._next:
            if not self.read(min(BLOCK, self._next - self.offset)):
                raise Refusal(ReasonCode.CORRUPT_ARCHIVE, f"the tar ends in a member's data, at byte {self.offset}")

    def close(self) -> None:
        self._stream.close()


class _Live(ByteStream):
    """A member's data where the tape stands."""

    def __init__(self, tape: _Tape, size: int, path: str) -> None:
        self._tape = tape
        self._left = size
        self._path = path

    def some(self, size: int) -> bytes:
        if not self._left:
            return b""
        data = self._tape.read(min(size, self._left, BLOCK))
        if not data:
            raise _cut_off(self._path, self._tape.offset)
        self._left -= len(data)
        return data


class _Gauged(ByteStream):
    """What a compressed tar unpacks to, held against its packed size."""

    def __init__(self, stream: ByteStream, meter: Meter, packed: int | None) -> None:
        self._stream = stream
        self._meter = meter
        self._packed = packed
        self._unpacked = 0

    def some(self, size: int) -> bytes:
        data = self._stream.some(size)
        self._unpacked += len(data)
        self._meter.check_stop()
        self._meter.check(self._unpacked, self._packed, "the tar unpacks")
        return data

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


def _padded(size: int) -> int:
    return -(-size // BLOCK_SIZE) * BLOCK_SIZE


def _cut_off(path: str, offset: int) -> Refusal:
    return Refusal(ReasonCode.CORRUPT_ARCHIVE, f"the tar ends in its data, at byte {offset}").within(path)
