"""Lines that tell a waiting person what is being done, past any capture of standard output."""

from __future__ import annotations

import sys
from collections.abc import Callable

Say = Callable[[str], None]


def say(line: str) -> None:
    """Writes one line to the terminal (or the CI job's log), where Robot and pytest capture streams too."""
    stream = sys.__stderr__
    if stream is not None:
        stream.write(f"{line}\n")
        stream.flush()


def say_nothing(line: str) -> None:
    """Takes a line and drops it, for callers whose user is not waiting."""


def seconds(value: float) -> str:
    """Returns a duration as people write it: ``0.8 s``, ``3 min 5 s``."""
    if value < 60:
        return f"{value:.1f} s"
    return f"{int(value // 60)} min {int(value % 60)} s"
