"""Values of a dump on their way to their types, in threads; bounded over all tables of the dump."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TypeAlias

from migrator.formats.interface import Sink
from migrator.formats.sql_block import Column

Typed: TypeAlias = "list[Column] | None"

_THREADS = min(2, os.cpu_count() or 1)

# Each is as much as a table writes at a time; more would only take memory.
_MOST = 1


class Casts:
    """What is being cast, and who writes it then."""

    def __init__(self) -> None:
        self._pool: Executor | None = None
        self._pending: deque[tuple[Future[Typed], Callable[[Sink | None, Typed], bool]]] = deque()

    def submit(self, cast: Callable[[], Typed], write: Callable[[Sink | None, Typed], bool], sink: Sink | None) -> bool:
        """Have something cast, and whatever was submitted long before written.

        Args:
            cast: Gives the values, or None where they contradict their types; called in another thread.
            write: Writes them to a sink, or nowhere; False where they contradict their types.
            sink: Where to write what is cast by now.

        Returns:
            False where any of that contradicts its types.
        """
        if self._pool is None:
            # Only big tables need one.
            self._pool = ThreadPoolExecutor(_THREADS, "sql")
        self._pending.append((self._pool.submit(cast), write))
        return self._take(sink, _MOST)

    def settle(self, sink: Sink | None) -> bool:
        """Write all that is being cast; False as `submit`."""
        return self._take(sink, 0)

    def end(self) -> None:
        """Let go of the threads; of use no more."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _take(self, sink: Sink | None, most: int) -> bool:
        written = True
        while len(self._pending) > most:
            cast, write = self._pending.popleft()
            written = write(sink if written else None, cast.result()) and written
        return written
