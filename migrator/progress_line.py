"""The live line on a terminal, which is begun only where there is something to wait for."""

import logging
import time
from typing import TYPE_CHECKING, TextIO

from migrator.logs import Lines, log

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

# A command that ends sooner draws nothing.
_BEGIN_SECONDS = 0.5
_REDRAW_SECONDS = 0.1


class LiveLine:
    """A bar with a text; while it stands, the log's warnings appear above it, and nothing else of the log.

    Args:
        stream: The terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._next = time.monotonic() + _BEGIN_SECONDS
        self._handlers: list[logging.Handler] = []
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def due(self) -> bool:
        """Whether it is time to draw again."""
        return time.monotonic() >= self._next

    def draw(self, text: str, share: float | None) -> None:
        """Show how far it is; `share` is from 0 to 1, or None where nobody knows."""
        self._next = time.monotonic() + _REDRAW_SECONDS
        if self._bar is None:
            self._begin()
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=text, total=None if share is None else 1, completed=share or 0)

    def close(self) -> None:
        """Leave the last text, and give the log its own way back."""
        if self._bar is not None:
            self._bar.stop()
            log.handlers[:] = self._handlers

    def _begin(self) -> None:
        from rich.console import Console
        from rich.highlighter import NullHighlighter
        from rich.logging import RichHandler
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bar

        console = Console(file=self._stream)
        self._bar = Bar(BarColumn(20), TextColumn("{task.description}", markup=False), console=console)
        self._task = self._bar.add_task("")
        self._bar.start()
        handler = RichHandler(logging.WARNING, console, show_path=False, markup=False, highlighter=NullHighlighter())
        handler.setFormatter(Lines())
        self._handlers, log.handlers[:] = list(log.handlers), [handler]
