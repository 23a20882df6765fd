"""Archives made byte by byte, so that they are the same on every machine: no clock, no user, no zlib of the host.

Only what is too large to be made so is deflated by that zlib.

zip after PKWARE's APPNOTE, gzip after RFC 1952, deflate after RFC 1951, tar by the standard library, all fields set.
"""

import io
import struct
import tarfile
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

STAMP = 1_700_000_000
"""The modification time of every member, in seconds since 1970."""

_DOS_DATE = (44 << 9) | (2 << 5) | 29  # 2024-02-29
_DOS_TIME = (12 << 11) | (34 << 5)  # 12:34:00
_UTF8_FLAG = 0x800
_ENCRYPTED_FLAG = 0x1
_STORED, _DEFLATED, AES, PPMD = 0, 8, 99, 98
_LONGEST_STORED_BLOCK = 65_535
_LONGEST_MATCH, _SHORTEST_MATCH, _WINDOW = 258, 4, 32_768


@dataclass(frozen=True)
class Deflated:
    """Data that are deflated already, because there are too many to be held as they are.

    Args:
        stream: The raw deflate stream.
        size: How many bytes it unpacks to.
        crc: Their CRC-32.
    """

    stream: bytes
    size: int
    crc: int


@dataclass(frozen=True)
class ZipMember:
    """A member of a zip file.

    Args:
        name: As text (marked as UTF-8 where it is not ASCII) or as the raw bytes of a writer that marks nothing.
        stored: Whether it is stored instead of deflated.
        encrypted: Whether its header says that a password is needed.
        method: The compression that the header claims, where it is to claim another than the true one.
        crc: The checksum that the header claims, where it is to be a wrong one.
        unix_mode: File type and permissions in the external attributes; 0o120777 is a symbolic link.
    """

    name: str | bytes
    data: bytes | Deflated
    stored: bool = False
    encrypted: bool = False
    method: int | None = None
    crc: int | None = None
    unix_mode: int = 0o100644


def zip_bytes(members: Sequence[ZipMember]) -> bytes:
    """A zip file of these members, in this order."""
    body = bytearray()
    directory = bytearray()
    for member in members:
        raw = member.name if isinstance(member.name, bytes) else member.name.encode()
        flags = _UTF8_FLAG if isinstance(member.name, str) and not member.name.isascii() else 0
        data = member.data if isinstance(member.data, Deflated) else _packed(member.data, stored=member.stored)
        packed = data.stream
        method = _STORED if member.stored else _DEFLATED
        if member.encrypted:
            flags |= _ENCRYPTED_FLAG
            packed = bytes(range(12)) + packed
        crc = data.crc if member.crc is None else member.crc
        common = struct.pack(
            "<HHHHHIIIHH",
            20,
            flags,
            method if member.method is None else member.method,
            _DOS_TIME,
            _DOS_DATE,
            crc,
            len(packed),
            data.size,
            len(raw),
            0,
        )
        directory += b"PK\x01\x02" + struct.pack("<H", (3 << 8) | 20) + common
        directory += struct.pack("<HHHII", 0, 0, 0, member.unix_mode << 16, len(body)) + raw
        body += b"PK\x03\x04" + common + raw + packed
    end = struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(directory), len(body), 0)
    return bytes(body + directory + b"PK\x05\x06" + end)


@dataclass(frozen=True)
class TarMember:
    """A member of a tar file: a file by default, else by `kind` a link, a folder or a device (`tarfile`'s type)."""

    name: str
    data: bytes = b""
    kind: bytes = tarfile.REGTYPE
    target: str = ""


