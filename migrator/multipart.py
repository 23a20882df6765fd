"""A big object's way into the bucket: parts go up in the background while the rest is still being made."""

import base64
import contextlib
import hashlib
import logging
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import IO, TYPE_CHECKING, Protocol

from migrator.errors import Blocked, KeyRefused, KeyTaken, Stopped, TargetUnavailable
from migrator.lanes import Stored
from migrator.listing import all_uploads
from migrator.patience import Patience
from migrator.target_errors import NoSuchUpload, NotSupported, Outage

if TYPE_CHECKING:
    from migrator.plain_lane import Part, PlainLane

_SENDERS = 2

_log = logging.getLogger(__name__)


class Bytes(Protocol):
    """What a part is made of."""

    size: int
    crc: int

    def body(self) -> bytearray | IO[bytes]:
        """All bytes, or a file that stands at its beginning."""

    def blocks(self) -> Iterator[bytes | bytearray]:
        """All bytes, in blocks."""

    def discard(self) -> None:
        """They are needed no more."""


class Senders:
    """Two background threads that send parts of all uploads; what waits for them is bounded."""

    def __init__(self) -> None:
        self._jobs: queue.Queue[Callable[[], None]] = queue.Queue(_SENDERS)
        self._lock = threading.Lock()
        self._started = False

    def submit(self, job: Callable[[], None]) -> None:
        """Have `job`, which never raises, called in the background; waits while too many are queued."""
        with self._lock:
            if not self._started:
                self._started = True
                for number in range(_SENDERS):
                    # Daemons, so that an upload that hangs does not keep a stopped process alive.
                    threading.Thread(target=self._work, name=f"sender-{number}", daemon=True).start()
        self._jobs.put(job)

    def _work(self) -> None:
        while True:
            self._jobs.get()()


class Multipart:
    """One multipart upload.

    Each part is confirmed by the server: it verifies the CRC-32 that is sent along and gives it back; where it does
    not give it back, the part's ETag must be the MD5 of what was sent.

    Args:
        key: The object's key.
        metadata: Its user metadata.
        plain: Called for the lane when the first part goes up.
        patience: Decides about further attempts.
        senders: Who sends the parts.
    """

    def __init__(
        self,
        key: str,
        metadata: Mapping[str, str],
        plain: "Callable[[], PlainLane]",
        patience: Patience,
        senders: Senders,
    ) -> None:
        self.key = key
        self.confirmed = True
        self._metadata = metadata
        self._plain = plain
        self._patience = patience
        self._senders = senders
        self._upload: str | None = None
        self._begun_twice = False
        self._begin_lock = threading.Lock()
        self._changed = threading.Condition()
        self._added = 0
        self._waiting = 0
        self._parts: dict[int, Part] = {}
        self._error: Exception | None = None
        self._over = False

    def add(self, spool: Bytes) -> int:
        """Queue the next part; how many there are now.

        Raises:
            TargetUnavailable, TargetRefused, KeyRefused, Stopped: An earlier part could not be stored.
        """
        with self._changed:
            if self._error is not None:
                spool.discard()
                raise self._error
            self._added += 1
            self._waiting += 1
            number = self._added
        self._senders.submit(lambda: self._send(number, spool))
        return number

    def etag(self) -> str | None:
        """The ETag that S3 gives an object made of these parts; None where the parts' ETags are no MD5."""
        try:
            raw = b"".join(bytes.fromhex(part.etag) for part in self._in_order())
        except ValueError:
            return None
        return f"{hashlib.md5(raw, usedforsecurity=False).hexdigest()}-{len(self._parts)}"

    def wait(self) -> None:
        """Until all parts are stored.

        Raises:
            TargetUnavailable, TargetRefused, KeyRefused, Stopped: One could not be stored.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting)
            if self._error is not None:
                raise self._error

    def complete(self, *, conditional: bool) -> Stored:
        """Ask once for the object to be made of the parts."""
        if self._upload is None:
            raise ValueError(f"the upload of {self.key} has no part")
        return self._plain().complete(self.key, self._upload, self._in_order(), conditional=conditional)

    def completed(self) -> None:
        """The object is in the bucket; nothing is left to abort but what a lost answer left."""
        self._upload = None
        self._leave_nothing()

    def abort(self) -> None:
        """Forget the parts. While the target is out they stay, for `Target.abort_uploads` in the next run."""
        with self._changed:
            self._over = True
            # A part that arrives after the abort would stay in the bucket.
            self._changed.wait_for(lambda: not self._waiting)
        self._leave_nothing()

    def _in_order(self) -> "list[Part]":
        return [part for _, part in sorted(self._parts.items())]

    def _begin(self) -> str:
        with self._begin_lock:
            if self._upload is None:
                attempts = 0

                def attempt() -> str:
                    nonlocal attempts
                    attempts += 1
                    # A lost answer leaves an upload whose id nobody knows.
                    self._begun_twice = attempts > 1
                    return self._plain().begin(self.key, self._metadata)

                try:
                    self._upload = self._patience.run(attempt)
                except (TargetUnavailable, Stopped):
                    self._begun_twice = attempts > 0
                    raise
            return self._upload

    def _send(self, number: int, spool: Bytes) -> None:
        part = None
        error: Exception | None = None
        try:
            if not self._over and self._error is None:
                part = self._store(number, spool)
        except NoSuchUpload as gone:
            error = TargetUnavailable(f"somebody aborted the upload: {gone}")
        except Exception as failure:  # noqa: BLE001 (raised again in the thread that waits for this part)
            error = failure
        finally:
            spool.discard()
            with self._changed:
                if part is not None:
                    self._parts[number] = part
                self._error = self._error or error
                self._waiting -= 1
                self._changed.notify_all()

    def _store(self, number: int, spool: Bytes) -> "Part":
        upload = self._begin()
        checksum = base64.b64encode(spool.crc.to_bytes(4, "big")).decode()

        odd_before = False

        def attempt() -> "Part":
            nonlocal odd_before
            if self._over:
                raise Stopped(f"the upload of {self.key} was given up")
            part = self._plain().part(self.key, upload, number, spool.body(), checksum)
            if part.checksum != checksum and not (part.checksum is None and _is_md5(part, spool)):
                odd, odd_before = odd_before and part.checksum is None, True
                if not odd:
                    raise Outage(f"part {number} of {self.key}: the server stored other bytes than were sent")
                # Twice the same way: its ETags are no MD5, and the whole object is to be read back.
                self.confirmed = False
            return part

        return self._patience.run(attempt, write=True)

    def _leave_nothing(self) -> None:
        own, self._upload = self._upload, None
        twice, self._begun_twice = self._begun_twice, False
        if own is None and not twice:
            return
        try:
            if own is not None:
                self._abort(own)
            if twice:
                lane = self._plain()
                for key, upload in all_uploads(lambda after: self._patience.run(lambda: lane.uploads(after))):
                    if key == self.key:
                        self._abort(upload)
        except (Blocked, Stopped, KeyRefused, KeyTaken, NotSupported) as error:
            _log.warning("parts of %s may be left in the bucket until the next run: %s", self.key, error)

    def _abort(self, upload: str) -> None:
        with contextlib.suppress(NoSuchUpload):
            self._patience.run(lambda: self._plain().abort(self.key, upload))


def _is_md5(part: "Part", spool: Bytes) -> bool:
    md5 = hashlib.md5(usedforsecurity=False)
    for block in spool.blocks():
        md5.update(block)
    return part.etag == md5.hexdigest()
