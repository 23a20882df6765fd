"""The Docker engine that answers, found as the docker client finds it."""

from __future__ import annotations

import os
import shutil
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.context import ContextAPI
from docker.errors import DockerException

from harness.problems import EnvironmentFault, Problem

CALL_LIMIT = 120
_PROBE_LIMIT = 30


@dataclass(frozen=True)
class Endpoint:
    """One place where an engine may answer.

    Attributes:
        origin: Who named it (``DOCKER_HOST``, a context, a usual place), for messages.
        url: The address, as docker understands it.
        named: Whether the user named it; then no other is tried.
        context: The docker context to take TLS settings from, if it came from one.
    """

    origin: str
    url: str
    named: bool
    context: str | None = None


def connect() -> docker.DockerClient:
    """Returns a client of the engine that answers.

    Raises:
        EnvironmentFault: No engine answers: not installed, not running and no permission are told apart.
    """
    tried: list[str] = []
    denied: Endpoint | None = None
    for endpoint in _endpoints():
        try:
            return _client(endpoint)
        except (DockerException, OSError, ValueError) as error:
            if _denied(endpoint):
                denied = denied or endpoint
            tried.append(f"{endpoint.origin} ({endpoint.url}): {_plain(error)}")
            if endpoint.named:
                break
    raise _fault(tried, denied)


def probe() -> EnvironmentFault | None:
    """Returns None if an engine answers, else why none does."""
    try:
        connect().close()
    except EnvironmentFault as fault:
        return fault
    return None


def _client(endpoint: Endpoint) -> docker.DockerClient:
    if endpoint.origin == "DOCKER_HOST":
        client = docker.from_env(timeout=_PROBE_LIMIT)
    elif endpoint.context is not None:
        context = ContextAPI.get_context(endpoint.context)
        client = docker.DockerClient(base_url=endpoint.url, tls=context.TLSConfig, timeout=_PROBE_LIMIT)
    else:
        client = docker.DockerClient(base_url=endpoint.url, timeout=_PROBE_LIMIT)
    # No proxy stands before a socket, and looking for one takes longer than the call itself.
    client.api.trust_env = not endpoint.url.startswith("unix://")
    try:
        client.ping()
    except BaseException:
        client.close()
        raise
    client.api.timeout = CALL_LIMIT
    return client


def _endpoints() -> Iterator[Endpoint]:
    """Yields where to ask, in the docker client's order: DOCKER_HOST, the context, then the usual sockets."""
    host = os.environ.get("DOCKER_HOST")
    if host:
        yield Endpoint("DOCKER_HOST", host, named=True)
        return
    name = os.environ.get("DOCKER_CONTEXT") or ContextAPI.get_current_context().name
    if name != "default":
        context = ContextAPI.get_context(name)
        if context is None or not context.Host:
            raise EnvironmentFault(
                Problem.SETTING, f"the docker context {name!r} does not exist; `docker context ls` lists those that do"
            )
        yield Endpoint(f"context {name}", context.Host, named=True, context=name)
        return
    for path in _usual_sockets():
        if path.exists() or path == Path("/var/run/docker.sock"):
            yield Endpoint("socket", f"unix://{path}", named=False)


def _usual_sockets() -> Iterator[Path]:
    yield Path("/var/run/docker.sock")
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    yield Path(runtime or f"/run/user/{os.geteuid()}") / "docker.sock"
    yield Path.home() / ".docker/run/docker.sock"
    yield Path.home() / ".docker/desktop/docker.sock"


def _denied(endpoint: Endpoint) -> bool:
    if not endpoint.url.startswith("unix://"):
        return False
    path = Path(endpoint.url.removeprefix("unix://"))
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            return False
        with socket.socket(socket.AF_UNIX) as asked:
            asked.settimeout(_PROBE_LIMIT)
            asked.connect(str(path))
    except PermissionError:
        return True
    except OSError:
        return False
    return False


def _fault(tried: list[str], denied: Endpoint | None) -> EnvironmentFault:
    where = "; ".join(tried)
    if denied is not None:
        return EnvironmentFault(
            Problem.NO_PERMISSION,
            f"{denied.url} exists, but this user may not use it. `sudo usermod -aG docker $USER` and a new login help. "
            f"Tried: {where}",
        )
    if os.environ.get("DOCKER_HOST"):
        remedy = "`unset DOCKER_HOST` goes back to the usual engine, if its address is no longer right"
        return EnvironmentFault(Problem.ENGINE_DOWN, f"{remedy}. Tried: {where}")
    if any(told.startswith("context ") for told in tried):
        remedy = "`docker context use default` goes back to the usual engine, if that one is no longer there"
        return EnvironmentFault(Problem.ENGINE_DOWN, f"{remedy}. Tried: {where}")
    if Path("/Applications/Docker.app").exists():
        return EnvironmentFault(Problem.ENGINE_DOWN, f"`open -a Docker` starts it. Tried: {where}")
    if shutil.which("dockerd") or shutil.which("docker"):
        return EnvironmentFault(Problem.ENGINE_DOWN, f"`sudo systemctl start docker` starts it. Tried: {where}")
    return EnvironmentFault(
        Problem.NO_ENGINE,
        "`sudo apt-get install docker.io` installs it on Debian and Ubuntu, Docker Desktop elsewhere. Tried: " + where,
    )


def _plain(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
