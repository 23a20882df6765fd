"""The seal of a state: what proves that file and log are whole, and belong together.

SQLite's own check finds damage of its structures, and none of the values in them; and it joins any log to any file. So
the header's application id (offset 68, https://www.sqlite.org/fileformat2.html#application_id), which SQLite leaves to
the application, holds the CRC-32 of the whole database as it was last folded, that is when its file stood for itself:

- The file changes only while a log is folded into it, and the log's last transaction before that writes the new seal.
- The first transaction of each log writes page 1 again, and with it the seal of the file that the log builds on.

So where there is a log, the seal that SQLite sees through it is that of the file as it is (not touched yet, or folded
to the end), or that of the file under the log up to where that seal was first written (folding was cut). A file
without a log has its own seal. Whatever else is found was damaged, or put together from two states.

Left out are the bytes that SQLite changes together with the seal: the change counter, of which the header holds two
copies that must agree. Its version number is known beforehand.
"""

import os
import sqlite3
import struct
import zlib
from collections.abc import Iterable, Sequence
from itertools import chain

from migrator.state_wal import Frame, Log, blocks, merged

_AT = 68
_COUNTER_AT = 24
_VALID_FOR_AT = 92
_LIBRARY_AT = 96
_FIELD = struct.Struct(">I")
_HEADER_BYTES = 100


def of_file(file: int) -> int:
    """The seal that a file without a log should have; it is never 0."""
    return _of(blocks(file, 0, os.fstat(file).st_size))


def of_folded(file: int, log: Log, frames: Sequence[Frame]) -> int:
    """The seal of what the file will be once these frames, and a transaction that writes the seal, are folded into it.

    Args:
        file: The state's own file.
        log: Its log.
        frames: All that count.
    """
    pages = merged(file, log, frames)
    first = bytearray(next(pages))
    library = sum(part * 1000**place for place, part in enumerate(reversed(sqlite3.sqlite_version_info)))
    _FIELD.pack_into(first, _LIBRARY_AT, library)
    return _of([bytes(first)], pages)


def of_header(header: bytes) -> int:
    """The seal that a database's first bytes carry; 0 where there is none."""
    return int(_FIELD.unpack_from(header, _AT)[0])


def write(file: int) -> None:
    """Seal a file that nobody has open in SQLite, and that has no log.

    Raises:
        OSError: It cannot be written.
    """
    os.pwrite(file, _FIELD.pack(of_file(file)), _AT)
    os.fsync(file)


def holds(file: int, log: Log | None, seal: int) -> bool:
    """Whether every byte is proved.

    Args:
        file: The state's own file.
        log: Its log; None where there is none.
        seal: The one that SQLite sees.
    """
    frames = log.frames() if log is not None else []
    if log is None or not frames:
        return _counters_agree(file) and of_file(file) == seal
    firsts = (number for number, frame in enumerate(frames) if frame.page == 1)
    if next(firsts, len(frames)) > _end(frames, 0):
        return False
    return of_file(file) == seal or _cut_short(file, log, frames, seal)


def _cut_short(file: int, log: Log, frames: Sequence[Frame], seal: int) -> bool:
    """Whether folding was cut: the file holds some pages of the log up to where that seal is first written."""
    frames = log.sound(frames)
    for number, frame in enumerate(frames):
        if frame.page == 1 and of_header(log.page(frame)) == seal:
            return _of(merged(file, log, frames[: _end(frames, number) + 1])) == seal
    return False


def _end(frames: Sequence[Frame], number: int) -> int:
    """Where the transaction ends that a frame belongs to."""
    return next(at for at in range(number, len(frames)) if frames[at].pages)


def signed(seal: int) -> int:
    """The seal as SQLite's pragma takes it."""
    return seal - (1 << 32) if seal >= 1 << 31 else seal


def unsigned(value: int) -> int:
    """The seal as SQLite's pragma gives it."""
    return value & 0xFFFFFFFF


def _of(*groups: Iterable[bytes]) -> int:
    blocks = chain(*groups)
    first = next(blocks, b"")
    head = bytearray(first[:_HEADER_BYTES].ljust(_HEADER_BYTES, b"\0"))
    for at in (_AT, _COUNTER_AT, _VALID_FOR_AT):
        _FIELD.pack_into(head, at, 0)
    checksum = zlib.crc32(first[_HEADER_BYTES:], zlib.crc32(head))
    for block in blocks:
        checksum = zlib.crc32(block, checksum)
    return checksum or 1


def _counters_agree(file: int) -> bool:
    header = os.pread(file, _HEADER_BYTES, 0)
    return header[_COUNTER_AT : _COUNTER_AT + _FIELD.size] == header[_VALID_FOR_AT : _VALID_FOR_AT + _FIELD.size]
