"""A source, a bucket and a real cluster, and runs of the migrator between them, each a process."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.cluster import Cluster
from tests.migrator.s3_fake import FakeS3, Fault

ROOT = Path(__file__).parents[2]
LIMIT = 300
SECRET = "wJalrXUtnFEMI-secret-of-the-cluster"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
PATHS = {"PYTHONPATH": str(ROOT)}


class Place:
    """A source, a bucket and a cluster."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = folder / "source"
        self.source.mkdir()
        self.s3 = FakeS3()
        self.held = threading.Event()
        self._clusters: list[Cluster] = []
        self._holds: list[threading.Event] = []

    def cluster(self, **settings: str) -> Cluster:
        number = len(self._clusters)
        evidence = self.folder / f"logs-{number}"
        evidence.mkdir()
        cluster = Cluster(self.folder / f"cluster-{number}", evidence, {**CREDENTIALS, **PATHS}, settings)
        self._clusters.append(cluster)
        return cluster

    def write(self, count: int) -> None:
        for number in range(count):
            (self.source / f"{number:03}.csv").write_text(f"a,b\n{number},x\n")

    def start(self, address: str, *options: str, **environment: str) -> subprocess.Popen[str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DASK_"))}
        arguments = ["run", str(self.source), "s3://bucket/lake", "--endpoint-url", self.s3.endpoint_url]
        return subprocess.Popen(
            [sys.executable, "-m", "migrator", *arguments, "--cluster", address, *options],
            env={**own, **CREDENTIALS, **PATHS, **environment},
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
        )

    def run(self, address: str, *options: str, **environment: str) -> tuple[int, str]:
        return self.end(self.start(address, *options, **environment))

    @staticmethod
    def end(process: subprocess.Popen[str]) -> tuple[int, str]:
        try:
            _, told = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            _, told = process.communicate()
            pytest.fail(f"the run does not end: {told[-3000:]}")
        return process.returncode, told

    def hold(self, number: int, *, stored: bool = False) -> None:
        """Hold the n-th upload from now on, and say so; `stored` holds only what the server answers to it."""
        met, release = threading.Event(), threading.Event()
        self._holds.append(release)
        seen = [0]

        def matches(request) -> bool:
            if request.method != "PUT":
                return False
            seen[0] += 1
            if seen[0] == number:
                met.set()
                return True
            return False

        self.held = met
        if not stored:
            self.s3.rules.append((matches, Fault(hang=release)))
            return
        plain = self.s3.answer

        def answer(request, body, change):
            told = plain(request, body, change)
            if matches(request):
                release.wait(LIMIT)
            return told

        self.s3.answer = answer

    def wait_until_held(self, process: subprocess.Popen[str]) -> None:
        deadline = time.monotonic() + LIMIT
        while not self.held.wait(0.1):
            if process.poll() is not None:
                pytest.fail(f"the run ended before an upload was held: {process.communicate()[1][-3000:]}")
            assert time.monotonic() < deadline, "no upload was held"

    def release(self) -> None:
        for release in self._holds:
            release.set()

    def status(self) -> dict[str, int]:
        told = subprocess.run(
            [sys.executable, "-m", "migrator", "status", str(self.source), "--json"],
            env={**os.environ, **PATHS}, capture_output=True, text=True, check=True, timeout=LIMIT,
        )  # fmt: skip
        return json.loads(told.stdout)["counts"]

    def close(self) -> None:
        self.release()
        for cluster in self._clusters:
            cluster.close()
        self.s3.close()


def all_done(place: Place, count: int) -> None:
    """Every file that was written is done, and nothing else is there, neither in the bucket nor beside the state."""
    assert place.status() == {"pending": 0, "in_progress": 0, "done": count, "failed": 0, "total": count}
    assert sorted(place.s3.objects) == [f"lake/{number:03}.csv.parquet" for number in range(count)]
    assert sorted(file.name for file in (place.source / ".migrator").iterdir()) == ["lock", "state.sqlite3"]
    assert place.s3.uploads == {}
