"""Counts a migrator's durable steps from outside, and ends its process as SIGKILL does just before one of them.

What is durable: a commit of the state, a name that is made, changed or removed, a file opened for writing. Python's
audit events tell of files, SQLite tells its statements. The one thing of the migrator that is wrapped is its pointer to
renameat2(2), which is called through ctypes and raises no event.
"""

import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

_NAMES = frozenset({"os.rename", "os.link", "os.symlink", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"})
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Steps:
    """The steps so far.

    Args:
        below: Only names below this folder count.
        kill_at: The step, from 1, that is not taken any more; 0 for none.
    """

    def __init__(self, below: Path, kill_at: int = 0) -> None:
        self.labels: list[str] = []
        self._below = os.fspath(below)
        self._kill_at = kill_at
        self._lock = threading.Lock()

    def install(self, *, renameat2: bool = True) -> None:
        """Count from now on; the process is never rid of it again.

        Args:
            renameat2: Whether the file system is to know that call; without it a rename is a link and an unlink.
        """
        sys.addaudithook(self._heard)
        sqlite3.connect = partial(sqlite3.connect, factory=self._connection())
        from migrator import renaming

        rename = renaming._renameat2 if renameat2 else None
        renaming._renameat2 = self._watched(rename) if rename else None

    def _connection(self) -> type[sqlite3.Connection]:
        executed = self._executed

        class Told(sqlite3.Connection):
            def __init__(self, *arguments: Any, **options: Any) -> None:
                super().__init__(*arguments, **options)
                self.set_trace_callback(executed)

        return Told

    def _watched(self, rename: Callable[..., int]) -> Callable[..., int]:
        def watched(*arguments: Any) -> int:
            self._step("renameat2")
            result = rename(*arguments)
            if result == 0:
                self._step("renamed")
            return result

        return watched

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _NAMES:
            # With a descriptor of its folder a name is relative, as rmtree removes them.
            relative = -1 not in arguments
            removes_nothing = event == "os.remove" and not relative and not os.path.lexists(arguments[0])
            if relative or (self._counts(arguments[0]) and not removes_nothing):
                self._step(event)
        elif event == "open" and (arguments[2] or 0) & _WRITES and self._counts(arguments[0]):
            self._step("open for writing")

    def _executed(self, statement: str) -> None:
        if statement.startswith(("COMMIT", "BEGIN IMMEDIATE")):
            self._step(statement)

    def _counts(self, name: Any) -> bool:
        return isinstance(name, str | bytes | os.PathLike) and os.fsdecode(name).startswith(self._below)

    def _step(self, label: str) -> None:
        with self._lock:
            self.labels.append(label)
            if len(self.labels) == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
                # SIGKILL takes the whole process, but this thread may run on for a moment.
                signal.pause()
