"""Puts mock files on disk, copies them into a source, and holds folders against what was made."""

import os
import shutil
import stat
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from harness.folders import FileFacts
from harness.mock_made import Recipe
from harness.tables import Row
from harness.truth import FORMATS, MockFile, MockSet


def write(root: Path, recipes: Iterable[Recipe], seed: int) -> MockSet:
    """Write the files into `root`, which is made and must be empty.

    Raises:
        FileExistsError: Something is in `root` already.
    """
    root.mkdir(parents=True, exist_ok=True)
    if any(root.iterdir()):
        raise FileExistsError(f"test data goes into an empty folder, and {root} holds something already")
    return MockSet(root, seed, tuple(put_file(root / recipe.path, recipe) for recipe in recipes))


def put_file(target: Path, recipe: Recipe) -> MockFile:
    """Write one mock file at `target`, where none may be, with its mode and modification time."""
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
            raise FileExistsError(f"the source holds {file.path!r} already")
        shutil.copyfile(files.root / file.path, target)
        target.chmod(file.mode)
        os.utime(target, ns=(file.mtime_ns, file.mtime_ns))


def rows(folder: Path, files: MockSet) -> list[Row]:
    """Each file as it was made beside what `folder` holds of it (bytes, mode, time), and whatever else lies there."""
    known = {file.path for file in files.files}
    found = [_row(folder, file) for file in files.files]
    return found + [Row(path, "no such file", "a file", right=False) for path in sorted(paths_in(folder) - known)]


def _row(folder: Path, file: MockFile) -> Row:
    expected, seen = file_difference(folder / file.path, file) or (f"{file.size} bytes as they were made", "so")
    return Row(file.path, f"{expected} in {folder.name}", seen, right=seen == "so")


def file_difference(place: Path, file: MockFile) -> tuple[str, str] | None:
    """What is expected and what is seen at `place`, where that is not the file as it was made."""
    try:
        found = place.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return f"a file of {file.size} bytes", "nothing"
    if not stat.S_ISREG(found.st_mode):
        return "a regular file", stat.filemode(found.st_mode)
    seen = FileFacts.of(place)
    if seen.size != file.size:
        return f"{file.size} bytes", f"{seen.size} bytes"
    if seen.sha256 != file.sha256:
        return f"the SHA-256 {file.sha256}", seen.sha256
    if seen.mode != file.mode:
        return f"the mode {file.mode:04o}", f"{seen.mode:04o}"
    if seen.mtime_ns != file.mtime_ns:
        return f"the modification time {file.mtime_ns} ns", f"{seen.mtime_ns} ns"
    return None


def sharing_rows(folder: Path, files: MockSet) -> list[Row]:
    """For each file whether the one in `folder` is a copy of its own, no link to the test data."""
    return [_sharing_row(folder / file.path, files.root / file.path, file.path) for file in files.files]


def _sharing_row(copy: Path, original: Path, path: str) -> Row:
    shared = copy.exists() and copy.samefile(original)
    return Row(path, "a copy of its own", "a link to the test data" if shared else "so", right=not shared)


def format_rows(files: MockSet) -> list[Row]:
    """How many files there are of each format that the contract knows."""
    counts = Counter(file.format for file in files.files)
    return [Row(name, f"at least one {name} file", str(counts[name]), counts[name] > 0) for name in sorted(FORMATS)]


def paths_in(folder: Path) -> set[str]:
    """All that is in a folder and is no folder, relative to it, whatever the names."""
    root = os.fspath(folder)
    return {
        os.path.relpath(os.path.join(place, name), root)  # noqa: PTH118 - a Path would lose names such as a trailing dot
        for place, folders, names in os.walk(root)
        for name in [*names, *(each for each in folders if (Path(place) / each).is_symlink())]
    }
