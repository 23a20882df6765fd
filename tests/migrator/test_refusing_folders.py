"""A folder that lets nothing be moved holds up its own files alone; what is the whole file system's holds up all."""

import errno
import os
from contextlib import contextmanager
from pathlib import Path

import pytest

from migrator import folders
from tests.migrator.fakes import fake_convert


@contextmanager
def refusing(name, code=errno.EACCES):
    """A folder of the source refuses as its mode would, which does not bind root."""
    rename, make = folders.rename_exclusively, Path.mkdir

    def check(*paths):
        for path in map(str, paths):
            if path.rpartition("/")[0].endswith(f"source{name}"):
                raise OSError(code, os.strerror(code), path)

    with pytest.MonkeyPatch.context() as change:
        change.setattr(folders, "rename_exclusively", lambda old, new: (check(old, new), rename(old, new)))
        change.setattr(Path, "mkdir", lambda path, *how, **more: (check(path), make(path, *how, **more)))
        change.setattr(os, "access", lambda path, mode: not path.endswith(f"source{name}"))
        yield


def arrivals(world):
    for folder in ("good", "bad", "bad/deep", "."):
        world.write(f"{folder}/a.csv", "1")
        world.write(f"{folder}/b.json", "bad")


@pytest.mark.parametrize(
    ("folder", "held_up"),
    [
        ("/bad", ["bad/a.csv", "bad/b.json"]),
        ("/done/bad", ["bad/a.csv", "bad/deep/a.csv"]),
        ("/failed/bad", ["bad/b.json", "bad/deep/b.json"]),
    ],
)
def test_a_folder_that_refuses_holds_up_its_own_files_and_no_others(world, folder, held_up):
    arrivals(world)
    with refusing(folder):
        assert world.run() == 4
    told = [line for line in world.err.splitlines() if " pending: " in line]
    assert sorted(line.partition(" pending: ")[2].partition(":")[0] for line in told) == held_up
    assert all(f"the migrator must be allowed to write into {world.root}{folder}" in line for line in told)
    states = {file["path"]: file["state"] for file in world.status().values()}
    assert sorted(path for path, state in states.items() if state == "pending") == held_up
    assert all((world.root / path).is_file() for path in held_up)
    # Once it may be written, they are done, and nothing is uploaded twice.
    assert world.run() == 3
    assert "pending" not in {file["state"] for file in world.status().values()}
    assert [world.bucket.puts(key) for key in world.bucket.held()] == [1, 1, 1, 1]


@pytest.mark.parametrize("folder", ["/bad", "/done/bad"])
def test_what_a_folder_holds_up_is_in_the_bucket_and_not_converted_by_each_run(world, folder, monkeypatch):
    arrivals(world)
    converted = []

    def convert(file, *more):
        converted.append(file.path)
        return fake_convert(file, *more)

    monkeypatch.setattr("migrator.convert.convert", convert)
    with refusing(folder):
        assert world.run() == 4
        assert "bad/a.csv" in converted
        converted.clear()
        assert [world.run(), world.run()] == [4, 4]
    # What failed has no object that tells of it.
    assert set(converted) <= {"bad/b.json"}
    assert [world.bucket.puts(key) for key in world.bucket.held()] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("folder", "code"), [("/done", errno.EACCES), ("/bad", errno.EROFS), ("/bad", errno.ENOSPC), ("/bad", errno.EIO)]
)
def test_what_all_files_need_ends_the_run_at_once(world, folder, code):
    world.write("bad/a.csv", "1")
    with refusing(folder, code):
        assert world.run() == 4
    assert "what is pending stays pending" in world.err
    assert [file["state"] for file in world.status().values()] == ["pending"]
