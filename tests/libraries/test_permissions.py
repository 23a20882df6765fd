"""A mode binds whoever starts the migrator; the keywords fail where an unreadable file did not end as such."""

import subprocess
import sys
from dataclasses import replace

import pytest

from harness import permissions
from harness.problems import EnvironmentFault
from harness.process import Launch
from harness.world import WorldError
from paper_world import balanced_world, pend
from Permissions import Permissions


@pytest.fixture
def launch(tmp_path):
    return Launch((sys.executable, "-c", "import sys; print(open(sys.argv[1]).read())"), {}, tmp_path, tmp_path)


def test_a_file_that_nobody_may_read_is_not_read_by_a_bound_launch_and_all_others_are(launch, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("a\n1\n")
    words = permissions.bound(launch).words
    assert words[-len(launch.words) :] == launch.words
    assert subprocess.check_output([*words, file]) == b"a\n1\n\n"
    file.chmod(permissions.NOBODYS)
    told = subprocess.run([*words, file], capture_output=True, check=False)
    assert told.returncode
    assert b"PermissionError" in told.stderr


def test_a_launch_that_modes_bind_already_stays_as_it_is(launch, monkeypatch):
    monkeypatch.setattr(permissions, "_may_read", lambda *_: False)
    assert permissions.bound(launch) is launch


@pytest.mark.parametrize("found", [None, "/usr/bin/setpriv"])
def test_a_user_whom_no_mode_binds_is_the_environments_fault(launch, monkeypatch, found):
    monkeypatch.setattr(permissions, "_may_read", lambda *_: True)
    monkeypatch.setattr(permissions.shutil, "which", lambda _: found)
    with pytest.raises(EnvironmentFault, match="start the suite as an ordinary user"):
        permissions.bound(launch)


@pytest.fixture
def unreadable(tmp_path):
    """A world whose `a.csv` is failed as unreadable."""
    world = balanced_world(tmp_path)
    pend(world, "a.csv")
    keywords = Permissions()
    keywords.forbid_reading_of_a_file(world)
    (world.source / "a.csv").rename(world.source / "failed/a.csv")
    (world.source / "failed/a.csv.reason.json").write_text("{}")
    error = {"code": "source-unreadable", "message": "Permission denied"}
    world.record("a.csv").update(state="failed", place="failed/a.csv", error=error, sha256=None)
    return world, keywords


def test_an_unreadable_file_that_is_failed_as_such_passes_and_can_be_put_back(unreadable):
    world, keywords = unreadable
    assert (world.source / "failed/a.csv").lstat().st_mode & 0o777 == 0
    keywords.migrator_should_have_failed_the_file_as_unreadable(world)
    keywords.allow_reading_and_put_file_back(world)
    assert (world.source / "a.csv").lstat().st_mode & 0o777 == world.truth.file("a.csv").mode
    assert not list((world.source / "failed").glob("a.csv*"))


@pytest.mark.parametrize(
    ("wreck", "told"),
    [
        (lambda world: world.record("a.csv").update(state="pending"), "Expected failed as source-unreadable"),
        (lambda world: world.record("a.csv")["error"].update(code="not-text"), "Expected failed as source-unreadable"),
        (lambda world: (world.source / "failed/a.csv").chmod(0o644), r"seen .*mode=420, .*at failed/a\.csv"),
        (lambda world: (world.source / "failed/a.csv").unlink(), r"seen None, at failed/a\.csv"),
        (lambda world: (world.source / "failed/a.csv.reason.json").unlink(), "Expected the reason, seen none"),
        (lambda world: world.bucket.objects.update({"lake/a.csv.parquet": b""}), "Expected no object, seen lake/a"),
    ],
)
def test_an_unreadable_file_that_ended_otherwise_is_told(unreadable, wreck, told):
    world, keywords = unreadable
    wreck(world)
    with pytest.raises(AssertionError, match=told):
        keywords.migrator_should_have_failed_the_file_as_unreadable(world)


@pytest.fixture
def closed(tmp_path):
    """A world whose run has left `b/c.csv` in a folder that nobody may read."""
    world = balanced_world(tmp_path)
    pend(world, "b/c.csv")
    keywords = Permissions()
    # Of the good files this one alone lies in a folder.
    keywords.forbid_reading_of_a_folder(world)
    world.finished = replace(world.last_run, exit_code=4)
    yield world, keywords
    (world.source / "b").chmod(0o755)


def test_what_lies_in_an_unreadable_folder_and_is_untouched_passes(closed):
    world, keywords = closed
    keywords.file_in_the_folder_should_be_untouched(world)
    assert (world.source / "b").stat().st_mode & 0o777 == 0
    keywords.allow_reading_of_the_folder(world)
    assert (world.source / "b").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("wreck", "told"),
    [
        (lambda world: setattr(world, "finished", replace(world.last_run, exit_code=3)), "Expected exit code 4"),
        (lambda world: (world.source / "b/c.csv").write_bytes(b"other"), r"seen it changed or gone, at b/c\.csv"),
        (lambda world: world.record("b/c.csv").update(state="failed"), "Expected neither done nor failed, seen failed"),
        (lambda world: world.bucket.objects.update({"lake/b/c.csv.parquet": b""}), "Expected no object, seen lake/b"),
    ],
)
def test_what_lies_in_an_unreadable_folder_and_was_touched_is_told(closed, wreck, told):
    world, keywords = closed
    (world.source / "b").chmod(0o755)
    wreck(world)
    with pytest.raises(AssertionError, match=told):
        keywords.file_in_the_folder_should_be_untouched(world)


@pytest.mark.parametrize("top", ["done", "failed"])
def test_a_folder_that_nobody_may_write_is_made_and_mended(tmp_path, launch, top):
    world = balanced_world(tmp_path / "world")
    for each in ("done", "failed"):
        (world.source / each).rename(world.folder / f"other {each}")
    keywords = Permissions()
    keywords.forbid_writing_into_done_and_failed(world)
    place = world.source / top / "x"
    bound = permissions.bound(replace(launch, words=(sys.executable, "-c", "import sys; open(sys.argv[1], 'w')")))
    assert subprocess.run([*bound.words, place], capture_output=True, check=False).returncode
    keywords.allow_writing_into_done_and_failed(world)
    assert subprocess.run([*bound.words, place], capture_output=True, check=False).returncode == 0


def test_a_missing_given_is_told(tmp_path):
    with pytest.raises(AssertionError, match="the Given is missing"):
        Permissions().allow_reading_and_put_file_back(balanced_world(tmp_path))


def test_a_migrator_that_modes_keep_from_starting_is_the_environments_fault(tmp_path):
    world = balanced_world(tmp_path)

    def status():
        raise WorldError("Expected exit code 0 of status")

    world.status = status
    world.launch = replace(world.launch)
    with pytest.raises(EnvironmentFault, match="keep the migrator from starting"):
        Permissions().forbid_reading_of_a_file(world)
