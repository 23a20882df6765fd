"""One run a source: a lock on `SOURCE/.migrator/lock` that ends with its process, however that ends."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from migrator.errors import Locked, StateUnusable

FOLDER = ".migrator"
NAME = "lock"
SCRATCH = "scratch"
_PID_BYTES = 32


class Lock:
    """Holds a source as long as the context lasts; the file stays, and alone holds nobody off.

    Args:
        root: SOURCE.

    Raises:
        Locked: On entering, when another process holds it.
        StateUnusable: On entering, when the lock cannot be made.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._file = -1

    def __enter__(self) -> Self:
        folder = self._root / FOLDER
        try:
            folder.mkdir(exist_ok=True)
            self._file = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            raise StateUnusable(
                f"cannot write {folder / NAME}: {error.strerror}; SOURCE must be a folder that can be written"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, _PID_BYTES).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            raise Locked(f"process {holder} holds {self._root}; wait until it has ended, or stop it") from None
        except OSError as error:
            os.close(self._file)
            raise StateUnusable(f"cannot lock {folder / NAME}: {error.strerror}") from error
        self._write_holder()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)

    def _write_holder(self) -> None:
        try:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            os.close(self._file)
            raise StateUnusable(f"cannot write {self._root / FOLDER / NAME}: {error.strerror}") from error
