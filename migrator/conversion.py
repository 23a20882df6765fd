"""What a file became, before any of it is in the bucket."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Staged:
    """A finished object: where it goes, its rows, and the upload that awaits its commit."""

    key: str
    rows: int
    upload: Any


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a file became: its SHA-256 in hex, and its objects, staged and not committed."""

    sha256: str
    objects: tuple[Staged, ...]
