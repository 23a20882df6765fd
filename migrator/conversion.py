"""What a file became, before any of it is in the bucket."""

from dataclasses import dataclass
from typing import Any, Protocol


class Staged(Protocol):
    """A finished object: where it goes, its rows, and the upload that awaits its commit."""

    @property
    def key(self) -> str:
        """Its key."""

    @property
    def rows(self) -> int:
        """How many rows it holds."""

    @property
    def upload(self) -> Any:
        """What `Target.commit` takes."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a file became: its SHA-256 in hex, and its objects, staged and not committed."""

    sha256: str
    objects: tuple[Staged, ...]
