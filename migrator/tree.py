"""The folder as `verify` looks at it."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from migrator.errors import StateUnusable
from migrator.folders import DONE, FAILED, Folders, reason_place
from migrator.inventory import arrived, put_away
from migrator.reconcile import own_files
from migrator.within import names_inside
from migrator.work import sha256_of


class Tree(Protocol):
    """The folder, as far as it is looked at; places are relative to SOURCE, with `/`."""

    def size(self, place: str) -> int | None:
        """Bytes of the regular file there; None where there is none."""

    def sha256(self, place: str) -> str | None:
        """The SHA-256 of the file there in hex; None where it cannot be read."""

    def same(self, place: str, other: str) -> bool:
        """Whether both are one file."""

    def reason_of(self, place: str) -> str | None:
        """The path that the reason file beside a place in `failed/` tells of; None where there is none."""

    def put_away(self) -> Iterable[str]:
        """The places of all files below `done/` and `failed/`."""

    def arrivals(self) -> Iterable[str]:
        """The places of all files that wait outside them."""


class SourceTree:
    """The tree on disk.

    Args:
        root: SOURCE.
        state: Where the state is, which is no file to be moved.

    Raises:
        StateUnusable: From every method that walks through it, where a folder cannot be read.
    """

    def __init__(self, root: Path, state: Path) -> None:
        self._root = root
        self._folders = Folders(root, root)
        self._own = own_files(root, state) if state.parent.is_dir() else frozenset[str]()

    def size(self, place: str) -> int | None:
        """As `Tree` says."""
        found = self._folders.stat(place)
        return None if found is None else found.st_size

    def sha256(self, place: str) -> str | None:
        """As `Tree` says."""
        try:
            return sha256_of(self._root / place)
        except OSError:
            return None

    def same(self, place: str, other: str) -> bool:
        """As `Tree` says."""
        one, two = self._folders.stat(place), self._folders.stat(other)
        return one is not None and two is not None and os.path.samestat(one, two)

    def reason_of(self, place: str) -> str | None:
        """As `Tree` says."""
        reason = self._folders.read_reason(reason_place(place))
        return None if reason is None else str(reason["path"])

    def put_away(self) -> Iterator[str]:
        """As `Tree` says."""
        for top in (DONE, FAILED):
            yield from map(os.fsdecode, put_away(self._root, top, _unreadable))

    def arrivals(self) -> Iterator[str]:
        """As `Tree` says."""
        for file in arrived(self._root, self._own, _unreadable):
            yield file.path

    def waits(self, path: str) -> bool:
        """Whether a file waits there that an inventory would find."""
        inside = names_inside(path) and path.partition("/")[0] not in {DONE, FAILED} and path not in self._own
        return inside and self.size(path) is not None


def _unreadable(path: str, error: OSError) -> None:
    raise StateUnusable(f"cannot read {path}: {error.strerror}; it must be readable to be verified") from error
