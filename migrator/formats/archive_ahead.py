"""A stream that is read in a thread of its own, so that unpacking and what is done with it take two cores."""

import queue
import threading
from contextlib import suppress

from migrator.formats.archive_streams import PART, ByteStream

_PARTS = 8


class AheadStream(ByteStream):
    """The same bytes as another stream's, read up to 2 MiB ahead; what is raised there is raised here in its turn.

    Args:
        stream: Read by nobody else from now on.
    """

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._parts: queue.Queue[bytes | BaseException] = queue.Queue(_PARTS)
        self._part: bytes | BaseException = b""
        self._given = 0
        self._ended = False
        self._cancelled = False
        self._thread = threading.Thread(target=self._read_ahead, name="unpack", daemon=True)
        self._thread.start()

    def some(self, size: int) -> bytes:
        """The next bytes."""
        if self._ended:
            return b""
        if isinstance(self._part, bytes) and self._given == len(self._part):
            self._part, self._given = self._parts.get(), 0
        if isinstance(self._part, BaseException):
            # Whoever asks again hears the same again.
            raise self._part
        if not self._given and len(self._part) <= size:
            self._given = len(self._part)
            self._ended = not self._part
            return self._part
        data = self._part[self._given : self._given + size]
        self._given += len(data)
        return data

    def close(self) -> None:
        """Let the thread end, and close the stream."""
        if not self.closed:
            self._cancelled = True
            # Room for what the thread may be waiting with; then it sees that nobody wants more.
            with suppress(queue.Empty):
                while True:
                    self._parts.get_nowait()
            self._thread.join()
            # Whoever still reads hears of it instead of waiting for ever.
            self._parts.put(ValueError("the stream is closed"))
            self._stream.close()
        super().close()

    def _read_ahead(self) -> None:
        part: bytes | BaseException = b" "
        while part and not self._cancelled:
            try:
                part = self._stream.some(PART)
            except BaseException as error:  # noqa: BLE001 - `some` raises it
                self._parts.put(error)
                return
            self._parts.put(part)
