"""The headers of a tar: v7, ustar and pax (POSIX.1-2024, `pax`), and GNU's (the tar manual, "Basic Tar Format")."""

from dataclasses import dataclass

from migrator.errors import ReasonCode, Refusal

BLOCK_SIZE = 512
ZEROS = bytes(BLOCK_SIZE)
REGULAR = frozenset({"0", "\0", "7"})
FOLDERS = frozenset({"5", "D"})
SPECIALS = {
    "1": "a hard link",
    "2": "a symbolic link",
    "3": "a character device",
    "4": "a block device",
    "6": "a named pipe",
}


@dataclass(frozen=True, slots=True)
class Header:
    """One header block.

    Attributes:
        path: As written, what is not UTF-8 in it as lone surrogates.
        type: The type flag, one character.
        size: Bytes of data that follow, as the block says.
    """

    path: str
    type: str
    size: int


def parse(block: bytes, offset: int) -> Header:
    """Read a header block.

    Args:
        block: 512 bytes that are not all zero.
        offset: Where it stands in the tar, for messages.

    Raises:
        Refusal: `corrupt-archive` where checksum or numbers are wrong.
    """
    # The checksum's own field counts as blanks; some old writers summed signed bytes.
    others = block[:148] + b" " * 8 + block[156:]
    total = sum(others)
    try:
        checksum = _number(block[148:156])
        size = _number(block[124:136])
    except ValueError as error:
        raise Refusal(ReasonCode.CORRUPT_ARCHIVE, f"the tar header at byte {offset} is damaged: {error}") from error
    if checksum not in {total, total - 256 * sum(byte > 127 for byte in others)}:
        raise Refusal(ReasonCode.CORRUPT_ARCHIVE, f"the tar header at byte {offset} has a wrong checksum")
    if size < 0:
        raise Refusal(ReasonCode.CORRUPT_ARCHIVE, f"the tar header at byte {offset} gives a size below zero")
    path = _text(block[:100])
    prefix = _text(block[345:500])
    if block[257:263] == b"ustar\0" and prefix:
        path = f"{prefix}/{path}"
    return Header(path, chr(block[156]), size)


def pax_records(data: bytes, offset: int) -> dict[str, str]:
    """The records `LENGTH KEY=VALUE` and a newline of a pax header.

    Raises:
        Refusal: `corrupt-archive` where they do not tile the data.
    """
    records: dict[str, str] = {}
    position = 0
    while position < len(data):
        blank = data.find(b" ", position, position + 20)
        digits = data[position:blank] if blank >= 0 else b""
        end = position + int(digits) if digits.isdigit() else 0
        key, equals, value = data[blank + 1 : max(end - 1, 0)].partition(b"=")
        if not equals or end > len(data) or data[end - 1 : end] != b"\n":
            if not data[position:].strip(b"\0"):
                break
            raise Refusal(ReasonCode.CORRUPT_ARCHIVE, f"the pax header at byte {offset} is damaged")
        records[_decoded(key)] = _decoded(value)
        position = end
    return records


def long_name(data: bytes) -> str:
    """The path that a GNU long-name entry holds."""
    return _text(data)


def _text(field: bytes) -> str:
    return _decoded(field.partition(b"\0")[0])


def _decoded(raw: bytes) -> str:
    return raw.decode(errors="surrogateescape")


def _number(field: bytes) -> int:
    if field[0] & 0x80:
        # GNU's base-256 for what octal digits cannot hold; 0xFF begins a negative number.
        value = int.from_bytes(field, "big")
        bits = 8 * len(field)
        return value - (1 << bits) if field[0] == 0xFF else value - (1 << (bits - 1))
    digits = field.strip(b" \0").partition(b"\0")[0].strip()
    if not digits:
        return 0
    if digits.translate(None, b"01234567"):
        raise ValueError(f"{digits!r} is no octal number")
    return int(digits, 8)
