"""Small files migrated with 1, 2 and 4 workers, to hold the model against."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from subprocess import DEVNULL, Popen

from bench.cases import Case, Input
from bench.measure import Failed, busy_seconds, cpu_seconds
from bench.workshop import Workshop, cpu_spent, environment
from harness import servers
from harness.servers import S3Server

WORKERS = (1, 2, 4)
_ROUNDS = 3
_LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Trial:
    """What was measured.

    Attributes:
        files: How many small files there were.
        day: When, ISO 8601.
        wall: Seconds by the number of workers, the median of the rounds.
        coordinator: CPU seconds that the coordinating thread took for a file, the median of all.
        others: Cores that something else kept busy meanwhile, the most of all rounds.
    """

    files: int
    day: str
    wall: dict[str, float]
    coordinator: float
    others: float


def kept(where: Path) -> Trial | None:
    """What an earlier call has measured."""
    return Trial(**json.loads(where.read_text(encoding="utf-8"))) if where.exists() else None


def measured(files: int, where: Path) -> Trial:
    """Migrate so many files again and again, and keep what that took."""
    workshop = Workshop(1)
    server = servers.start(servers.Choice())
    walls: dict[str, list[float]] = {str(workers): [] for workers in WORKERS}
    shares: list[float] = []
    others: list[float] = []
    try:
        many, few = (workshop.input(Case("", "", Input("small", count))) for count in (files, files // 10))
        for _ in range(_ROUNDS):
            for workers in WORKERS:
                run = _run(many, workers, server)
                walls[str(workers)].append(run.wall)
                others.append(run.others)
            # What the main thread takes to start is in both.
            shares.append((run.main - _run(few, WORKERS[-1], server).main) / (files - files // 10))
    finally:
        server.remove()
        workshop.close()
    wall = {workers: median(seconds) for workers, seconds in walls.items()}
    trial = Trial(files, time.strftime("%Y-%m-%d"), wall, median(shares), max(others))
    where.parent.mkdir(parents=True, exist_ok=True)
    where.write_text(json.dumps(asdict(trial), indent=1), encoding="utf-8")
    return trial


@dataclass(frozen=True)
class _Run:
    """Seconds of wall time, CPU seconds of the main thread, and cores that others kept busy."""

    wall: float
    main: float
    others: float


def _run(given: Path, workers: int, server: S3Server) -> _Run:
    folder = given.with_name("source")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(given, folder, copy_function=os.link)
    command = [
        *(sys.executable, "-m", "migrator", "run", str(folder), f"s3://{server.bucket()}/lake"),
        *("--endpoint-url", server.endpoint_url, "--workers", str(workers)),
    ]
    spent = cpu_spent(server)
    before = busy_seconds() - spent() - _of_children()
    begun = time.monotonic()
    with Popen(command, env=environment(server), stdout=DEVNULL, stderr=DEVNULL) as process:
        main = 0.0
        while process.poll() is None:
            with suppress(OSError, IndexError):
                main = cpu_seconds(process.pid, process.pid)
            time.sleep(_LOOK_SECONDS)
    wall = time.monotonic() - begun
    if process.returncode:
        raise Failed(f"exit code {process.returncode} of {' '.join(command)}")
    others = max(0.0, busy_seconds() - spent() - _of_children() - before) / wall
    return _Run(wall, main, others)


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
