"""A state that is damaged, lost or outdated in any way: the run goes on, nothing is done twice and nothing is lost.

Some of the lengths and bytes in a short run; many more where TEST_LONG is set.
"""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from migrator.cli import main
from migrator.errors import TargetUnavailable
from tests.migrator.fakes import FakeBucket, install

LONG = bool(os.environ.get("TEST_LONG"))
STATE = ".migrator/state.sqlite3"
PLACES = ["done/a.csv", "done/d.sql", "done/e.csv", "done/p.csv", "done/q.sql", "failed/bad.csv"]
KEYS = ["a.csv.parquet", "d.sql/t.parquet", "d.sql/u.parquet", "e.csv.parquet", "p.csv.parquet", "q.sql/x.parquet",
        "q.sql/y.parquet"]  # fmt: skip


class Template:
    """A source and its bucket: done and failed files, a pending one half of which is in the bucket, a new one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "source"
        self.root.mkdir(parents=True)
        with pytest.MonkeyPatch.context() as patch:
            bucket = FakeBucket(folder / "bucket")
            install(patch, bucket)
            self._arrive({"a.csv": "1", "d.sql": "t u", "bad.csv": "bad"})
            self.older = folder / "older.sqlite3"
            assert main(["run", str(self.root), "s3://bucket/lake"]) == 3
            shutil.copyfile(self.root / STATE, self.older)
            self._arrive({"e.csv": "2"})
            assert main(["run", str(self.root), "s3://bucket/lake"]) == 3

            def out(what: str, key: str) -> None:
                if what == "put" and "y.parquet" in key:
                    raise TargetUnavailable("the target was out for 1 s")

            bucket.before = out
            self._arrive({"q.sql": "x y"})
            assert main(["run", str(self.root), "s3://bucket/lake"]) == 4
            self._arrive({"p.csv": "3"})

    def _arrive(self, files: dict[str, str]) -> None:
        for path, text in files.items():
            (self.root / path).write_text(text)


class Copy:
    """A copy of the template, to be damaged."""

    def __init__(self, template: Template, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        shutil.copytree(template.folder, folder)
        self.folder, self.root, self.older = folder, folder / "source", folder / "older.sqlite3"
        self.state = self.root / STATE
        self._capsys = capsys

    def companion(self, suffix: str) -> Path:
        return self.state.with_name(self.state.name + suffix)

    def heals(self, *, unreadable: bool | None) -> None:
        """Status and run cope; `unreadable`: whether the state must be set aside, None where either is right."""
        damaged = {file.name: file.read_bytes() for file in self.state.parent.glob("state.sqlite3*") if file.is_file()}
        self._status(unreadable)
        with pytest.MonkeyPatch.context() as patch:
            bucket = FakeBucket(self.folder / "bucket")
            install(patch, bucket)
            self._capsys.readouterr()
            assert main(["run", str(self.root), "s3://bucket/lake"]) == 3
            told = self._capsys.readouterr().err
            aside = sorted(self.state.parent.glob("state.sqlite3.unreadable*"))
            if unreadable is not None:
                assert bool(aside) == unreadable, told
            if aside:
                assert str(self.state) in told
                assert "set aside" in told
                # Byte for byte, its companions too.
                kept = {file.name.replace(".unreadable-1", ""): file.read_bytes() for file in aside if file.is_file()}
                assert kept == damaged
            self._is_whole(bucket)
            # And it stays so: the next run has nothing to do, and asks nobody.
            bucket.before = lambda what, key: pytest.fail(f"asked to {what} {key}")
            assert main(["run", str(self.root), "s3://bucket/lake"]) == 3
            self._is_whole(bucket)

    def _status(self, unreadable: bool | None) -> None:
        self._capsys.readouterr()
        assert main(["status", str(self.root), "--json"]) == 0
        out, err = self._capsys.readouterr()
        files = json.loads(out)["files"]
        # What an older state does not know below `done/` may be anybody's, until the bucket is asked.
        assert {"a.csv", "bad.csv", "d.sql", "p.csv", "q.sql"} <= {file["path"] for file in files}
        if unreadable is not None:
            assert (str(self.state) in err) == unreadable, err

    def _is_whole(self, bucket: FakeBucket) -> None:
        found = [str(file.relative_to(self.root)) for file in self.root.rglob("*") if file.is_file()]
        places = sorted(place for place in found if not place.startswith(".migrator"))
        assert places == sorted([*PLACES, "failed/bad.csv.reason.json"])
        assert bucket.held() == [f"lake/{key}" for key in KEYS]
        assert {bucket.puts(key) for key in bucket.held()} == {1}
        self._capsys.readouterr()
        assert main(["status", str(self.root), "--json"]) == 0
        files = {file["place"]: file for file in json.loads(self._capsys.readouterr().out)["files"]}
        assert sorted(files) == PLACES
        for place, file in files.items():
            assert (file["state"], file["path"]) == tuple(place.split("/"))
            assert {each["key"] for each in file["objects"]} == {
                f"lake/{key}" for key in KEYS if key.startswith(file["path"]) and file["state"] == "done"
            }
            assert file["sha256"]
        others = {file.name for file in self.state.parent.iterdir()} - {
            "lock",
            "state.sqlite3",
            "state.sqlite3-journal",
        }
        assert all(name.startswith("state.sqlite3.unreadable-") for name in others), others


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return Template(tmp_path_factory.mktemp("template") / "it")


@pytest.fixture
def copy(template, tmp_path, capsys):
    count = 0

    def made() -> Copy:
        nonlocal count
        count += 1
        return Copy(template, tmp_path / f"{count}", capsys)

    return made


def sample(total: int, few: int) -> range:
    return range(0, total, max(1, total // (few * 40 if LONG else few)))


def test_an_untouched_state_goes_on(copy):
    copy().heals(unreadable=False)


@pytest.mark.parametrize("share", range(2))
def test_a_state_cut_at_any_length_is_set_aside(copy, share):
    total = copy().state.stat().st_size
    lengths = {0, 1, 15, 16, 99, 100, 101, 4095, 4096, 4097, total - 4097, total - 4096, total - 1, *sample(total, 12)}
    for length in sorted(lengths)[share::2]:
        damaged = copy()
        os.truncate(damaged.state, length)
        damaged.heals(unreadable=True)


@pytest.mark.parametrize("share", range(2))
def test_a_flipped_byte_anywhere_is_set_aside(copy, share):
    total = copy().state.stat().st_size
    for at in sample(total, 30)[share::2]:
        damaged = copy()
        data = bytearray(damaged.state.read_bytes())
        data[at] ^= 0x15
        damaged.state.write_bytes(data)
        damaged.heals(unreadable=True)


@pytest.mark.parametrize("column", ["sha256", "path", "place", "discovered_at"])
def test_a_value_that_is_changed_behind_the_migrators_back_is_set_aside(copy, column):
    damaged = copy()
    data = damaged.state.read_bytes()
    with closing(sqlite3.connect(damaged.state)) as connection:
        connection.row_factory = sqlite3.Row
        value = connection.execute("SELECT * FROM files WHERE path = ?", (b"a.csv",)).fetchone()[column]
    at = data.index(value if isinstance(value, bytes) else value.encode())
    damaged.state.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    damaged.heals(unreadable=True)


def test_garbage_of_any_kind_is_set_aside(copy):
    for data in (
        b"",
        b"\0" * 8192,
        b"not a database\n" * 100,
        b"SQLite format 3\0" + b"\xff" * 5000,
        os.urandom(40_000),
    ):
        damaged = copy()
        damaged.state.write_bytes(data)
        damaged.heals(unreadable=True)


def test_another_versions_state_is_set_aside(copy):
    for statement in ("PRAGMA user_version = 2", "PRAGMA user_version = 0", "DROP TABLE objects", "DROP TABLE files"):
        damaged = copy()
        with closing(sqlite3.connect(damaged.state)) as connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute(statement)
            connection.commit()
        damaged.heals(unreadable=True)


def test_a_stranger_in_its_place_is_set_aside(copy, tmp_path):
    def folder(path: Path) -> None:
        path.mkdir()
        (path / "within").write_text("somebody's")

    strangers = {
        "folder": folder,
        "fifo": os.mkfifo,
        "dangling link": lambda path: path.symlink_to(tmp_path / "nowhere"),
        "link to a folder": lambda path: path.symlink_to(tmp_path),
    }
    for make in strangers.values():
        damaged = copy()
        damaged.state.unlink()
        make(damaged.state)
        damaged.heals(unreadable=True)


def test_strange_companions_do_not_matter(copy):
    for suffix in ("-wal", "-shm", "-journal"):
        for data in (b"", b"garbage" * 1000):
            damaged = copy()
            damaged.companion(suffix).write_bytes(data)
            damaged.heals(unreadable=None)
        damaged = copy()
        damaged.companion(suffix).mkdir()
        damaged.heals(unreadable=None)


def test_a_journal_that_would_be_rolled_back_is_set_aside_with_the_state(copy):
    damaged = copy()
    with closing(sqlite3.connect(damaged.older, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM objects")
        other.execute("PRAGMA cache_spill = 1")
        journal = damaged.older.with_name(f"{damaged.older.name}-journal").read_bytes()
        other.execute("ROLLBACK")
    assert journal
    damaged.companion("-journal").write_bytes(journal)
    damaged.heals(unreadable=True)


def test_a_lost_state_is_rebuilt(copy):
    damaged = copy()
    damaged.state.unlink()
    damaged.heals(unreadable=False)
    damaged = copy()
    shutil.rmtree(damaged.state.parent)
    damaged.heals(unreadable=False)


def test_an_older_state_catches_up(copy):
    damaged = copy()
    shutil.copyfile(damaged.older, damaged.state)
    damaged.heals(unreadable=False)
