"""The converters of a run: processes that convert small files, so that this one's threads are free for everything else.

Python runs one thread at a time, and half of what a small file costs is its conversion. A converter does that with no
side effect: what it was asked for and cannot answer any more, because it has died, is asked of somebody else.
"""

import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing.connection import Pipe
from pathlib import Path

from migrator.logs import log
from migrator.names import MAX_KEY_BYTES, Format, Kind, kind_of
from migrator.outcomes import Task
from migrator.small_file import SMALL_BYTES, Made, SmallFile
from migrator.stop import SIGNALS

_BATCH = 16
# For each converter: enough to keep it busy while others are recorded. What is more is converted here.
_FILES_READY = 32
_CLOSING_SECONDS = 0.5
# It is this migrator that it must import, from wherever this one came.
_PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    " from migrator.converter import main; main(int(sys.argv[2]), *sys.argv[3:])"
)

Heard = Callable[[Task, Made | None], None]


class Converters:
    """Processes that convert small files.

    Args:
        count: How many.
        root: SOURCE.
        prefix: What all keys start with.
        heard: Told, by any thread, what became of each file; None where this process has to convert it.
    """

    def __init__(self, count: int, root: Path, prefix: str, heard: Heard) -> None:
        self.in_flight = count * (_FILES_READY + _BATCH)
        """How many files keep them busy."""
        self.processes = [Process(root, prefix, heard) for _ in range(count)]

    def take(self, tasks: Sequence[Task]) -> list[Task]:
        """Have small files of these converted, as many as keep the processes busy; the others are returned."""
        small = [task for task in tasks if _suits(task)]
        left = [task for task in tasks if not _suits(task)]
        count = min(_BATCH, -(-len(small) // len(self.processes)))
        while small:
            batch, small = small[:count], small[count:]
            if not any(process.take(batch) for process in sorted(self.processes, key=Process.load)):
                left += batch
        return left

    def close(self) -> bool:
        """End the processes, whatever they do; False where something hangs."""
        ended = [process.close() for process in self.processes]
        return all(ended)


class Process:
    """A converter, the line to it, and a thread that listens.

    Args:
        root: SOURCE.
        prefix: What all keys start with.
        heard: As of `Converters`.
    """

    def __init__(self, root: Path, prefix: str, heard: Heard) -> None:
        self._heard = heard
        self._lock = threading.Lock()
        self._under_way: deque[list[Task]] = deque()
        self._gone = False
        self._closed = False
        self._line, theirs = Pipe()
        command = [sys.executable, "-P", "-c", _PROGRAM, str(Path(__file__).parents[1]), str(theirs.fileno())]
        # Signals that a terminal sends to all are the run's: until the converter ignores them they wait.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            self._process = subprocess.Popen(
                [*command, str(root), prefix],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()
        self.pid = self._process.pid
        self._thread = threading.Thread(target=self._listen, name=f"converter-{self.pid}", daemon=True)
        self._thread.start()

    def load(self) -> int:
        """How many files it has."""
        return sum(map(len, self._under_way))

    def take(self, tasks: list[Task]) -> bool:
        """Have files converted; False where it has enough, or is gone. Only one thread may call this."""
        with self._lock:
            if self._gone or self.load() >= _FILES_READY:
                return False
            self._under_way.append(tasks)
        try:
            # Where the line is full this waits until the converter has told more, which the listener takes from it.
            self._line.send([_small_file(task) for task in tasks])
        except OSError:
            # The listener hears of that, and tells what is lost.
            self._process.kill()
        return True

    def close(self) -> bool:
        """End it, whatever it does; False where something hangs."""
        self._closed = True
        self._end()
        self._thread.join(_CLOSING_SECONDS)
        return not self._thread.is_alive()

    def _listen(self) -> None:
        with self._line:
            try:
                while True:
                    found: list[Made | None] = self._line.recv()
                    with self._lock:
                        tasks = self._under_way.popleft()
                    for task, made in zip(tasks, found, strict=True):
                        self._heard(task, made)
            except Exception:  # noqa: BLE001 - whatever breaks the line, no file is lost
                self._lose()

    def _lose(self) -> None:
        with self._lock:
            self._gone = True
            lost = [task for tasks in self._under_way for task in tasks]
            self._under_way.clear()
        ended = self._end()
        if not self._closed:
            log.warning("a converter has ended (%s); what it had is converted here", ended)
        for task in lost:
            self._heard(task, None)

    def _end(self) -> str:
        """Kill it, which loses nothing; how it ended."""
        self._process.kill()
        code = self._process.wait()
        return f"signal {-code}" if code < 0 else f"exit code {code}"


def _suits(task: Task) -> bool:
    """Whether a converter can have this file."""
    entry = task.entry
    return (
        0 < entry.size <= SMALL_BYTES
        and not task.twins
        and not task.intents
        and kind_of(entry.format) is Kind.REGULAR
        and entry.format is not Format.UNKNOWN
        # A longer one has no key; and what is asked for must not fill the line.
        and len(os.fsencode(entry.path)) <= MAX_KEY_BYTES
    )


def _small_file(task: Task) -> SmallFile:
    entry = task.entry
    return SmallFile(entry.path, entry.place or "", entry.format, entry.size, entry.mtime_ns or 0)
