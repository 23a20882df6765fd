"""Other programs, run with a time limit, with progress and with an error that shows their last words."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from harness.progress import Say, say, seconds

_REPORT_EVERY = 10.0


class CommandFailed(Exception):
    """A program ended with an error or was ended at its time limit; ``output`` holds its last lines."""

    def __init__(self, what: str, output: str) -> None:
        self.output = output
        super().__init__(f"{what}; its last lines: {output or '(none)'}")


def run_with_progress(
    command: Sequence[str],
    *,
    limit: float,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    tell: Say = say,
) -> None:
    """Runs a program to its end and tells every ten seconds how far it is.

    Args:
        command: The program and its arguments.
        limit: Seconds after which the program and its children are ended.
        env: Its environment; None for ours.
        cwd: Its working folder; None for ours.
        tell: Where the progress goes.

    Raises:
        CommandFailed: It ended with another code than 0, could not be started, or met the limit.
    """
    begun = time.monotonic()
    name = " ".join(command[:2])
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise CommandFailed(f"{name} could not be started: {error}", "") from error
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read, args=(process, lines.put), daemon=True).start()
    last: deque[str] = deque(maxlen=8)
    count, next_report = 0, begun + _REPORT_EVERY
    try:
        while True:
            now = time.monotonic()
            if now >= begun + limit:
                raise CommandFailed(f"{name} did not end within {seconds(limit)}", "\n".join(last))
            if now >= next_report:
                tell(f"  … {seconds(now - begun)}, {count} lines so far; last: {last[-1] if last else '(nothing yet)'}")
                next_report = now + _REPORT_EVERY
            try:
                line = lines.get(timeout=min(next_report, begun + limit) - now)
            except queue.Empty:
                continue
            if line is None:
                break
            count += 1
            last.append(line.rstrip())
        code = process.wait(timeout=max(1.0, begun + limit - time.monotonic()))
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if code != 0:
        raise CommandFailed(f"{name} ended with code {code}", "\n".join(last))


def _read(process: subprocess.Popen[str], put: Callable[[str | None], None]) -> None:
    if process.stdout is not None:
        for line in process.stdout:
            put(line)
    put(None)
