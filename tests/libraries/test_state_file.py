"""A damaged state: what is done to it, and each proof of what must become of it fails where that is not so."""

import json
import os
import shlex
import sqlite3
import sys
from contextlib import closing
from dataclasses import asdict

import pytest

from harness import state_damage
from harness.process import Finished, Launch
from harness.state_damage import Damage
from paper_world import balanced_world, pend
from Restart import Restart
from StateFile import StateFile

NAMED = Finished("migrator run", 3, None, "", "state.sqlite3 cannot be read", 0.1)


@pytest.fixture
def world(tmp_path):
    world = balanced_world(tmp_path)
    state = state_damage.state_file(world)
    state.parent.mkdir()
    with closing(sqlite3.connect(state)) as connection:
        connection.executescript("CREATE TABLE t (a); INSERT INTO t VALUES (1);")
    world.finished = NAMED
    return world


@pytest.fixture
def keywords():
    return StateFile()


def _new_state(world, name="state.sqlite3.unreadable-1"):
    """Set aside what is there, as a run does, and begin anew."""
    state = state_damage.state_file(world)
    state.rename(state.with_name(name))
    state.write_bytes(b"new")


@pytest.mark.parametrize("how", [Damage.TRUNCATED, Damage.EMPTIED, Damage.OVERWRITTEN, Damage.FOLDER, Damage.NEWER])
def test_a_damaged_state_must_be_kept_under_a_name_that_starts_with_its_own(world, keywords, how):
    keywords.damage_state(world, how, seed=1)
    assert world.allowed.rebuilt
    _new_state(world)
    keywords.damaged_state_should_be_set_aside_and_named(world)
    aside = state_damage.state_file(world).with_name("state.sqlite3.unreadable-1")
    aside.rename(aside.with_name("backup"))
    with pytest.raises(AssertionError, match=r"seen no such thing, at the folder of state\.sqlite3"):
        keywords.damaged_state_should_be_set_aside_and_named(world)


def test_the_copy_of_a_state_that_was_damaged_before_must_be_kept_too(world, keywords):
    with pytest.raises(AssertionError, match="the Given is missing"):
        keywords.state_damaged_before_should_be_kept_too(world)
    keywords.damage_state(world, Damage.OVERWRITTEN, seed=1)
    _new_state(world)
    keywords.damage_state(world, Damage.EMPTIED)
    _new_state(world, "state.sqlite3.unreadable-2")
    keywords.damaged_state_should_be_set_aside_and_named(world)
    keywords.state_damaged_before_should_be_kept_too(world)
    state_damage.state_file(world).with_name("state.sqlite3.unreadable-1").unlink()
    with pytest.raises(AssertionError, match="as the first run kept it, seen no such thing"):
        keywords.state_damaged_before_should_be_kept_too(world)


def test_a_state_that_was_set_aside_with_other_bytes_is_told(world, keywords):
    keywords.damage_state(world, Damage.OVERWRITTEN, seed=1)
    _new_state(world)
    state_damage.state_file(world).with_name("state.sqlite3.unreadable-1").write_bytes(b"x")
    with pytest.raises(AssertionError, match="seen no such thing"):
        keywords.damaged_state_should_be_set_aside_and_named(world)


def test_a_state_that_nobody_named_is_told(world, keywords):
    keywords.damage_state(world, Damage.EMPTIED)
    _new_state(world)
    world.finished = Finished("migrator run", 3, None, "", "all is well", 0.1)
    with pytest.raises(AssertionError, match="seen not a word, at stderr"):
        keywords.damaged_state_should_be_set_aside_and_named(world)


@pytest.mark.parametrize("how", [Damage.ONE_BIT, Damage.REMOVED, Damage.NEWER])
def test_what_may_still_be_read_need_not_be_set_aside(world, keywords, how):
    before = state_damage.state_file(world).read_bytes()
    keywords.damage_state(world, how, seed=3)
    state = state_damage.state_file(world)
    if how is Damage.ONE_BIT:
        assert sum((a ^ b).bit_count() for a, b in zip(before, state.read_bytes(), strict=True)) == 1
    world.finished = Finished("migrator run", 3, None, "", "all is well", 0.1)
    keywords.damaged_state_should_be_set_aside_and_named(world)


def test_a_state_in_a_format_of_the_migrators_own_gives_way_to_a_version_that_nobody_knows(world, keywords):
    state = state_damage.state_file(world)
    state.write_text('{"path": "a.csv"}\n' * 100)
    keywords.damage_state(world, Damage.NEWER)
    with closing(sqlite3.connect(state)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2**31 - 1,)
    state.write_text("begun anew")
    with pytest.raises(AssertionError, match="seen no such thing"):
        keywords.damaged_state_should_be_set_aside_and_named(world)


@pytest.mark.parametrize("companion", ["state.sqlite3-wal", "state.sqlite3.journal"])
def test_what_stood_beside_the_state_is_no_copy_of_it(world, keywords, companion):
    state = state_damage.state_file(world)
    beside = state.with_name(companion)
    beside.write_bytes(b"")
    keywords.damage_state(world, Damage.EMPTIED)
    assert not beside.exists()
    beside.write_bytes(b"")
    with pytest.raises(AssertionError, match="seen no such thing"):
        keywords.damaged_state_should_be_set_aside_and_named(world)


