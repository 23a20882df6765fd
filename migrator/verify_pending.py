"""Objects of files that are still pending: a stop after the first of several uploads leaves them."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from migrator.entries import Intent
from migrator.errors import KeyRefused, TargetRefused
from migrator.work import belongs

if TYPE_CHECKING:
    from migrator.target import Target

_SUFFIX = ".parquet"


class PendingObjects:
    """Tells whether an object was made of a pending file: its key must fit, and its footer must say so.

    Args:
        target: Asked for footers of objects whose key fits.
        prefix: The prefix of all keys.
        waits: Whether a pending file is at a path.
        sha256: The SHA-256 of a file's bytes; None where it cannot be read.
        intents: What the state recorded of a key before it was put: the file's path, and what.
    """

    def __init__(
        self,
        target: "Target",
        prefix: str,
        waits: Callable[[str], bool],
        sha256: Callable[[str], str | None],
        intents: Callable[[str], Iterable[tuple[str, Intent]]] = lambda _: (),
    ) -> None:
        self._target = target
        self._under = f"{prefix}/" if prefix else ""
        self._waits = waits
        self._sha256 = sha256
        self._intents = intents
        # Keys come in order, so that those of one archive's members follow each other.
        self._last: tuple[str, str | None] = ("", None)

    def __call__(self, key: str) -> bool:
        """Whether the object at `key` was made of a pending file, be it of bytes that have changed since."""
        path = self._path(key)
        intents = list(self._intents(key))
        if path is None and not intents:
            return False
        try:
            found = self._target.find(key)
        except KeyRefused as error:
            raise TargetRefused(f"{error}; the credentials must be allowed to read objects") from error
        if found is None:
            return False
        if any(intent.sha256 is not None and belongs(found, at, intent.sha256) for at, intent in intents):
            return True
        sha256 = self._hash(path) if path is not None else None
        return path is not None and sha256 is not None and belongs(found, path, sha256)

    def _hash(self, path: str) -> str | None:
        if self._last[0] != path:
            self._last = (path, self._sha256(path))
        return self._last[1]

    def _path(self, key: str) -> str | None:
        if not key.startswith(self._under):
            return None
        path = key[len(self._under) :].removesuffix(_SUFFIX)
        while path:
            if self._waits(path):
                return path
            path = path.rpartition("/")[0]
        return None
