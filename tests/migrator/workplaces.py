"""A run's place on a cluster, in a folder of its own, and files for it."""

import pickle
from pathlib import Path

from migrator.cluster_place import Workplace, versions
from migrator.entries import Entry
from migrator.names import Format
from migrator.outcomes import Task
from migrator.target_address import Address


def new_place(folder: Path, endpoint: str) -> Workplace:
    found = Workplace(str(folder), "token", Address("bucket", "lake"), endpoint, 1.0, 1 << 30, versions())
    found.scratch.mkdir(parents=True)
    found.token_file.write_text("token")
    return found


def task_of(place: Workplace, number: int, attempts: int = 0, size: int | None = None) -> Task:
    file = Path(place.source) / f"{number}.csv"
    file.write_text(f"a\n{number}\n")
    status = file.stat()
    entry = Entry(
        id=number, path=file.name, place=file.name, format=Format.CSV, size=status.st_size if size is None else size,
        mtime_ns=status.st_mtime_ns, attempts=attempts,
    )  # fmt: skip
    return Task(entry, {}, (), False)


def sent(what: object) -> object:
    """What arrives of it in another process."""
    return pickle.loads(pickle.dumps(what))  # noqa: S301 - our own bytes
