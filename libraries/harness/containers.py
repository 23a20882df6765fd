"""One server in one container: started, broken on purpose, started again, and removed."""

from __future__ import annotations

import contextlib
import itertools
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import cast

import docker
import requests
from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container
from docker.types import Mount

from harness.container_view import ContainerView, fault_of
from harness.diary import Deed, Entry
from harness.images import Image
from harness.patience import patient
from harness.problems import EnvironmentFault, Problem
from harness.run_id import Run
from harness.server_files import ServerFile

LOCALHOST = "127.0.0.1"
_STOP_LIMIT = 10
_LOOK_AGAIN = 0.1
_NOT_NOW = "unable to freeze"
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
            if again:
                self._start_on_its_port()
                self.diary.append(Entry.now(Deed.SERVER_BACK, "started again"))
            else:
                self._container.start()
        except (DockerException, requests.RequestException) as error:
            raise fault_of(self.name, error) from error

    def _start_on_its_port(self) -> None:
        """Starts the container; a connection of anybody's may have that port for its own end, for a moment."""
        _until_it_passes(self._container.start, lambda error: fault_of(self.name, error).problem is Problem.PORT_TAKEN)

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
        # On cgroups of version 1 runc gives up while the server makes a thread, thaws it, and leaves it to the caller
        # to try again (opencontainers/runc, pull request 4388).
        _until_it_passes(self._container.pause, lambda error: _NOT_NOW in str(error))

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
            raise fault_of(name, error) from error

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


def _until_it_passes(act: Callable[[], None], passes: Callable[[APIError], bool]) -> None:
    """Have the engine do what it refuses for a moment at times; any other refusal is raised at once."""
    deadline = time.monotonic() + _ENGINE_LIMIT
    while True:
        try:
            act()
        except APIError as error:
            if not passes(error) or time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_AGAIN)
        else:
            return
