"""How long a machine with much to do has kept a process waiting, so that its limits need not count that time.

Two things are looked at: how long the process's threads stood in the queue for a processor, of all of them at each look
the one that stood longest, and how long anybody on the machine waited for a disk. Where the system tells neither, that
is no time.

Sources: https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat, https://docs.kernel.org/accounting/psi.html
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_NANO = 1e-9
_MICRO = 1e-6
_TOTAL = re.compile(r"^some .*\btotal=(\d+)", re.MULTILINE)


class KeptWaiting:
    """What one process was kept waiting for since this object was made.

    Args:
        pid: The process; its threads' time before counts too.
        proc: Where the system tells of it.

    Attributes:
        seconds: In all, as of the last look.
    """

    def __init__(self, pid: int, proc: Path = _PROC) -> None:
        self.seconds = 0.0
        self._threads = proc / str(pid) / "task"
        self._disk = proc / "pressure" / "io"
        self._queued: dict[str, int] = {}
        self._stalled = self._disk_stalls()

    def look(self) -> None:
        """Look once; what happened to threads that have ended since the last look is missed."""
        queued = dict(self._queues())
        longest = max((time - self._queued.get(thread, 0) for thread, time in queued.items()), default=0)
        stalled = self._disk_stalls()
        self.seconds += max(0, longest) * _NANO + max(0, stalled - self._stalled) * _MICRO
        self._queued, self._stalled = queued, stalled

    def _queues(self) -> list[tuple[str, int]]:
        """Nanoseconds that each thread stood in the queue."""
        found = []
        with suppress(OSError):
            for thread in self._threads.iterdir():
                # Threads come and go, and so does the process.
                with suppress(OSError, IndexError, ValueError):
                    found.append((thread.name, int((thread / "schedstat").read_text().split()[1])))
        return found

    def _disk_stalls(self) -> int:
        """Microseconds that anybody waited for a disk."""
        with suppress(OSError):
            told = _TOTAL.search(self._disk.read_text())
            return int(told[1]) if told else 0
        return 0
