"""How far a run is: a live line on a terminal, nothing elsewhere (the log tells each file's end)."""

import logging
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from migrator.logs import Lines, log

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


class Progress:
    """Files, bytes, rate and failures of a run.

    Args:
        files: How many files are pending.
        size: Their bytes.
        live: Whether to draw on stderr.
    """

    def __init__(self, files: int, size: int, *, live: bool) -> None:
        self._files = files
        self._size = size
        self._live = live
        self._failed = 0
        self._done = 0
        self._handlers: list[logging.Handler] = []
        self._rich: RichProgress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        if self._live:
            self._draw()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._rich is not None:
            self._rich.stop()
            log.handlers[:] = self._handlers

    def ended(self, size: int, *, failed: bool) -> None:
        """A file of that many bytes is done or failed."""
        self._failed += failed
        self._done += not failed
        if self._rich is not None and self._task is not None:
            self._rich.update(self._task, advance=size, description=self._description())

    def _draw(self) -> None:
        from rich.console import Console
        from rich.highlighter import NullHighlighter
        from rich.logging import RichHandler
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )
        from rich.progress import Progress as Bar

        console = Console(file=sys.stderr)
        self._rich = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._rich.add_task(self._description(), total=self._size)
        self._rich.start()
        handler = RichHandler(logging.WARNING, console, show_path=False, markup=False, highlighter=NullHighlighter())
        handler.setFormatter(Lines())
        self._handlers, log.handlers[:] = list(log.handlers), [handler]

    def _description(self) -> str:
        failures = f", {self._failed} failed" if self._failed else ""
        return f"{self._done + self._failed} of {self._files} files{failures}"