def tar_bytes(members: Sequence[TarMember], form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar file of these members, in this order, with the end that the format asks for."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for member in members:
            info = tarfile.TarInfo(member.name)
            info.size, info.mtime, info.mode = len(member.data), STAMP, 0o644
            info.type, info.linkname = member.kind, member.target
            tar.addfile(info, io.BytesIO(member.data))
    return out.getvalue()


def gzip_bytes(data: bytes) -> bytes:
    """One gzip member that holds `data`, without a name."""
    return _GZIP_HEADER + deflate(data) + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


_GZIP_HEADER = b"\x1f\x8b\x08\x00" + struct.pack("<I", STAMP) + b"\x00\xff"


def gzip_run(size: int, byte: int = 0x30) -> bytes:
    """A gzip member that unpacks to `size` times the same byte, packed about a thousand times smaller.

    It may be up to 257 bytes more than `size`.
    """
    packed, unpacked = deflate_run(size, byte)
    crc = 0
    left = unpacked
    block = bytes([byte]) * (1 << 20)
    while left:
        crc = zlib.crc32(block[: min(left, len(block))], crc)
        left -= min(left, len(block))
    return _GZIP_HEADER + packed + struct.pack("<II", crc, unpacked & 0xFFFFFFFF)


def deflate_run(size: int, byte: int) -> tuple[bytes, int]:
    """A deflate stream of one byte again and again, and how many bytes it unpacks to: `size` or up to 257 more.

    A code made for it (RFC 1951, 3.2.7): the longest match takes one bit and its distance another, both zero.
    """
    matches = -(-max(size - 1, 1) // _LONGEST_MATCH)
    bits = _Bits()
    for value, width in ((1, 1), (2, 2), (286 - 257, 5), (0, 5), (len(_CODE_ORDER) - 4, 4)):
        bits.add(value, width)
    length_codes = {0: 0b00, 1: 0b01, 2: 0b10, _ZEROS: 0b11}
    for symbol in _CODE_ORDER:
        bits.add(2 if symbol in length_codes else 0, 3)
    lengths = [0] * 287
    lengths[byte], lengths[256], lengths[285], lengths[286] = 2, 2, 1, 1
    for length, count in _runs(lengths):
        left = count
        while left:
            run = min(left, 138) if length == 0 and left >= 11 else 1
            bits.code(length_codes[_ZEROS if run > 1 else length], 2)
            bits.add(run - 11 if run > 1 else 0, 7 if run > 1 else 0)
            left -= run
    bits.code(0b10, 2)
    zeros = 2 * matches - (-bits.used % 8)
    end = 0b11 << (zeros % 8)
    stream = bytes(bits.taken()) + bytes(zeros // 8) + end.to_bytes(2 if end > 0xFF else 1, "little")
    return stream, 1 + matches * _LONGEST_MATCH


_ZEROS = 18
_CODE_ORDER = (16, 17, _ZEROS, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)


def deflated_again_and_again(block: bytes, times: int) -> Deflated:
    """So many copies of a block, of which one is deflated: by the zlib of the host, which packs it well."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    once = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    crc = 0
    for _ in range(times):
        crc = zlib.crc32(block, crc)
    return Deflated(once * times + _EMPTY_LAST_BLOCK, len(block) * times, crc)


_EMPTY_LAST_BLOCK = b"\x03\x00"


def _packed(data: bytes, *, stored: bool) -> Deflated:
    return Deflated(data if stored else deflate(data), len(data), zlib.crc32(data))


def deflate(data: bytes) -> bytes:
    """`data` as a raw deflate stream: fixed codes and matches for what is small, stored blocks for the rest."""
    if len(data) > _LONGEST_STORED_BLOCK:
        return b"".join(_stored_blocks(data))
    bits = _Bits()
    bits.add(1, 1)
    bits.add(1, 2)
    seen: dict[bytes, int] = {}
    at = 0
    while at < len(data):
        start = data[at : at + _SHORTEST_MATCH]
        before = seen.get(start)
        seen[start] = at
        if before is None or at - before > _WINDOW or len(start) < _SHORTEST_MATCH:
            bits.add(*_FIXED[data[at]])
            at += 1
            continue
        length = _SHORTEST_MATCH
        while length < _LONGEST_MATCH and at + length < len(data) and data[before + length] == data[at + length]:
            length += 1
        _match(bits, length, at - before)
        at += length
    bits.add(*_FIXED[256])
    return bytes(bits.taken())


def _stored_blocks(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _LONGEST_STORED_BLOCK):
        block = data[start : start + _LONGEST_STORED_BLOCK]
        last = start + len(block) == len(data)
        yield bytes([last]) + struct.pack("<HH", len(block), len(block) ^ 0xFFFF) + block


def _fixed_code(symbol: int) -> tuple[int, int]:
    """The fixed code of a literal or length symbol and its bits (RFC 1951, 3.2.6), ready to be added."""
    if symbol < 144:
        return _turned(0x30 + symbol, 8), 8
    if symbol < 256:
        return _turned(0x190 + symbol - 144, 9), 9
    return (_turned(symbol - 256, 7), 7) if symbol < 280 else (_turned(0xC0 + symbol - 280, 8), 8)


def _turned(code: int, width: int) -> int:
    """A code with its highest bit first, as deflate writes codes."""
    return int(f"{code:0{width}b}"[::-1], 2)


def _match(bits: "_Bits", length: int, distance: int) -> None:
    symbol, base, extra = _LENGTHS[bisect_right(_LENGTH_BASES, length) - 1]
    bits.add(*_FIXED[symbol])
    bits.add(length - base, extra)
    symbol, base, extra = _DISTANCES[bisect_right(_DISTANCE_BASES, distance) - 1]
    bits.add(_turned(symbol, 5), 5)
    bits.add(distance - base, extra)


def _steps(first: int, base: int, plain: int, group: int, count: int) -> list[tuple[int, int, int]]:
    """Symbol, smallest value and extra bits: `plain` symbols without any, then `group` symbols for each further bit."""
    rows = []
    for index in range(count):
        extra = max(0, (index - plain) // group + 1) if index >= plain else 0
        rows.append((first + index, base, extra))
        base += 1 << extra
    return rows


_LENGTHS = [*_steps(257, 3, 8, 4, 28), (285, _LONGEST_MATCH, 0)]
_DISTANCES = _steps(0, 1, 4, 2, 30)
_LENGTH_BASES = [base for _, base, _ in _LENGTHS]
_DISTANCE_BASES = [base for _, base, _ in _DISTANCES]
_FIXED = [_fixed_code(symbol) for symbol in range(288)]


def _runs(lengths: Sequence[int]) -> Iterator[tuple[int, int]]:
    start = 0
    for end in range(1, len(lengths) + 1):
        if end == len(lengths) or lengths[end] != lengths[start]:
            yield lengths[start], end - start
            start = end


class _Bits:
    """Bits in deflate's order: numbers from their lowest bit, codes from their highest."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._held = 0
        self.used = 0

    def add(self, value: int, count: int) -> None:
        self._held |= value << (self.used % 8)
        filled = self.used % 8 + count
        self.used += count
        while filled >= 8:
            self._bytes.append(self._held & 0xFF)
            self._held >>= 8
            filled -= 8

    def code(self, value: int, count: int) -> None:
        self.add(_turned(value, count), count)

    def taken(self) -> bytearray:
        return self._bytes + bytes([self._held]) if self.used % 8 else self._bytes
