"""How many processes share a run's scenarios."""

from __future__ import annotations

import os

VARIABLE = "PROCESSES"
MOST = 8


def wanted(given: str | None) -> int:
    """Returns what the variable PROCESSES asks for; by default two more than there are cores, as scenarios often wait.

    Raises:
        ValueError: It is no number from 1 on.
    """
    if not given:
        return min(MOST, (os.cpu_count() or 1) + 2)
    if not given.isdecimal() or int(given) < 1:
        raise ValueError(f"{VARIABLE} must be a whole number from 1 on, not {given!r}")
    return int(given)
