"""A file of the folder as a source: a small one is read once and kept; read errors are told apart by their cause."""

import errno
import hashlib
import io
import mmap
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

from migrator.errors import ReasonCode, Refusal, SourceChanged, StateUnusable

SMALL = 1024 * 1024
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
_NO_FILES_FAULT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.EDQUOT})
_HASH_BLOCK = 1024 * 1024


def source_error(error: OSError) -> Exception:
    """What an error while a source file was read means: gone, unreadable, or no fault of the file."""
    said = error.strerror or str(error)
    if error.errno in _GONE:
        return Refusal(ReasonCode.SOURCE_VANISHED, f"the file is not there any more: {said}")
    if error.errno in _NO_FILES_FAULT:
        return StateUnusable(f"the machine lacks what reading needs: {said}; raise the limit and run again")
    return Refusal(ReasonCode.SOURCE_UNREADABLE, f"the file cannot be read: {said}; check its permissions and the disk")


class FileSource:
    """A file as it stood when it was inventoried; reading it never follows a link nor waits at a pipe.

    Args:
        path: Where the file is.
        size: Its size in bytes, as inventoried.
        mtime_ns: Its modification time, as inventoried.
    """

    def __init__(self, path: str | Path, size: int, mtime_ns: int) -> None:
        # A text, because a Path takes longer to make than a small file to read.
        self._path = os.fspath(path)
        self._size = size
        self._mtime_ns = mtime_ns
        self._kept: bytes | None = None

    @property
    def name(self) -> str:
        """The file's name."""
        return self._path.rpartition("/")[2]

    @property
    def path(self) -> Path | None:
        """The file."""
        return Path(self._path)

    @property
    def size(self) -> int:
        """Bytes, as inventoried."""
        return self._size

    @property
    def small(self) -> bool:
        """Whether it is read at once and kept."""
        return self._size <= SMALL

    def open(self) -> BinaryIO:
        """A new stream from the first byte on.

        Raises:
            Refusal: `source-vanished` or `source-unreadable`.
        """
        if self.small:
            if self._kept is None:
                with self._opened() as file:
                    self._kept = file.readall()
            return io.BytesIO(self._kept)
        return cast("BinaryIO", self._opened())

    def check(self) -> None:
        """See that the file is still the one that was inventoried.

        Raises:
            SourceChanged: where size or modification time differ.
            Refusal: `source-vanished`, where there is no file.
        """
        try:
            now = os.lstat(self._path)
        except OSError as error:
            raise source_error(error) from error
        if not stat.S_ISREG(now.st_mode):
            raise Refusal(ReasonCode.SOURCE_VANISHED, "something else stands in the file's place")
        if (now.st_size, now.st_mtime_ns) != (self._size, self._mtime_ns):
            raise SourceChanged(f"{self._path} changed while it was read; it stays pending")

    def sha256(self, stop: Callable[[], bool] = lambda: False) -> str | None:
        """The file's SHA-256 in hex; None where `stop` said that nobody waits for it."""
        if self._kept is not None:
            return hashlib.sha256(self._kept).hexdigest()
        digest = hashlib.sha256()
        with self.open() as file:
            # At the beginning of a page, as what is read: from 1 to 31 bytes behind one, where big memory of the C
            # library begins, some processors (AMD Zen 3) copy from one to the other five times as slowly.
            buffer = memoryview(mmap.mmap(-1, _HASH_BLOCK))
            while count := cast("io.RawIOBase", file).readinto(buffer):
                if stop():
                    return None
                digest.update(buffer[:count])
        return digest.hexdigest()

    def _opened(self) -> "_CheckedFile":
        try:
            return _CheckedFile(os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC))
        except OSError as error:
            raise source_error(error) from error


class FileBytes:
    """A file's bytes, read anywhere."""

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            self.size = os.fstat(self._descriptor).st_size
        except OSError as error:
            raise source_error(error) from error

    def read_at(self, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset` on; none at the end."""
        if offset >= self.size:
            return b""
        try:
            return os.pread(self._descriptor, length, offset)
        except OSError as error:
            raise source_error(error) from error

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class _CheckedFile(io.FileIO):
    """A file whose read errors are refusals, so that none is taken for another file's or for the target's."""

    def read(self, size: int | None = -1, /) -> bytes:
        try:
            if size is None or size < 0:
                return super().readall()
            data = super().read(size) or b""
            while len(data) < size and (more := super().read(size - len(data))):
                data += more
        except OSError as error:
            raise source_error(error) from error
        return data

    def readall(self) -> bytes:
        return self.read(-1)

    def readinto(self, buffer: Any, /) -> int:
        try:
            return super().readinto(buffer) or 0
        except OSError as error:
            raise source_error(error) from error
