"""A Dask cluster on this machine: a real scheduler and real workers, each a process that bears the run's mark."""

import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from harness import cluster_python, run_id, watchdog
from harness.patience import patient
from harness.world import World

READY_LIMIT = patient(120)
_LISTENING = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")
_LOOK_AGAIN = 0.05
_REGISTERED = "Registered to:"
_LAST_CHARACTERS = 2000
# Nothing of a user's own Dask may change what a cluster does.
_OWN_SETTINGS = ("DASK_", "AWS_")


class ClusterError(AssertionError):
    """A scheduler or a worker did not start; the message has its last words."""


@dataclass
class Member:
    """A scheduler or a worker.

    Attributes:
        name: What it is called in evidence.
        process: Its process, in a session of its own.
        log: What it writes.
    """

    name: str
    process: "subprocess.Popen[bytes]" = field(repr=False)
    log: Path

    @property
    def address(self) -> str:
        """Where a worker listens, as it has written; empty before that."""
        found = [line.rpartition(" ")[2] for line in self.told.splitlines() if "Start worker at:" in line]
        return found[0] if found else ""

    @property
    def told(self) -> str:
        """What it has written so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def send(self, what: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(what)

    def kill(self) -> None:
        """SIGKILL to it and its children; it is gone when this returns."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Cluster:
    """A scheduler and its workers.

    Args:
        folder: A path where nothing is yet; scratch files go there.
        evidence: Where the logs are kept.
        environment: What the workers get on top of this process's own environment, such as credentials; no user's
            settings of Dask or AWS are handed on.
        settings: Dask's, by name of variable.
        python: What scheduler and workers are started with.
    """

    def __init__(
        self,
        folder: Path,
        evidence: Path,
        environment: Mapping[str, str],
        settings: Mapping[str, str] | None = None,
        python: Sequence[str] = cluster_python.OWN,
    ) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._evidence = evidence
        self.environment = dict(environment)
        self._settings = dict(settings or {})
        self._python = tuple(python)
        self._contact = folder / "scheduler.json"
        self.workers: list[Member] = []
        watchdog.guard(run_id.current())
        # A scheduler needs neither the migrator nor credentials.
        contact = ("--scheduler-file", str(self._contact))
        self.scheduler = self._start("scheduler", "--port", "0", *contact, environment={})
        self.address = ""
        try:
            self._wait(self.scheduler, lambda: bool(self._contacted()))
        except BaseException:
            self.close()
            raise

    def add_worker(self, environment: Mapping[str, str] | None = None, *, ready: bool = True) -> Member:
        """Start a worker of one thread.

        Args:
            environment: In place of the cluster's own.
            ready: Wait until the scheduler knows it.
        """
        name = f"worker-{len(self.workers) + 1}"
        options = ["--name", name, "--nthreads", "1", "--no-nanny", "--local-directory", str(self._folder)]
        worker = self._start("worker", self.address, *options, name=name, environment=environment)
        self.workers.append(worker)
        if ready:
            self.wait_until_ready(worker)
        return worker

    def wait_until_ready(self, worker: Member) -> None:
        """Wait until the scheduler knows a worker."""
        self._wait(worker, lambda: _REGISTERED in worker.told)

    def close(self) -> None:
        """Kill all that still runs."""
        for member in (*self.workers, self.scheduler):
            member.kill()

    def _start(
        self, role: str, *arguments: str, name: str = "", environment: Mapping[str, str] | None = None
    ) -> Member:
        log = self._evidence / f"cluster-{name or role}.log"
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(_OWN_SETTINGS)}
        settings = {**self._settings, "DASK_CONFIG": str(self._folder / "config"), "TMPDIR": str(self._folder)}
        given = self.environment if environment is None else environment
        command = [*self._python, "-m", "dask", role, *arguments, *_LISTENING]
        with log.open("wb") as output:
            try:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=self._folder,
                    env={**inherited, **settings, **given},
                    start_new_session=True,
                )
            except OSError as error:
                raise ClusterError(f"Expected {shlex.join(command)} to start, seen: {error}") from error
        return Member(name or role, process, log)

    def _contacted(self) -> str:
        with suppress(FileNotFoundError, ValueError):
            self.address = str(json.loads(self._contact.read_text(encoding="utf-8"))["address"])
        return self.address

    @staticmethod
    def _wait(member: Member, there: Callable[[], bool], within: timedelta = READY_LIMIT) -> None:
        deadline = time.monotonic() + within.total_seconds()
        while not there():
            if member.process.poll() is not None or time.monotonic() > deadline:
                raise ClusterError(
                    f"Expected the {member.name} of the cluster to be ready within {within.total_seconds():g} s, "
                    f"seen the exit code {member.process.poll()}; its last words: {member.told[-_LAST_CHARACTERS:]}"
                )
            time.sleep(_LOOK_AGAIN)


def of_world(world: World, python: Sequence[str]) -> Cluster:
    """A cluster whose workers may use the world's bucket, and have in `python` the package of the migrator."""
    return Cluster(world.folder / "cluster", world.evidence, world.launch.environment, python=python)


def without_credentials(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which nobody finds credentials, neither in files nor by asking the machine."""
    kept = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
    nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {**kept, **nothing, "AWS_EC2_METADATA_DISABLED": "true"}
