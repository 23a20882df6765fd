"""The processes of a run as the run sees them: what each was given, what it told, and how it ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from harness.patience import patient
from shards.wire import Message, Wire

_SCRIPT = Path(__file__).resolve().with_name("shard.py")
_LAST_LINES = 15
# For its clean-up, after it has left the run's connection.
_END_LIMIT = patient(180).total_seconds()
_MOST_FAILED = 250


@dataclass
class Shard:
    """One process.

    Attributes:
        number: From 1.
        process: It.
        wire: To it.
        folder: Where its output goes.
        given: The number of the test that it was given and has not begun.
        begun: The numbers of the tests that it began, in that order.
        running: The one that it has not ended.
        refused: The one that it was given and would not take up.
        done: Robot came to its end in it.
        wrong: What it complained of.
    """

    number: int
    process: subprocess.Popen[bytes]
    wire: Wire
    folder: Path
    given: int | None = None
    begun: list[int] = field(default_factory=list)
    running: int | None = None
    refused: int | None = None
    done: bool = False
    wrong: str = ""

    @classmethod
    def start(cls, number: int, folder: Path) -> Shard:
        """Starts a process, which waits for its job."""
        ours, theirs = socket.socketpair()
        folder.mkdir(parents=True)
        with theirs, (folder / "console.log").open("wb") as console:
            process = subprocess.Popen(
                [sys.executable, str(_SCRIPT), str(theirs.fileno())],
                # Compiled modules are kept whatever the caller's setting: several processes import the same ones.
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                # A terminal's Ctrl-C comes to the run alone, which passes it on once.
                start_new_session=True,
            )
        return cls(number, process, Wire(ours), folder)

    @property
    def output(self) -> Path:
        """Robot's output.xml of this process."""
        return self.folder / "output.xml"

    @property
    def name(self) -> str:
        """How messages name it."""
        return f"process {self.number} (pid {self.process.pid})"

    def note(self, message: Message) -> None:
        """Keeps what it told."""
        if "began" in message:
            self.running, self.given = int(message["began"]), None
            self.begun.append(self.running)
        elif "ended" in message:
            self.running = None
        elif "refused" in message:
            self.running, self.refused = None, int(message["refused"])
            self.wrong = str(message["why"])
        elif "differs" in message:
            self.wrong = str(message["differs"])
        elif "done" in message:
            # Robot's codes above this one tell of anything but failed tests.
            self.done = int(message["done"]) <= _MOST_FAILED

    def give(self, number: int | None, name: str | None) -> None:
        """Answers what it asked: a test, or that there is none."""
        self.given = number
        self.wire.send({"test": number, "name": name})

    def signal(self, number: int) -> None:
        """Passes a signal on; nothing happens where it has ended."""
        self.process.send_signal(number)

    def loss(self) -> str | None:
        """Once it has ended: what went wrong with the process itself, in words; None where nothing did."""
        try:
            code = self.process.wait(_END_LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
            self.wrong = self.wrong or f"it had nothing to do any more and did not end within {_END_LIMIT:g} s"
        if self.done and not self.wrong:
            return None
        way = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        return f"{self.name} {way}{f': {self.wrong}' if self.wrong else ''}"

    def last_words(self) -> str:
        """The last lines that it wrote."""
        lines = (self.folder / "console.log").read_text(encoding="utf-8", errors="replace").splitlines()
        return os.linesep.join(line for line in lines[-_LAST_LINES:] if line.strip())
