"""Graceful stops: SIGTERM and SIGINT ask for one, a second of them ends the process at once."""

import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

from migrator.errors import Stopped

SIGNALS = (signal.SIGTERM, signal.SIGINT)
_SIGNAL_EXIT = 128


class Stop:
    """Whether a stop is asked for, and by which signal.

    Args:
        wake: Called from the signal handler when the stop is asked; must be reentrant.
        last_act: Called before the end that a second signal forces; must be quick.
    """

    def __init__(self, wake: Callable[[], None] = lambda: None, last_act: Callable[[], None] = lambda: None) -> None:
        self.wake = wake
        self.last_act = last_act
        self.asked_at = 0.0
        self._signal = 0
        self._asked = threading.Event()

    def install(self) -> None:
        """Listen to the signals from now on; only in the main thread."""
        for number in SIGNALS:
            signal.signal(number, self._handle)

    def finish(self) -> None:
        """The outcome stands: signals change nothing any more."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    @property
    def asked(self) -> bool:
        """Whether a stop was asked for."""
        return self._asked.is_set()

    def obey(self) -> None:
        """End what is being done, if a stop was asked for.

        Raises:
            Stopped: It was.
        """
        if self.asked:
            raise Stopped("a stop was asked for")

    @property
    def exit_code(self) -> int:
        """128 + the first signal's number."""
        return _SIGNAL_EXIT + self._signal

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self._signal:
            self.last_act()
            os._exit(self.exit_code)
        self._signal = number
        self.asked_at = time.monotonic()
        self._asked.set()
        self.wake()
