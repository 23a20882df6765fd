"""Objects of files that are still pending: a stop after the first of several uploads leaves them."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from migrator.entries import Intent
from migrator.errors import KeyRefused, TargetRefused
from migrator.names import key_base
from migrator.work import belongs

if TYPE_CHECKING:
    from migrator.target import Target

_SUFFIX = ".parquet"


class PendingObjects:
    """Tells whether an object was made of a pending file: its key must fit, and its footer must say so.

    Args:
        target: Asked for footers of objects whose key fits.
        prefix: The prefix of all keys.
        paths: Where the pending files are.
        sha256: The SHA-256 of a file's bytes; None where it cannot be read.
        intents: What the state recorded before it was put: the file's path, and what.
    """

    def __init__(
        self,
        target: "Target",
        prefix: str,
        paths: Iterable[str],
        sha256: Callable[[str], str | None],
        intents: Iterable[tuple[str, Intent]] = (),
    ) -> None:
        self._target = target
        self._intents = {intent.key: (path, intent.sha256) for path, intent in intents}
        self._paths = {key_base(prefix, path): path for path in paths}
        self._sha256 = sha256
        self._hashes: dict[str, str | None] = {}

    def __call__(self, key: str) -> bool:
        """Whether the object at `key` was made of a pending file, be it of bytes that have changed since."""
        path = self._path(key)
        if path is None and key not in self._intents:
            return False
        try:
            found = self._target.find(key)
        except KeyRefused as error:
            raise TargetRefused(f"{error}; the credentials must be allowed to read objects") from error
        if found is None:
            return False
        intended_path, intended = self._intents.get(key, ("", None))
        if intended is not None and belongs(found, intended_path, intended):
            return True
        sha256 = self._hash(path) if path is not None else None
        return path is not None and sha256 is not None and belongs(found, path, sha256)

    def _hash(self, path: str) -> str | None:
        if path not in self._hashes:
            self._hashes[path] = self._sha256(path)
        return self._hashes[path]

    def _path(self, key: str) -> str | None:
        base = key.removesuffix(_SUFFIX)
        while base:
            if base in self._paths:
                return self._paths[base]
            base = base.rpartition("/")[0]
        return None
