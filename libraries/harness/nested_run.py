"""The suite itself as a process: run whole, or killed in the middle, to see what it leaves behind."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from harness import cleanup
from harness.engine import connect
from harness.run_id import ENVIRONMENT_VARIABLE, Owner

_ROOT = Path(__file__).parents[2]
_LOOK_AGAIN = 0.1


class NestedRunError(AssertionError):
    """The run did not come to where a scenario wanted it, in time."""


@dataclass(frozen=True)
class NestedRun:
    """A run of the suite in a process of its own.

    Attributes:
        process: The Robot process.
        owner: How everything that it makes is known.
        output: Its results.
        started: On the monotonic clock, in seconds.
    """

    process: subprocess.Popen[bytes]
    owner: Owner
    output: Path
    started: float

    @classmethod
    def start(cls, test: str, variables: Mapping[str, str], output: Path) -> "NestedRun":
        """Start Robot on the tests of this suite that match a pattern, as a user would.

        Args:
            test: A pattern of test names, such as "US-3 AC-2*".
            variables: Robot variables.
            output: Where its results go.
        """
        output.mkdir(parents=True)
        settings = [f"--variable={name}:{value}" for name, value in variables.items()]
        command = [sys.executable, "-m", "robot", "--outputdir", str(output), "--test", test, *settings, "acceptance"]
        environment = {name: value for name, value in os.environ.items() if name != ENVIRONMENT_VARIABLE}
        # One scenario alone proves nothing, so that its page would mislead.
        environment["S3_ACCEPTANCE_PAGES"] = "none"
        with (output / "console.log").open("wb") as console:
            process = subprocess.Popen(
                command,
                cwd=_ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(process, Owner.of(process.pid), output, time.monotonic())

    def wait(self, within: timedelta) -> int:
        """Wait for its end and return its exit code.

        Raises:
            NestedRunError: It did not end in time; it is killed.
        """
        try:
            return self.process.wait(within.total_seconds())
        except subprocess.TimeoutExpired as error:
            self.kill()
            raise NestedRunError(
                f"Expected the whole run to end within {within.total_seconds():g} s, seen it still running; "
                f"its output is in {self.output}."
            ) from error

    def kill(self) -> None:
        """SIGKILL to the Robot process alone, as a lost CI job or the out-of-memory killer does."""
        self.process.kill()
        self.process.wait()

    def wait_until_it_has(self, kinds: frozenset[str], within: timedelta) -> None:
        """Wait until it has made things of all these kinds (container, folder).

        Raises:
            NestedRunError: It ended before, or did not make them in time.
        """
        deadline = time.monotonic() + within.total_seconds()
        while not kinds <= (seen := {kind for kind, _ in self._things()}):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise NestedRunError(
                    f"Expected the run to make {' and '.join(sorted(kinds))} within {within.total_seconds():g} s, "
                    f"seen {', '.join(sorted(seen)) or 'nothing'}; its output is in {self.output}."
                )
            time.sleep(_LOOK_AGAIN)

    def left_after(self, within: timedelta) -> list[str]:
        """What is still there of it when everything should be gone; returns at once where nothing is."""
        deadline = time.monotonic() + within.total_seconds()
        while left := self._things():
            if time.monotonic() > deadline:
                break
            time.sleep(_LOOK_AGAIN)
        return [f"{kind} {name}" for kind, name in left]

    def seconds(self) -> float:
        """Wall time since its start."""
        return time.monotonic() - self.started

    def console(self) -> str:
        """What it wrote on its console."""
        return (self.output / "console.log").read_text(encoding="utf-8", errors="replace")

    def _things(self) -> list[tuple[str, str]]:
        return [(thing.kind, thing.name) for thing in cleanup.things(connect()) if thing.run.owner == self.owner]
