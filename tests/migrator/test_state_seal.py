"""File and log of a state are proved whole and to belong together, whenever the process was killed."""

import os
import random
import shutil
import sqlite3
from contextlib import closing

import pytest

from migrator import state_file, state_schema
from migrator.entries import NewFile
from migrator.errors import StateUnusable
from migrator.reconcile import open_state
from migrator.state import State
from migrator.state_check import check
from migrator.state_errors import StateUnreadable
from migrator.state_reader import read, view
from migrator.state_wal import Log

STATE = "state.sqlite3"


class Kept:
    """A state that is written to, and copies of file, log and index as a kill would leave them."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.path = folder / STATE
        state_schema.create(self.path)
        self.state = State(self.path)
        self.count = 0

    def grow(self, files=30):
        with self.state.transaction():
            self.state.add_pending((NewFile(f"{self.count + n}.csv", n, n) for n in range(files)), "now")
        self.count += files

    def copy(self, name):
        target = self.folder.parent / name
        shutil.copytree(self.folder, target)
        return target / STATE


@pytest.fixture
def kept(tmp_path):
    made = Kept(tmp_path / "kept")
    yield made
    made.state.close()


def log_of(path):
    return path.with_name(f"{path.name}-wal")


def index_of(path):
    return path.with_name(f"{path.name}-shm")


def files_in(path):
    return len(read(path))


def test_a_state_is_good_after_every_commit_and_in_the_end(kept):
    for number in range(5):
        kept.grow()
        assert files_in(kept.copy(f"{number}")) == kept.count
    kept.state.close()
    assert sorted(file.name for file in kept.folder.iterdir()) == [STATE]
    assert files_in(kept.path) == kept.count


@pytest.mark.parametrize("reopened", [False, True])
def test_an_older_file_beside_a_newer_log_is_refused(kept, reopened):
    kept.grow()
    kept.state.close()
    older = kept.copy("older")
    kept.state = State(kept.path)
    kept.grow()
    if reopened:
        kept.state.close()
        kept.state = State(kept.path)
        kept.grow()
    damaged = kept.copy("damaged")
    shutil.copyfile(older, damaged)
    if reopened:
        with pytest.raises(StateUnreadable, match="do not belong together"):
            check(damaged)
    else:
        # It is the file that the log builds on.
        assert files_in(damaged) == kept.count


def test_an_older_log_beside_a_newer_file_is_refused(kept):
    kept.grow()
    older = kept.copy("older")
    kept.state.close()
    newer = kept.copy("newer")
    # The log's own last transaction was folded, so this is a log that builds on another file.
    shutil.copyfile(log_of(older), log_of(newer))
    with pytest.raises(StateUnreadable, match="do not belong together"):
        check(newer)


@pytest.mark.parametrize("pages", [1, 2, 3])
def test_a_file_that_was_cut_beside_its_log_is_refused(kept, pages):
    kept.grow(500)
    kept.state.close()
    kept.state = State(kept.path)
    kept.grow()
    damaged = kept.copy("damaged")
    os.truncate(damaged, damaged.stat().st_size - pages * 4096)
    with pytest.raises(StateUnreadable):
        check(damaged)


def folding(kept, tmp_path, monkeypatch):
    """A copy whose log carries its seal, and is not folded; and the pages that folding will write."""
    monkeypatch.setattr(kept.state, "_fold_at", 0)
    written = kept.state._write_seal
    taken = []

    def copied(seal):
        written(seal)
        taken.append(kept.copy(f"folding-{len(taken)}"))

    monkeypatch.setattr(kept.state, "_write_seal", copied)
    kept.grow()
    return taken[-1]


def test_a_kill_while_the_log_is_folded_loses_nothing(kept, tmp_path, monkeypatch):
    kept.grow(200)
    kept.state.close()
    kept.state = State(kept.path)
    path = folding(kept, tmp_path, monkeypatch)
    with log_of(path).open("rb") as opened:
        log = Log(opened.fileno())
        pages = {frame.page: log.page(frame) for frame in log.frames()}
    assert len(pages) > 4
    dice = random.Random(7)  # noqa: S311 - the same each time
    for number in range(12):
        share = list(pages) if number == 0 else dice.sample(sorted(pages), dice.randrange(len(pages)))
        killed = tmp_path / f"killed-{number}" / STATE
        shutil.copytree(path.parent, killed.parent)
        with killed.open("r+b") as file:
            for page in share:
                file.seek((page - 1) * log.page_bytes)
                file.write(pages[page])
        assert files_in(killed) == kept.count
        if share and len(share) < len(pages):
            for lost in (log_of(killed), index_of(killed)):
                lost.unlink()
            with pytest.raises(StateUnreadable):
                check(killed)


def test_a_log_whose_frame_is_damaged_is_no_proof_of_what_was_folded(kept, tmp_path, monkeypatch):
    kept.grow(200)
    path = folding(kept, tmp_path, monkeypatch)
    with log_of(path).open("rb") as opened:
        log = Log(opened.fileno())
        frames = log.frames()
        pages = {frame.page: log.page(frame) for frame in frames}
    with path.open("r+b") as file:
        for page in sorted(pages)[::2]:
            file.seek((page - 1) * log.page_bytes)
            file.write(pages[page])
    # The header's own checksum, a frame's checksum, a byte of a page, a salt.
    for at in (12, 28, frames[0].at - 4, frames[0].at + 100, frames[1].at - 12):
        damaged = tmp_path / f"at-{at}" / STATE
        shutil.copytree(path.parent, damaged.parent)
        data = bytearray(log_of(damaged).read_bytes())
        data[at] ^= 1
        log_of(damaged).write_bytes(data)
        for lost in (False, True):
            if lost:
                index_of(damaged).unlink()
            with pytest.raises(StateUnreadable):
                check(damaged)


def test_a_torn_transaction_at_the_end_of_a_log_does_not_count(kept):
    kept.grow()
    before = log_of(kept.path).stat().st_size
    kept.grow()
    for cut in (1, 5000):
        torn = kept.copy(f"torn-{cut}")
        data = log_of(torn).read_bytes()
        # As after a crash: the frames' headers are there, and their pages are not.
        log_of(torn).write_bytes(data[:-cut] + b"\0" * cut)
        index_of(torn).unlink()
        assert files_in(torn) == kept.count - 30
        with State(torn) as state, state.transaction():
            state.add_pending([NewFile("more.csv", 1, 1)], "now")
        assert files_in(torn) == kept.count - 30 + 1
        assert not log_of(torn).exists()
    assert before


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 55, 56, 57, 4151])
def test_a_log_that_a_kill_left_without_a_whole_frame_says_nothing(kept, length, index):
    kept.grow()
    torn = kept.copy("torn")
    with log_of(torn).open("r+b") as opened:
        opened.truncate(length)
    if not index:
        index_of(torn).unlink()
    assert files_in(torn) == 0
    with State(torn) as state, state.transaction():
        state.add_pending([NewFile("more.csv", 1, 1)], "now")
    assert files_in(torn) == 1


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize("at", range(0, 32, 4))
def test_a_log_whose_header_is_damaged_says_nothing(kept, at, index):
    kept.grow()
    damaged = kept.copy("damaged")
    data = bytearray(log_of(damaged).read_bytes())
    data[at] ^= 1
    log_of(damaged).write_bytes(data)
    if not index:
        index_of(damaged).unlink()
    assert files_in(damaged) == 0


def test_a_damaged_frame_in_the_middle_takes_all_after_it_along(kept):
    for _ in range(3):
        kept.grow()
    damaged = kept.copy("damaged")
    with log_of(damaged).open("rb") as opened:
        frames = Log(opened.fileno()).frames()
    end = next(number for number, frame in enumerate(frames) if frame.pages)
    data = bytearray(log_of(damaged).read_bytes())
    data[frames[end + 1].at + 50] ^= 1
    log_of(damaged).write_bytes(data)
    index_of(damaged).unlink()
    assert files_in(damaged) == 30
    # What is written next has older frames behind it, which are none of its own.
    for number in range(2):
        with State(damaged) as state, state.transaction():
            state.add_pending([NewFile(f"more-{number}.csv", 1, 1)], "now")
    assert files_in(damaged) == 32


def test_a_reader_lets_the_log_stay_and_nothing_is_lost(kept, monkeypatch):
    monkeypatch.setattr(state_file, "_LOG_BYTES", 1)
    kept.grow()
    with closing(sqlite3.connect(kept.path)) as reading:
        kept.state._fold_at = 1 << 30
        kept.grow()
        reading.execute("BEGIN")
        assert reading.execute("SELECT count(*) FROM files").fetchone() == (60,)
        kept.state._fold_at = 0
        for number in range(3):
            kept.grow()
            assert files_in(kept.copy(f"read-{number}")) == kept.count
        kept.state._fold()
        assert files_in(kept.copy("folded")) == kept.count
        assert log_of(kept.path).stat().st_size
        kept.state.close()
        assert files_in(kept.path) == kept.count
    # The reader was the last to close.
    assert files_in(kept.path) == kept.count
    kept.state = State(kept.path)
    kept.grow()
    kept.state.close()
    assert files_in(kept.path) == kept.count


def test_a_log_that_sqlite_begins_anew_is_tied_too(kept):
    kept.grow()
    with closing(sqlite3.connect(kept.path)) as reading:
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM files").fetchone()
        # All of it is folded, and the reader keeps it from being cut.
        kept.state._fold()
        assert log_of(kept.path).stat().st_size
    old = kept.copy("old")
    kept.grow()
    assert files_in(kept.copy("anew")) == kept.count
    mixed = kept.copy("mixed")
    shutil.copyfile(old, mixed)
    assert files_in(mixed) == kept.count
    kept.state.close()
    assert files_in(kept.path) == kept.count


def test_a_log_is_folded_as_it_grows(kept, monkeypatch):
    monkeypatch.setattr(state_file, "_LOG_BYTES", 100_000)
    kept.state._fold_at = 100_000
    sizes = []
    for number in range(60):
        kept.grow()
        sizes.append(log_of(kept.path).stat().st_size)
        if number % 7 == 0:
            assert files_in(kept.copy(f"{number}")) == kept.count
    assert 0 in sizes
    assert max(sizes) < 300_000


def test_no_room_to_fold_leaves_the_log(kept, monkeypatch):
    kept.grow()

    def full(seal):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(kept.state, "_write_seal", full)
    kept.state._fold_at = 0
    kept.grow()
    kept.state.close()
    assert log_of(kept.path).stat().st_size
    assert files_in(kept.path) == kept.count


def test_what_another_program_changed_is_refused(kept):
    kept.grow()
    kept.state.close()
    with closing(sqlite3.connect(kept.path)) as other:
        other.execute("UPDATE files SET size = 7")
        other.commit()
    with pytest.raises(StateUnreadable, match="checksum"):
        check(kept.path)


def test_a_state_that_is_gone_is_told(tmp_path):
    with pytest.raises(StateUnusable, match="cannot read"):
        State(tmp_path / "none")


@pytest.mark.parametrize("index", [True, False])
def test_what_a_kill_left_is_set_aside_byte_for_byte(kept, index):
    kept.grow()
    kept.state.close()
    older = kept.copy("older")
    for _ in range(2):
        kept.state = State(kept.path)
        kept.grow()
        damaged = kept.copy(f"damaged-{kept.count}")
        kept.state.close()
    shutil.copyfile(older, damaged)
    if not index:
        index_of(damaged).unlink()
    before = {file.name: file.read_bytes() for file in damaged.parent.iterdir()}
    assert len(before) == (3 if index else 2)
    open_state(damaged).close()
    aside = {file.name: file.read_bytes() for file in damaged.parent.iterdir() if "unreadable" in file.name}
    assert {name.replace(".unreadable-1", ""): data for name, data in aside.items()} == before
    assert files_in(damaged) == 0


def test_a_view_of_a_file_that_a_run_folds_its_log_into_meanwhile_is_taken_again(kept):
    kept.grow()
    kept.state.close()
    looks = []

    def asked(opened):
        entries = opened.entries()
        next(entries)
        if not looks:
            with State(kept.path) as state, state.transaction():
                state.add_pending((NewFile(f"new {n}.csv", n, n) for n in range(3000)), "now")
        looks.append(sum(1 for _ in entries) + 1)
        return looks[-1]

    assert view(kept.path, asked) == kept.count + 3000
    assert len(looks) == 2
