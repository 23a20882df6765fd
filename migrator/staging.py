"""Bytes on their way into the bucket: small objects wait in memory or in a scratch file, bigger ones leave in parts."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from isal import isal_zlib

from migrator.budget import Budget
from migrator.errors import StateUnusable
from migrator.multipart import Multipart

PART_BYTES = 8 * 1024 * 1024
MEMORY_BYTES = 64 * 1024 * 1024
# S3 takes 10,000 parts: their size doubles after each 2,000, which makes 484 GiB.
_PARTS_A_SIZE = 2000
_READ_BYTES = 1024 * 1024


class Spool:
    """Bytes that are written once and read as often as needed: in memory, past the budget in an unlinked scratch file.

    Raises:
        StateUnusable: The scratch folder has no room or cannot be written.
    """

    def __init__(self, budget: Budget, scratch: Path) -> None:
        self.size = 0
        self.crc = 0
        self._budget = budget
        self._scratch = scratch
        self._memory = bytearray()
        self._file: IO[bytes] | None = None

    def write(self, data: memoryview) -> None:
        """Append."""
        if self._file is None and (self.size + len(data) > PART_BYTES or not self._budget.take(len(data))):
            self._spill()
        if self._file is None:
            self._memory += data
        else:
            with _told(self._scratch):
                self._file.write(data)
        self.size += len(data)
        self.crc = isal_zlib.crc32(data, self.crc)

    def body(self) -> bytearray | IO[bytes]:
        """All bytes, or a file that stands at its beginning."""
        if self._file is None:
            return self._memory
        with _told(self._scratch):
            self._file.seek(0)
        return self._file

    def whole(self) -> bytes | bytearray:
        """All bytes in memory; for small objects."""
        body = self.body()
        if isinstance(body, bytearray):
            return body
        with _told(self._scratch):
            return body.read()

    def blocks(self) -> Iterator[bytes | bytearray]:
        """All bytes, in blocks."""
        body = self.body()
        if isinstance(body, bytearray):
            yield body
            return
        with _told(self._scratch):
            while block := body.read(_READ_BYTES):
                yield block

    def discard(self) -> None:
        """Give memory and scratch file back; may be called twice."""
        if self._file is not None:
            self._file.close()
        else:
            self._budget.give(len(self._memory))
        self._memory = bytearray()

    def _spill(self) -> None:
        with _told(self._scratch):
            self._file = tempfile.TemporaryFile(dir=self._scratch)  # noqa: SIM115 (`discard` closes it)
            self._file.write(self._memory)
        self._budget.give(len(self._memory))
        self._memory = bytearray()


class StagedUpload:
    """One object on its way; nothing appears in the bucket before `Target.commit`.

    Args:
        key: The object's key.
        metadata: Its user metadata.
        new_spool: Makes an empty spool.
        new_multipart: Begins a multipart upload; called once the object is bigger than a part.
    """

    def __init__(
        self,
        key: str,
        metadata: Mapping[str, str],
        new_spool: Callable[[], Spool],
        new_multipart: Callable[[], Multipart],
    ) -> None:
        self.key = key
        self.metadata = dict(metadata)
        self.size = 0
        self.crc = 0
        self.multipart: Multipart | None = None
        self.spool = new_spool()
        self._new_spool = new_spool
        self._new_multipart = new_multipart
        self._part_bytes = PART_BYTES
        self._closed = False

    def write(self, data: bytes | memoryview) -> int:
        """Append; blocks while parts wait to be sent.

        Returns:
            How many bytes were written: all.

        Raises:
            TargetUnavailable, TargetRefused, KeyRefused, Stopped: An earlier part could not be stored.
            StateUnusable: There is no room for scratch files.
        """
        if self._closed:
            raise ValueError(f"the upload of {self.key} is closed")
        view = memoryview(data).cast("B")
        count = len(view)
        self.crc = isal_zlib.crc32(view, self.crc)
        while view:
            if self.spool.size >= self._part_bytes:
                self._ship()
            chunk = view[: self._part_bytes - self.spool.size]
            self.spool.write(chunk)
            self.size += len(chunk)
            view = view[len(chunk) :]
        return count

    def close(self) -> None:
        """All bytes are written; may be called twice."""
        if self._closed:
            return
        if self.multipart is not None:
            self._ship()
        self._closed = True

    def abort(self) -> None:
        """Forget the object, as if it had never been begun; may be called twice. An outage is only logged."""
        self._closed = True
        self.spool.discard()
        if self.multipart is not None:
            self.multipart.abort()

    def _ship(self) -> None:
        if self.multipart is None:
            self.multipart = self._new_multipart()
        full, self.spool = self.spool, self._new_spool()
        self._part_bytes = PART_BYTES << (self.multipart.add(full) // _PARTS_A_SIZE)


@contextmanager
def _told(scratch: Path) -> Iterator[None]:
    """Turns a scratch file's errors into words: they are no file's fault."""
    try:
        yield
    except OSError as error:
        raise StateUnusable(
            f"a scratch file in {scratch} cannot be written: {error.strerror}; make room there"
        ) from error
