"""Keywords about what the migrator may not read or write, until its owner lets it."""

import stat
from dataclasses import dataclass
from pathlib import Path

from robot.api.deco import keyword, library

from harness import arrivals, permissions
from harness.books_facts import facts_of
from harness.faults import PENDING_LEFT
from harness.folders import PLACES, look
from harness.problems import EnvironmentFault, Problem
from harness.tables import Row
from harness.truth import MockFile, reason_path
from harness.world import PREFIX, World, WorldError
from verdicts import judge

_READ_ONLY, _USUAL = 0o555, 0o755
_UNREADABLE = "source-unreadable"


@dataclass(frozen=True)
class _Lying:
    """A file as it lies there, without its bytes."""

    mode: int
    size: int
    mtime_ns: int


@library(scope="TEST", doc_format="MARKDOWN")
class Permissions:
    """A good file, or a folder with one in it, that nobody may read for a while, or a folder that nobody may write."""

    def __init__(self) -> None:
        self._file: MockFile | None = None

    @keyword
    def forbid_reading_of_a_folder(self, world: World) -> None:
        """Take all permissions from a folder of the source with a good file in it; modes bind the migrator from now."""
        _bind(world)
        self._file = next(file for file in world.truth.ending("done") if "/" in file.path)
        self._folder(world).chmod(permissions.NOBODYS)
        world.note(f"{self._folder(world).name}/ may not be read")

    @keyword
    def allow_reading_of_the_folder(self, world: World) -> None:
        """Give the folder its permissions again."""
        self._folder(world).chmod(_USUAL)
        world.note(f"{self._folder(world).name}/ may be read")

    @keyword
    def file_in_the_folder_should_be_untouched(self, world: World) -> None:
        """Exit code 4; the file lies where it arrived and is neither done nor failed, and there is no object of it."""
        file, last = self._of_now(), world.last_run
        self._folder(world).chmod(_USUAL)
        lying = look(world.source).get(file.path) == facts_of(file)
        self._folder(world).chmod(permissions.NOBODYS)
        ended = [each.state for each in world.status().of_path(file.path) if each.state in {"done", "failed"}]
        keys = {f"{PREFIX}/{each.key}" for each in file.objects} & set(world.bucket.keys())
        right = last.signal is None and last.exit_code == PENDING_LEFT
        rows = [
            Row(last.command, f"exit code {PENDING_LEFT}", last.how_it_ended(), right),
            Row(file.path, "the file untouched where it arrived", "so" if lying else "it changed or gone", lying),
            Row(file.path, "neither done nor failed", ", ".join(ended) or "so", not ended),
            Row(file.path, "no object", ", ".join(keys) or "so", not keys),
        ]
        judge(world, "Unreadable folder", rows)

    @keyword
    def forbid_reading_of_a_file(self, world: World) -> None:
        """Take all permissions from a good csv file; from now on modes bind the migrator, whoever starts it."""
        _bind(world)
        self._file = next(file for file in world.truth.ending("done") if file.format == "csv")
        (world.source / self._file.path).chmod(permissions.NOBODYS)
        world.note(f"{self._file.path} may not be read")

    @keyword
    def migrator_should_have_failed_the_file_as_unreadable(self, world: World) -> None:
        """It is failed with `source-unreadable`, has a reason and no object; size, mode and time are as they were."""
        file = self._of_now()
        place, reason = f"failed/{file.path}", f"failed/{reason_path(file.path)}"
        found = world.status().of_path(file.path)
        told = [(each.state, each.place, each.error_code) for each in found]
        expected = _Lying(permissions.NOBODYS, file.size, file.mtime_ns)
        seen = _lying(world, place)
        keys = {f"{PREFIX}/{each.key}" for each in file.objects} & set(world.bucket.keys())
        there = (world.source / reason).is_file()
        rows = [
            Row(file.path, f"failed as {_UNREADABLE}", f"{told}", told == [("failed", place, _UNREADABLE)]),
            Row(place, f"{expected}", f"{seen}", seen == expected),
            Row(reason, "the reason", "so" if there else "none", there),
            Row(file.path, "no object", ", ".join(keys) or "so", not keys),
        ]
        judge(world, "Unreadable file", rows)

    @keyword
    def allow_reading_and_put_file_back(self, world: World) -> None:
        """Give the file its mode again, and put it back to where it arrived, without its reason."""
        file = self._of_now()
        (world.source / "failed" / file.path).chmod(file.mode)
        arrivals.put_back(world, file.path)

    @keyword
    def forbid_writing_into_done_and_failed(self, world: World) -> None:
        """Make both folders, and take from everybody the permission to write there; modes bind the migrator then."""
        _bind(world)
        for top in PLACES:
            (world.source / top).mkdir(mode=_READ_ONLY)
            world.note(f"{top}/ may not be written")

    @keyword
    def allow_writing_into_done_and_failed(self, world: World) -> None:
        """Give the permission back."""
        for top in PLACES:
            (world.source / top).chmod(_USUAL)
            world.note(f"{top}/ may be written")

    def _folder(self, world: World) -> Path:
        return (world.source / self._of_now().path).parent

    def _of_now(self) -> MockFile:
        if self._file is None:
            raise AssertionError("Every file may be read: the Given is missing.")
        return self._file


def _bind(world: World) -> None:
    world.launch = permissions.bound(world.launch)
    try:
        world.status()
    except WorldError as error:
        raise EnvironmentFault(Problem.OTHER, f"modes of files keep the migrator from starting: {error}") from error


def _lying(world: World, place: str) -> _Lying | None:
    try:
        facts = (world.source / place).lstat()
    except FileNotFoundError:
        return None
    return _Lying(stat.S_IMODE(facts.st_mode), facts.st_size, facts.st_mtime_ns)
