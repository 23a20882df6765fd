"""A scenario's world: its own folders, its own bucket, a gate before the server, and the migrator between them.

Worlds share a server and nothing else, so that any number of scenarios can run side by side.
"""

import shutil
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from harness import diary
from harness.books import Allowances, Books
from harness.bucket import Bucket, Version
from harness.folders import FileFacts, files_below, look, strays
from harness.gate import Gate
from harness.gate_rules import Rule
from harness.patience import patient
from harness.process import Finished, Launch, MigratorProcess
from harness.readiness import REGION
from harness.servers import S3Server
from harness.status import Status
from harness.truth import MockSet

PREFIX = "lake"
STATUS_LIMIT = patient(60)
_LOOK_AGAIN = 0.05
_NOT_RUNNING = "No migrator is running: the Given that starts it is missing."
Deeds = tuple[int, tuple[int | None, ...]]


class WorldError(AssertionError):
    """A scenario asks for what its Given has not made."""


@dataclass(frozen=True)
class Snapshot:
    """What a scenario saw at one moment, to be compared with a later one."""

    status: Status
    folders: Mapping[str, FileFacts]
    versions: tuple[Version, ...]
    exchanges: int


@dataclass
class World:
    """One scenario's folders, bucket, gate and migrator.

    Attributes:
        name: What it is called in evidence: "the source", "the twin".
        folder: All its folders lie in here.
        evidence: Where logs are kept after the folders are gone.
        bucket: Its bucket, looked at past the gate.
        gate: What the migrator talks to.
        launch: How the migrator is started.
        allowed: What the scenario did itself, and the books have to know.
        server: What the bucket is on.
        opened: When, in ISO 8601 and UTC.
        prefix: What the target names beside the bucket; may be empty.
        options: What every command is given besides, such as `--state FILE`.
        tells_endpoint: Whether commands are given the gate's address as an option.
    """

    name: str
    folder: Path
    evidence: Path
    bucket: Bucket
    gate: Gate
    launch: Launch
    mock: MockSet | None = None
    process: MigratorProcess | None = None
    finished: Finished | None = None
    hold: Rule | None = None
    before: Snapshot | None = None
    allowed: Allowances = field(default_factory=Allowances)
    server: S3Server | None = None
    opened: str = field(default_factory=diary.now)
    seen: tuple[Deeds, Books] | None = None
    prefix: str = PREFIX
    options: tuple[str, ...] = ()
    tells_endpoint: bool = True

    @classmethod
    def open(cls, name: str, folder: Path, evidence: Path, server: S3Server, migrator: str) -> "World":
        """Make folders, bucket and gate.

        Args:
            name: What the world is called in evidence.
            folder: A path where nothing is yet.
            evidence: Another one.
            server: A server that is ready.
            migrator: The command of the migrator under test.
        """
        for each in (folder / "test-data", folder / "source", folder / "work", evidence):
            each.mkdir(parents=True)
        opened = diary.now()
        launch = Launch.of(migrator, _credentials(server), folder / "work", evidence)
        bucket = Bucket(server.endpoint_url, server.access_key, server.secret_key, server.bucket())
        gate = Gate(server.endpoint_url)
        gate.start()
        return cls(name, folder, evidence, bucket, gate, launch, server=server, opened=opened)

    @property
    def evidence_link(self) -> str:
        """The evidence folder as log.html, which lies beside `evidence/`, links it."""
        return quote("/".join(("evidence", *self.evidence.parts[-2:])))

    @property
    def test_data(self) -> Path:
        """Where the mock files are made; the reference that bytes are compared with."""
        return self.folder / "test-data"

    @property
    def source(self) -> Path:
        """The folder that files are migrated from."""
        return self.folder / "source"

    @property
    def target(self) -> str:
        """Where the objects go, as the migrator takes it."""
        return f"s3://{self.bucket.name}/{self.prefix}" if self.prefix else f"s3://{self.bucket.name}"

    @property
    def under(self) -> str:
        """What every key begins with, with its closing slash; empty where there is no prefix."""
        return f"{self.prefix}/" if self.prefix else ""

    @property
    def truth(self) -> MockSet:
        """What the mock files hold.

        Raises:
            WorldError: There are none yet.
        """
        if self.mock is None:
            raise WorldError(f"No test data has been made for {self.name}: the Given is missing.")
        return self.mock

    @property
    def remembered(self) -> Snapshot:
        """The moment that was remembered.

        Raises:
            WorldError: None was.
        """
        if self.before is None:
            raise WorldError(f"No earlier moment of {self.name} was remembered: the Given is missing.")
        return self.before

    @property
    def last_run(self) -> Finished:
        """The migrator's last run that ended.

        Raises:
            WorldError: There was none.
        """
        if self.finished is None:
            raise WorldError(f"The migrator has not run over {self.name} yet: the When is missing.")
        return self.finished

    @property
    def started_run(self) -> MigratorProcess:
        """The migrator that was started last; it may have ended since.

        Raises:
            WorldError: None was.
        """
        if self.process is None:
            raise WorldError(_NOT_RUNNING)
        return self.process

    @property
    def live_run(self) -> MigratorProcess:
        """The migrator that was started last, while it runs.

        Raises:
            WorldError: None was, or it has ended.
        """
        if not self.started_run.running:
            raise WorldError(_NOT_RUNNING)
        return self.started_run

    def start(self, command: str, *options: str) -> MigratorProcess:
        """Start the migrator; `run` and `verify` are given the target, and whoever needs it the gate's address."""
        target = [self.target] if command in {"run", "verify", "recover"} else []
        endpoint = ["--endpoint-url", self.gate.endpoint_url] if self.tells_endpoint else []
        arguments = [command, str(self.source), *target, *endpoint, *self.options, *options]
        self.process = MigratorProcess(self.launch, arguments)
        return self.process

    def run(self, command: str, *options: str, within: timedelta) -> Finished:
        """Run the migrator to its end."""
        self.finished = self.start(command, *options).wait(within)
        return self.finished

    def wait_until_met(self, rule: Rule, within: timedelta) -> None:
        """Wait until a request of the running migrator meets a rule of the gate.

        Raises:
            WorldError: The migrator ended before; the message tells how.
            GateError: No request met the rule in time.
        """
        deadline = time.monotonic() + within.total_seconds()
        while not rule.met.wait(_LOOK_AGAIN) and time.monotonic() < deadline:
            # A request may have come between the wait's end and the process's.
            if self.process and not self.process.running and not rule.met.is_set():
                ended = self.process.wait(STATUS_LIMIT)
                raise WorldError(
                    f"Expected a request that meets the rule {rule.describe()!r}, "
                    f"seen the end of {ended.command!r} before it: {ended.how_it_ended()}."
                )
        self.gate.wait_until_met(rule, timedelta())

    def status(self) -> Status:
        """What `status --json` says now."""
        process = MigratorProcess(self.launch, ["status", str(self.source), *self.options, "--json"])
        told = process.wait(STATUS_LIMIT)
        if told.exit_code != 0:
            raise WorldError(f"Expected exit code 0 of {told.command!r}, seen {told.how_it_ended()}.")
        return Status.read(told.stdout)

    def note(self, told: str) -> None:
        """Write into the diary what somebody does to the files or the state, so that the timeline shows it."""
        diary.note(self.evidence, diary.Entry.now(diary.Deed.FAULT, told))

    def snapshot(self) -> Snapshot:
        """Remember what there is now."""
        self.before = Snapshot(
            self.status(), look(self.source), tuple(self.bucket.versions()), len(self.gate.exchanges)
        )
        return self.before

    def books(self) -> Books:
        """Open the four books."""
        deeds = self._deeds()
        found = Books(
            mock=self.truth,
            source=self.source,
            folders=look(self.source),
            status=self.status(),
            versions=tuple(self.bucket.versions()),
            unfinished_uploads=tuple(self.bucket.unfinished_uploads()),
            strays=(*strays(self.source), *(f"work/{name}" for name in files_below(self.folder / "work"))),
            prefix=self.under,
            allowed=self.allowed,
        )
        self.seen = deeds, found
        return found

    def books_again(self) -> Books:
        """The books of the last look, where no request, process or file tells of a change since; else a new look.

        A look costs a start of the migrator and two listings.
        """
        if self.seen is None or self.seen[0] != self._deeds() or self.seen[1].folders != look(self.source):
            return self.books()
        return self.seen[1]

    def _deeds(self) -> Deeds:
        """The number of the migrator's starts that may have changed anything, and the answers to all requests."""
        starts = (file for file in self.launch.output.glob("*.stderr.log") if "-status." not in file.name)
        return sum(1 for _ in starts), tuple(each.status for each in self.gate.exchanges)

    def close(self) -> None:
        """End what still runs and remove folders and bucket; every step is tried, and the first error is raised."""
        with ExitStack() as steps:
            steps.callback(shutil.rmtree, self.folder)
            steps.callback(self.bucket.remove)
            steps.callback(self.gate.close)
            if self.process:
                steps.callback(self.process.kill_group)


def _credentials(server: S3Server) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": server.access_key,
        "AWS_SECRET_ACCESS_KEY": server.secret_key,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }
