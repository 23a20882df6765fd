"""A gate, and one source after another with a versioned bucket of its own."""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

from harness.bucket import Bucket
from harness.folders import files_below
from harness.gate import Gate
from harness.readiness import REGION
from harness.s3_requests import UPLOADS
from harness.servers import S3Server
from tests.migrator.crash.migration import Migration, arrive
from tests.migrator.crash.migrators import ROOT, Ended, Migrator, Migrators
from tests.migrator.crash.observed import PREFIX, differences

__all__ = ["ROOT", "Case", "CrashWorld"]

_DEADLINE_SECONDS = 120
_LOOK_SECONDS = 0.002
_MANY = 100


class CrashWorld:
    """What the crash tests of one process share.

    Args:
        server: The S3 server.
        folder: An empty folder.
    """

    def __init__(self, server: S3Server, folder: Path) -> None:
        self.folder = folder
        self.gate = Gate(server.endpoint_url)
        self.gate.start()
        self.migrators = Migrators(credentials(server), folder / "migrators")
        self._server = server
        self._count = 0
        self._begun: dict[int, Case] = {}

    def close(self) -> None:
        """End the gate and the zygote, and remove what is left; every step is tried, and the first error is raised."""
        with ExitStack() as steps:
            steps.callback(self.gate.close)
            steps.callback(self.migrators.__exit__)
            for case in self._begun.values():
                steps.callback(case.remove)

    @contextmanager
    def case(self, migration: Migration) -> Iterator["Case"]:
        """A new source and bucket, with the files that were done before and those that arrived since."""
        if id(migration) not in self._begun:
            self._begun[id(migration)] = begun = self._new(migration)
            begun.source.mkdir()
            arrive(begun.source, migration.before)
            assert not migration.before or begun.run().code in {0, 3}
            arrive(begun.source, migration.files)
        begun = self._begun[id(migration)]
        case = self._new(migration)
        try:
            shutil.copytree(begun.source, case.source)
            case.bucket.take_over(begun.bucket)
            yield case
        finally:
            case.remove()

    def _new(self, migration: Migration) -> "Case":
        self._count += 1
        root = self.folder / f"{self._count}"
        root.mkdir()
        server = self._server
        bucket = CopyingBucket(server.endpoint_url, server.access_key, server.secret_key, server.bucket())
        return Case(self, migration, root, bucket)


class CopyingBucket(Bucket):
    """A bucket that objects can be copied into."""

    def take_over(self, other: Bucket) -> None:
        """Copy another bucket's objects as they are."""
        for key in other.keys(""):
            self._client.copy_object(Bucket=self.name, Key=key, CopySource={"Bucket": other.name, "Key": key})

    def lose(self, key: str) -> None:
        """Remove an object with all its versions."""
        for version in self.versions():
            if version.key == key:
                self._client.delete_object(Bucket=self.name, Key=key, VersionId=version.version_id)


class Case:
    """One source, and what was done to it."""

    def __init__(self, world: CrashWorld, migration: Migration, root: Path, bucket: CopyingBucket) -> None:
        self.migration = migration
        self.source = root / "source"
        self.bucket = bucket
        self.world = world
        self.endpoint_url = world.gate.endpoint_url
        self._root = root

    def remove(self) -> None:
        """Remove source and bucket; a bucket of many objects ends with its server, which is faster."""
        shutil.rmtree(self._root)
        if len(self.migration.objects) < _MANY:
            self.bucket.remove()

    @property
    def command(self) -> list[str]:
        """The run's command line."""
        return self.command_of("run", f"s3://{self.bucket.name}/{PREFIX}")

    def command_of(self, name: str, *more: str) -> list[str]:
        """Another command's."""
        # One worker, so that the n-th step is the same step in every run: otherwise points are sampled, not enumerated.
        options = ("--endpoint-url", self.endpoint_url, "--workers", "1", "--retry-for", "60")
        return [name, str(self.source), *more, *options]

    def run(self, **options: Any) -> Ended:
        """Run the migrator; see `Migrators.start` for the options."""
        return self.world.migrators.run(self.source, self.command, **options)

    def command_with_target(self, name: str, *more: str) -> Ended:
        """Run `verify` or `recover`."""
        arguments = self.command_of(name, f"s3://{self.bucket.name}/{PREFIX}", *more)
        return self.world.migrators.run(self.source, arguments)

    def retry(self, *more: str) -> Ended:
        """Run `retry`."""
        return self.world.migrators.run(self.source, self.command_of("retry", *more))

    def wrong(self) -> list[str]:
        """What differs from the truth."""
        return list(differences(self.migration, self.source, self.bucket, self.status()))

    def start(self, **options: Any) -> Migrator:
        """Start the migrator."""
        return self.world.migrators.start(self.source, self.command, **options)

    def status(self) -> Any:
        """What `status --json` prints; it may change nothing."""
        before = self.state_files()
        told = self.world.migrators.run(self.source, ["status", str(self.source), "--json"])
        assert told.code == 0, told.stderr
        assert self.state_files() == before
        document = told.json()
        counts = dict(document["counts"])
        total = counts.pop("total")
        assert sum(counts.values()) == total == len(document["files"])
        return document

    def state_files(self) -> Mapping[str, tuple[int, int]]:
        """Name, size and time of what lies in `.migrator`."""
        folder = self.source / ".migrator"
        found = folder.rglob("*") if folder.is_dir() else ()
        return {str(file): (file.stat().st_size, file.stat().st_mtime_ns) for file in found if file.is_file()}

    def lose_state(self) -> None:
        """Remove the state with its companions."""
        for file in (self.source / ".migrator").glob("state.sqlite3*"):
            file.unlink()

    def heal(self, where: str, *, refused: bool = False) -> None:
        """Run again, and hold everything against the truth.

        Args:
            where: What was done before, for the messages.
            refused: Uploads that the server refuses will do: where damage took the state's last words, a conditional
                one is how the migrator learns that the object is there.
        """
        self.status()
        gate, bucket = self.world.gate, self.bucket
        there = set(bucket.keys())
        seen = len(gate.exchanges)
        ended = self.run()
        assert ended.code == self.migration.exit_code, f"{where}: {ended.stderr}"
        uploads = [each for each in gate.exchanges[seen:] if each.act in UPLOADS and each.key in there]
        again = [each.key for each in uploads if not refused or each.status == HTTPStatus.OK]
        assert not again, f"{where}: uploaded again: {again}"
        found = self.wrong()
        found += [f"{name} is left over" for name in files_below(self.world.migrators.work)]
        assert not found, f"{where}: {'; '.join(found)}"

    def wait_until(self, what: str, happened: Callable[[], bool]) -> None:
        """Look until something has happened.

        Raises:
            AssertionError: It has not within the deadline.
        """
        assert self.comes_true(happened, _DEADLINE_SECONDS), f"waited {_DEADLINE_SECONDS} s for: {what}"

    def comes_true(self, happened: Callable[[], bool], within: float) -> bool:
        """Whether something has happened before that many seconds are over."""
        deadline = time.monotonic() + within
        while not happened():
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOK_SECONDS)
        return True


def credentials(server: S3Server) -> dict[str, str]:
    """The environment in which a migrator may use the server."""
    return {
        "AWS_ACCESS_KEY_ID": server.access_key,
        "AWS_SECRET_ACCESS_KEY": server.secret_key,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
