"""A migrator is started, stopped and killed as a process, with nothing of a user's AWS settings."""

import json
import os
import signal
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from harness.gate_rules import Hold, Rule
from harness.process import BUILT_IN, Launch, MigratorProcess, ProcessError
from harness.world import WorldError
from paper_world import balanced_world

SOON = timedelta(seconds=120)


@pytest.fixture
def launch(tmp_path):
    for name in ("work", "output"):
        (tmp_path / name).mkdir()

    def make(code: str, **environment: str) -> Launch:
        return Launch((sys.executable, "-c", code), environment, tmp_path / "work", tmp_path / "output")

    return make


def test_exit_code_and_output_are_told(launch):
    code = "import sys; print('out', sys.argv[1:]); sys.exit('err')"
    ended = MigratorProcess(launch(code), ["run", "a b"]).wait(SOON)
    assert (ended.exit_code, ended.signal) == (1, None)
    assert ended.stdout == "out ['run', 'a b']\n"
    assert ended.how_it_ended().startswith("exit code 1 after") and ended.how_it_ended().endswith("(err)")


def test_whether_a_process_ends_soon_can_be_asked_without_ending_it(launch):
    process = MigratorProcess(launch("import time; time.sleep(60)"), ["run"])
    assert not process.ends_within(timedelta(milliseconds=10))
    assert process.running
    process.kill_group()
    assert process.ends_within(SOON)


def test_each_process_keeps_logs_of_its_own(launch, tmp_path):
    for command in ("run", "status", "run"):
        MigratorProcess(launch("print(1)"), [command]).wait(SOON)
    names = sorted(file.name for file in (tmp_path / "output").glob("*.stdout.log"))
    assert names == ["01-run.stdout.log", "02-status.stdout.log", "03-run.stdout.log"]


def test_a_death_by_signal_is_no_exit_code(launch):
    process = MigratorProcess(launch("import time; time.sleep(600)"), ["run"])
    process.send(signal.SIGTERM)
    ended = process.wait(SOON)
    assert (ended.exit_code, ended.signal) == (143, signal.SIGTERM)
    assert ended.how_it_ended().startswith("died of SIGTERM")


def test_children_are_killed_with_their_group(launch, tmp_path):
    code = "import os, time; os.fork(); print(os.getpid(), flush=True); time.sleep(600)"
    process = MigratorProcess(launch(code), ["run"])
    while process.stdout_file.read_text().count("\n") < 2:
        assert process.running
    process.kill_group()
    process.wait(SOON)
    for pid in map(int, process.stdout_file.read_text().split()):
        deadline = time.monotonic() + SOON.total_seconds()
        while _lives(pid):
            assert time.monotonic() < deadline


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_one_that_does_not_end_is_killed_and_its_last_lines_are_told(launch):
    process = MigratorProcess(
        launch("import sys, time; print('busy', file=sys.stderr, flush=True); time.sleep(600)"), ["run"]
    )
    while not process.printed:
        assert process.running
    with pytest.raises(ProcessError, match=r"to end within 0\.1 s, seen it still running; it was killed\..*busy"):
        process.wait(timedelta(seconds=0.1))
    assert not process.running


def test_a_command_that_does_not_exist_is_told(tmp_path):
    launch = Launch.of("/no/such/migrator --fast", {}, tmp_path, tmp_path)
    with pytest.raises(ProcessError, match="could not be started with '/no/such/migrator --fast run"):
        MigratorProcess(launch, ["run"])


def test_a_users_aws_settings_do_not_reach_the_migrator(launch, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    seen = json.loads(MigratorProcess(launch(code, AWS_REGION="us-east-1"), ["run"]).wait(SOON).stdout)
    assert "AWS_PROFILE" not in seen and "AWS_SESSION_TOKEN" not in seen
    assert seen["AWS_REGION"] == "us-east-1"
    assert seen["AWS_CONFIG_FILE"] == os.devnull


def test_secrets_are_not_shown_with_the_launch(tmp_path):
    launch = Launch.of(BUILT_IN, {"AWS_SECRET_ACCESS_KEY": "hush"}, tmp_path, tmp_path)
    assert "hush" not in repr(launch)
    assert launch.words[-2:] == ("-m", "migrator")


def test_a_migrator_that_ends_before_its_upload_is_held_is_told_at_once(tmp_path, launch):
    world = balanced_world(tmp_path / "world")
    world.process = MigratorProcess(launch("import sys; sys.exit('no bucket')"), ["run"])
    with pytest.raises(WorldError, match=r"seen the end of .* before it: exit code 1 after .*no bucket"):
        world.wait_until_met(Rule(Hold()), SOON)
