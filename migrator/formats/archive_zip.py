"""zip (PKWARE APPNOTE 6.3.10), zip64 and data descriptors included: stored, deflate, bzip2 and lzma members."""

import bz2
import lzma
import stat
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import partial

from isal import igzip_lib

from migrator.errors import ReasonCode, Refusal
from migrator.formats.archive import Unpacking
from migrator.formats.archive_member import Member, MemberKind, MemberSource
from migrator.formats.archive_scratch import Bytes
from migrator.formats.archive_streams import ByteStream, Decompressor, PackedStream, WindowStream
from migrator.formats.archive_zip_directory import (
    ENCRYPTED,
    LOCAL,
    LOCAL_SIGNATURE,
    Entry,
    corrupt,
    read_directory,
)
from migrator.formats.file_source import FileBytes
from migrator.formats.interface import Source
from migrator.names import Format

_STORED, _DEFLATE, _BZIP2, _LZMA, _AES = 0, 8, 12, 14, 99
_METHODS = frozenset({_STORED, _DEFLATE, _BZIP2, _LZMA})
_DESCRIPTOR = 0x0008
_LZMA_HAS_END = 0x0002
_MAX_DESCRIPTOR = 24
_MAX_DICTIONARY = 64 * 1024 * 1024
_FULL_32 = 0xFFFFFFFF
_SPECIALS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
    stat.S_IFSOCK: "a socket",
}


def members(source: Source, _file_format: Format, unpacking: Unpacking) -> Iterator[Iterable[Member]]:
    """The members of a zip, all at once: its directory lists them.

    Raises:
        Refusal: `corrupt-archive`, `encrypted-archive`, `unsafe-archive`, `unsupported-format`.
    """
    file: Bytes
    if source.path is not None:
        file = FileBytes(source.path)
    elif isinstance(source, MemberSource):
        file = source.everywhere()
    else:
        with source.open() as stream:
            file = unpacking.scratch.spool().fill(stream)
    with closing(file):
        yield _Members(file, read_directory(file))


class _Members:
    """The members that a directory lists, made anew each time they are gone through: of many only the entries stay."""

    def __init__(self, file: Bytes, entries: list[Entry]) -> None:
        self._file = file
        self._entries = entries

    def __iter__(self) -> Iterator[Member]:
        return (_member(self._file, entry) for entry in self._entries)


def _member(file: Bytes, entry: Entry) -> Member:
    path = entry.path
    kind = stat.S_IFMT(entry.mode)
    # Before the folders: a link whose name ends in a slash is none.
    if kind in _SPECIALS:
        return Member(path, MemberKind.SPECIAL, ByteStream, what=_SPECIALS[kind])
    if path.endswith("/") or kind == stat.S_IFDIR:
        if entry.size:
            raise corrupt("it is a folder and yet has data").within(path)
        return Member(path, MemberKind.FOLDER, ByteStream)
    if entry.flags & ENCRYPTED or entry.method == _AES:
        raise Refusal(ReasonCode.ENCRYPTED_ARCHIVE, "it is encrypted; pack it without a password").within(path)
    if entry.method not in _METHODS:
        raise Refusal(
            ReasonCode.UNSUPPORTED_FORMAT,
            f"it is compressed by method {entry.method}; stored, deflate, bzip2 and lzma are read",
        ).within(path)
    if entry.method == _STORED and entry.packed != entry.size:
        raise corrupt(f"it is stored, and yet {entry.packed} bytes are to be {entry.size}").within(path)
    return Member(path, MemberKind.FILE, partial(_open, file, entry), size=entry.size, packed=entry.packed)


def _open(file: Bytes, entry: Entry) -> ByteStream:
    start = _check_local(file, entry)
    packed = WindowStream(file.read_at, start, entry.packed)
    return PackedStream(packed, _decompressor(packed, entry), entry.size, entry.crc)


def _check_local(file: Bytes, entry: Entry) -> int:
    """Where the member's data starts, after its local header was held against the directory."""
    raw = file.read_at(entry.offset, LOCAL.size)
    if len(raw) < LOCAL.size or raw[:4] != LOCAL_SIGNATURE:
        raise corrupt(f"its local header is not at byte {entry.offset}")
    _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = LOCAL.unpack(raw)
    name = file.read_at(entry.offset + LOCAL.size, name_length)
    start = entry.offset + LOCAL.size + name_length + extra_length
    end = start + entry.packed
    if name != entry.name:
        raise corrupt(f"its local header calls it {name.decode(errors='backslashreplace')!r}")
    if flags & ENCRYPTED:
        raise Refusal(ReasonCode.ENCRYPTED_ARCHIVE, "it is encrypted; pack it without a password")
    told = [] if flags & _DESCRIPTOR else [(crc, entry.crc), (packed, entry.packed), (size, entry.size)]
    if method != entry.method or any(here not in {there, _FULL_32} for here, there in told):
        raise corrupt("its local header contradicts the directory")
    if end > entry.bound:
        raise Refusal(ReasonCode.UNSAFE_ARCHIVE, "it shares bytes with another member")
    between = file.read_at(end, min(entry.bound - end, _MAX_DESCRIPTOR + len(LOCAL_SIGNATURE)))
    if LOCAL_SIGNATURE in between:
        raise corrupt("a member follows it that the directory does not know")
    return int(start)


def _decompressor(packed: WindowStream, entry: Entry) -> Decompressor | None:
    if entry.method == _DEFLATE:
        inflate: Decompressor = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_DEFLATE)
        return inflate
    if entry.method == _BZIP2:
        return bz2.BZ2Decompressor()
    if entry.method == _LZMA:
        return _lzma(packed, entry)
    return None


def _lzma(packed: WindowStream, entry: Entry) -> Decompressor:
    """A decompressor that has eaten the header of a zip's lzma data (APPNOTE 5.8.8)."""
    header = packed.read(4)
    length = int.from_bytes(header[2:], "little")
    properties = packed.read(length)
    if len(header) < 4 or length != 5 or len(properties) < length:
        raise corrupt("its lzma header is damaged")
    dictionary = int.from_bytes(properties[1:], "little")
    if dictionary > _MAX_DICTIONARY:
        raise Refusal(
            ReasonCode.UNSUPPORTED_FORMAT,
            f"its lzma dictionary takes {dictionary} bytes, and {_MAX_DICTIONARY} is what is read",
        )
    # The head of a .lzma file lets the library see the end by itself; all ones say that an end mark tells of it.
    size = b"\xff" * 8 if entry.flags & _LZMA_HAS_END else entry.size.to_bytes(8, "little")
    alone = lzma.LZMADecompressor(lzma.FORMAT_ALONE)
    try:
        alone.decompress(properties + size, 0)
    except lzma.LZMAError as error:
        raise corrupt(f"its lzma header is damaged: {error}") from error
    return alone
