"""Removal of everything that a run made, by the run's id; also of what a lost run left."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import docker
import requests
from docker.errors import APIError, DockerException, NotFound

from harness.problems import EnvironmentFault, Problem
from harness.run_id import ENVIRONMENT_VARIABLE, PREFIX, RUN_LABEL, Owner, Run

_OWNER_FILE = ".owner.json"
_PROCESS_LIMIT = 30.0
_EXEC_LIMIT = 0.1
# How old something must be before it is swept although its owner cannot be asked (another machine's).
_ORPHANED_AFTER = 24 * 3600.0

_NOBODY = Owner("", "", 0, "")
_ENGINE_ERRORS = (DockerException, requests.RequestException, OSError)


@dataclass(frozen=True)
class Found:
    """Something that a run made.

    Attributes:
        kind: container, volume, network, folder or process.
        name: Its name, and for a process its id.
        run: The run that it belongs to.
        made: When it was made, in seconds since the epoch; None if that is not known.
        remove: Removes it; does nothing if it is gone.
    """

    kind: str
    name: str
    run: Run
    made: float | None
    remove: Callable[[], None]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def make_folder(run: Run) -> Path:
    """Makes the run's folder below the system's temporary one, if it is not there, and returns it."""
    folder = Path(tempfile.gettempdir()) / run.name
    if not folder.is_dir():
        folder.mkdir(mode=0o700)
        (folder / _OWNER_FILE).write_text(json.dumps(str(run.owner)), encoding="utf-8")
    return folder


def things(client: docker.DockerClient | None, run_id: str | None = None) -> list[Found]:
    """Returns all that runs of this suite made and that is still there, processes first and networks last.

    Args:
        client: The engine; None where there is none.
        run_id: Only this run's; None for all runs'.
    """
    return [*_processes(run_id), *(_of_engine(client, run_id) if client else ()), *_folders(run_id)]


def remove_run(client: docker.DockerClient | None, run: Run) -> list[str]:
    """Removes everything of the run and returns what could not be removed, with the reason.

    Everything is tried, whatever fails before it.
    """
    return _remove(things(client, run.run_id))


def sweep(client: docker.DockerClient | None) -> tuple[list[str], list[str]]:
    """Removes what runs left whose process is dead; never a living run's, never what is not ours.

    Returns:
        What was removed, and what could not be removed with the reason.
    """
    removed, failed = [], []
    for thing in things(client):
        if _is_lost(thing):
            told = _remove([thing])
            failed += told
            removed += [] if told else [str(thing)]
    return removed, failed


def left_of(client: docker.DockerClient | None, run: Run) -> list[str]:
    """Returns what is still there of the run, in words."""
    return [str(thing) for thing in things(client, run.run_id)]


def remove_tree(folder: Path) -> None:
    """Removes a folder with all in it, also where permissions were taken away; links are not followed.

    Raises:
        OSError: Something in it cannot be removed.
    """
    folder.chmod(stat.S_IRWXU)
    for path, names, _ in os.walk(folder):
        for inside in (Path(path) / name for name in names):
            if not inside.is_symlink():
                inside.chmod(stat.S_IRWXU)
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)


def _remove(found: Iterable[Found]) -> list[str]:
    failed = []
    for thing in found:
        try:
            thing.remove()
        except (EnvironmentFault, *_ENGINE_ERRORS) as error:
            failed.append(f"{thing}: {' '.join(str(error).split())}")
    return failed


def _is_lost(thing: Found) -> bool:
    alive = thing.run.owner.alive()
    if alive is None:
        return thing.made is not None and time.time() - thing.made > _ORPHANED_AFTER
    return not alive


def _of_engine(client: docker.DockerClient, run_id: str | None) -> Iterator[Found]:
    label = {"label": RUN_LABEL if run_id is None else f"{RUN_LABEL}={run_id}"}
    for item in client.api.containers(all=True, filters=label):
        run = Run.of_labels(item.get("Labels"))
        if run is not None:
            name = str((item.get("Names") or [item["Id"]])[0]).lstrip("/")
            yield Found("container", name, run, item.get("Created"), _container_removal(client, item["Id"]))
    for item in client.api.volumes(filters=label).get("Volumes") or []:
        run = Run.of_labels(item.get("Labels"))
        if run is not None:
            made = _time(item.get("CreatedAt"))
            yield Found("volume", item["Name"], run, made, _volume_removal(client, item["Name"]))
    for item in client.api.networks(filters=label):
        run = Run.of_labels(item.get("Labels"))
        if run is not None:
            made = _time(item.get("Created"))
            yield Found("network", item["Name"], run, made, _network_removal(client, item["Id"]))


def _container_removal(client: docker.DockerClient, name: str) -> Callable[[], None]:
    def remove() -> None:
        try:
            client.api.remove_container(name, force=True, v=True)
        except NotFound:
            return
        except APIError as error:
            # Somebody else (the watchdog, a sweep) is at it in this moment: then it is enough that it will be gone.
            if "already in progress" not in str(error):
                raise
            with contextlib.suppress(NotFound):
                client.api.wait(name, timeout=60, condition="removed")

    return remove


def _volume_removal(client: docker.DockerClient, name: str) -> Callable[[], None]:
    def remove() -> None:
        with contextlib.suppress(NotFound):
            client.api.remove_volume(name, force=True)

    return remove


def _network_removal(client: docker.DockerClient, name: str) -> Callable[[], None]:
    def remove() -> None:
        with contextlib.suppress(NotFound):
            client.api.remove_network(name)

    return remove


def _folders(run_id: str | None) -> Iterator[Found]:
    for folder in sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}-{run_id or '*'}")):
        with contextlib.suppress(FileNotFoundError):
            facts = folder.lstat()
            # Another user's is that user's business, and may not even be looked into.
            if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid():
                continue
            # A folder without its owner's name is a user's, or one that is being made or removed in this moment.
            owner = _owner_of(folder) or (_NOBODY if run_id else None)
            if owner is not None:
                run = Run(folder.name.removeprefix(f"{PREFIX}-"), owner)
                yield Found("folder", str(folder), run, facts.st_mtime, _folder_removal(folder))


def _owner_of(folder: Path) -> Owner | None:
    try:
        return Owner.parse(str(json.loads((folder / _OWNER_FILE).read_text(encoding="utf-8"))))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def _folder_removal(folder: Path) -> Callable[[], None]:
    def remove() -> None:
        # The owner's name goes last, so that what an interrupted removal leaves is still known to be ours.
        for inside in [path for path in folder.iterdir() if path.name != _OWNER_FILE] if folder.is_dir() else []:
            if inside.is_dir() and not inside.is_symlink():
                remove_tree(inside)
            else:
                inside.unlink(missing_ok=True)
        remove_tree(folder)

    return remove


def _processes(run_id: str | None) -> Iterator[Found]:
    """Yields the processes that inherited a run's mark (Linux); a run's own process and watchdogs bear none."""
    if not Path("/proc/self/environ").exists():
        return
    key = f"{ENVIRONMENT_VARIABLE}=".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            variables = _environment(entry).split(b"\0")
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            # It ended in this moment, or it is another user's.
            continue
        marks = [
            variable.removeprefix(key).decode(errors="replace") for variable in variables if variable.startswith(key)
        ]
        run = Run.of_mark(marks[0]) if marks else None
        process = Owner.of(int(entry.name))
        if run is not None and run_id in {None, run.run_id} and process.started:
            yield Found("process", f"{entry.name} ({command[:120]})", run, None, _process_removal(process))


def _environment(process: Path) -> bytes:
    """Reads it again where it is empty: while a process goes over to another program the kernel shows none."""
    deadline = time.monotonic() + _EXEC_LIMIT
    while not (found := (process / "environ").read_bytes()) and time.monotonic() < deadline:
        try:
            (process / "exe").readlink()
        except FileNotFoundError:
            # A thread of the kernel's, or it has ended.
            break
        time.sleep(0.001)
    return found


def _process_removal(owner: Owner) -> Callable[[], None]:
    def remove() -> None:
        deadline = time.monotonic() + _PROCESS_LIMIT
        while owner.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(owner.pid, signal.SIGKILL)
            if time.monotonic() > deadline:
                raise EnvironmentFault(Problem.LEFT_BEHIND, f"process {owner.pid} does not end")
            time.sleep(0.01)

    return remove


def _time(text: str | None) -> float | None:
    if not text:
        return None
    try:
        # Networks are given with nanoseconds, of which Python reads no more than six digits.
        head, dot, tail = text.partition(".")
        zone = tail.lstrip("0123456789") if dot else ""
        moment = datetime.fromisoformat(head + zone if dot else head)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
