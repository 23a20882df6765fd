"""What a person sees of the run: a line for each test when it has ended, whichever process it ran in."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from robot.result import Result

from harness.progress import seconds
from shards.crew import Shard
from shards.plan import Options, Plan

_INDENT = "         "


class Console:
    """Writes to standard output, as Robot does.

    Args:
        plan: The tests.
        processes: How many there are.
    """

    def __init__(self, plan: Plan, processes: int) -> None:
        self._plan = plan
        self._running: dict[int, float] = {}
        self._ended = 0
        self.say(f"{plan.suite}: {len(plan.tests)} tests in {processes} processes")

    def say(self, line: str) -> None:
        """Writes a line."""
        # Names of files may hold what is no UTF-8.
        sys.stdout.write(line.encode(errors="backslashreplace").decode() + "\n")
        sys.stdout.flush()

    def began(self, number: int) -> None:
        """A test begins."""
        self._running[number] = time.monotonic()

    def given_back(self, number: int) -> None:
        """It was not begun after all."""
        self._running.pop(number, None)

    def ended(self, number: int, status: str, message: str, took: float) -> None:
        """It has ended."""
        self._running.pop(number, None)
        self._ended += 1
        count = f"{self._ended}/{len(self._plan.tests)}".rjust(7)
        self.say(f"{count} {status:4} {self._plan.tests[number].name} ({seconds(took)})")
        if status != "PASS":
            for line in message.splitlines():
                self.say(f"{_INDENT}{line}")

    def waiting(self) -> None:
        """Nothing has ended for a while: name what runs, so that nobody takes the run for a hanging one."""
        now = time.monotonic()
        for number, begun in sorted(self._running.items(), key=lambda item: item[1]):
            self.say(f"{_INDENT}… {self._plan.tests[number].name} ({seconds(now - begun)})")

    def lost(self, shard: Shard, loss: str) -> None:
        """A process is gone."""
        if shard.running is not None:
            self._running.pop(shard.running, None)
        self.say(f"{_INDENT}LOST: {loss}. Its last lines:")
        for line in shard.last_words().splitlines():
            self.say(f"{_INDENT}  {line}")

    def end(self, result: Result, options: Options) -> None:
        """All have ended."""
        for message in result.errors.messages:
            self.say(f"[ {message.level} ] {message.message}")
        self.say(str(result.suite.stat_message))
        folder = Path(options.get("outputdir") or ".").resolve()
        self.say(f"Output:  {folder / (options.get('output') or 'output.xml')}")
