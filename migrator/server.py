"""One bucket by two lanes: each method is one attempt, and decides nothing about trying again."""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from isal import isal_zlib

from migrator.access import Access, resolve
from migrator.errors import KeyRefused, KeyTaken
from migrator.lanes import Stored, Tail
from migrator.target_errors import Missing, NotSupported, Outage

if TYPE_CHECKING:
    from migrator.fast_lane import FastLane
    from migrator.list_lane import ListLane
    from migrator.plain_lane import PlainLane

_log = logging.getLogger(__name__)


class Server:
    """The lanes, made when they are first needed, and what both need together.

    Args:
        bucket: The bucket's name.
        endpoint_url: From the command line; None takes it from the environment.
    """

    def __init__(self, bucket: str, endpoint_url: str | None) -> None:
        self._bucket = bucket
        self._endpoint_url = endpoint_url
        self._lock = threading.RLock()
        self._access: Access | None = None
        self._fast: FastLane | None = None
        self._plain: PlainLane | None = None
        self._conditional = True

    def put(self, key: str, body: bytes | bytearray, metadata: Mapping[str, str]) -> Stored:
        """Store an object in one request, unless its key holds one.

        Raises:
            KeyTaken, KeyRefused, TargetRefused, Outage: As the server's answer means.
        """
        from migrator import fast_lane

        quick = len(body) <= fast_lane.MAX_BYTES and fast_lane.speaks(key)
        lane = self._fast_lane() if quick else self.plain()
        return self.unless_taken(key, lambda conditional: lane.put(key, body, metadata, conditional=conditional))

    def unless_taken(self, key: str, put: Callable[[bool], Stored]) -> Stored:
        """Put by the server's own condition; where it has none, look first.

        Args:
            key: Where the object goes.
            put: Stores it, with the condition or without.
        """
        if self._conditional:
            try:
                return put(True)
            except NotSupported as error:
                _log.warning("the server cannot put on a condition, so each key is looked up first: %s", error)
        try:
            self.tail(key, 1)
        except Missing:
            stored = put(False)
            # Only now is it the condition that the server cannot do, and not the put.
            self._conditional = False
            return stored
        raise KeyTaken(f"put {key}: the key holds an object already")

    def own(self, key: str, size: int, crc: int, etag: str | None) -> Stored | None:
        """What the key holds, where it is the object that an earlier attempt has sent; else None.

        Args:
            key: The object's key.
            size: Its size in bytes.
            crc: The CRC-32 of its bytes.
            etag: The ETag that it should have, where that is known.
        """
        try:
            tail = self.tail(key, 1)
            if tail.size != size:
                return None
            return tail.stored if tail.stored.etag == etag or self._crc(key, tail.stored) == crc else None
        except (Missing, KeyRefused):
            return None

    def confirm(self, key: str, size: int, crc: int | None, stored: Stored) -> None:
        """Hold what the server stored against what was sent, where its ETag does not tell.

        Args:
            key: The object's key.
            size: How many bytes were sent.
            crc: Their CRC-32, where nothing has confirmed it yet.
            stored: What the server said.

        Raises:
            Outage: It stored something else, which is taken back.
        """
        found, _ = self.plain().head(key, stored.version)
        if found != size or (crc is not None and self._crc(key, stored) != crc):
            self.plain().delete(key, stored.version)
            raise Outage(f"put {key}: the server stored other bytes than were sent")

    def tail(self, key: str, length: int) -> Tail:
        """An object's last `length` bytes (at most).

        Raises:
            Missing: The key holds nothing.
        """
        from migrator import fast_lane

        tail = self._fast_lane().tail(key, length) if fast_lane.speaks(key) else None
        return tail if tail is not None else self.plain().tail(key, length)

    def _crc(self, key: str, stored: Stored) -> int:
        crc = 0
        for block in self.plain().content(key, stored.version):
            crc = isal_zlib.crc32(block, crc)
        return crc

    def _fast_lane(self) -> "FastLane":
        if self._fast is None:
            with self._lock:
                if self._fast is None:
                    from migrator.fast_lane import FastLane

                    self._fast = FastLane(self._bucket, self._resolved())
        return self._fast

    def plain(self) -> "PlainLane":
        """The lane that can do everything."""
        if self._plain is None:
            with self._lock:
                if self._plain is None:
                    from migrator.plain_lane import PlainLane

                    self._plain = PlainLane(self._bucket, self._resolved())
        return self._plain

    def lister(self) -> "ListLane | PlainLane":
        """The lane that lists: the one that is made fastest."""
        from migrator import list_lane

        access = self._resolved()
        return list_lane.ListLane(self._bucket, access) if list_lane.serves(access) else self.plain()

    def _resolved(self) -> Access:
        if self._access is None:
            self._access = resolve(self._endpoint_url)
        return self._access
