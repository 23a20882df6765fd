"""A converter: a process beside a run that makes parquet of small files, and does nothing else.

It is sent batches of files and answers with their objects' bytes. It writes nothing anywhere, asks no server, keeps
nothing between two files, and ends once nobody holds the other end of its line. What is not plainly converted it leaves
to the run, which converts that file itself and finds out why.
"""

import io
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, cast

from migrator.converting import converting
from migrator.entries import Entry
from migrator.lean import stay_lean
from migrator.outcomes import Converted, Outcome, Task
from migrator.small_file import Made, MadeObject, SmallFile
from migrator.stop import SIGNALS
from migrator.work import Workshop

if TYPE_CHECKING:
    from migrator.convert import ConvertOptions
    from migrator.target import Target


def main(handle: int, root: str, prefix: str) -> None:
    """Convert what is asked for until nobody asks any more; ends the process.

    Args:
        handle: The line to the run.
        root: SOURCE.
        prefix: What all keys start with.
    """
    # The run is asked to stop, and stops this process.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    stay_lean()
    with Connection(handle) as line, suppress(EOFError, ConnectionError):
        workshop = _workshop(Path(root), prefix)
        while True:
            files: list[SmallFile] = line.recv()
            line.send([made(workshop.convert(_task(file))) for file in files])
    # To take apart all that was imported would serve nobody.
    os._exit(0)


def made(outcome: Outcome) -> Made | None:
    """What a file became; None where that is not all there is to say."""
    if not isinstance(outcome, Converted):
        return None
    staged = outcome.conversion.objects
    return Made(
        outcome.sha256,
        tuple(MadeObject(each.key, each.rows, each.upload.metadata, each.upload.getvalue()) for each in staged),
    )


def _workshop(root: Path, prefix: str) -> Workshop:
    memory = Memory()

    def options() -> "ConvertOptions":
        from migrator.convert import ConvertOptions

        # Nothing can be written there: what does not fit into memory is not small.
        return ConvertOptions(prefix, 0, Path(os.devnull), lambda: False)

    # The target is asked only about objects of earlier attempts, and files that have any are not sent here.
    return Workshop(root, cast("Target", memory), converting(root, memory, options))


def _task(file: SmallFile) -> Task:
    return Task(Entry(0, file.path, file.place, file.format, file.size, file.mtime_ns), {}, (), all_known=False)


class Memory:
    """A stage that keeps objects in memory."""

    def stage(self, key: str, metadata: Mapping[str, str]) -> "_InMemory":
        """Begin an object."""
        return _InMemory(metadata)


class _InMemory(io.BytesIO):
    def __init__(self, metadata: Mapping[str, str]) -> None:
        super().__init__()
        self.metadata = dict(metadata)

    def close(self) -> None:
        """All is kept."""

    def abort(self) -> None:
        """Nothing is left."""
