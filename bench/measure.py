"""One whole process, measured by the kernel."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_BUSY = (0, 1, 2, 5, 6)
"""user, nice, system, irq, softirq in the first line of `/proc/stat`."""


class Failed(Exception):
    """A contender ended with another exit code than expected; the message has the end of what it said."""


@dataclass(frozen=True)
class Sample:
    """What one process cost.

    Attributes:
        wall: Seconds from start to end.
        cpu: Seconds of user and system time of the process and all its threads, and of its helpers meanwhile.
        peak: The most memory it held at a time, in MiB (`ru_maxrss`), or one of its helpers, whoever held most.
        server: CPU seconds of the S3 server meanwhile.
        others: CPU seconds of everything else on the machine meanwhile; what disturbs the wall time.
        load: The load average over one minute, before and after.
        passed: How many scenarios passed, where it was a run of the suite.
    """

    wall: float
    cpu: float
    peak: float
    server: float
    others: float
    load: tuple[float, float]
    passed: int = 0


def run(
    command: list[str],
    environment: Mapping[str, str],
    log: Path,
    server: Callable[[], float],
    code: int,
    helpers: Sequence[int] = (),
) -> Sample:
    """Run a command to its end.

    Args:
        command: The program and its arguments.
        environment: All of its environment.
        log: Where its output goes.
        server: Tells the CPU seconds of the server so far.
        code: The exit code that is right.
        helpers: Processes that are there before and after, and do a part of its work.

    Raises:
        Failed: It ended with another, or a helper has ended.
    """
    load = os.getloadavg()[0]
    busy, served, helped, begun = busy_seconds(), server(), sum(map(cpu_seconds, helpers)), time.monotonic()
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=dict(environment), stdout=file, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - begun
    # The process is reaped already; without this Popen would ask for it again.
    process.returncode = os.waitstatus_to_exitcode(status)
    served = server() - served
    helped = sum(map(cpu_seconds, helpers)) - helped
    cpu = usage.ru_utime + usage.ru_stime + helped
    if process.returncode != code:
        raise Failed(f"exit code {process.returncode} of {' '.join(command)}:\n{_end_of(log)}")
    others = max(0.0, busy_seconds() - busy - served - cpu)
    peak = max(usage.ru_maxrss / 1024, *map(_peak, helpers), 0.0)
    return Sample(wall, cpu, peak, served, others, (load, os.getloadavg()[0]))


def cpu_seconds(pid: int, thread: int | None = None) -> float:
    """CPU seconds of a process and the children it has waited for; or those of one of its threads."""
    place = Path(f"/proc/{pid}/stat" if thread is None else f"/proc/{pid}/task/{thread}/stat")
    fields = place.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return sum(map(int, fields[11:15] if thread is None else fields[11:13])) / _TICKS


def processes(program: str, argument: str) -> list[int]:
    """The processes of a program that bear this argument."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                words = (folder / "cmdline").read_bytes().split(b"\0")
                if words[0].endswith(program.encode()) and argument.encode() in words:
                    found.append(int(folder.name))
    return found


def busy_seconds() -> float:
    """CPU seconds of everything on the machine so far."""
    fields = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:]
    return sum(int(fields[number]) for number in _BUSY) / _TICKS


def _peak(pid: int) -> float:
    """MiB that a living process has held at most."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise Failed(f"process {pid}, which was to help, has ended")


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
