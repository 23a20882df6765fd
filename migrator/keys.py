"""The keys that a bucket holds under the prefix, and which of them a file could have made."""

from collections.abc import Iterable
from pathlib import Path

from migrator.disk_table import DiskTable
from migrator.names import Format, format_of, key_base

_SINGLE_OBJECT = frozenset({Format.CSV, Format.JSON, Format.TXT})


class Keys:
    """The keys, kept on disk; may be asked by many threads.

    Args:
        prefix: The prefix of all keys.
        keys: All that the bucket holds under it.
        file: Where they are kept; None for a file without a name.
    """

    def __init__(self, prefix: str, keys: Iterable[str], file: Path | None = None) -> None:
        self._prefix = prefix
        self._table = DiskTable("CREATE TABLE keys (key BLOB PRIMARY KEY) WITHOUT ROWID", file)
        self._table.fill("INSERT OR IGNORE INTO keys VALUES (?)", ((key.encode(),) for key in keys))

    def of(self, path: str) -> list[str]:
        """The keys that the file arrived at `path` could have made."""
        base = key_base(self._prefix, path).encode(errors="surrogateescape")
        file_format = format_of(path.rpartition("/")[2])
        if file_format is Format.UNKNOWN:
            return []
        if file_format in _SINGLE_OBJECT:
            found = self._table.ask("SELECT key FROM keys WHERE key = ?", base + b".parquet")
        else:
            # 0 follows the slash.
            query = "SELECT key FROM keys WHERE key >= ? AND key < ? ORDER BY key"
            found = self._table.ask(query, base + b"/", base + b"0")
        return [key.decode() for (key,) in found]

    def close(self) -> None:
        """Forget them."""
        self._table.close()


def makes_one_object(path: str) -> bool:
    """Whether the file at `path` makes exactly one object, whose key its name tells."""
    return format_of(path.rpartition("/")[2]) in _SINGLE_OBJECT
