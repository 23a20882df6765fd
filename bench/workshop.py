"""Where runs take place: inputs that are made once, a server for a case, a fresh folder and bucket for each run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import measure, suite
from bench.cases import Case
from bench.measure import Sample
from bench.paper_server import PaperServer
from bench.ways import EXIT_CODES, IN_PLACE, OWN, SUITE, command
from harness import servers
from harness.cluster import Cluster
from harness.readiness import REGION
from harness.servers import S3Server

_ROOT = Path(__file__).resolve().parents[1]
_MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory is what is wanted


class Workshop:
    """The folders of one bench.

    Args:
        scale: What all sizes are multiplied by.
    """

    def __init__(self, scale: float) -> None:
        self.scale = scale
        root = os.environ.get("BENCH_FOLDER")
        self._root = Path(root) if root else _MEMORY / "migrator-bench"
        self._root.mkdir(parents=True, exist_ok=True)

    def size(self, case: Case) -> int:
        """Bytes or files of a case at this scale."""
        return max(1, round(case.input.size * self.scale))

    def input(self, case: Case) -> Path:
        """The folder with a case's files; made if it is not there."""
        made = self._root / f"{case.input.kind}-{self.size(case)}"
        if not made.exists():
            draft = made.with_name(f"{made.name}.draft")
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            # A process of its own: what it needs in memory would be counted as the least that others need.
            maker = [sys.executable, "-m", "bench.inputs", case.input.kind, str(self.size(case)), str(draft)]
            subprocess.run(maker, check=True)
            draft.rename(made)
        return made

    def forget(self, case: Case) -> None:
        """Remove a case's files."""
        shutil.rmtree(self._root / f"{case.input.kind}-{self.size(case)}", ignore_errors=True)

    def close(self) -> None:
        """Remove everything."""
        shutil.rmtree(self._root, ignore_errors=True)

    @contextmanager
    def runs(self, case: Case) -> Iterator[Callable[[str], Sample]]:
        """A function that has a contender, by its name, do the case once."""
        if case.act in SUITE:
            suite.make_ready()
            yield lambda _: suite.run(case.act, self._root / f"{case.act}.log")
            return
        given = self.input(case)
        server: S3Server | PaperServer
        if case.on_paper:
            server = PaperServer(self.size(case))
        else:
            server = servers.start(servers.Choice(name=os.environ.get("S3_SERVER") or None))
        try:
            yield lambda name: self._run(case, name, given, server)
        finally:
            server.remove()

    def _run(self, case: Case, name: str, given: Path, server: S3Server | PaperServer) -> Sample:
        folder = given if case.act in IN_PLACE else self._root / "source"
        known = (given / ".migrator").exists()
        if folder is not given:
            shutil.rmtree(folder, ignore_errors=True)
            # The same bytes in memory under new names, but for the state, which is written to.
            shutil.copytree(given, folder, copy_function=_link)
        bucket = server.bucket()
        started = command(name, case.act, case.input.kind)(folder, bucket, server.endpoint_url)
        log, code = self._root / f"{name}.log", EXIT_CODES.get(case.act, 0)
        try:
            with self._helpers(case.cluster if name == OWN else 0, server) as (more, helpers):
                return measure.run([*started, *more], environment(server), log, cpu_spent(server), code, helpers)
        finally:
            if folder is not given:
                shutil.rmtree(folder, ignore_errors=True)
            elif not known:
                shutil.rmtree(given / ".migrator", ignore_errors=True)

    @contextmanager
    def _helpers(self, workers: int, server: S3Server | PaperServer) -> Iterator[tuple[list[str], list[int]]]:
        """A cluster of so many workers, that is there: the options that name it, and its processes."""
        if not workers:
            yield [], []
            return
        folder = self._root / "cluster"
        shutil.rmtree(folder, ignore_errors=True)
        cluster = Cluster(folder, self._root, {**_access(server), "PYTHONPATH": str(_ROOT)})
        try:
            for worker in [cluster.add_worker(ready=False) for _ in range(workers)]:
                cluster.wait_until_ready(worker)
            yield ["--cluster", cluster.address], [each.process.pid for each in (cluster.scheduler, *cluster.workers)]
        finally:
            cluster.close()
            shutil.rmtree(folder, ignore_errors=True)


def _link(source: str, target: str) -> None:
    if ".sqlite3" in source:
        shutil.copy2(source, target)
    else:
        os.link(source, target)


def environment(server: S3Server | PaperServer) -> dict[str, str]:
    """What a contender's process is to know."""
    others = ("AWS_", "DASK_", "PYTHON")
    return {name: value for name, value in os.environ.items() if not name.startswith(others)} | _access(server)


def _access(server: S3Server | PaperServer) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": server.endpoint_url,
        "AWS_ACCESS_KEY_ID": server.access_key,
        "AWS_SECRET_ACCESS_KEY": server.secret_key,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }


def cpu_spent(server: S3Server | PaperServer) -> Callable[[], float]:
    """Tells the CPU seconds of a server so far."""
    if server.container is None:
        return lambda: 0.0
    # The engine hands each byte on in a process of its own.
    pids = [server.container.pid, *measure.processes("docker-proxy", str(server.container.port))]
    return lambda: sum(map(measure.cpu_seconds, pids))
