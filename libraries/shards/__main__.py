"""`python libraries/shards ROBOT ARGUMENTS`: Robot in as many processes as the variable PROCESSES says.

What one process must see to (a dry run, a stop at the first failure, help, a wrong option) is handed to Robot itself.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

if __package__ in {None, ""}:
    # Started by its path: what it imports lies beside its folder.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from harness.processes import wanted
from shards import plan
from shards.run import PASSED_ON, carry_out


def main(arguments: list[str]) -> int:
    """Runs the tests and returns Robot's exit code."""
    processes = wanted(os.environ.get("PROCESSES"))
    # Robot, which plans, would take a signal for its own and go on; until the run can pass it on, it waits.
    signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)
    parsed = plan.parsed(arguments) if processes > 1 else None
    if parsed is None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
        os.execv(sys.executable, [sys.executable, "-m", "robot", *arguments])  # noqa: S606 (nothing of us may remain)
    options, sources = parsed
    planned = plan.planned(options, sources)
    if isinstance(planned, int):
        return planned
    return carry_out(planned, options, sources, processes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
