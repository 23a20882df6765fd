"""The memory of a process and all that it starts, looked at from outside while it runs."""

import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

_PROC = Path("/proc")
_EVERY = 0.05
_KIBIBYTE = 1024


class MemoryWatch:
    """Looks at a process group again and again, in a thread of its own, as long as the context lasts.

    A page that several of its processes share counts once (Pss, proc(5)); where there is one process only, the
    kernel's own high-water mark counts, which misses nothing between two looks.

    Args:
        group: The process group.

    Attributes:
        peak: The most bytes that it had at one look.
        samples: How many looks there were.
    """

    def __init__(self, group: int) -> None:
        self.peak = 0
        self.samples = 0
        self._group = group
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.look()
            if self._over.wait(_EVERY):
                return

    def look(self) -> None:
        """Look once."""
        members = _members(self._group)
        if len(members) == 1:
            seen = _kibibytes(members[0] / "status", "VmHWM:")
        else:
            seen = sum(_kibibytes(member / "smaps_rollup", "Pss:") for member in members)
        if seen:
            self.samples += 1
            self.peak = max(self.peak, seen * _KIBIBYTE)


def _members(group: int) -> list[Path]:
    found = []
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            # Processes come and go; the name in brackets may hold anything, so the fields count from its end.
            with suppress(OSError):
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
                if int(fields[2]) == group:
                    found.append(entry)
    return found


def _kibibytes(file: Path, name: str) -> int:
    with suppress(OSError):
        for line in file.read_text(errors="replace").splitlines():
            if line.startswith(name):
                return int(line.split()[1])
    return 0
