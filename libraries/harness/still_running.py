"""Names on the console what takes long, so that nobody takes a waiting run for a hanging one."""

from __future__ import annotations

import threading
import time

from harness.progress import Say

FIRST = 2.0
THEN = 10.0
"""Seconds after which a step is named, and named again."""


class StillRunning:
    """Watches one step at a time, in a thread of its own.

    Args:
        tell: Where lines go.
        first: Seconds until a step is named.
        then: Seconds until it is named again.
    """

    def __init__(self, tell: Say, first: float = FIRST, then: float = THEN) -> None:
        self._tell = tell
        self._first = first
        self._then = then
        self._changed = threading.Condition()
        self._step: tuple[str, float] | None = None
        self._thread: threading.Thread | None = None

    def begun(self, name: str) -> None:
        """A step begins."""
        with self._changed:
            self._step = (name, time.monotonic())
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="still-running", daemon=True)
                self._thread.start()
            self._changed.notify()

    def ended(self) -> None:
        """It has ended."""
        with self._changed:
            self._step = None

    def _watch(self) -> None:
        with self._changed:
            while True:
                step = self._step
                if step is None:
                    self._changed.wait()
                    continue
                name, since = step
                due = self._first
                while self._step is step:
                    left = since + due - time.monotonic()
                    if left > 0:
                        self._changed.wait(left)
                        continue
                    self._tell(f"\n    … {name} ({time.monotonic() - since:.0f} s)")
                    due += self._then
