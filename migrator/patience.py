"""How long an outage of the target is borne: one clock for all threads of a run."""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from migrator.errors import KeyRefused, KeyTaken, Stopped, TargetUnavailable
from migrator.target_errors import Missing, NoSuchUpload, NotSupported, Outage

T = TypeVar("T")

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_STOP_POLL = 0.05
_ANSWERS = (KeyRefused, KeyTaken, Missing, NoSuchUpload, NotSupported)

_log = logging.getLogger(__name__)


class Patience:
    """Tries again while the target is out, until `retry_for` seconds have passed without a success of anybody.

    The clock starts with the last success, or with the first failing attempt where the last success is older: a
    target that nobody asked for minutes is not given up at its first failure. Once given up, every further call
    fails at once, so that the end of a run does not add one wait to another.

    Reads succeed on a server whose disk is full; while writes fail, only a write counts as a success.

    Args:
        retry_for: Seconds.
        stop: Whether a graceful stop was asked for; then nothing is tried again.
        clock: Seconds that only grow.
    """

    def __init__(self, retry_for: float, stop: Callable[[], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self._retry_for = retry_for
        self._stop = stop
        self._clock = clock
        self._never = threading.Event()
        self._lock = threading.Lock()
        self._success = clock()
        self._failing_since: float | None = None
        self._failing_writes = False
        self._given_up: str | None = None

    def run(self, attempt: Callable[[], T], *, write: bool = False) -> T:
        """What `attempt` returns, tried again while it raises `Outage`; it bounds its own time.

        Raises:
            TargetUnavailable: The outage outlasted `retry_for`.
            Stopped: A stop was asked for after an attempt had failed.
        """
        self._check()
        pause = _FIRST_PAUSE
        while True:
            began = self._clock()
            try:
                result = attempt()
            except Outage as outage:
                left = self._failed(began, str(outage), write=write)
            except _ANSWERS:
                # The server answered, so it is there; whether it could write nobody knows.
                self._succeeded(write=False)
                raise
            else:
                self._succeeded(write=write)
                return result
            self._wait(min(pause, left))
            self._check()
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _check(self) -> None:
        reason = self._given_up
        if reason is not None:
            raise TargetUnavailable(reason)

    def _succeeded(self, *, write: bool) -> None:
        with self._lock:
            if not write and self._failing_writes:
                return
            if self._failing_since is not None:
                _log.info("the target answers again")
            self._success = self._clock()
            self._failing_since = None
            self._failing_writes = False
            self._given_up = None

    def _failed(self, began: float, reason: str, *, write: bool) -> float:
        """Seconds that are left for further attempts."""
        with self._lock:
            if self._failing_since is None:
                # An attempt that began before a success of another thread tells nothing about the time before it.
                self._failing_since = max(began, self._success)
                _log.warning("the target is out, trying again for %g s: %s", self._retry_for, reason)
            self._failing_writes = self._failing_writes or write
            left = self._failing_since + self._retry_for - self._clock()
            if left <= 0:
                self._given_up = f"the target was out for {self._retry_for:g} s: {reason}"
        self._check()
        return left

    def _wait(self, seconds: float) -> None:
        until = self._clock() + seconds
        while True:
            if self._stop():
                raise Stopped("a stop was asked for while the target was out")
            left = until - self._clock()
            if left <= 0:
                return
            self._never.wait(min(left, _STOP_POLL))
