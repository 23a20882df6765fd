"""What lies in a folder: a walk that follows no links, opens no file, and needs no recursion.

It goes by the bytes of the paths, as the state's index does, so that the two can be held against each other side by
side, and so that the state is written in the order of its indexes. In memory are the names of one folder at a time,
and of those above it.
"""

import os
import stat
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from migrator.entries import NewFile
from migrator.folders import DONE, FAILED

Trouble = Callable[[str, OSError], None]
"""Told of a folder that cannot be read: its path relative to SOURCE, and why."""

_TOPS = frozenset({os.fsencode(DONE), os.fsencode(FAILED)})


def arrived(root: Path, own: Collection[str], trouble: Trouble) -> Iterator[NewFile]:
    """The files of SOURCE outside `done/` and `failed/`, with size in bytes and modification time, by their paths.

    Args:
        root: SOURCE.
        own: Paths relative to SOURCE that are the migrator's own files (a state that lies in SOURCE).
        trouble: Called for what cannot be read; the walk goes on.
    """
    base = os.path.join(os.fsencode(root), b"")  # noqa: PTH118 - bytes
    for raw in _walk(base, b"", _TOPS, trouble):
        path = os.fsdecode(raw)
        if path in own:
            continue
        try:
            status = os.lstat(base + raw)
        except FileNotFoundError:
            continue
        except OSError as error:
            trouble(path, error)
            continue
        if stat.S_ISREG(status.st_mode):
            yield NewFile(path, status.st_size, status.st_mtime_ns)


def put_away(root: Path, top: str, trouble: Trouble) -> Iterator[bytes]:
    """The places of the regular files below SOURCE's folder `top`, as the file system has them, ascending."""
    if (root / top).is_dir():
        base = os.path.join(os.fsencode(root), b"")  # noqa: PTH118 - bytes
        yield from _walk(base, os.fsencode(f"{top}/"), frozenset(), trouble)


def _walk(base: bytes, top: bytes, skipped: frozenset[bytes], trouble: Trouble) -> Iterator[bytes]:
    """The paths of the regular files below `base`, relative to it, ascending by their bytes."""
    waiting = [(top, iter(_names(base, top, skipped, trouble)))]
    while waiting:
        folder, names = waiting[-1]
        for name in names:
            if name.endswith(b"/"):
                waiting.append((folder + name, iter(_names(base, folder + name, frozenset(), trouble))))
                break
            yield folder + name
        else:
            waiting.pop()


def _names(base: bytes, folder: bytes, skipped: frozenset[bytes], trouble: Trouble) -> list[bytes]:
    """The names of a folder's files, and with a slash those of its folders, so that all paths below come in order."""
    names: list[bytes] = []
    try:
        with os.scandir(base + folder) as entries:
            for entry in entries:
                name = entry.name
                if name.startswith(b".") or name in skipped:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    names.append(name + b"/")
                elif entry.is_file(follow_symlinks=False):
                    names.append(name)
    except FileNotFoundError:
        return []
    except OSError as error:
        trouble(os.fsdecode(folder.rstrip(b"/")) or ".", error)
    names.sort()
    return names
