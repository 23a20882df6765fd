"""A server's container as whoever may only look at it sees it."""

from __future__ import annotations

from pathlib import Path

import docker
import requests
from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container

from harness.diary import Entry
from harness.image_pull import kind_of, plain
from harness.problems import EnvironmentFault, Problem

_LAST_LINES = 15


class ContainerView:
    """A server's container as whoever may look at it sees it: its state and its log.

    Attributes:
        name: As the engine knows it.
        what: The server and its image, for messages.
        diary: Every outage that was made, and its end.
    """

    def __init__(self, container: Container, name: str, what: str) -> None:
        self._container = container
        self.name = name
        self.what = what
        self.diary: list[Entry] = []
        self._earlier_log = b""

    @classmethod
    def of(cls, client: docker.DockerClient, name: str, what: str) -> ContainerView:
        """Returns a look at a container that somebody else started.

        Raises:
            EnvironmentFault: The engine knows none of that name.
        """
        try:
            return cls(client.containers.get(name), name, what)
        except (DockerException, requests.RequestException) as error:
            raise fault_of(name, error) from error

    @property
    def id(self) -> str:
        """The container's id."""
        return self._container.id or ""

    @property
    def state(self) -> str:
        """The engine's word for the container's state: created, running, paused, exited, or removed."""
        try:
            self._container.reload()
        except NotFound:
            return "removed"
        return str(self._container.status)

    def check_alive(self) -> None:
        """Raises an EnvironmentFault with the last lines of the log if the container has ended."""
        try:
            state = self.state
        except (DockerException, requests.RequestException) as error:
            raise fault_of(self.name, error) from error
        if state in {"created", "running", "paused"}:
            return
        code = self._container.attrs.get("State", {}).get("ExitCode") if state != "removed" else None
        lines = self.log().decode(errors="replace").splitlines()[-_LAST_LINES:] if state != "removed" else []
        raise EnvironmentFault(
            Problem.EXITED,
            f"{self.what} is {state} with code {code}; the last lines of its log:\n"
            + "\n".join(lines or ["(it wrote none)"]),
        )

    def log(self) -> bytes:
        """Returns what the server has written so far, each line with its time, also before it was started again."""
        return self._earlier_log + bytes(self._container.logs(timestamps=True))

    def save_log(self, path: Path, since: str = "") -> None:
        """Writes the server's log to a file.

        Args:
            path: The file.
            since: Lines with an earlier time (ISO 8601 in UTC) are left out.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        begin = since.removesuffix("Z").encode()
        path.write_bytes(b"".join(line for line in self.log().splitlines(keepends=True) if line[: len(begin)] >= begin))


def fault_of(name: str, error: BaseException) -> EnvironmentFault:
    """What an error of the engine about a container means, for whoever can do something about it."""
    text = plain(error)
    if "port is already allocated" in text or "address already in use" in text:
        return EnvironmentFault(Problem.PORT_TAKEN, f"{name}: {text}; give another port, or none")
    if not isinstance(error, APIError):
        return EnvironmentFault(Problem.ENGINE_GONE, f"{name}: {text}")
    problem = kind_of(text)
    if problem not in {Problem.DISK_FULL, Problem.NO_SUCH_IMAGE}:
        problem = Problem.OTHER
    return EnvironmentFault(problem, f"{name} could not be made or started: {text}")
