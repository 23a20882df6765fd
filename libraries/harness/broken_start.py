"""Servers that cannot be started, each for a reason of its own, and what is left of the attempt."""

import contextlib
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import yaml

from harness import cleanup, server_files, servers
from harness.containers import LOCALHOST
from harness.engine import connect
from harness.problems import EnvironmentFault, Problem
from harness.progress import say_nothing
from harness.run_id import current
from harness.servers import Choice

MISSING_IMAGE = "127.0.0.1:1/no/such-image:none"
"""An image of a registry that is not there, so that no network is needed to miss it."""
MISSING_COMMAND = "no-such-command"
MISSING_PATH = "/no/such/path"
_READY_SECONDS = 1


class Trouble(StrEnum):
    """What keeps a server from starting."""

    MISSING_IMAGE = "its image is missing"
    TAKEN_PORT = "the port it was given is taken"
    EXITING = "its container exits while it starts"
    NEVER_READY = "it never gets ready"


EXPECTED = {
    Trouble.MISSING_IMAGE: (frozenset({Problem.NO_SUCH_IMAGE, Problem.NO_NETWORK}), MISSING_IMAGE),
    Trouble.TAKEN_PORT: (frozenset({Problem.PORT_TAKEN}), LOCALHOST),
    Trouble.EXITING: (frozenset({Problem.EXITED}), MISSING_COMMAND),
    Trouble.NEVER_READY: (frozenset({Problem.NOT_READY}), "waited"),
}
"""For each trouble the kinds of problem that name it, and a word that the message must hold so that one can act."""


@dataclass(frozen=True)
class Attempt:
    """An attempt to start a server that could not be started.

    Attributes:
        raised: What it ended with; None where the server started.
        seconds: How long it took.
        left: What is there of this run that was not there before.
    """

    raised: BaseException | None
    seconds: float
    left: tuple[str, ...]


def attempt(choice: Choice, trouble: Trouble, folder: Path) -> Attempt:
    """Try to start a server in trouble.

    Args:
        choice: The server as scenarios use it.
        trouble: What to add to it.
        folder: An empty folder for a server's file of its own.
    """
    before = set(cleanup.left_of(connect(), current()))
    begun = time.monotonic()
    raised: BaseException | None = None
    with _in_trouble(choice, trouble, folder) as (worse, files):
        try:
            servers.start(worse, tell=say_nothing, folder=files).remove()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is judged by the caller
            raised = error
    took = time.monotonic() - begun
    return Attempt(raised, took, tuple(sorted(set(cleanup.left_of(connect(), current())) - before)))


def problem_of(attempt: Attempt) -> Problem | None:
    """The kind of problem that the attempt told; None where it told none."""
    return attempt.raised.problem if isinstance(attempt.raised, EnvironmentFault) else None


@contextlib.contextmanager
def _in_trouble(choice: Choice, trouble: Trouble, folder: Path) -> Iterator[tuple[Choice, Path]]:
    name = choice.name or server_files.DEFAULT
    if trouble is Trouble.MISSING_IMAGE:
        yield replace(choice, image=MISSING_IMAGE), server_files.FOLDER
    elif trouble is Trouble.TAKEN_PORT:
        with socket.socket() as taken:
            taken.bind((LOCALHOST, 0))
            taken.listen()
            yield replace(choice, port=taken.getsockname()[1]), server_files.FOLDER
    elif trouble is Trouble.EXITING:
        yield choice, _described(name, folder, command=[MISSING_COMMAND])
    else:
        yield choice, _described(name, folder, health_path=MISSING_PATH, ready_seconds=_READY_SECONDS)


def _described(name: str, folder: Path, **changes: object) -> Path:
    described = yaml.safe_load((server_files.FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(described | changes), encoding="utf-8")
    return folder
