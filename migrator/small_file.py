"""What is said on the line between a run and its converters."""

from typing import NamedTuple

from migrator.names import Format

SMALL_BYTES = 32 * 1024
"""What is bigger is converted by the run itself."""


class SmallFile(NamedTuple):
    """A pending file, as far as its conversion needs it; `size` in bytes."""

    path: str
    place: str
    format: Format
    size: int
    mtime_ns: int


class MadeObject(NamedTuple):
    """An object that is not staged yet."""

    key: str
    rows: int
    metadata: dict[str, str]
    data: bytes


class Made(NamedTuple):
    """What a file became: its SHA-256 in hex, and its objects."""

    sha256: str
    objects: tuple[MadeObject, ...]
