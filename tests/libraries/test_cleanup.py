import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from harness import cleanup
from harness.cleanup import Found
from harness.engine import connect
from harness.run_id import ENVIRONMENT_VARIABLE, Owner, Run, current
from harness.snapshot import Snapshot, left_behind


@pytest.fixture(scope="module")
def client():
    engine = connect()
    yield engine
    engine.close()


@pytest.fixture
def temporary(monkeypatch, tmp_path):
    """Another temporary folder, so that other runs' folders are not in sight."""
    monkeypatch.setattr(cleanup.tempfile, "gettempdir", lambda: str(tmp_path))
    return tmp_path


@pytest.fixture
def dead():
    """A run whose process has ended."""
    process = subprocess.Popen(["true"])
    owner = Owner.of(process.pid)
    process.wait()
    return Run(f"dead{os.getpid():08x}", replace(owner, started=owner.started or "1"))


@pytest.fixture
def living():
    """A run of another process that lives."""
    process = subprocess.Popen(["sleep", "60"])
    yield Run(f"live{os.getpid():08x}", Owner.of(process.pid))
    process.kill()
    process.wait()


def make(client, run):
    """Makes a container, a volume, a network and a folder that bear the run's name."""
    client.volumes.create(f"{run.name}-data", labels=run.labels("data"))
    client.networks.create(f"{run.name}-net", labels=run.labels("network"))
    folder = cleanup.make_folder(run)
    (folder / "deep").mkdir()
    (folder / "deep" / "file").write_text("1")
    (folder / "deep").chmod(0)
    (folder / "link").symlink_to("/etc")


def there(client, run):
    return sorted(line.split()[0] for line in cleanup.left_of(client, run))


def test_everything_of_a_lost_run_is_swept_and_nothing_of_a_living_one(client, temporary, dead, living):
    make(client, dead)
    make(client, living)
    try:
        # Another run may sweep in the same moment, so what counts is what is left.
        assert cleanup.sweep(client)[1] == []
        assert there(client, dead) == []
        assert there(client, living) == ["folder", "network", "volume"]
    finally:
        assert cleanup.remove_run(client, living) == []
    assert there(client, living) == []


def test_what_is_not_ours_is_never_swept(client, temporary):
    (temporary / "s3-acceptance-notes").mkdir()
    (temporary / "s3-acceptance-list.txt").write_text("a user's")
    theirs = client.volumes.create(f"users-own-{os.getpid()}", labels={"owner": "user"})
    try:
        cleanup.sweep(client)
        theirs.reload()
        assert sorted(path.name for path in temporary.iterdir()) == ["s3-acceptance-list.txt", "s3-acceptance-notes"]
    finally:
        theirs.remove()


def test_another_users_folder_is_not_even_looked_into(temporary, dead, monkeypatch):
    cleanup.make_folder(dead)
    mine = os.geteuid()
    assert [found.name for found in cleanup.things(None, dead.run_id)] == [str(temporary / dead.name)]
    monkeypatch.setattr(cleanup.os, "geteuid", lambda: mine + 1)
    monkeypatch.setattr(cleanup, "_owner_of", lambda folder: folder / "may not be read" / 0)
    assert cleanup.things(None, dead.run_id) == []


def test_another_machines_things_are_left_until_they_are_old(temporary, dead):
    elsewhere = Run(dead.run_id, replace(dead.owner, host="another"))
    folder = cleanup.make_folder(elsewhere)
    assert cleanup.sweep(None) == ([], [])
    os.utime(folder, (0, time.time() - 2 * 24 * 3600))
    assert cleanup.sweep(None) == ([f"folder {folder}"], [])


def test_links_in_a_folder_are_removed_and_not_followed(temporary, dead):
    target = temporary / "elsewhere"
    target.mkdir(mode=0o755)
    (target / "file").write_text("1")
    folder = cleanup.make_folder(dead)
    (folder / "link").symlink_to(target)
    (folder / "deep").mkdir()
    (folder / "deep" / "link").symlink_to(target)
    assert cleanup.remove_run(None, dead) == []
    assert (target / "file").read_text() == "1"
    assert not folder.exists()


