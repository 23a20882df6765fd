"""The bytes of random archives: what the standard library writes of planned members, and what damage there is to it."""

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile

from tests.migrator.formats.archive_plan import CORRUPT, ENCRYPTED, LIMIT, UNSUPPORTED, Dice, Member

# ---- zip ----

_FILE_TYPES = {"link": stat.S_IFLNK, "fifo": stat.S_IFIFO, "device": stat.S_IFCHR}
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


class _Pipe(io.RawIOBase):
    """Cannot be gone back in, so that sizes follow the data."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self.data += memoryview(data)  # type: ignore[arg-type]
        return len(memoryview(data))  # type: ignore[arg-type]


def zip_of(dice: Dice, members: list[Member]) -> bytes:
    out: io.BytesIO | _Pipe = _Pipe() if dice.one_in(4) else io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for member in members:
            info = zipfile.ZipInfo(member.written)
            info.compress_type = dice.choice(_METHODS)
            if member.kind in _FILE_TYPES:
                info.external_attr = (_FILE_TYPES[member.kind] | 0o777) << 16
                packed.writestr(info, b"elsewhere")
            elif member.kind == "folder":
                info.compress_type = zipfile.ZIP_STORED
                packed.writestr(info, b"")
            else:
                info.external_attr = dice.choice([0, stat.S_IFREG | 0o644]) << 16
                packed.writestr(info, member.made.data, zipfile.ZIP_DEFLATED if len(member.made.data) > LIMIT else None)
        if dice.one_in(10):
            packed.comment = b"a comment PK" + bytes(dice.randrange(20))
    data = bytes(out.data) if isinstance(out, _Pipe) else out.getvalue()
    for member in members:
        # The library marks a name that is not ASCII as UTF-8, so such a name is put in later: then it bears no mark.
        if member.written != member.path:
            data = data.replace(member.written.encode(), member.path.encode(errors="surrogateescape"))
    return data


def damaged_zip(dice: Dice, data: bytes, members: list[Member]) -> tuple[bytes, set[str]]:
    files = [member for member in members if member.kind == "file"]
    if dice.one_in(40):
        return data[: dice.randrange(1, len(data) - 21)] if len(data) > 30 else data[:5], {CORRUPT}
    if files and dice.one_in(40):
        return _flagged(data, 1), {ENCRYPTED}
    if files and dice.one_in(40):
        return _patched(data, 10, 97), {UNSUPPORTED}
    if files and dice.one_in(30):
        return _wrong_checksum(data), {CORRUPT}
    return data, set()


def _entries(data: bytes) -> list[int]:
    """Where the directory's entries are that have data."""
    end = data.rfind(b"PK\5\6")
    count, _, at = struct.unpack_from("<HII", data, end + 10)
    found = []
    for _ in range(count):
        name, extra, comment = struct.unpack_from("<3H", data, at + 28)
        if not data[at + 46 : at + 46 + name].endswith(b"/") and not data[at + 41] & 0xF0 & ~0x80:
            found.append(at)
        at += 46 + name + extra + comment
    return found


def _flagged(data: bytes, flag: int) -> bytes:
    changed = bytearray(data)
    for at in _entries(data):
        changed[at + 8] |= flag
    return bytes(changed)


def _patched(data: bytes, offset: int, method: int) -> bytes:
    changed = bytearray(data)
    for at in _entries(data):
        struct.pack_into("<H", changed, at + offset, method)
    return bytes(changed)


def _wrong_checksum(data: bytes) -> bytes:
    changed = bytearray(data)
    for at in _entries(data):
        (local,) = struct.unpack_from("<I", data, at + 42)
        changed[at + 16] ^= 1
        if not changed[local + 6] & 8:
            changed[local + 14] ^= 1
    return bytes(changed)


# ---- tar ----

_TAR_TYPES = {
    "link": tarfile.SYMTYPE,
    "hard link": tarfile.LNKTYPE,
    "fifo": tarfile.FIFOTYPE,
    "device": tarfile.CHRTYPE,
}
_FORMATS = (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT)


def tar_of(dice: Dice, members: list[Member]) -> tuple[bytes, int]:
    """The tar, and where its closing zeros begin."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=dice.choice(_FORMATS)) as packed:
        for member in members:
            info = tarfile.TarInfo(member.path)
            if member.kind in _TAR_TYPES:
                info.type, info.linkname = _TAR_TYPES[member.kind], "elsewhere"
                packed.addfile(info)
            elif member.kind == "folder":
                info.type = tarfile.DIRTYPE
                packed.addfile(info)
            else:
                info.size = len(member.made.data)
                packed.addfile(info, io.BytesIO(member.made.data))
        end = packed.offset
    return out.getvalue(), end


def is_header(data: bytes, at: int) -> bool:
    return data[at + 257 : at + 262] == b"ustar" and any(data[at : at + 100])


def gzipped(dice: Dice, data: bytes) -> tuple[bytes, set[str]]:
    cut = dice.randrange(len(data) + 1) if dice.one_in(5) else 0
    # Several members one after the other are one stream.
    parts = [data[:cut], data[cut:]] if cut else [data]
    packed = b"".join(gzip.compress(part, dice.choice([6, 9]), mtime=0) for part in parts)
    if dice.one_in(20):
        return packed + bytes(dice.randrange(1, 40)), set()
    if dice.one_in(40):
        return packed[: dice.randrange(1, len(packed))] if len(parts) == 1 else packed[:-1], {CORRUPT}
    if dice.one_in(40):
        return packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:], {CORRUPT}
    if dice.one_in(60):
        return packed + b"trailing", {CORRUPT}
    if dice.one_in(80):
        return dice.choice([bz2.compress(data), lzma.compress(data)]), {CORRUPT}
    return packed, set()
