import os
import socket
from pathlib import Path

import pytest

from harness import engine, engine_setup
from harness.problems import EnvironmentFault, Problem
from harness.progress import say_nothing


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """A machine where no socket is in a usual place and nothing names another."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(engine, "_usual_sockets", lambda: iter([tmp_path / "docker.sock"]))
    return tmp_path / "docker.sock"


def test_the_engine_that_runs_here_answers():
    client = engine.connect()
    assert client.ping()
    client.close()


def test_docker_host_is_the_only_one_asked_when_it_is_set(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(EnvironmentFault, match="unset DOCKER_HOST") as told:
        engine.connect()
    assert told.value.problem is Problem.ENGINE_DOWN


def test_a_context_that_does_not_exist_is_named(monkeypatch):
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONTEXT", "nobody-made-this")
    with pytest.raises(EnvironmentFault, match="nobody-made-this.*docker context ls"):
        engine.connect()


def test_not_installed_is_told_with_the_command_that_installs(nowhere, monkeypatch):
    monkeypatch.setattr(engine.shutil, "which", lambda name: None)
    fault = engine.probe()
    assert fault is not None
    assert fault.problem is Problem.NO_ENGINE
    assert "apt-get install docker.io" in str(fault)


def test_not_running_is_told_with_the_command_that_starts(nowhere, monkeypatch):
    monkeypatch.setattr(engine.shutil, "which", lambda name: f"/usr/bin/{name}")
    fault = engine.probe()
    assert fault is not None
    assert fault.problem is Problem.ENGINE_DOWN
    assert "systemctl start docker" in str(fault)


def test_no_permission_on_the_socket_is_told_with_the_command_that_grants_it(nowhere, monkeypatch):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(nowhere))
        listening.listen()

        class Refused(socket.socket):
            def connect(self, address):
                raise PermissionError(13, "Permission denied")

        # The tests may run as root, whom no permission stops.
        monkeypatch.setattr(engine.socket, "socket", Refused)
        fault = engine.probe()
    assert fault is not None
    assert fault.problem is Problem.NO_PERMISSION
    assert "usermod -aG docker" in str(fault)


def test_a_user_who_is_not_root_is_told_and_nothing_is_installed(monkeypatch):
    fault = EnvironmentFault(Problem.NO_ENGINE, "there is none")
    monkeypatch.setattr(engine_setup, "probe", lambda: fault)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(engine_setup, "run_with_progress", lambda *a, **k: pytest.fail("something was started"))
    with pytest.raises(EnvironmentFault) as told:
        engine_setup.ensure(say_nothing)
    assert told.value is fault


def test_an_engine_that_docker_host_names_is_never_replaced_by_another(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    monkeypatch.setattr(engine_setup, "run_with_progress", lambda *a, **k: pytest.fail("something was started"))
    with pytest.raises(EnvironmentFault):
        engine_setup.ensure(say_nothing)


def test_root_on_debian_gets_an_engine_and_is_told_before(monkeypatch):
    state = {"running": False}
    lines, commands = [], []
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    fault = EnvironmentFault(Problem.NO_ENGINE, "there is none")
    monkeypatch.setattr(engine_setup, "probe", lambda: None if state["running"] else fault)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(engine_setup, "_is_debian", lambda: True)
    monkeypatch.setattr(engine_setup.shutil, "which", lambda name: None)
    monkeypatch.setattr(engine_setup, "run_with_progress", lambda command, **k: commands.append((command, len(lines))))
    monkeypatch.setattr(engine_setup, "_start", lambda tell: state.update(running=True))
    monkeypatch.setattr(engine_setup, "_start_service", lambda tell: state.update(running=True))
    engine_setup.ensure(lines.append)
    assert [command[0][-1] for command in commands] == ["update", "iptables"]
    assert all(told_before >= 2 for _, told_before in commands)


def test_debian_is_recognised_by_its_own_word():
    text = Path("/etc/os-release").read_text() if Path("/etc/os-release").exists() else ""
    assert engine_setup._is_debian() is any(
        name in text.lower() for name in ("id=debian", "id=ubuntu", "id_like=debian")
    )
