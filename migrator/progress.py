"""How far a command is: a live line on a terminal, and everywhere a line in the log every minute."""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Self, TypeVar

from migrator.logs import fields, log
from migrator.progress_line import LiveLine

EVERY_SECONDS = 60.0
"""How often the log tells where a command stands."""
# Rates are those of the last so many lines of the log.
_LINES = 5
# What a file costs besides its bytes is about what so many more bytes would.
_FILE_BYTES = 256 << 10
_BLOCK = 500
_MIB = 1 << 20

T = TypeVar("T")


class Progress:
    """Files, bytes, rates, failures and time left, phase by phase.

    Args:
        live: Whether to draw on stderr.
        obey: Called every now and then while files are counted; what it raises ends the phase.
        clock: Seconds that only grow.
    """

    def __init__(
        self, *, live: bool, obey: Callable[[], None] = lambda: None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._obey = obey
        self._clock = clock
        self._line = LiveLine(sys.stderr) if live else None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tell_again_and_again, name="progress", daemon=True)
        self._phase = _Phase("start", None, 0, clock())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        if self._line is not None:
            self._line.close()

    def begin(self, name: str, files: int | None = None, size: int = 0) -> None:
        """A phase begins; `files` and `size` (bytes) are all that it will do, where that is known."""
        self._phase = _Phase(name, files, size, self._clock())
        self._draw()

    def ended(self, size: int, *, failed: bool = False) -> None:
        """A file of that many bytes is through the phase."""
        phase = self._phase
        phase.files += 1
        phase.size += size
        phase.failed += failed
        self._draw()

    def counted(self, items: Iterable[T]) -> Iterator[T]:
        """The same items, each of which counts as a file once it is asked for."""
        phase = self._phase
        before = phase.files
        number = 0
        for number, item in enumerate(items, 1):
            yield item
            if not number % _BLOCK:
                phase.files = before + number
                self._draw()
                self._obey()
        phase.files = before + number

    def tell(self) -> None:
        """Say in the log where the command stands."""
        phase = self._phase
        phase.mark(self._clock())
        log.info("%s", phase.text(), extra=fields(**phase.facts()))

    def _tell_again_and_again(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            self.tell()

    def _draw(self) -> None:
        if self._line is not None and self._line.due():
            phase = self._phase
            phase.mark(self._clock(), keep=False)
            self._line.draw(phase.text(), phase.share())


def is_live(log_format: str) -> bool:
    """Whether stderr is a terminal that is read by people."""
    return sys.stderr.isatty() and log_format == "text"


class _Phase:
    """What is counted of a phase, and what follows from it."""

    def __init__(self, name: str, all_files: int | None, all_size: int, at: float) -> None:
        self.name = name
        self.files = 0
        self.size = 0
        self.failed = 0
        self._all_files = all_files
        self._all_size = all_size
        self._marks = deque([(at, 0, 0)], _LINES)
        self._seconds = 0.0
        self._files_s = 0.0
        self._bytes_s = 0.0

    def mark(self, at: float, *, keep: bool = True) -> None:
        """Work out the rates as they are now; with `keep` later ones build on that."""
        since, files, size = self._marks[0]
        self._seconds = at - since
        if self._seconds > 0:
            self._files_s = (self.files - files) / self._seconds
            self._bytes_s = (self.size - size) / self._seconds
        if keep:
            self._marks.append((at, self.files, self.size))

    def share(self) -> float | None:
        """Which part of the phase's work is done, from 0 to 1; None where nobody knows."""
        if self._all_files is None:
            return None
        work = self._all_size + self._all_files * _FILE_BYTES
        return min(1.0, (self.size + self.files * _FILE_BYTES) / work) if work else 1.0

    def seconds_left(self) -> float | None:
        """How long the rest will take at the present rates; None where nobody knows."""
        pace = self._bytes_s + self._files_s * _FILE_BYTES
        if self._all_files is None or not pace:
            return None
        rest = self._all_size - self.size + (self._all_files - self.files) * _FILE_BYTES
        return max(0.0, rest / pace)

    def text(self) -> str:
        """In words."""
        known = self._all_files is not None
        parts = [f"{self.files:,}{f' of {self._all_files:,}' if known else ''} files"]
        if self._all_size:
            parts.append(f"{self.size / _MIB:,.0f} of {self._all_size / _MIB:,.0f} MiB")
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        parts.append(f"{self._files_s:,.0f} files/s" if self._files_s >= 10 else f"{self._files_s:.1f} files/s")
        if self._all_size:
            parts.append(f"{self._bytes_s / _MIB:,.1f} MiB/s")
        if known:
            left = self.seconds_left()
            parts.append("nobody knows how long it will take" if left is None else f"{_lasting(left)} left")
        return f"{self.name}: {', '.join(parts)}"

    def facts(self) -> dict[str, str | int | float | None]:
        """The same for machines; sizes in bytes, rates a second."""
        facts: dict[str, str | int | float | None] = {"phase": self.name, "files": self.files}
        if self._all_files is not None:
            left = self.seconds_left()
            facts |= {"of_files": self._all_files, "seconds_left": None if left is None else round(left)}
        if self._all_size:
            facts |= {"bytes": self.size, "of_bytes": self._all_size, "bytes_per_second": round(self._bytes_s)}
        return facts | {"failed": self.failed, "files_per_second": round(self._files_s, 1)}


def _lasting(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes / 60:.1f} h"
