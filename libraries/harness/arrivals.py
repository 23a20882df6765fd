"""What scenarios put into a source beside or after the first files, with its truth, and what is nobody's business."""

import hashlib
import io
import os
import socket
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from harness import mock_folder
from harness.folders import FileFacts, describe
from harness.mock_made import Recipe
from harness.truth import OBJECT_SUFFIX, MockFile, MockSet, State, reason_path, source_path
from harness.world import PREFIX, World

_MILLISECOND = 1_000_000
_LONG_AGO = 1_500_000_000_000_000_000


def arrive(world: World, recipes: Iterable[Recipe]) -> tuple[MockFile, ...]:
    """Put files into the source as somebody else does, and add their truth to the world's.

    Raises:
        FileExistsError: Something is there already.
    """
    files = tuple(mock_folder.put_file(world.source / recipe.path, recipe) for recipe in recipes)
    known = world.mock or MockSet(world.test_data, 0, ())
    world.mock = replace(known, files=(*known.files, *files))
    if world.process:
        world.note(f"{len(files)} file{'s' if len(files) > 1 else ''} arrived")
    return files


def arrive_by_another_name(world: World, file: MockFile, path: str) -> None:
    """Give a csv file of the source a second name in it, by a hard link; by that it is a file of its own."""
    (world.source / path).hardlink_to(world.source / file.path)
    (made,) = file.objects
    its_object = replace(made, key=f"{path}{OBJECT_SUFFIX}", source_path=source_path(path))
    other = replace(file, path=path, objects=(its_object,))
    world.mock = replace(world.truth, files=(*world.truth.files, other))


def change(world: World, place: str, recipe: Recipe) -> MockFile:
    """Overwrite a file where it lies, as its owner does, and change its truth; the bytes that were there may stay."""
    old = world.truth.file(recipe.path)
    with (world.source / place).open("wb") as stream:
        new = recipe.write(stream)
    world.note(f"{place} repaired")
    os.utime(world.source / place, ns=(recipe.mtime_ns, recipe.mtime_ns))
    new = replace(new, mode=old.mode)
    world.mock = replace(world.truth, files=tuple(new if file is old else file for file in world.truth.files))
    return new


def grow(world: World, file: MockFile) -> MockFile:
    """Append its first record once more to a csv file that lies where it arrived; its truth is what it has become."""
    target = world.source / file.path
    row = target.read_bytes().splitlines(keepends=True)[1]
    with target.open("ab") as stream:
        stream.write(row)
    world.note(f"{file.path} grew")
    facts = FileFacts.of(target)
    (made,) = file.objects
    columns = tuple(replace(each, values=(*each.values, each.values[0])) for each in made.columns or ())
    new = replace(
        file,
        size=facts.size,
        sha256=facts.sha256,
        mtime_ns=facts.mtime_ns,
        objects=(replace(made, rows=made.rows + 1, columns=columns),),
    )
    allow_taking_back(world, file)
    world.mock = replace(world.truth, files=tuple(new if each is file else each for each in world.truth.files))
    return new


def rewrite(world: World, file: MockFile) -> MockFile:
    """Write a csv file's letters in the other case, in its length, a millisecond later; its truth is what it holds."""
    target = world.source / file.path
    header, rest = target.read_bytes().split(b"\n", 1)
    target.write_bytes(header + b"\n" + rest.upper())
    later = file.mtime_ns + _MILLISECOND
    os.utime(target, ns=(later, later))
    facts = FileFacts.of(target)
    (made,) = file.objects
    columns = tuple(
        replace(each, values=tuple(value.upper() if isinstance(value, str) else value for value in each.values))
        for each in made.columns or ()
    )
    new = replace(
        file, size=facts.size, sha256=facts.sha256, mtime_ns=facts.mtime_ns, objects=(replace(made, columns=columns),)
    )
    allow_taking_back(world, file)
    world.mock = replace(world.truth, files=tuple(new if each is file else each for each in world.truth.files))
    return new


def remove(world: World, path: str) -> None:
    """Take a file out of the source under the run; its truth is that it has vanished, and its objects with it."""
    old = world.truth.file(path)
    allow_taking_back(world, old)
    (world.source / path).unlink()
    world.note(f"{path} removed")
    gone = replace(old, state=State.FAILED, codes=frozenset({"source-vanished"}), objects=())
    world.mock = replace(world.truth, files=tuple(gone if file is old else file for file in world.truth.files))


def take_away(world: World, path: str) -> None:
    """Take a failed file and its reason out of the source; the truth knows it no more."""
    _without_reason(world, path).unlink()
    world.mock = replace(world.truth, files=tuple(file for file in world.truth.files if file.path != path))


def put_back(world: World, path: str) -> None:
    """Put a failed file back to where it arrived, as its owner does, without its reason."""
    (world.source / path).parent.mkdir(parents=True, exist_ok=True)
    _without_reason(world, path).rename(world.source / path)


def _without_reason(world: World, path: str) -> Path:
    """The failed file, whose reason is removed."""
    place = world.source / "failed" / path
    (world.source / "failed" / reason_path(path)).unlink()
    return place


def allow_taking_back(world: World, file: MockFile) -> None:
    """Let the books accept that objects of a file came and went."""
    world.allowed.revised.update(f"{PREFIX}/{each.key}" for each in file.objects)


def put_bystander(world: World, place: str, data: bytes) -> None:
    """Put a file where it is no migrator's business: it only takes a name, and must be left alone."""
    target = world.source / place
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as stream:
        stream.write(data)
    os.utime(target, ns=(_LONG_AGO, _LONG_AGO))
    _remember(world, place)


def put_what_is_no_file(world: World) -> None:
    """Put links (to a file, to a folder, to nothing), a socket and a pipe into the source, all named like csv files."""
    outside = world.folder / "elsewhere"
    outside.mkdir()
    (outside / "linked.csv").write_text("a\n1\n")
    links = {"odd/link.csv": outside / "linked.csv", "odd/to nothing.csv": outside / "nothing", "odd/folder": outside}
    (world.source / "odd").mkdir(exist_ok=True)
    for place, to in links.items():
        (world.source / place).symlink_to(to)
        _remember(world, place)
    os.mkfifo(world.source / "odd/pipe.csv")
    _remember(world, "odd/pipe.csv")
    _bind(world.source / "odd", "socket.csv")
    _remember(world, "odd/socket.csv")


def parquet_of(source_path: str, source: bytes) -> bytes:
    """A parquet file as a migrator makes it, whose footer says that it was made of a source of these bytes."""
    footer = {"source-path": source_path, "source-sha256": hashlib.sha256(source).hexdigest()}
    body = io.BytesIO()
    pq.write_table(pa.table({"a": ["somebody else's"]}).replace_schema_metadata(footer), body)
    return body.getvalue()


def put_stranger(world: World, key: str, body: bytes = b"somebody else's") -> None:
    """Put an object of somebody else's under the prefix; it must be left alone."""
    world.bucket.put(f"{PREFIX}/{key}", body)
    (version,) = [each for each in world.bucket.versions() if each.key == f"{PREFIX}/{key}"]
    world.allowed.strangers[version.key] = version.etag


def _remember(world: World, place: str) -> None:
    world.allowed.bystanders[place] = describe(world.source, place)


def _bind(folder: Path, name: str) -> None:
    """Make a socket; its path is longer than a socket's address may be, so it is reached by the open folder."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(f"/proc/self/fd/{handle}/{name}")
    finally:
        os.close(handle)
