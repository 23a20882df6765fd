"""An upload as the file that the parquet library writes to."""

import io
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from migrator.errors import StateUnusable


class Upload(Protocol):
    """One object on its way; nothing appears in the bucket before it is committed."""

    def write(self, data: bytes | memoryview) -> int:
        """Append `data`."""

    def close(self) -> None:
        """All is written."""

    def abort(self) -> None:
        """Forget it all."""


class UploadFile(io.RawIOBase):
    """A file whose bytes go to an upload; its own errors are never taken for the source's.

    Args:
        upload: What takes the bytes.

    Attributes:
        dead: Whether bytes go nowhere any more.
    """

    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        self.dead = False

    def writable(self) -> bool:
        """Whether it can be written: yes."""
        return True

    def write(self, data: Any, /) -> int:
        """Append `data`; how many bytes were written, which is all of them."""
        size = len(data)
        if not self.dead:
            self._guarded(partial(self.upload.write, data))
        return size

    def finish(self) -> None:
        """All is written."""
        self._guarded(self.upload.close)

    def _guarded(self, act: Callable[[], object]) -> None:
        try:
            act()
        except OSError as error:
            raise StateUnusable(
                f"an object could not be kept until its upload: {error}; make room where the state is, and run again"
            ) from error
