"""No room, or no right to write, where SOURCE lies: exit 4, a clear message, everything pending, nothing torn."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from migrator.cli import main
from tests.migrator.fakes import FakeBucket, install

KIB = 1024
NO_ROOM = re.compile("no space left|disk is full", re.IGNORECASE)
FILES = {"a/one.csv": "1", "two.sql": "t u", "bad.csv": "bad"}
MOUNTED = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="only root may mount a small disk")


@contextmanager
def disk(place: Path, kib: int) -> Iterator[Path]:
    """A file system in memory of so many KiB."""
    place.mkdir()
    options = f"size={kib}k,mode=755"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], check=False, capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(folder: Path, leave_kib: int = 0) -> Path:
    """Take all room but so much."""
    ballast = folder / ".ballast"
    status = os.statvfs(folder)
    free = status.f_bavail * status.f_frsize - leave_kib * KIB
    with ballast.open("wb", buffering=0) as file:
        try:
            while free > 0:
                free -= file.write(b"\0" * min(free, 64 * KIB))
        except OSError:
            pass
    return ballast


class World:
    def __init__(self, root: Path, bucket: FakeBucket, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self.bucket, self._capsys = root, bucket, capsys
        self.err = self.warned = ""

    def arrive(self, files: dict[str, str]) -> None:
        for path, text in files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(text)

    def run(self, command: str = "run", *more: str) -> int:
        self._capsys.readouterr()
        target = ["s3://bucket/lake"] if command != "retry" else []
        code = main([command, str(self.root), *target, *more])
        self.err = self._capsys.readouterr().err
        assert "Traceback" not in self.err, self.err
        return code

    def states(self) -> dict[str, str]:
        self._capsys.readouterr()
        assert main(["status", str(self.root), "--json"]) == 0
        printed = self._capsys.readouterr()
        self.warned = printed.err
        return {file["path"]: file["state"] for file in json.loads(printed.out)["files"]}

    def files(self) -> list[str]:
        found = [str(file.relative_to(self.root)) for file in self.root.rglob("*") if file.is_file()]
        return sorted(name for name in found if not name.startswith("."))

    def all_is_pending(self) -> None:
        assert self.states() == dict.fromkeys(FILES, "pending")
        assert self.files() == sorted(FILES)
        assert self.bucket.held() == []

    def heals(self) -> None:
        assert self.run() == 3
        assert self.states() == {"a/one.csv": "done", "two.sql": "done", "bad.csv": "failed"}
        assert self.files() == ["done/a/one.csv", "done/two.sql", "failed/bad.csv", "failed/bad.csv.reason.json"]
        assert {self.bucket.puts(key) for key in self.bucket.held()} == {1}
        assert {file.name for file in (self.root / ".migrator").iterdir()} == {"lock", "state.sqlite3"}, self.err


@pytest.fixture
def world(tmp_path, monkeypatch, capsys):
    bucket = FakeBucket(tmp_path / "bucket")
    install(monkeypatch, bucket)
    with disk(tmp_path / "source", 512) as root:
        yield World(root, bucket, capsys)


@pytest.fixture
def roomy(tmp_path, monkeypatch, capsys):
    """A world with more room, for states of many pages."""
    bucket = FakeBucket(tmp_path / "bucket")
    install(monkeypatch, bucket)
    with disk(tmp_path / "source", 8192) as root:
        yield World(root, bucket, capsys)


@MOUNTED
def test_without_any_room_nothing_begins(world):
    world.arrive(FILES)
    ballast = fill(world.root)
    assert world.run() == 4
    assert NO_ROOM.search(world.err), world.err
    world.all_is_pending()
    ballast.unlink()
    world.heals()


@MOUNTED
@pytest.mark.parametrize("kib", range(4, 480, 16))
def test_wherever_room_ends_nothing_is_torn(world, kib):
    world.arrive(FILES)
    ballast = fill(world.root, kib)
    code = world.run()
    assert code in {3, 4}, world.err
    if code == 4:
        assert NO_ROOM.search(world.err), world.err
        assert all(state != "in_progress" for state in world.states().values())
        places = [name.removeprefix("done/").removeprefix("failed/") for name in world.files()]
        assert sorted(name for name in places if not name.endswith(".reason.json")) == sorted(FILES)
    ballast.unlink()
    world.heals()


@MOUNTED
@pytest.mark.parametrize("kib", [0, 4, 20])
def test_recover_and_retry_without_room_leave_all_as_it_was(world, kib):
    world.arrive(FILES)
    assert world.run() == 3
    state = (world.root / ".migrator/state.sqlite3").read_bytes()
    before = world.states()
    ballast = fill(world.root, kib)
    assert world.run("recover") == 4
    assert NO_ROOM.search(world.err), world.err
    assert (world.root / ".migrator/state.sqlite3").read_bytes() == state
    assert world.run("retry") in {0, 4}
    ballast.unlink()
    assert world.run() == 3
    assert world.states() == before
    assert {file.name for file in (world.root / ".migrator").iterdir()} == {"lock", "state.sqlite3"}


@MOUNTED
@pytest.mark.parametrize("kib", range(360, 920, 60))
def test_wherever_room_ends_a_recovered_state_is_whole_or_the_old_one_stays(roomy, kib):
    roomy.arrive(FILES)
    assert roomy.run() == 3
    roomy.arrive({f"{number}.csv": "" for number in range(1500)})
    state = (roomy.root / ".migrator/state.sqlite3").read_bytes()
    before = roomy.states()
    ballast = fill(roomy.root, kib)
    code = roomy.run("recover")
    assert code in {0, 4}
    if code == 4:
        assert NO_ROOM.search(roomy.err), roomy.err
        assert (roomy.root / ".migrator/state.sqlite3").read_bytes() == state
    ballast.unlink()
    assert roomy.states() == before
    assert roomy.warned == ""


@MOUNTED
@pytest.mark.parametrize("known", [False, True], ids=["never run", "run before"])
def test_a_source_that_cannot_be_written_stays_as_it_is(world, known):
    expected = dict.fromkeys(FILES, "pending")
    if known:
        world.arrive({"before.csv": "0"})
        assert world.run() == 0
        expected["before.csv"] = "done"
    world.arrive(FILES)
    kept, files = world.bucket.held(), world.files()
    subprocess.run(["mount", "-o", "remount,ro", str(world.root)], check=True)
    for command in ("run", "recover", "retry"):
        assert world.run(command) == 4
        assert "Read-only" in world.err
    assert world.states() == expected
    assert (world.files(), world.bucket.held()) == (files, kept)
    subprocess.run(["mount", "-o", "remount,rw", str(world.root)], check=True)
    assert world.run() == 3


def test_what_stands_where_scratch_files_go_is_told(tmp_path, monkeypatch, capsys):
    install(monkeypatch, FakeBucket(tmp_path / "bucket"))
    world = World(tmp_path / "source", FakeBucket(tmp_path / "bucket"), capsys)
    world.arrive(FILES)
    (world.root / ".migrator").mkdir()
    (world.root / ".migrator" / "scratch").write_text("somebody's")
    assert world.run() == 4
    assert "scratch" in world.err
    world.all_is_pending()
