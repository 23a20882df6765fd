"""How long the suite waits for what it wants to see, before it takes it for hanging.

Two kinds of limits must not be mixed up. What the contract or the specification promises (five seconds after a
refusal, thirty for the environment) is a scenario's business, and stands there. All others only end a wait that would
never end: they come from here, are generous, and grow with the variable PATIENCE on a machine or for a migrator that
is slow.
"""

from __future__ import annotations

import math
import os
from datetime import timedelta

VARIABLE = "PATIENCE"


def factor(given: str | None) -> float:
    """Returns what the variable PATIENCE asks for; 1 by default.

    Raises:
        ValueError: It is no number from 1 on.
    """
    try:
        number = float(given or 1)
    except ValueError:
        number = math.nan
    if not 1 <= number < math.inf:
        raise ValueError(f"{VARIABLE} must be a number from 1 on, not {given!r}")
    return number


def patient(seconds: float) -> timedelta:
    """A time limit that holds with PATIENCE 1, as it is for this process."""
    return timedelta(seconds=seconds * factor(os.environ.get(VARIABLE)))
