"""The name that everything made by this process bears, and who its owner is."""

from __future__ import annotations

import functools
import os
import platform
import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PREFIX = "s3-acceptance"
RUN_LABEL = f"{PREFIX}.run"
OWNER_LABEL = f"{PREFIX}.owner"
ROLE_LABEL = f"{PREFIX}.role"
ENVIRONMENT_VARIABLE = "S3_ACCEPTANCE_RUN"


@dataclass(frozen=True)
class Owner:
    """The process that made something, so named that no other process is ever taken for it.

    Attributes:
        host: The machine and, in containers, the process namespace; process ids mean something only within it.
        boot: The boot of that machine; after another boot all its processes are gone.
        pid: The process id.
        started: The process's start, in the kernel's own words (a reused pid differs in it).
    """

    host: str
    boot: str
    pid: int
    started: str

    def __str__(self) -> str:
        return "|".join((self.host, self.boot, str(self.pid), self.started))

    @classmethod
    def parse(cls, text: str) -> Owner | None:
        """Returns the owner that a label tells of, or None where the label was not written by us."""
        parts = text.split("|")
        if len(parts) != 4 or not parts[2].isdigit():
            return None
        return cls(parts[0], parts[1], int(parts[2]), parts[3])

    @classmethod
    def of(cls, pid: int) -> Owner:
        """Returns the owner record of a living process of this machine."""
        return cls(_host(), _boot(), pid, started(pid) or "")

    def alive(self) -> bool | None:
        """Returns whether the owner lives; None where it cannot be told from here (another machine's process)."""
        if self.host != _host():
            return None
        if self.boot != _boot():
            return False
        return started(self.pid) == self.started


@dataclass(frozen=True)
class Run:
    """One run of the suite: one process, one id.

    Attributes:
        run_id: Twelve hexadecimal digits.
        owner: The process whose run it is.
    """

    run_id: str
    owner: Owner

    @property
    def name(self) -> str:
        """The id with the project's prefix, as containers, folders and buckets bear it."""
        return f"{PREFIX}-{self.run_id}"

    @property
    def mark(self) -> str:
        """The text by which the run's processes are known; they inherit it in their environment."""
        return f"{self.run_id}|{self.owner}"

    @classmethod
    def of_mark(cls, text: str) -> Run | None:
        """Returns the run that a process with this mark belongs to, or None if the mark is not ours."""
        run_id, _, owner_text = text.partition("|")
        owner = Owner.parse(owner_text)
        return cls(run_id, owner) if run_id and owner else None

    def labels(self, role: str) -> dict[str, str]:
        """Returns the labels of a container, volume or network that plays the role in this run."""
        return {RUN_LABEL: self.run_id, OWNER_LABEL: str(self.owner), ROLE_LABEL: role}

    @classmethod
    def of_labels(cls, labels: Mapping[str, str] | None) -> Run | None:
        """Returns the run that something with these labels belongs to, or None if it is nobody's of ours."""
        if not labels or RUN_LABEL not in labels:
            return None
        owner = Owner.parse(labels.get(OWNER_LABEL, ""))
        return cls(labels[RUN_LABEL], owner) if owner else None


@functools.cache
def _run_of(pid: int) -> Run:
    run = Run(secrets.token_hex(6), Owner.of(pid))
    os.environ[ENVIRONMENT_VARIABLE] = run.mark
    return run


def current() -> Run:
    """Returns this process's run. Processes started from now on inherit its id in their environment."""
    return _run_of(os.getpid())


def started(pid: int) -> str | None:
    """Returns when a process started, or None if there is none (a zombie has ended too)."""
    if Path("/proc/self/stat").exists():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return None
        # The second field is the command in parentheses and may hold anything, so fields are counted from its end.
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] in {"Z", "X"} else fields[19]
    told = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return told.stdout.strip() or None


@functools.cache
def _host() -> str:
    namespace = Path("/proc/self/ns/pid")
    inside = namespace.readlink().name if namespace.exists() else ""
    machine = Path("/etc/machine-id")
    name = machine.read_text(encoding="ascii").strip() if machine.is_file() else ""
    return f"{name or platform.node()}/{inside}"


@functools.cache
def _boot() -> str:
    told = Path("/proc/sys/kernel/random/boot_id")
    if told.exists():
        return told.read_text(encoding="ascii").strip()
    command = ["sysctl", "-n", "kern.boottime"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
