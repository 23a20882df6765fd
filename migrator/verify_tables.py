"""What `verify` looks up, kept on disk: the bucket's objects, and the files that stand where the state expects none."""

import os
from collections.abc import Iterable, Iterator

from migrator.disk_table import DiskTable
from migrator.entries import Entry, FileState
from migrator.folders import DONE, FAILED, reason_place
from migrator.listing import Listed
from migrator.tree import Tree


class Bucket:
    """What a bucket holds under the prefix; an object that a file names is no longer left.

    Args:
        listed: All of it.
    """

    def __init__(self, listed: Iterable[Listed]) -> None:
        self._table = DiskTable(
            "CREATE TABLE objects (key BLOB PRIMARY KEY, size INTEGER, etag TEXT, named INTEGER) WITHOUT ROWID", None
        )
        rows = ((each.key.encode(), each.size, each.etag) for each in listed)
        self._table.fill("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, 0)", rows)

    def take(self, key: str) -> Listed | None:
        """What a key that a file names holds."""
        found = self._table.ask("UPDATE objects SET named = 1 WHERE key = ? RETURNING size, etag", key.encode())
        return Listed(key, *found[0]) if found else None

    def left(self) -> Iterator[str]:
        """The keys that no file has named, ascending."""
        query = "SELECT key FROM objects WHERE key > ? AND NOT named ORDER BY key LIMIT ?"
        return (key.decode() for (key,) in self._table.scan(query, b""))


class Loose:
    """The files that stand where the state expects none, and which entry each may belong to.

    Args:
        tree: The folder.
        entries: All that the state knows.
    """

    def __init__(self, tree: Tree, entries: Iterable[Entry]) -> None:
        self._tree = tree
        self._sized = False
        self._hashed: set[int] = set()
        self._table = DiskTable(
            "CREATE TABLE expected (place BLOB PRIMARY KEY) WITHOUT ROWID;"
            "CREATE TABLE taken (place BLOB PRIMARY KEY) WITHOUT ROWID;"
            "CREATE TABLE loose (place BLOB PRIMARY KEY, put_away INTEGER, size INTEGER, sha256 TEXT) WITHOUT ROWID;",
            None,
        )
        expected = ((os.fsencode(place),) for entry in entries for place in _expected(entry))
        self._table.fill("INSERT OR IGNORE INTO expected VALUES (?)", expected)
        enter = "INSERT INTO loose SELECT ?1, ?2, NULL, NULL WHERE NOT EXISTS (SELECT 1 FROM expected WHERE place = ?1)"
        self._table.fill(enter, ((os.fsencode(place), 1) for place in tree.put_away()))
        self._table.fill(enter, ((os.fsencode(place), 0) for place in tree.arrivals()))

    def take(self, place: str) -> None:
        """The file there is accounted for, and the reason file beside it."""
        self._table.ask("INSERT OR IGNORE INTO taken VALUES (?)", os.fsencode(place))
        self.take_reason(place)

    def take_reason(self, place: str) -> None:
        """The reason file beside the place is accounted for."""
        self._table.ask("INSERT OR IGNORE INTO taken VALUES (?)", os.fsencode(reason_place(place)))

    def find(self, entry: Entry) -> str | None:
        """Where the file of an entry is that is not at its place."""
        place = self._own_name(entry) if entry.sha256 is None else self._same_bytes(entry.size, entry.sha256)
        if place is not None:
            self.take(place)
        return place

    def unknown(self) -> Iterator[str]:
        """What nobody has taken below `done/` and `failed/`; what waits outside them is pending, and no difference."""
        query = (
            "SELECT place FROM loose WHERE place > ? AND put_away"
            " AND NOT EXISTS (SELECT 1 FROM taken WHERE taken.place = loose.place) ORDER BY place LIMIT ?"
        )
        return (os.fsdecode(place) for (place,) in self._table.scan(query, b""))

    def _own_name(self, entry: Entry) -> str | None:
        for place in sorted({entry.path, f"{DONE}/{entry.path}", f"{FAILED}/{entry.path}"}, key=os.fsencode):
            raw = os.fsencode(place)
            loose = self._table.ask("SELECT 1 FROM loose WHERE place = ?", raw)
            taken = self._table.ask("SELECT 1 FROM taken WHERE place = ?", raw)
            if loose and not taken and self._tree.size(place) == entry.size:
                return place
        return None

    def _same_bytes(self, size: int, sha256: str) -> str | None:
        self._hash(size)
        query = (
            "SELECT place FROM loose WHERE size = ? AND sha256 = ?"
            " AND NOT EXISTS (SELECT 1 FROM taken WHERE taken.place = loose.place) ORDER BY place LIMIT 1"
        )
        found = self._table.ask(query, size, sha256)
        return os.fsdecode(found[0][0]) if found else None

    def _hash(self, size: int) -> None:
        """Read the loose files of a size, each of them once however many entries look for theirs."""
        if not self._sized:
            self._sized = True
            every = self._table.scan("SELECT place FROM loose WHERE place > ? ORDER BY place LIMIT ?", b"")
            for (place,) in every:
                found = self._tree.size(os.fsdecode(place))
                self._table.ask("UPDATE loose SET size = ? WHERE place = ?", found or 0, place)
            self._table.ask("CREATE INDEX loose_bytes ON loose (size, sha256, place)")
        if size not in self._hashed:
            self._hashed.add(size)
            query = "SELECT place FROM loose INDEXED BY loose_bytes WHERE size = ?2 AND sha256 IS NULL AND place > ?1"
            for (place,) in self._table.scan(f"{query} ORDER BY place LIMIT ?3", b"", size):
                digest = self._tree.sha256(os.fsdecode(place))
                self._table.ask("UPDATE loose SET sha256 = ? WHERE place = ?", digest or "", place)


def _expected(entry: Entry) -> Iterator[str]:
    if entry.place is not None:
        yield entry.place
        if entry.state is FileState.FAILED:
            yield reason_place(entry.place)
