"""A migrator as a process: started with its own folders and credentials, stopped by signals, never imported."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harness.diary import Deed, Entry, note
from harness.kept_waiting import KeptWaiting

BUILT_IN = "built-in"
"""The value of `${MIGRATOR}` that stands for the migrator of this repository."""

_ROOT = Path(__file__).parents[2]
_LAST_LINES = 15
_LOOK_AGAIN = 0.25
# The most that a limit grows by what the machine kept a process waiting: who hangs must come to an end.
_MOST_GRANTED = 60.0


class ProcessError(AssertionError):
    """A migrator did not end in time, or could not be started; the message is for a ticket."""


@dataclass(frozen=True)
class Launch:
    """How a migrator is started.

    Attributes:
        words: The command without its arguments.
        environment: Variables on top of the suite's own, credentials among them.
        folder: Where it runs and where its temporary files would go: an empty folder, so that a stray file is seen.
        output: Where stdout and stderr of each process are kept.
    """

    words: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    folder: Path
    output: Path

    @classmethod
    def of(cls, command: str, environment: Mapping[str, str], folder: Path, output: Path) -> "Launch":
        """Read a command line such as "/opt/acme/migrator --fast"; "built-in" is the migrator of this repository."""
        if command != BUILT_IN:
            return cls(tuple(shlex.split(command)), environment, folder, output)
        paths = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
        words = (sys.executable, "-m", "migrator")
        # Compiled modules are kept whatever the caller's setting: a migrator is started hundreds of times in a run.
        settings = {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": ""}
        return cls(words, {**environment, **settings}, folder, output)


@dataclass(frozen=True)
class Finished:
    """A migrator that has ended.

    Attributes:
        command: As it could be typed, credentials left out.
        exit_code: As a shell tells it: 128 + n for a death by signal n, in which case `signal` is set.
        signal: The signal that it died of; None for an exit by itself.
        stdout, stderr: What it wrote.
        seconds: Wall time.
        ended: When its end was seen.
        kept_waiting: Seconds of these in which a machine with much to do let it wait.
    """

    command: str
    exit_code: int
    signal: signal.Signals | None
    stdout: str
    stderr: str
    seconds: float
    ended: datetime = field(default_factory=lambda: datetime.now(UTC))
    kept_waiting: float = 0.0

    def how_it_ended(self) -> str:
        """Exit code or signal in words, with its last words."""
        way = f"died of {self.signal.name}" if self.signal else f"exit code {self.exit_code}"
        last = " / ".join(self.stderr.strip().splitlines()[-3:]) or "nothing on stderr"
        return f"{way} after {self.seconds:.1f} s ({last})"


class MigratorProcess:
    """A migrator that runs in a session of its own, so that it can be killed with all its children."""

    def __init__(self, launch: Launch, arguments: Sequence[str]) -> None:
        number = len(list(launch.output.glob("*.stderr.log"))) + 1
        name = f"{number:02d}-{arguments[0]}"
        self.command = shlex.join([*launch.words, *arguments])
        self.stdout_file = launch.output / f"{name}.stdout.log"
        self.stderr_file = launch.output / f"{name}.stderr.log"
        self._folder = launch.output
        self._started = time.monotonic()
        environment = {**_without_aws(os.environ), **launch.environment, "TMPDIR": str(launch.folder)}
        with self.stdout_file.open("wb") as stdout, self.stderr_file.open("wb") as stderr:
            try:
                self._process = subprocess.Popen(
                    [*launch.words, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=stdout,
                    stderr=stderr,
                    cwd=launch.folder,
                    env=environment,
                    start_new_session=True,
                )
            except OSError as error:
                raise ProcessError(f"The migrator could not be started with {self.command!r}: {error}.") from error
        self._kept = KeptWaiting(self._process.pid)
        if arguments[0] == "status":
            note(self._folder, Entry.now(Deed.LOOKED, "status", self.stdout_file.name))
        else:
            self._note(Deed.STARTED, arguments[0])
        self._end_is_noted = arguments[0] == "status"

    @property
    def pid(self) -> int:
        """The process id, which is its process group's too."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    @property
    def printed(self) -> str:
        """All whole lines that it has printed so far, on stdout and stderr."""
        texts = (_read(file) for file in (self.stdout_file, self.stderr_file))
        return "".join(text[: text.rfind("\n") + 1] for text in texts)

    def send(self, what: signal.Signals) -> None:
        """Send a signal to the migrator itself, not to its children."""
        self._note(Deed.SIGNAL, what.name)
        self._process.send_signal(what)

    def kill_group(self) -> None:
        """SIGKILL to the migrator and all its children; nothing happens where they have ended."""
        if self.running:
            self._note(Deed.KILLED, "SIGKILL to the process group")
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def ends_within(self, span: timedelta) -> bool:
        """Wait for its end as long as that, and no error if it does not come."""
        try:
            self._process.wait(timeout=span.total_seconds())
        except subprocess.TimeoutExpired:
            return False
        return True

    def wait(self, within: timedelta) -> Finished:
        """Wait for its end; the limit grows by what the machine keeps it waiting.

        Raises:
            ProcessError: It did not end in time; it is killed, and the message has its last lines.
        """
        code = self._code_within(within.total_seconds())
        if code is None:
            self.kill_group()
            self._process.wait()
            last = "\n".join(_read(self.stderr_file).splitlines()[-_LAST_LINES:])
            raise ProcessError(
                f"Expected {self.command!r} to end within {within.total_seconds():g} s, seen it still running; "
                f"it was killed. Its last lines: {last or 'none'}"
            )
        died_of = signal.Signals(-code) if code < 0 else None
        if not self._end_is_noted:
            self._end_is_noted = True
            self._note(Deed.ENDED, died_of.name if died_of else f"exit code {code}")
        return Finished(
            command=self.command,
            exit_code=128 - code if code < 0 else code,
            signal=died_of,
            stdout=_read(self.stdout_file),
            stderr=_read(self.stderr_file),
            seconds=time.monotonic() - self._started,
            kept_waiting=self._kept.seconds,
        )

    def _code_within(self, seconds: float) -> int | None:
        """The exit code; None where it still runs."""
        begun = time.monotonic()
        self._kept.look()
        before = self._kept.seconds
        left = seconds
        while True:
            with suppress(subprocess.TimeoutExpired):
                return self._process.wait(max(0.0, min(left, _LOOK_AGAIN)))
            # Looked at last, for whoever waits here may have been kept waiting himself.
            self._kept.look()
            left = begun + seconds + min(self._kept.seconds - before, _MOST_GRANTED) - time.monotonic()
            if left <= 0:
                return None

    def _note(self, deed: Deed, detail: str) -> None:
        note(self._folder, Entry.now(deed, detail, self.stderr_file.name))


def _without_aws(environment: Mapping[str, str]) -> dict[str, str]:
    """The suite's own environment without a user's AWS settings: a test must not reach a real account."""
    kept = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
    # The empty device in place of the user's profiles; no metadata service is asked for credentials.
    nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {**kept, **nothing, "AWS_EC2_METADATA_DISABLED": "true"}


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")
