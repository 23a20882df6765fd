"""What becomes of a state file that somebody or something damages, and what it must become then."""

import random
import shutil
import sqlite3
from collections.abc import Container, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from harness.books import Books, Difference, bucket_differences, folder_differences, reason_differences
from harness.folders import LOCK_NAME, PLACES, STATE_FILE, STATE_FOLDER, describe, files_below, look
from harness.process import MigratorProcess
from harness.status import RecordedFile, RecordedObject, Status
from harness.truth import MockFile
from harness.world import STATUS_LIMIT, World

_UNKNOWN_VERSION = 2**31 - 1


class Damage(StrEnum):
    """What is done to a state file."""

    TRUNCATED = "truncated"
    EMPTIED = "emptied"
    OVERWRITTEN = "overwritten"
    ONE_BIT = "one bit"
    REMOVED = "removed"
    NEWER = "newer"
    FOLDER = "folder"

    @property
    def unreadable(self) -> bool:
        """Whether nobody can read what is left, so that it must be set aside."""
        # A bit may fall where nobody looks, and a version may be kept elsewhere.
        return self not in {Damage.ONE_BIT, Damage.REMOVED, Damage.NEWER}


@dataclass(frozen=True)
class Damaged:
    """A state after it was damaged.

    Attributes:
        damage: What was done.
        left: What stands there now, as `folders.describe` tells it.
        companions: The names that stood beside it before, which are no copies of it.
        kept: The bytes that are left of it; none where it is a folder, or gone.
    """

    damage: Damage
    left: str
    companions: frozenset[str]
    kept: bytes


def state_file(world: World) -> Path:
    """Where the contract puts the state by default."""
    return world.source / STATE_FOLDER / STATE_FILE


def damage(world: World, how: Damage, seed: int, spared: Container[str] = ()) -> Damaged:
    """Damage the world's state, which nobody may be using; what is in it and beside it is the migrator's own.

    Args:
        world: Whose state it is.
        how: What is done to it.
        seed: Decides the bytes or the bit.
        spared: Names beside it that stay, for they are copies of what was damaged before.

    Raises:
        FileNotFoundError: There is none.
    """
    file = state_file(world)
    data = bytearray(file.read_bytes())
    companions = [each for each in _parts(world) if each != file and each.name not in spared]
    if how is not Damage.ONE_BIT:
        # A damaged file that has lost them is what a copy or a disk leaves.
        for each in companions:
            each.unlink()
    if how is Damage.TRUNCATED:
        file.write_bytes(data[: len(data) // 2])
    elif how is Damage.EMPTIED:
        file.write_bytes(b"")
    elif how is Damage.OVERWRITTEN:
        file.write_bytes(random.Random(seed).randbytes(len(data)))  # noqa: S311 - no secret
    elif how is Damage.ONE_BIT:
        data[len(data) // 2] ^= 1 << (seed % 8)
        file.write_bytes(data)
    elif how is Damage.NEWER:
        _make_newer(file)
    else:
        file.unlink()
        if how is Damage.FOLDER:
            file.mkdir()
            (file / "lost+found").touch()
    kept = file.read_bytes() if file.is_file() else b""
    return Damaged(how, _described(file), frozenset(each.name for each in companions), kept)


def _make_newer(file: Path) -> None:
    """Raise the version in a SQLite file; any other one gives way to a SQLite file of a version that nobody knows."""
    try:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute(f"PRAGMA user_version = {_UNKNOWN_VERSION}")
    except sqlite3.DatabaseError:
        file.unlink()
        with closing(sqlite3.connect(file)) as connection:
            connection.executescript(f"CREATE TABLE unknown (a); PRAGMA user_version = {_UNKNOWN_VERSION};")


def set_aside(world: World, damaged: Damaged) -> list[str]:
    """The names under which the damaged state is kept; none where it is gone, or was changed."""
    file = state_file(world)
    own = {file.name, *damaged.companions}
    return sorted(
        each.name
        for each in file.parent.iterdir()
        if each.name.startswith(file.name) and each.name not in own and _described(each) == damaged.left
    )


def goes_on(world: World, damaged: Damaged) -> bool:
    """Whether a truncated state still stands where it was and was written on: a log may be read as far as it goes.

    What was cut in its middle may be dropped from its end; at least half of what was left must be there.
    """
    file = state_file(world)
    if damaged.damage is not Damage.TRUNCATED or not file.is_file():
        return False
    half = len(damaged.kept) // 2
    return half > 0 and file.read_bytes()[:half] == damaged.kept[:half]


def newer_is_gone(world: World, damaged: Damaged) -> bool:
    """Whether a newer version's state does not stand any more where it was, so that it must be kept beside it."""
    if damaged.damage is not Damage.NEWER:
        return False
    try:
        with closing(sqlite3.connect(f"file:{state_file(world)}?mode=ro", uri=True)) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.Error:
        return True
    return bool(version != _UNKNOWN_VERSION)


def _described(file: Path) -> str:
    if file.is_dir():
        return f"a folder of {sorted(each.name for each in file.iterdir())}"
    # Mode and time may differ in a copy; the bytes may not.
    return describe(file.parent, file.name).partition(", mode ")[0]


@dataclass(frozen=True)
class CopyOfState:
    """The state and its companions as they were at one moment; what is held is left out."""

    folder: Path

    @classmethod
    def take(cls, world: World) -> "CopyOfState":
        """Copy them."""
        folder = world.folder / "copy of the state"
        folder.mkdir()
        for each in _parts(world):
            shutil.copy2(each, folder / each.name)
        return cls(folder)

    def put_back(self, world: World) -> None:
        """Put them in the place of those that are there now."""
        for each in _parts(world):
            each.unlink()
        for each in self.folder.iterdir():
            shutil.copy2(each, state_file(world).with_name(each.name))


def _parts(world: World) -> Iterator[Path]:
    """The state and all files whose names begin with its own, but for a lock."""
    file = state_file(world)
    for part in sorted(file.parent.iterdir()):
        if part.name.startswith(file.name) and not LOCK_NAME.search(part.name) and part.is_file():
            yield part


def told_by_status(world: World) -> tuple[Status, str]:
    """What `status --json` says, and what it says on stderr beside it; `World.status` reads the exit code."""
    told = MigratorProcess(world.launch, ["status", str(world.source), "--json"]).wait(STATUS_LIMIT)
    if told.exit_code != 0:
        raise AssertionError(f"Expected exit code 0 of {told.command!r}, seen {told.how_it_ended()}.")
    return Status.read(told.stdout), told.stderr


def folders_tell(world: World) -> dict[str, tuple[str, str]]:
    """Place → path and state of every file of the truth, as anybody sees it who looks into the folders."""
    known = {file.path for file in world.truth.files}
    found: dict[str, tuple[str, str]] = {}
    for place in files_below(world.source):
        top, _, rest = place.partition("/")
        if top in PLACES and rest in known:
            found[place] = (rest, top)
        elif place in known:
            found[place] = (place, "pending")
    return found


def whole_without_state(world: World) -> Iterator[Difference]:
    """What is wrong in folders and bucket, whatever the state says: nothing may be lost, nothing be there twice."""
    versions = tuple(world.bucket.versions())
    etags = {version.key: version for version in versions}
    empty = Books(world.truth, world.source, look(world.source), Status({}, ()), versions, (), (), "lake/")

    def right(file: MockFile) -> RecordedFile:
        keys = empty.expected_keys(file)
        objects = (
            RecordedObject(key, each.rows, etags[key].size, etags[key].etag)
            for key, each in zip(keys, file.objects, strict=True)
            if key in etags
        )
        return RecordedFile(
            path=file.path,
            place=f"{file.state}/{file.path}",
            kind=file.kind,
            format=file.format,
            size=file.size,
            sha256=file.sha256,
            state=file.state.value,
            attempts=1,
            discovered_at=None,
            started_at=None,
            finished_at=None,
            objects=tuple(objects),
            error_code=min(file.codes, default=None),
            error_message=None,
        )

    books = replace(empty, status=Status({}, tuple(right(file) for file in world.truth.files)), allowed=world.allowed)
    yield from folder_differences(books)
    yield from reason_differences(books)
    # An object that is missing is told as one that has no version.
    yield from bucket_differences(books, ended=True)
