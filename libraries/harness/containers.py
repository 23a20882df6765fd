"""One server in one container: started, broken on purpose, started again, and removed."""

from __future__ import annotations

import contextlib
import itertools
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import cast

import docker
import requests
from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container
from docker.types import Mount

from harness.diary import Deed, Entry
from harness.image_pull import kind_of, plain
from harness.images import Image
from harness.patience import patient
from harness.problems import EnvironmentFault, Problem
from harness.run_id import Run
from harness.server_files import ServerFile

LOCALHOST = "127.0.0.1"
_LAST_LINES = 15
_STOP_LIMIT = 10
_ENGINE_LIMIT = patient(60).total_seconds()
_numbers = itertools.count(1)


class Data(Enum):
    """Where a container keeps its data.

    ``MEMORY`` is the fastest and ends with the container's process; ``KEPT`` outlives stop, kill and start.
    """

    MEMORY = "memory"
    KEPT = "kept"


@dataclass(frozen=True)
class Plan:
    """What to start.

    Attributes:
        server: The server's file.
        image: The image that was resolved.
        run: The run that it belongs to.
        environment: The container's environment, credentials included; never shown.
        data: Where the data are.
        data_bytes: The size of the data folder in bytes (always in memory), or None for no limit.
        port: The port on 127.0.0.1; None lets Docker choose.
    """

    server: ServerFile
    image: Image
    run: Run
    environment: Mapping[str, str]
    data: Data = Data.MEMORY
    data_bytes: int | None = None
    port: int | None = None

    def __repr__(self) -> str:
        return f"Plan({self.server.name}, {self.image.reference}, {self.data}, {self.data_bytes}, {self.port})"


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
            raise _fault(name, error) from error

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
        state = self.state
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


class ServerContainer(ContainerView):
    """A container that serves S3 on 127.0.0.1, on the same port for as long as it exists."""

    def __init__(self, client: docker.DockerClient, plan: Plan) -> None:
        self._client = client
        self._plan = plan
        name = f"{plan.run.name}-server-{next(_numbers)}"
        self._volume: str | None = None
        self._reserved: socket.socket | None = None
        self._port = plan.port
        if plan.data is Data.KEPT and plan.data_bytes is None:
            self._volume = f"{name}-data"
            client.volumes.create(self._volume, labels=plan.run.labels("data"))
        super().__init__(self._create(name), name, f"{plan.server.title} (image {plan.image.reference})")

    @property
    def port(self) -> int:
        """The port on 127.0.0.1 where the server answers."""
        if self._port is None:
            self._port = self._published_port()
        return self._port

    @property
    def pid(self) -> int:
        """The server's process as this machine sees it; 0 while it does not run."""
        self._container.reload()
        return int(self._container.attrs["State"]["Pid"])

    def start(self) -> None:
        """Starts the container, for the first time or again; then on the same port, with the data it kept.

        Raises:
            EnvironmentFault: The engine would not: the port is taken, the disk is full, or another reason.
        """
        try:
            again = self.state == "exited"
            if again:
                # Docker would choose another port at each start, so the container is made anew around its data.
                self._earlier_log = self.log()
                self._container.remove(force=True, v=True)
                self._container = self._create(self.name)
            self._release_port()
            self._container.start()
            if again:
                self.diary.append(Entry.now(Deed.SERVER_BACK, "started again"))
        except (DockerException, requests.RequestException) as error:
            raise _fault(self.name, error) from error

    def stop(self) -> None:
        """Ends the server as an operator does: SIGTERM, and SIGKILL after ten seconds. Its port stays closed to all."""
        self._port = self.port
        self._may_end()
        self.diary.append(Entry.now(Deed.SERVER_AWAY, "stopped"))
        self._container.stop(timeout=_STOP_LIMIT)
        self._reserve_port()

    def kill(self) -> None:
        """Ends the server with SIGKILL, as a crash does. Its port stays closed to all."""
        self._port = self.port
        self._may_end()
        self.diary.append(Entry.now(Deed.SERVER_AWAY, "SIGKILL"))
        self._container.kill("SIGKILL")
        self._container.wait(timeout=_ENGINE_LIMIT)
        self._reserve_port()

    def pause(self) -> None:
        """Freezes the server: connections are taken, and nobody answers."""
        self.diary.append(Entry.now(Deed.SERVER_AWAY, "frozen"))
        self._container.pause()

    def unpause(self) -> None:
        """Lets a frozen server go on."""
        self._container.unpause()
        self.diary.append(Entry.now(Deed.SERVER_BACK, "thawed"))

    def remove(self) -> None:
        """Removes container and data, in whatever state it is; nothing happens if it is gone already."""
        self._release_port()
        with contextlib.suppress(NotFound):
            self._container.remove(force=True, v=True)
        if self._volume is not None:
            with contextlib.suppress(NotFound):
                self._client.volumes.get(self._volume).remove(force=True)

    def _create(self, name: str) -> Container:
        plan = self._plan
        mounts = [Mount(target=folder, source=None, type="tmpfs") for folder in plan.server.tmpfs]
        if self._volume is not None:
            mounts.append(Mount(target=plan.server.data_folder, source=self._volume, type="volume"))
        else:
            mounts.append(Mount(target=plan.server.data_folder, source=None, type="tmpfs", tmpfs_size=plan.data_bytes))
        # The engine takes a missing port as "choose one"; the type stubs know only ports that are given.
        published = cast("tuple[str, int]", (LOCALHOST, self._port))
        try:
            return self._client.containers.create(
                plan.image.image_id,
                list(plan.server.command),
                name=name,
                environment={**plan.server.environment, **plan.environment},
                labels=plan.run.labels("server"),
                ports={f"{plan.server.port}/tcp": published},
                mounts=mounts,
            )
        except (DockerException, requests.RequestException) as error:
            raise _fault(name, error) from error

    def _published_port(self) -> int:
        self._container.reload()
        bindings = self._container.ports.get(f"{self._plan.server.port}/tcp")
        if not bindings:
            self.check_alive()
            raise EnvironmentFault(Problem.OTHER, f"{self.name} runs, and Docker has published no port for it")
        return int(bindings[0]["HostPort"])

    def _may_end(self) -> None:
        if self._volume is None:
            raise EnvironmentFault(
                Problem.SETTING,
                f"{self.name} keeps its data in memory, where they would be lost; start one with kept data for this",
            )

    def _reserve_port(self) -> None:
        """Holds the port without listening: whoever connects is refused, and nobody else can take it."""
        held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        deadline = time.monotonic() + _ENGINE_LIMIT
        while True:
            try:
                held.bind((LOCALHOST, self.port))
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    held.close()
                    raise EnvironmentFault(
                        Problem.PORT_TAKEN, f"{LOCALHOST}:{self.port} was not given back by the engine: {error}"
                    ) from error
                time.sleep(0.02)
        self._reserved = held

    def _release_port(self) -> None:
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None


def _fault(name: str, error: BaseException) -> EnvironmentFault:
    text = plain(error)
    if "port is already allocated" in text or "address already in use" in text:
        return EnvironmentFault(Problem.PORT_TAKEN, f"{name}: {text}; give another port, or none")
    if not isinstance(error, APIError):
        return EnvironmentFault(Problem.ENGINE_GONE, f"{name}: {text}")
    problem = kind_of(text)
    if problem not in {Problem.DISK_FULL, Problem.NO_SUCH_IMAGE}:
        problem = Problem.OTHER
    return EnvironmentFault(problem, f"{name} could not be made or started: {text}")
