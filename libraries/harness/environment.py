"""The environment that scenarios share in one process: a server that is ready, the run's folder, the clean-up."""

from __future__ import annotations

import platform
from dataclasses import replace
from pathlib import Path

import docker

from harness import cleanup, engine_setup, servers, watchdog
from harness.engine import connect
from harness.lent import DESK
from harness.problems import EnvironmentFault, Problem
from harness.progress import Say, say
from harness.run_id import current
from harness.servers import Choice, S3Server


class SharedEnvironment:
    """One server for all scenarios that do not break it, and everything else that bears this run's id.

    Where another process offers such a server, it is borrowed in place of one of its own.

    Args:
        tell: Where progress goes.
    """

    def __init__(self, tell: Say = say) -> None:
        self._tell = tell
        self._server: S3Server | None = None
        self._own: list[S3Server] = []
        self._client: docker.DockerClient | None = None
        self._borrows = True

    @property
    def server(self) -> S3Server:
        """The shared server.

        Raises:
            EnvironmentFault: It has not been started.
        """
        if self._server is None:
            raise EnvironmentFault(Problem.SETTING, "no S3 server was started: the set-up is missing")
        return self._server

    def start(self, choice: Choice) -> S3Server:
        """Starts or borrows the shared server, or returns the one that it has already, unless that one has ended."""
        self._let_go_of_a_dead_server()
        if self._server is None:
            watchdog.guard(current())
            self._server = self._borrowed(choice) or servers.start(choice, tell=self._tell)
        return self._server

    def check(self) -> None:
        """Looks whether the shared server still serves; where there is none, nothing is wrong.

        Raises:
            EnvironmentFault: It does not, with the cause.
        """
        if self._server is not None:
            self._server.check()

    def start_without_a_server(self) -> None:
        """Removes everything, and borrows nothing until the next removal: the next server is this run's own."""
        self.remove()
        self._borrows = False

    def start_own(self, choice: Choice) -> S3Server:
        """Starts one more server, for a scenario that will break it; it is removed with the others."""
        server = servers.start(choice, tell=self._tell)
        self._own.append(server)
        return server

    def folder(self) -> Path:
        """Returns the run's folder; it is made at the first call."""
        watchdog.guard(current())
        return cleanup.make_folder(current())

    def containers(self) -> list[str]:
        """Returns the names of this run's containers, as the engine tells them."""
        things = cleanup.things(self._engine(), current().run_id)
        return [thing.name for thing in things if thing.kind == "container"]

    def remove(self) -> None:
        """Removes servers, containers, volumes, networks, folders and processes of this run.

        Raises:
            EnvironmentFault: Something could not be removed, or is still there afterwards; everything was tried.
        """
        failed = []
        begun, self._own, self._server = [*self._own, *([self._server] if self._server else [])], [], None
        self._borrows = True
        for server in begun:
            try:
                server.remove()
            except Exception as error:  # noqa: BLE001 (all must be tried; the errors are raised together below)
                failed.append(f"{server}: {error}")
        client = self._engine_if_any()
        failed += cleanup.remove_run(client, current())
        left = cleanup.left_of(client, current())
        if failed or left:
            raise EnvironmentFault(
                Problem.LEFT_BEHIND,
                f"nothing of run {current().run_id} was expected to be left; "
                f"seen: {', '.join(left) or 'nothing any more'}; errors: {'; '.join(failed) or 'none'}",
            )

    def facts(self) -> dict[str, str]:
        """Returns what the report's metadata tell of the environment."""
        server = self.server
        told = {"Run": current().run_id, "S3 server": f"{server.file.title} at {server.endpoint_url}"}
        if server.image is not None:
            told |= {
                "S3 image": server.image.reference,
                "S3 image digest": server.image.identity,
                "S3 image found by": "; ".join(map(str, server.image.steps)),
            }
            version = self._engine().version()
            told["Docker engine"] = f"{version.get('Version')} ({version.get('Os')}/{version.get('Arch')})"
        told["Environment made in"] = f"{server.seconds:.2f} s"
        told["Python"] = platform.python_version()
        return told

    def _let_go_of_a_dead_server(self) -> None:
        """Who was at it fails; the scenarios that follow are given another one."""
        if self._server is None or self._server.container is None:
            return
        try:
            self._server.container.check_alive()
        except EnvironmentFault as fault:
            if fault.problem is not Problem.EXITED:
                raise
            self._tell(f"The shared server is gone, so another one is started: {fault}")
            self._own.append(self._server)
            self._server = None

    def _borrowed(self, choice: Choice) -> S3Server | None:
        offer = DESK.offer
        if offer is None or not self._borrows or not offer.is_for(choice):
            return None
        try:
            return offer.borrow(self._engine())
        except EnvironmentFault as fault:
            self._tell(f"The server that was lent is of no use any more, so another one is started: {fault}")
            return None

    def _engine(self) -> docker.DockerClient:
        if self._client is None:
            engine_setup.ensure(self._tell)
            self._client = connect()
        return self._client

    def _engine_if_any(self) -> docker.DockerClient | None:
        try:
            return self._client or connect()
        except EnvironmentFault:
            return None


def choice_of(variables: dict[str, str | None]) -> Choice:
    """Returns what the user's variables ask for: ``S3_SERVER``, ``S3_IMAGE``, ``S3_ENDPOINT_URL``; empty is absent."""
    given = {name: value or None for name, value in variables.items()}
    return replace(
        Choice(), name=given.get("S3_SERVER"), image=given.get("S3_IMAGE"), endpoint_url=given.get("S3_ENDPOINT_URL")
    )
