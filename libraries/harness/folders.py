"""What lies in a folder: every file with its bytes' digest, mode and time; and what two looks at it differ in."""

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PLACES = ("done", "failed")
STATE_FOLDER = ".migrator"
STATE_FILE = "state.sqlite3"
LOCK_NAME = re.compile(r"lock|pid|held|holder", re.IGNORECASE)
"""What names of lock files have in them; the contract leaves them free."""


@dataclass(frozen=True)
class FileFacts:
    """A file as it lies there.

    Attributes:
        size: Bytes.
        sha256: Of the bytes, in hex.
        mode: Permission bits.
        mtime_ns: Modification time in nanoseconds.
    """

    size: int
    sha256: str
    mode: int
    mtime_ns: int

    @classmethod
    def of(cls, file: Path) -> "FileFacts":
        """Look at one file."""
        facts = file.lstat()
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return cls(facts.st_size, digest, stat.S_IMODE(facts.st_mode), facts.st_mtime_ns)

    def difference(self, other: "FileFacts") -> str | None:
        """What `other` has that differs from this, in words; None where nothing does."""
        if self.size != other.size:
            return f"size {self.size}, seen {other.size} bytes"
        if self.sha256 != other.sha256:
            return f"SHA-256 {self.sha256[:12]}…, seen {other.sha256[:12]}…"
        if self.mode != other.mode:
            return f"mode {self.mode:o}, seen {other.mode:o}"
        if self.mtime_ns != other.mtime_ns:
            return f"modification time {self.mtime_ns} ns, seen {other.mtime_ns} ns"
        return None


def look(folder: Path) -> dict[str, FileFacts]:
    """Every regular file below `folder` by its relative path, the migrator's own folder left out."""
    return {path: FileFacts.of(folder / path) for path in files_below(folder) if _is_regular(folder / path)}


def irregular(folder: Path) -> list[str]:
    """Relative paths of all below `folder` that is neither a regular file nor a folder: links, sockets, devices."""
    return sorted(path for path in (*files_below(folder), *_linked_folders(folder)) if not _is_regular(folder / path))


def describe(folder: Path, path: str) -> str:
    """What lies at a relative path, in words that are the same as long as it is."""
    place = folder / path
    try:
        mode = place.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "nothing"
    if stat.S_ISLNK(mode):
        return f"a symbolic link to {place.readlink()}"
    if not stat.S_ISREG(mode):
        return f"no regular file ({stat.filemode(mode)})"
    facts = FileFacts.of(place)
    return f"a file of {facts.size} bytes, SHA-256 {facts.sha256[:12]}…, mode {facts.mode:o}, time {facts.mtime_ns} ns"


def files_below(folder: Path) -> Iterator[str]:
    """Relative paths of all files below `folder`, with `/`, the migrator's own folder left out."""
    for parent, names, files in os.walk(folder):
        relative = Path(parent).relative_to(folder)
        if relative == Path():
            names[:] = [name for name in names if name != STATE_FOLDER]
        for name in files:
            yield (relative / name).as_posix()


def _linked_folders(folder: Path) -> Iterator[str]:
    for parent, names, _ in os.walk(folder):
        yield from (
            (Path(parent) / name).relative_to(folder).as_posix() for name in names if Path(parent, name).is_symlink()
        )


def _is_regular(place: Path) -> bool:
    return stat.S_ISREG(place.lstat().st_mode)


def strays(source: Path) -> list[str]:
    """What lies in the migrator's own folder though no run is under way: all but state, its copies and the lock."""
    folder = source / STATE_FOLDER
    if not folder.is_dir():
        return []
    others = sorted(entry for entry in folder.iterdir() if not entry.name.startswith(STATE_FILE))
    locks = [entry for entry in others if entry.is_file() and LOCK_NAME.search(entry.name)][:1]
    return [f"{STATE_FOLDER}/{entry.name}" for entry in others if entry not in locks]
