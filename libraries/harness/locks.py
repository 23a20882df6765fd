"""A lock between processes of one machine, given back by the kernel when its holder ends in any way."""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Iterator
from pathlib import Path

from harness.problems import EnvironmentFault, Problem
from harness.progress import Say, seconds

_LOOK_AGAIN = 0.2


@contextlib.contextmanager
def held(path: Path, what: str, tell: Say, limit: float = 900.0) -> Iterator[None]:
    """Holds the lock file while the block runs; waits for another holder and says so.

    Args:
        path: The lock's file; made if need be and never removed.
        what: What the holder does, for the message to whoever waits.
        tell: Where the message goes.
        limit: Seconds to wait.

    Raises:
        EnvironmentFault: The other holder did not end in time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    told = False
    with path.open("a", encoding="ascii") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told:
                    tell(f"Another run {what}; waiting for it …")
                    told = True
                if time.monotonic() - begun > limit:
                    raise EnvironmentFault(
                        Problem.OTHER, f"another run {what} for more than {seconds(limit)}; its lock is {path}"
                    ) from None
                time.sleep(_LOOK_AGAIN)
        yield
