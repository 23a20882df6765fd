"""What lies in a folder: a walk that follows no links, opens no file, and needs no recursion."""

import os
import stat
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from migrator.entries import NewFile

Trouble = Callable[[str, OSError], None]
"""Told of a folder that cannot be read: its path relative to SOURCE, and why."""


def arrived(root: Path, own: Collection[str], trouble: Trouble) -> Iterator[NewFile]:
    """The files of SOURCE outside `done/` and `failed/`, with size in bytes and modification time.

    Args:
        root: SOURCE.
        own: Paths relative to SOURCE that are the migrator's own files (a state that lies in SOURCE).
        trouble: Called for what cannot be read; the walk goes on.
    """
    for entry, path in _walk(root, "", frozenset({"done", "failed"}), trouble):
        if path in own:
            continue
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        except OSError as error:
            trouble(path, error)
            continue
        if stat.S_ISREG(status.st_mode):
            yield NewFile(path, status.st_size, status.st_mtime_ns)


def put_away(root: Path, top: str, trouble: Trouble) -> Iterator[str]:
    """The places of the regular files below SOURCE's folder `top`, unsorted."""
    if (root / top).is_dir():
        for entry, path in _walk(root, top, frozenset(), trouble):
            if entry.is_file(follow_symlinks=False):
                yield path


def _walk(root: Path, top: str, skipped: frozenset[str], trouble: Trouble) -> Iterator[tuple[os.DirEntry[str], str]]:
    folders = [top]
    while folders:
        folder = folders.pop()
        below: list[str] = []
        try:
            with os.scandir(root / folder) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or (not folder and entry.name in skipped):
                        continue
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        below.append(path)
                    elif not entry.is_symlink():
                        yield entry, path
        except FileNotFoundError:
            continue
        except OSError as error:
            trouble(folder or ".", error)
        folders.extend(sorted(below, reverse=True))