def test_a_truncated_log_that_is_written_on_need_not_be_set_aside(world, keywords):
    state = state_damage.state_file(world)
    keywords.damage_state(world, Damage.TRUNCATED)
    world.finished = Finished("migrator run", 3, None, "", "all is well", 0.1)
    state.write_bytes(state.read_bytes()[:-7] + b"more")
    keywords.damaged_state_should_be_set_aside_and_named(world)
    state.write_bytes(b"begun anew")
    with pytest.raises(AssertionError, match="seen not a word, at stderr"):
        keywords.damaged_state_should_be_set_aside_and_named(world)


def test_a_lock_is_no_part_of_the_state(world, keywords):
    lock = state_damage.state_file(world).with_name("state.sqlite3.lock")
    lock.write_text("1")
    keywords.damage_state(world, Damage.REMOVED)
    assert lock.exists()


def test_without_a_damaged_state_the_keyword_says_what_is_missing(world, keywords):
    with pytest.raises(AssertionError, match="the Given is missing"):
        keywords.damaged_state_should_be_set_aside_and_named(world)
    with pytest.raises(AssertionError, match="the Given is missing"):
        keywords.put_back_copy_of_state(world)


def test_a_copy_of_the_state_comes_back_as_it_was(world, keywords):
    state = state_damage.state_file(world)
    before = state.read_bytes()
    keywords.keep_copy_of_state(world)
    state.write_bytes(b"later")
    state.with_name("state.sqlite3-wal").write_bytes(b"later")
    keywords.put_back_copy_of_state(world)
    assert state.read_bytes() == before
    assert not state.with_name("state.sqlite3-wal").exists()


def _speaking(world, *, stderr="the state cannot be read", exit_code=0):
    """A migrator whose `status` prints the world's document."""
    document = json.dumps(
        {"counts": world.status().counts, "files": world.document["files"]},
    )
    script = world.folder / "speak.py"
    script.write_text(
        f"import sys\nprint({document!r})\nprint({stderr!r}, end='', file=sys.stderr)\nsys.exit({exit_code})\n"
    )
    command = shlex.join([sys.executable, str(script)])
    world.launch = Launch.of(command, {}, world.folder / "work", world.evidence)


def test_status_that_tells_what_the_folders_tell_passes(world, keywords):
    pend(world, "a.csv")
    keywords.damage_state(world, Damage.OVERWRITTEN)
    _speaking(world)
    keywords.status_should_warn_and_tell_what_the_folders_tell(world)


def test_status_that_is_silent_fails_or_tells_something_else_is_told(world, keywords):
    keywords.damage_state(world, Damage.OVERWRITTEN)
    _speaking(world, stderr="")
    with pytest.raises(AssertionError, match="Expected a warning, seen nothing, at stderr"):
        keywords.status_should_warn_and_tell_what_the_folders_tell(world)
    _speaking(world, exit_code=4)
    with pytest.raises(AssertionError, match="Expected exit code 0"):
        keywords.status_should_warn_and_tell_what_the_folders_tell(world)
    world.record("a.csv")["state"] = "pending"
    _speaking(world)
    with pytest.raises(AssertionError, match=r"seen a\.csv is pending, at done/a\.csv"):
        keywords.status_should_warn_and_tell_what_the_folders_tell(world)


def test_status_that_sets_the_state_aside_is_told(world, keywords):
    keywords.damage_state(world, Damage.OVERWRITTEN)
    _new_state(world)
    _speaking(world)
    with pytest.raises(AssertionError, match="nothing set aside by status"):
        keywords.status_should_warn_and_tell_what_the_folders_tell(world)


def test_folders_and_bucket_are_looked_at_whatever_the_state_says(world, keywords):
    world.document["files"] = []
    keywords.folders_and_bucket_should_be_whole(world)
    (world.source / "done/a.csv").rename(world.source / "a.csv")
    with pytest.raises(AssertionError, match=r"at a\.csv"):
        keywords.folders_and_bucket_should_be_whole(world)
    (world.source / "a.csv").rename(world.source / "done/a.csv")
    body = world.bucket.objects.pop("lake/a.csv.parquet")
    with pytest.raises(AssertionError, match="exactly one version in the bucket, seen 0|the objects"):
        keywords.folders_and_bucket_should_be_whole(world)
    world.bucket.objects |= {"lake/a.csv.parquet": body, "lake/twice.parquet": body}
    with pytest.raises(AssertionError, match=r"no such object in the bucket, .*at lake/twice\.parquet"):
        keywords.folders_and_bucket_should_be_whole(world)


def test_a_restart_with_a_rebuilt_state_may_have_forgotten_attempts_and_times_alone(world):
    restart = Restart()
    restart.remember_this_moment(world)
    world.record("a.csv").update(attempts=None, discovered_at=None, started_at=None, finished_at=None)
    with pytest.raises(AssertionError, match="as before the restart"):
        restart.no_done_file_should_be_processed_again(world)
    world.allowed.rebuilt = True
    restart.no_done_file_should_be_processed_again(world)
    world.record("a.csv")["place"] = None
    with pytest.raises(AssertionError, match="as before the restart"):
        restart.no_done_file_should_be_processed_again(world)


def test_bytes_of_the_folders_decide_what_they_tell(world):
    os.utime(world.source / "done/a.csv")
    assert state_damage.folders_tell(world) == {
        "done/a.csv": ("a.csv", "done"),
        "done/b/c.csv": ("b/c.csv", "done"),
        "failed/bad.json": ("bad.json", "failed"),
    }
    assert asdict(state_damage.damage(world, Damage.EMPTIED, 0))["left"].startswith("a file of 0 bytes")
