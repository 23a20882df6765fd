"""Rounds of kills and damage in any order: whatever was done to the state, nothing is lost and nothing done twice.

A few rounds in a short run; hundreds of them where TEST_LONG is set. The seed of a round that fails is its name.
"""

import json
import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from migrator import logs, state_file, verify
from migrator.cli import main
from migrator.state import State
from tests.migrator.fakes import FakeBucket, FakeTarget, install
from tests.migrator.test_crash_points import KILLED, Steps, instrument

ROUNDS = int(os.environ.get("STATE_ROUNDS", "300" if os.environ.get("TEST_LONG") else "6"))
FIRST = int(os.environ.get("STATE_ROUNDS_FROM", "0"))
STATE = "state.sqlite3"
PARTS = ("", "-wal", "-shm")
TARGET = "s3://bucket/lake"
COMMANDS = {"run": ["run", TARGET], "recover": ["recover", TARGET], "retry": ["retry", "--code", "malformed-csv"]}


def files_of(wave: int) -> dict[str, str]:
    """What arrives in a wave: objects, several of them, none, failures, the same path again, changed or not."""
    named = {f"{wave}/{n}.csv": f"{wave} {n}" for n in range(6)}
    return named | {
        f"{wave}/dump.sql": "t u v",
        f"{wave}/nothing.sql": "",
        f"{wave}/bad.csv": f"bad {wave}",
        "again.csv": "again",
        "taken.csv": f"other {wave}",
    }


