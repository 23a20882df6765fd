"""A zip's central directory (PKWARE APPNOTE 6.3.10): which members there are, where, and of what size and checksum.

The directory is the truth about a zip; what disagrees with it, or hides beside it, is `corrupt-archive`.
"""

import io
import struct
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter

from migrator.errors import ReasonCode, Refusal
from migrator.formats.archive_scratch import Bytes
from migrator.formats.archive_streams import WindowStream

ENCRYPTED = 0x0001 | 0x0040 | 0x2000
LOCAL_SIGNATURE = b"PK\3\4"
LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL_SIGNATURE = b"PK\1\2"
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END_SIGNATURE = b"PK\5\6"
_LOCATOR = struct.Struct("<4sIQI")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_MAX_COMMENT = 0xFFFF
_FULL_32 = 0xFFFFFFFF
_ZIP64_FIELD = 1


@dataclass(slots=True)
class Entry:
    """A member as the directory tells of it.

    Attributes:
        name: Its path as bytes.
        flags: General purpose bits.
        method: Compression method.
        crc: CRC-32 of the unpacked bytes.
        packed: Compressed bytes.
        size: Unpacked bytes.
        mode: Unix file mode, 0 where none is given.
        offset: Where its local header stands in the file.
        bound: Where the next thing begins.
    """

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    mode: int
    offset: int
    bound: int = 0

    @property
    def path(self) -> str:
        """The name as text, what is not UTF-8 in it as lone surrogates."""
        return self.name.decode(errors="surrogateescape")


def corrupt(message: str) -> Refusal:
    """A refusal of the zip as damaged."""
    return Refusal(ReasonCode.CORRUPT_ARCHIVE, message)


def read_directory(file: Bytes) -> list[Entry]:
    """All entries, in the directory's order.

    Raises:
        Refusal: `corrupt-archive` where the directory is missing, cut or contradicts itself, `unsafe-archive` where
            members share bytes.
    """
    start, end, count, shift = _find(file)
    stream: io.BufferedIOBase = io.BufferedReader(WindowStream(file.read_at, start, end - start), 64 * 1024)
    entries = [_entry(stream, number, shift) for number in range(1, count + 1)]
    if stream.read(1):
        raise corrupt(f"the zip's directory holds more than the {count} members that it announces")
    _lay_out(entries, start, file)
    return entries


def _find(file: Bytes) -> tuple[int, int, int, int]:
    """Start, end and number of entries of the directory, and by how much all offsets are shifted."""
    tail_start = max(0, file.size - _END.size - _MAX_COMMENT)
    tail = file.read_at(tail_start, file.size - tail_start)
    position = _end_record(tail)
    if position < 0:
        if not file.size:
            raise Refusal(ReasonCode.EMPTY_FILE, "the file has no bytes")
        raise corrupt("the zip's end record is not at the end; the file is cut off, more follows it, or it is no zip")
    _, disk, first_disk, here, count, size, offset, _ = _END.unpack_from(tail, position)
    end = tail_start + position
    locator = end - _LOCATOR.size
    raw = file.read_at(locator, _LOCATOR.size) if locator >= 0 else b""
    if raw[:4] == b"PK\6\7" and len(raw) == _LOCATOR.size:
        # Some writers give this record also where nothing is too large for the plain one.
        end, record = _record_64(file, locator, _LOCATOR.unpack(raw)[2])
        _, _, _, _, disk, first_disk, here, count, size, offset = _END_64.unpack(record)
    if disk or first_disk or here != count:
        raise corrupt("this is one part of a zip that was split")
    start = end - size
    shift = start - offset
    if start < 0 or shift < 0:
        raise corrupt("the zip's directory does not lie where the end record says; bytes are missing")
    return start, end, count, shift


def _end_record(tail: bytes) -> int:
    """Where the end record stands in the file's last bytes; -1 if nowhere. Only zeros may follow it."""
    position = len(tail)
    while (position := tail.rfind(_END_SIGNATURE, 0, position)) >= 0:
        whole = position + _END.size
        if whole <= len(tail):
            comment = int.from_bytes(tail[whole - 2 : whole], "little")
            if whole + comment <= len(tail) and not tail[whole + comment :].strip(b"\0"):
                return position
    return -1


def _record_64(file: Bytes, locator: int, said: int) -> tuple[int, bytes]:
    """The zip64 end record and where it stands: before the locator, or where that says."""
    for place in (locator - _END_64.size, said):
        if place >= 0:
            record = file.read_at(place, _END_64.size)
            if len(record) == _END_64.size and record[:4] == b"PK\6\6":
                return place, record
    raise corrupt("the zip64 end record is missing")


def _entry(stream: io.BufferedIOBase, number: int, shift: int) -> Entry:
    raw = stream.read(_CENTRAL.size)
    if len(raw) < _CENTRAL.size or raw[:4] != _CENTRAL_SIGNATURE:
        raise corrupt(f"the zip's directory is damaged at its member {number}")
    fields = _CENTRAL.unpack(raw)
    flags, method = fields[3:5]
    crc, packed, size = fields[7:10]
    name_length, extra_length, comment_length = fields[10:13]
    attributes, offset = fields[15:17]
    name = stream.read(name_length)
    extra = stream.read(extra_length)
    if len(name) < name_length or len(extra) < extra_length or len(stream.read(comment_length)) < comment_length:
        raise corrupt(f"the zip's directory is damaged at its member {number}")
    size, packed, offset = _wide(extra, size, packed, offset)
    return Entry(name, flags, method, crc, packed, size, attributes >> 16, offset + shift)


def _wide(extra: bytes, *fields: int) -> tuple[int, int, int]:
    """Size, packed size and offset, each taken from the zip64 extra field where its own is full."""
    position = 0
    wide = b""
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, position)
        if kind == _ZIP64_FIELD:
            wide = extra[position + 4 : position + 4 + length]
            break
        position += 4 + length
    found = []
    for field in fields:
        if field == _FULL_32 and wide:
            if len(wide) < 8:
                raise corrupt("a zip64 field is cut off")
            found.append(int.from_bytes(wide[:8], "little"))
            wide = wide[8:]
        else:
            found.append(field)
    size, packed, offset = found
    return size, packed, offset


def _lay_out(entries: list[Entry], end: int, file: Bytes) -> None:
    """Give each entry its bound, and see that entries do not share bytes and that nothing hides before them."""
    ordered = sorted(entries, key=attrgetter("offset"))
    for entry, following in pairwise(ordered):
        entry.bound = following.offset
    if ordered:
        ordered[-1].bound = end
    for number, entry in enumerate(ordered):
        if entry.offset + LOCAL.size + len(entry.name) + entry.packed > entry.bound:
            sharers = ordered[number : number + 2]
            if len(sharers) < 2 or not all(_has_local_header(file, sharer) for sharer in sharers):
                raise corrupt("its data does not lie where the zip's directory says").within(entry.path)
            raise Refusal(ReasonCode.UNSAFE_ARCHIVE, "it shares bytes with another member").within(entry.path)
    first = ordered[0].offset if ordered else end
    if first and file.read_at(0, 4) == LOCAL_SIGNATURE:
        raise corrupt("the file begins with a member that the zip's directory does not know")


def _has_local_header(file: Bytes, entry: Entry) -> bool:
    """Whether a header of that name stands where the directory says."""
    raw = file.read_at(entry.offset, LOCAL.size + len(entry.name))
    return raw.startswith(LOCAL_SIGNATURE) and raw[LOCAL.size :] == entry.name
