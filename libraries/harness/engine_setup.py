"""A Docker engine where none answers: installed and started by us, on Debian and Ubuntu as root."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from harness.commands import CommandFailed, run_with_progress
from harness.engine import probe
from harness.problems import EnvironmentFault, Problem
from harness.progress import Say, say, seconds
from harness.run_id import ENVIRONMENT_VARIABLE

_INSTALL_LIMIT = 420.0
_START_LIMIT = 60.0
_LOG = Path("/var/log/dockerd.log")
_PACKAGES = ("docker.io", "iptables")


def ensure(tell: Say = say) -> None:
    """Sees to it that an engine answers.

    Raises:
        EnvironmentFault: None answers, and this is not root on Debian or Ubuntu, or the attempt failed.
    """
    fault = probe()
    if fault is None:
        return
    may_help = fault.problem in {Problem.NO_ENGINE, Problem.ENGINE_DOWN} and not os.environ.get("DOCKER_HOST")
    if not (may_help and os.geteuid() == 0 and _is_debian()):
        raise fault
    tell("No Docker engine answers, and this is root on a Debian or Ubuntu machine.")
    if shutil.which("dockerd") is None or shutil.which("iptables") is None:
        _install(tell)
    if Path("/run/systemd/system").is_dir():
        _start_service(tell)
    else:
        _start(tell)


def _is_debian() -> bool:
    told = Path("/etc/os-release")
    if not told.is_file() or shutil.which("apt-get") is None:
        return False
    pairs = (line.partition("=") for line in told.read_text(encoding="utf-8").splitlines())
    facts = {key: value.strip('"') for key, _, value in pairs}
    return bool({"debian", "ubuntu"} & {facts.get("ID", ""), *facts.get("ID_LIKE", "").split()})


def _install(tell: Say) -> None:
    tell(f"Installing {' and '.join(_PACKAGES)} with apt-get (about a minute) …")
    begun = time.monotonic()
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    wait = "-oDPkg::Lock::Timeout=120"
    for command in (
        ["apt-get", wait, "-q", "update"],
        ["apt-get", wait, "-q", "install", "--yes", "--no-install-recommends", *_PACKAGES],
    ):
        try:
            run_with_progress(command, limit=_INSTALL_LIMIT, env=environment, tell=tell)
        except CommandFailed as failure:
            raise EnvironmentFault(
                Problem.NO_ENGINE, f"Docker could not be installed by `{' '.join(command)}`: {failure}"
            ) from failure
    tell(f"Installed in {seconds(time.monotonic() - begun)}.")


def _start_service(tell: Say) -> None:
    tell("Starting Docker with `systemctl start docker` …")
    try:
        run_with_progress(["systemctl", "start", "docker"], limit=_START_LIMIT, tell=tell)
    except CommandFailed as failure:
        raise EnvironmentFault(Problem.ENGINE_DOWN, f"{failure}; `journalctl -u docker` tells more") from failure
    if (fault := probe()) is not None:
        raise fault


def _start(tell: Say) -> None:
    tell(f"Starting dockerd in the background (its log: {_LOG}) …")
    begun = time.monotonic()
    # The engine outlives this run and must not be taken for one of its processes.
    environment = {key: value for key, value in os.environ.items() if key != ENVIRONMENT_VARIABLE}
    with _LOG.open("ab") as log:
        log_from = log.tell()
        process = subprocess.Popen(
            ["dockerd"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    while (fault := probe()) is not None:
        waited = time.monotonic() - begun
        code = process.poll()
        # Another process may have started an engine in the same moment: then ours ends, and that one will answer.
        if waited > _START_LIMIT or (code is not None and not _engine_runs()):
            last = _LOG.read_bytes()[log_from:].decode(errors="replace").splitlines()[-8:]
            how = "does not answer" if code is None else f"ended with code {code}"
            raise EnvironmentFault(
                Problem.ENGINE_DOWN,
                f"dockerd was started and {how} after {seconds(waited)}; {fault.detail}; the last lines of {_LOG}:\n"
                + "\n".join(last),
            )
        time.sleep(0.1)
    tell(f"The engine answers after {seconds(time.monotonic() - begun)}.")


def _engine_runs() -> bool:
    pid_file = Path("/var/run/docker.pid")
    return pid_file.is_file() and Path(f"/proc/{pid_file.read_text(encoding='ascii').strip()}").exists()