def test_a_runs_processes_are_ended_also_those_that_left_their_parent(temporary, dead):
    environment = {**os.environ, ENVIRONMENT_VARIABLE: dead.mark}
    shell = subprocess.run(
        ["sh", "-c", "setsid sleep 60 >/dev/null 2>&1 & echo $!"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    process = Owner.of(int(shell.stdout))
    assert process.alive()
    assert cleanup.remove_run(None, dead) == []
    assert not process.alive()


def test_a_process_that_goes_over_to_another_program_is_seen(temporary, dead, monkeypatch):
    environment = {**os.environ, ENVIRONMENT_VARIABLE: dead.mark}
    # The kernel shows no variables while it makes the program's stack.
    starting = [b"", b""]
    read = Path.read_bytes
    with subprocess.Popen(["sleep", "60"], env=environment) as process:
        shown = Path(f"/proc/{process.pid}/environ")
        monkeypatch.setattr(
            Path, "read_bytes", lambda path: starting.pop() if path == shown and starting else read(path)
        )
        assert cleanup.remove_run(None, dead) == []
        assert process.wait(10) == -signal.SIGKILL
    assert not starting


def test_what_cannot_be_removed_is_told_and_the_rest_is_removed(temporary, dead, monkeypatch):
    folder = cleanup.make_folder(dead)
    other = cleanup.make_folder(replace(dead, run_id=f"{dead.run_id}x"))
    remove = cleanup.remove_tree

    def refuse(path):
        if path == folder:
            raise PermissionError("not yours")
        remove(path)

    monkeypatch.setattr(cleanup, "remove_tree", refuse)
    removed, failed = cleanup.sweep(None)
    assert removed == [f"folder {other}"]
    assert failed == [f"folder {folder}: not yours"]


def test_a_comparison_names_what_a_dead_run_left_and_nothing_else(monkeypatch, dead, living):
    elsewhere = Run("c0ffee", replace(dead.owner, host="another"))
    names = [f"{run.name}-data" for run in (dead, living, elsewhere)]
    found = [
        Found("volume", name, run, None, lambda: None)
        for name, run in zip(names, (dead, living, elsewhere), strict=True)
    ]
    monkeypatch.setattr(cleanup, "things", lambda client, run_id=None: found)
    nothing = Snapshot(*(frozenset[str]() for _ in range(5)))
    before = replace(nothing, volumes=frozenset({"old"}))
    after = replace(before, volumes=frozenset({"old", "users-own", *names}))
    assert left_behind(before, after, None) == [f"volume {dead.name}-data"]
    assert "volume users-own" in after.new_since(before)
    assert left_behind(after, after, None) == []


def test_processes_of_a_living_run_are_not_left_behind(temporary, dead, living):
    before = Snapshot.take(None)
    processes = [
        subprocess.Popen(["sleep", "61"], env={**os.environ, ENVIRONMENT_VARIABLE: run.mark}) for run in (dead, living)
    ]
    try:
        left = left_behind(before, Snapshot.take(None), None)
        # Other runs come and go meanwhile.
        mine = [f"process {process.pid} (sleep 61)" for process in processes]
        assert [line for line in left if line in mine] == mine[:1]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_a_snapshot_sees_containers_volumes_networks_folders_and_processes(client, temporary, dead):
    elsewhere = Run(dead.run_id, replace(dead.owner, host="another"))
    before = Snapshot.take(client)
    process = subprocess.Popen(["sleep", "60"], env={**os.environ, ENVIRONMENT_VARIABLE: elsewhere.mark})
    try:
        make(client, elsewhere)
        new = [line.split()[0] for line in Snapshot.take(client).new_since(before) if dead.run_id in line]
        assert sorted(new) == ["folder", "network", "volume"]
        assert f"process {process.pid} (sleep 60)" in Snapshot.take(client).new_since(before)
    finally:
        cleanup.remove_run(client, elsewhere)
        process.wait()
    assert [line for line in Snapshot.take(client).new_since(before) if dead.run_id in line] == []


def test_the_folder_of_a_run_is_made_once_and_is_for_its_user_only(temporary):
    folder = cleanup.make_folder(current())
    assert cleanup.make_folder(current()) == folder
    assert folder.parent == Path(temporary)
    assert folder.stat().st_mode & 0o777 == 0o700
