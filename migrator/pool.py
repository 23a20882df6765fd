"""Worker threads that carry out jobs and report each result to one queue."""

import threading
import time
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")
Job = Callable[[], T]


class Pool(Generic[T]):
    """Threads that may hang in native code without keeping the process alive.

    Args:
        workers: How many threads there are.
        results: Where each job's result goes.
    """

    def __init__(self, workers: int, results: "SimpleQueue[T]") -> None:
        self._results = results
        self._urgent: deque[Job[T]] = deque()
        self._waiting: deque[tuple[int, Job[T]]] = deque()
        self._work = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._serve, name=f"worker-{number}", daemon=True) for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, label: int, job: Job[T]) -> None:
        """Carry out a job when those before it have begun; `label` names it for `withdraw`."""
        with self._work:
            self._waiting.append((label, job))
            self._work.notify()

    def submit_urgent(self, job: Job[T]) -> None:
        """Carry out a job before all that are not urgent; it cannot be withdrawn."""
        with self._work:
            self._urgent.append(job)
            self._work.notify()

    def withdraw(self) -> list[int]:
        """Take back the jobs that have not begun, but for urgent ones.

        Returns:
            Their labels.
        """
        with self._work:
            labels = [label for label, _ in self._waiting]
            self._waiting.clear()
        return labels

    def close(self, seconds: float) -> bool:
        """Let the threads end; whether all did within that time."""
        with self._work:
            self._closed = True
            self._work.notify_all()
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _serve(self) -> None:
        while True:
            with self._work:
                while not (self._urgent or self._waiting or self._closed):
                    self._work.wait()
                if self._urgent:
                    job = self._urgent.popleft()
                elif self._waiting:
                    _, job = self._waiting.popleft()
                else:
                    return
            self._results.put(job())