class Round:
    """One source with its bucket, older copies of its state, and dice."""

    def __init__(self, folder: Path, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - the same each time
        self.root = folder / "source"
        self.root.mkdir(parents=True)
        self.kept = self.root / ".migrator"
        self.older = folder / "older"
        self.older.mkdir()
        self.told: list[str] = []
        self._bucket = folder / "bucket"
        self._waves = 0
        self._copies = 0
        self._capsys = capsys

    def arrive(self) -> None:
        """Another wave of files."""
        for path, text in files_of(self._waves).items():
            (self.root / path).parent.mkdir(exist_ok=True)
            (self.root / path).write_text(text)
        self._waves += 1

    def run(self, last: int = 0, command: str = "run") -> tuple[int, int]:
        """Exit code and steps of a command in a process of its own, killed at its step `last`."""
        workers = self.dice.choice([1, 4])
        log_bytes = self.dice.choice([1, 20_000, 8 << 20])
        self.told.append(f"{command} with {workers}, log of {log_bytes}, until {last or 'its end'}")
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.dup2(os.open(self.root.parent / "stderr", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
                code = self._child(COMMANDS[command], workers, log_bytes, last, writing)
            finally:
                os._exit(code)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            steps = int(pipe.read() or 0)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), steps

    def _child(self, command: Sequence[str], workers: int, log_bytes: int, last: int, writing: int) -> int:
        bucket = FakeBucket(self._bucket)
        steps = Steps(last, bucket.whole)
        with pytest.MonkeyPatch.context() as patch:
            install(patch, bucket)
            instrument(patch, bucket, steps)
            patch.setattr(state_file, "_LOG_BYTES", log_bytes)
            patch.setattr(State, "_write_seal", stepped(steps, State._write_seal))
            patch.setattr(State, "_folded", stepped(steps, State._folded))
            patch.setattr(Path, "rename", stepped(steps, Path.rename))
            patch.setattr(logs, "set_up", lambda log_format: None)
            logs.log.handlers[:] = []
            logs.log.propagate = False
            name, *more = command
            code = main([name, str(self.root), *more, "--workers", str(workers)])
        os.write(writing, str(steps.count).encode())
        return code

    def keep(self) -> None:
        """Keep a copy of the state as it is now."""
        self._copies += 1
        for part in PARTS:
            file = self.kept / f"{STATE}{part}"
            if file.is_file():
                shutil.copyfile(file, self.older / f"{self._copies}{part}")

    def damage(self) -> None:
        """Do something to the state."""
        name = self.dice.choice(sorted(DAMAGES))
        self.told.append(name)
        DAMAGES[name](self)

    def file(self, part: str = "") -> Path:
        return self.kept / f"{STATE}{part}"

    def any_part(self) -> Path | None:
        there = [file for file in map(self.file, PARTS) if file.is_file() and file.stat().st_size]
        return self.dice.choice(there) if there else None

    def put_older(self, *parts: str) -> None:
        """Put parts of one of the older copies in place; a part that it has not is removed."""
        if not self._copies or self.file().is_dir():
            return
        number = self.dice.randint(1, self._copies)
        for part in parts:
            copy = self.older / f"{number}{part}"
            if copy.exists():
                shutil.copyfile(copy, self.file(part))
            elif part:
                self.file(part).unlink(missing_ok=True)

    def check(self) -> None:
        """Status copes; a run ends everything; then all is as it must be, and verify has nothing to tell."""
        self._capsys.readouterr()
        assert main(["status", str(self.root), "--json"]) == 0
        code, _ = self.run()
        assert code == 3, (self.root.parent / "stderr").read_text()
        bucket = FakeBucket(self._bucket)
        with pytest.MonkeyPatch.context() as patch:
            install(patch, bucket)
            patch.setattr(verify, "Target", FakeTarget)
            self._capsys.readouterr()
            assert main(["verify", str(self.root), TARGET, "--json"]) == 0, self._capsys.readouterr().out
            self._capsys.readouterr()
            assert main(["status", str(self.root), "--json"]) == 0
            out, err = self._capsys.readouterr()
        assert err == ""
        self._is_right(json.loads(out)["files"], bucket)

    def _is_right(self, told: list[dict], bucket: FakeBucket) -> None:
        expected, keys = truth(self._waves)
        states = sorted((file["path"], file["state"], (file["error"] or {}).get("code")) for file in told)
        assert states == sorted(expected)
        assert bucket.held() == sorted(keys)
        assert {bucket.puts(key) for key in bucket.held()} <= {1}
        made = [(stored["key"], file["path"]) for file in told for stored in file["objects"]]
        assert {key for key, _ in made} == set(keys)
        for file in told:
            assert (self.root / file["place"]).is_file()
        found = [file for file in self.root.rglob("*") if file.is_file() and self.kept not in file.parents]
        failed = sum(file["state"] == "failed" for file in told)
        assert len(found) == len(told) + failed
        others = {file.name for file in self.kept.iterdir()} - {"lock", STATE}
        assert all(name.startswith(f"{STATE}.unreadable-") for name in others), others


def stepped(steps: Steps, wrapped: Callable[..., Any]) -> Callable[..., Any]:
    def around(*arguments: Any) -> Any:
        steps.step()
        result = wrapped(*arguments)
        steps.step()
        return result

    return around


def truth(waves: int) -> tuple[list[tuple[str, str, str | None]], list[str]]:
    """Path, state and reason code of every file of so many waves, and all keys."""
    files: list[tuple[str, str, str | None]] = []
    keys = ["lake/again.csv.parquet", "lake/taken.csv.parquet"]
    for wave in range(waves):
        files += [(f"{wave}/{n}.csv", "done", None) for n in range(6)]
        files += [(f"{wave}/dump.sql", "done", None), (f"{wave}/nothing.sql", "done", None)]
        files += [(f"{wave}/bad.csv", "failed", "malformed-csv"), ("again.csv", "done", None)]
        files.append(("taken.csv", "failed" if wave else "done", "name-taken" if wave else None))
        keys += [f"lake/{wave}/{n}.csv.parquet" for n in range(6)]
        keys += [f"lake/{wave}/dump.sql/{table}.parquet" for table in "tuv"]
    return files, keys


def cut(this: Round) -> None:
    file = this.any_part()
    if file is not None:
        os.truncate(file, this.dice.randrange(file.stat().st_size))


def cut_at_page(this: Round) -> None:
    if this.file().is_file():
        os.truncate(this.file(), this.dice.randrange(1 + this.file().stat().st_size // 4096) * 4096)


def flip(this: Round) -> None:
    file = this.any_part()
    if file is not None:
        data = bytearray(file.read_bytes())
        data[this.dice.randrange(len(data))] ^= 1 << this.dice.randrange(8)
        file.write_bytes(data)


def zero_page(this: Round) -> None:
    if this.file().is_file() and this.file().stat().st_size:
        data = bytearray(this.file().read_bytes())
        at = this.dice.randrange(-(-len(data) // 4096)) * 4096
        data[at : at + 4096] = bytes(len(data[at : at + 4096]))
        this.file().write_bytes(data)


def empty(this: Round) -> None:
    if this.file().is_file():
        this.file().write_bytes(b"")


def lose(*parts: str) -> Callable[[Round], None]:
    def lost(this: Round) -> None:
        for part in parts:
            if not this.file(part).is_dir():
                this.file(part).unlink(missing_ok=True)

    return lost


def folder(this: Round) -> None:
    lose(*PARTS)(this)
    this.file().mkdir(exist_ok=True)


def other_version(this: Round) -> None:
    if this.file().is_file():
        data = bytearray(this.file().read_bytes().ljust(100, b"\0"))
        data[60:64] = (7).to_bytes(4, "big")
        this.file().write_bytes(data)


def edited(this: Round) -> None:
    """By hand, with another program."""
    try:
        with closing(sqlite3.connect(this.file())) as other:
            other.execute("UPDATE files SET state = 'pending', place = path WHERE state = 'done'")
            other.commit()
    except sqlite3.Error:
        return


DAMAGES: dict[str, Callable[[Round], None]] = {
    "nothing": lambda this: None,
    "cut": cut,
    "cut at a page": cut_at_page,
    "a bit flipped": flip,
    "a page of zeros": zero_page,
    "emptied": empty,
    "log lost": lose("-wal"),
    "index lost": lose("-shm"),
    "log and index lost": lose("-wal", "-shm"),
    "all lost": lose(*PARTS),
    "file lost": lose(""),
    "a folder": folder,
    "another version": other_version,
    "edited": edited,
    "older": lambda this: this.put_older(*PARTS),
    "older file": lambda this: this.put_older(""),
    "older log": lambda this: this.put_older("-wal"),
    "older log and index": lambda this: this.put_older("-wal", "-shm"),
}


@pytest.mark.parametrize("seed", range(FIRST, FIRST + ROUNDS))
def test_whatever_happens_to_the_state_nothing_is_lost_and_nothing_done_twice(tmp_path, capsys, seed):
    this = Round(tmp_path / "round", seed, capsys)
    this.arrive()
    _, steps = this.run()
    this.keep()
    for _ in range(this.dice.randint(1, 2)):
        this.arrive()
        for _ in range(this.dice.randint(1, 3)):
            command = this.dice.choice(["run", "run", "run", "recover", "retry"])
            code, _ = this.run(this.dice.randint(1, steps if command == "run" else steps // 4), command)
            # `retry` leaves it to a run to rebuild a state that cannot be used.
            assert code in {KILLED, 3 if command == "run" else 0, 4 if command == "retry" else 3}, this.told
            this.keep()
            if this.dice.random() < 0.7:
                this.damage()
        try:
            this.check()
        except AssertionError as error:
            raise AssertionError(f"{error}\nafter: {'; '.join(this.told)}") from error
        this.keep()
        this.damage()
    this.check()
