"""What a command prints, held back until it is whole, so that what turns out wrong halfway is not half printed."""

import codecs
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from migrator.errors import StateUnusable

_MEMORY_BYTES = 32 << 20
_BLOCK_CHARACTERS = 1 << 20


class Printout:
    """Text for stdout: a little of it in memory, more in a file without a name, so that memory does not grow with it.

    Raises:
        StateUnusable: From every method, when there is no room for it.
    """

    def __init__(self) -> None:
        # Bytes, because a text file takes long to tell how far it is.
        self._held = tempfile.SpooledTemporaryFile(_MEMORY_BYTES)  # noqa: SIM115 - closed when the context ends

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def write(self, text: str) -> None:
        """Add text."""
        with _told():
            self._held.write(text.encode())

    def print(self, head: str, tail: str) -> None:
        """Print it all, with something before and something after it."""
        with _told():
            self._held.seek(0)
        sys.stdout.write(head)
        shutil.copyfileobj(codecs.getreader("utf-8")(self._held), sys.stdout, _BLOCK_CHARACTERS)
        sys.stdout.write(tail)
        sys.stdout.flush()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StateUnusable(
            f"cannot hold back what is to be printed: {error.strerror or error}; name a folder with room by TMPDIR"
        ) from error
