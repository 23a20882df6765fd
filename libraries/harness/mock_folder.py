"""Puts mock files on disk, copies them into a source, and holds folders against what was made."""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from harness.mock_made import Recipe
from harness.truth import FORMATS, MockFile, MockSet


def write(root: Path, recipes: Iterable[Recipe], seed: int) -> MockSet:
    """Write the files into `root`, which is made and must be empty.

    Raises:
        FileExistsError: Something is in `root` already.
    """
    root.mkdir(parents=True, exist_ok=True)
    if any(root.iterdir()):
        raise FileExistsError(f"test data goes into an empty folder, and {root} holds something already")
    return MockSet(root, seed, tuple(_written(root, recipe) for recipe in recipes))


def _written(root: Path, recipe: Recipe) -> MockFile:
    target = root / recipe.path
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as stream:
        file = recipe.write(stream)
    target.chmod(recipe.mode)
    os.utime(target, ns=(recipe.mtime_ns, recipe.mtime_ns))
    return file


def fill(source: Path, files: MockSet) -> None:
    """Copy the files into `source`: bytes, mode and modification time, no links."""
    source.mkdir(parents=True, exist_ok=True)
    for file in files.files:
        target = source / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(target):
            raise FileExistsError(f"the source holds {shown(file.path)} already")
        shutil.copyfile(files.root / file.path, target)
        target.chmod(file.mode)
        os.utime(target, ns=(file.mtime_ns, file.mtime_ns))


def difference(folder: Path, files: MockSet) -> str | None:
    """The first difference of a folder from the files (missing, extra, bytes, mode, time), the rest counted."""
    found = list(_differences(folder, files))
    if not found:
        return None
    return f"{found[0]}{f'; {len(found) - 1} more files differ' if len(found) > 1 else ''} (in {folder})"


def _differences(folder: Path, files: MockSet) -> Iterator[str]:
    expected = {file.path for file in files.files}
    for path in sorted(paths_in(folder) - expected):
        yield f"expected {len(expected)} files, seen one more: {shown(path)}"
    for file in files.files:
        told = file_difference(folder / file.path, file)
        if told:
            yield f"file {shown(file.path)}: {told}"


def file_difference(place: Path, file: MockFile) -> str | None:
    """How what stands at `place` differs from a file as it was made."""
    try:
        found = place.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return "expected it to be here, seen nothing"
    if not stat.S_ISREG(found.st_mode):
        return f"expected a regular file, seen {stat.filemode(found.st_mode)}"
    if found.st_size != file.size:
        return f"expected {file.size} bytes, seen {found.st_size}"
    if (digest := sha256(place)) != file.sha256:
        return f"expected the SHA-256 {file.sha256}, seen {digest}"
    if (mode := stat.S_IMODE(found.st_mode)) != file.mode:
        return f"expected the mode {file.mode:04o}, seen {mode:04o}"
    if found.st_mtime_ns != file.mtime_ns:
        return f"expected the modification time {file.mtime_ns} ns, seen {found.st_mtime_ns} ns"
    return None


def shared_file(folder: Path, files: MockSet) -> str | None:
    """The first file of a folder that is no copy of its own but the test data's file under another name."""
    for file in files.files:
        with suppress(FileNotFoundError):
            if (folder / file.path).samefile(files.root / file.path):
                return f"file {shown(file.path)}: expected a copy of its own in {folder}, seen a link to the test data"
    return None


def missing_formats(files: MockSet) -> list[str]:
    """The formats of the contract that no file has."""
    return sorted(FORMATS - {file.format for file in files.files})


def paths_in(folder: Path) -> set[str]:
    """All that is in a folder and is no folder, relative to it, whatever the names."""
    root = os.fspath(folder)
    return {
        os.path.relpath(os.path.join(place, name), root)  # noqa: PTH118 - a Path would lose names such as a trailing dot
        for place, folders, names in os.walk(root)
        for name in [*names, *(each for each in folders if (Path(place) / each).is_symlink())]
    }


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def shown(path: str) -> str:
    """A path as messages show it; bytes that are not UTF-8 are escaped, so that any log takes it."""
    return repr(path)
