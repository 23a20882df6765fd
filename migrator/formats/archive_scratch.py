"""Where an archive's bytes wait: in memory while they are few, else in scratch files that have no name.

A scratch file is unlinked as it is made, so that not even a SIGKILL leaves one behind.
"""

import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Protocol, TypeVar, cast

from migrator.budget import Budget
from migrator.errors import StateUnusable
from migrator.formats.archive_streams import BLOCK, Input

MEMORY = 16 * 1024 * 1024
T = TypeVar("T")


class Bytes(Protocol):
    """Bytes that can be read anywhere."""

    @property
    def size(self) -> int:
        """How many there are."""

    def read_at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset` on; none at the end."""

    def close(self) -> None:
        """Give back what holds them."""


class Scratch:
    """The room that one source file may use while it is unpacked.

    Args:
        folder: An existing folder for scratch files.
        memory: How many bytes may wait in memory at once, over all levels of nesting.

    Attributes:
        memory: What of that is left.
    """

    def __init__(self, folder: Path, memory: int = MEMORY) -> None:
        self._folder = folder
        self.memory = Budget(memory)

    def spool(self) -> "Spool":
        """A new, empty place for bytes."""
        return Spool(self)

    def file(self) -> IO[bytes]:
        """A new scratch file without a name.

        Raises:
            StateUnusable: where none can be made.
        """
        # Closing it is the spool's part.
        return cast("IO[bytes]", self.guarded(lambda: tempfile.TemporaryFile(dir=self._folder, buffering=0)))

    def guarded(self, act: Callable[[], T]) -> T:
        """What `act` gives; its failure is told as the scratch folder's."""
        try:
            return act()
        except OSError as error:
            raise StateUnusable(
                f"no scratch file can be kept in {self._folder}: {error.strerror or error}; "
                "an archive is unpacked there, so make room and make it writable"
            ) from error


class Spool:
    """Bytes that are appended once and read anywhere; safe for one writer and any readers."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._memory = bytearray()
        self._file: IO[bytes] | None = None
        self.size = 0

    def append(self, data: bytes) -> None:
        """Keep `data` after what is kept.

        Raises:
            StateUnusable: where the scratch folder takes no more.
        """
        if self._file is None and self._scratch.memory.take(len(data)):
            self._memory += data
        else:
            if self._file is None:
                self._file = self._scratch.file()
                self._write(bytes(self._memory), 0)
                self._forget_memory()
            self._write(data, self.size)
        self.size += len(data)

    def fill(self, stream: Input) -> "Spool":
        """Keep everything that `stream` gives."""
        while data := stream.read(BLOCK):
            self.append(data)
        return self

    def read_at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset` on."""
        file = self._file
        if offset >= self.size:
            return b""
        if file is None:
            return bytes(self._memory[offset : offset + length])
        return self._scratch.guarded(lambda: os.pread(file.fileno(), length, offset))

    def close(self) -> None:
        """Forget the bytes; the scratch file is gone."""
        self._forget_memory()
        if self._file is not None:
            self._file.close()

    def _forget_memory(self) -> None:
        self._scratch.memory.give(len(self._memory))
        self._memory = bytearray()

    def _write(self, data: bytes, offset: int) -> None:
        file = self._file
        if file is None:
            return
        view = memoryview(data)
        while view:
            written = self._scratch.guarded(partial(os.pwrite, file.fileno(), view, offset))
            view, offset = view[written:], offset + written
