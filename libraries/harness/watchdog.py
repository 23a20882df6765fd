"""The second line of defence: a small process that waits for a run's end, however it comes, and cleans up after it.

It lives in a session of its own, so that neither Ctrl-C nor the end of a terminal reaches it, and waits on a
descriptor of the run's process that the kernel makes readable when that process ends. An orderly run cleans up
itself and then dismisses it.
"""

from __future__ import annotations

import atexit
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from harness.run_id import ENVIRONMENT_VARIABLE, Run

_LIMIT = 120.0
_LOOK_AGAIN = 0.5
_DISMISSED = b"."
_DISMISSAL_LIMIT = 30.0
_LIBRARIES = Path(__file__).resolve().parents[1]

_guards: dict[int, tuple[Run, subprocess.Popen[bytes]]] = {}


def guard(run: Run) -> int:
    """Starts this process's watchdog, if it has none yet, and returns the watchdog's process id."""
    pid = os.getpid()
    if pid in _guards:
        return _guards[pid][1].pid
    arguments = [sys.executable, "-m", "harness.watchdog", run.mark]
    # A watchdog that bore the run's mark would be taken for one of its processes and ended by itself.
    environment = {key: value for key, value in os.environ.items() if key != ENVIRONMENT_VARIABLE}
    environment["PYTHONPATH"] = str(_LIBRARIES)
    inherited: list[int] = []
    if hasattr(os, "pidfd_open"):
        inherited.append(os.pidfd_open(pid))
    process = subprocess.Popen(
        [*arguments, *map(str, inherited)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd="/",
        pass_fds=inherited,
        start_new_session=True,
    )
    for descriptor in inherited:
        os.close(descriptor)
    _guards[pid] = (run, process)
    atexit.register(_end, pid)
    return process.pid


def _end(pid: int) -> None:
    """At the orderly end of the process: clean up what is left, and dismiss the watchdog if nothing is."""
    if pid != os.getpid() or pid not in _guards:
        return
    run, process = _guards.pop(pid)
    if _clean(run):
        return
    if process.stdin is not None:
        try:
            process.stdin.write(_DISMISSED)
            process.stdin.close()
        except BrokenPipeError:
            return
    try:
        process.wait(_DISMISSAL_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _clean(run: Run) -> list[str]:
    """Removes the run's things and returns what could not be removed."""
    # Docker's client takes a third of a second to import, which a waiting watchdog need not spend.
    from harness import cleanup, engine
    from harness.problems import EnvironmentFault

    failed: list[str] = []
    try:
        client = engine.connect()
    except EnvironmentFault as fault:
        failed.append(str(fault))
        client = None
    failed += cleanup.remove_run(client, run)
    if client is not None:
        client.close()
    return failed


def _wait_for_end(run: Run, process: int | None) -> bool:
    """Waits until the run dismisses this watchdog (False) or ends in any other way (True)."""
    watched = [0] if process is None else [0, process]
    while True:
        ready, _, _ = select.select(watched, [], [])
        if process in ready:
            return os.read(0, 1) != _DISMISSED if 0 in ready else True
        if os.read(0, 1) == _DISMISSED:
            return False
        # The pipe's other end is gone. Without a descriptor of the process that alone tells of its end.
        if process is None or run.owner.alive() is False:
            return True
        watched = [process]


def main(arguments: list[str]) -> int:
    """Waits for the run's end and removes what it left, again and again until nothing is left or the time is up."""
    for unwanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(unwanted, signal.SIG_IGN)
    run = Run.of_mark(arguments[0])
    if run is None:
        return 2
    if not _wait_for_end(run, int(arguments[1]) if len(arguments) > 1 else None):
        return 0
    deadline = time.monotonic() + _LIMIT
    # Whatever the run had begun when it ended (a container that Docker was still making) appears a little later.
    clean_passes = 0
    while clean_passes < 3 and time.monotonic() < deadline:
        clean_passes = 0 if _clean_and_look(run) else clean_passes + 1
        time.sleep(_LOOK_AGAIN)
    return 0 if clean_passes else 1


def _clean_and_look(run: Run) -> bool:
    """Cleans up and returns whether there was anything to remove."""
    from harness import cleanup, engine
    from harness.problems import EnvironmentFault

    try:
        client = engine.connect()
    except EnvironmentFault:
        client = None
    there = bool(cleanup.left_of(client, run))
    if client is not None:
        client.close()
    return bool(_clean(run)) or there


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
