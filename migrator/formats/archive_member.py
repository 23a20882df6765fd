"""A member of an archive as a source of its own: metered as it unpacks, read again where need be, drained at last."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import BinaryIO, cast

from migrator.errors import ReasonCode, Refusal, Stopped
from migrator.formats.archive_scratch import Bytes, Scratch, Spool
from migrator.formats.archive_streams import BLOCK, ByteStream

MAX_RATIO = 200


class MemberKind(Enum):
    """What a member is, as far as it matters."""

    FILE = auto()
    FOLDER = auto()
    SPECIAL = auto()


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of an archive, as its format finds it.

    Attributes:
        path: As it is written there.
        kind: File, folder, or something that no data can be taken from.
        open: A new stream of its bytes.
        size: Unpacked bytes, as the archive says; None where it does not say.
        packed: Bytes that it takes up in the archive; None where nobody can tell.
        what: For a special member, what it is: "a symbolic link".
        once: `open` works a single time and before the next member is asked for.
        proved: `open`'s bytes need not be read for the archive to be known as whole.
        looks_hollow: Where no size is said: whether its beginning unpacks like a bomb's.
    """

    path: str
    kind: MemberKind
    open: Callable[[], ByteStream]
    size: int | None = None
    packed: int | None = None
    what: str = ""
    once: bool = False
    proved: bool = False
    looks_hollow: Callable[[], bool] | None = None


class Meter:
    """Counts what comes out of one source file, over all its levels.

    Args:
        limit: Unpacked bytes that are always allowed.
        source_size: Size of the source file, in bytes.
        stop: Whether a graceful stop is asked for.
    """

    def __init__(self, limit: int, source_size: int, stop: Callable[[], bool]) -> None:
        self._limit = limit
        self._source_size = source_size
        self._stop = stop
        self._total = 0

    def check_stop(self) -> None:
        """Raise `Stopped` where a stop is asked for."""
        if self._stop():
            raise Stopped

    def add(self, count: int) -> None:
        """`count` bytes more have come out.

        Raises:
            Refusal: `unsafe-archive` where it is too much against the source file.
            Stopped: where a stop is asked for.
        """
        self.check_stop()
        self._total += count
        self.check(self._total, self._source_size, "all members together unpack")

    def forbids(self, unpacked: int, packed: int | None) -> bool:
        """Whether `unpacked` bytes more would be too much, for a member or for all of them."""
        total = self._total + unpacked
        return self._is_bomb(unpacked, packed) or self._is_bomb(total, self._source_size)

    def check(self, unpacked: int, packed: int | None, who: str) -> None:
        """Refuse `unpacked` bytes out of `packed` where that is a bomb's measure."""
        if self._is_bomb(unpacked, packed):
            raise Refusal(
                ReasonCode.UNSAFE_ARCHIVE,
                f"{who} to more than {self._limit} bytes and more than {MAX_RATIO} times the {packed} packed bytes; "
                "if it is meant so, give a higher --unpack-limit",
            )

    def _is_bomb(self, unpacked: int, packed: int | None) -> bool:
        return packed is not None and unpacked > self._limit and unpacked > MAX_RATIO * packed


class MemberSource:
    """A member's bytes, that can be read from their start as often as needed.

    A member that its archive can find again is opened again; the bytes of another one are kept while they are read.
    """

    def __init__(self, member: Member, name: str, meter: Meter, scratch: Scratch) -> None:
        self._member = member
        self._name = name
        self._meter = meter
        self._scratch = scratch
        self._seen = 0
        self._complete = False
        self._kept: _Replay | None = None
        self._streams: list[ByteStream] = []
        self._last: _Metered | None = None

    @property
    def name(self) -> str:
        """The last segment of the member's path."""
        return self._name

    @property
    def path(self) -> Path | None:
        """None: no file holds just these bytes."""
        return None

    @property
    def size(self) -> int | None:
        """Unpacked bytes, as the archive says."""
        return self._member.size

    def open(self) -> BinaryIO:
        """A new stream from the first byte on."""
        self._last = _Metered(self, self._again().stream() if self._member.once else self._opened())
        return cast("BinaryIO", self._last)

    def open_forward(self) -> BinaryIO:
        """The only stream that is ever opened; nothing is kept for another one."""
        if self._kept is not None:
            return self.open()
        self._last = _Metered(self, self._opened())
        return cast("BinaryIO", self._last)

    def everywhere(self) -> Bytes:
        """All bytes, to be read anywhere; whoever asks closes them."""
        with self.open_forward() as stream:
            spool = self._scratch.spool()
            try:
                return spool.fill(stream)
            except BaseException:
                spool.close()
                raise

    def defuse(self) -> None:
        """Unpack what promises to be a bomb to nowhere first: a format might gather all of it as one record.

        Raises:
            Refusal: `unsafe-archive`, or `corrupt-archive` where less came than was promised.
        """
        size = self._member.size
        hollow = self._member.looks_hollow
        if self._meter.forbids(size, self._member.packed) if size is not None else hollow is not None and hollow():
            self.finish()

    def finish(self) -> None:
        """Read what nobody read, so that a bad checksum or a bomb shows.

        Raises:
            Refusal: `corrupt-archive` or `unsafe-archive`.
        """
        if self._complete or self._member.proved:
            return
        if self._kept is not None:
            rest = _Metered(self, self._kept.live, self._seen)
        else:
            rest = self._last or _Metered(self, self._opened())
        while rest.some(BLOCK):
            pass

    def close(self) -> None:
        """Forget what was kept."""
        for stream in self._streams:
            stream.close()
        if self._kept is not None:
            self._kept.close()

    def advance(self, position: int, count: int) -> None:
        """A stream has come to `position` by `count` bytes, none at its end; only what is new is metered."""
        if not count:
            self._complete = True
        fresh = position - self._seen
        if fresh > 0:
            self._seen = position
            self._meter.add(fresh)
            self._meter.check(position, self._member.packed, "it unpacks")
        else:
            self._meter.check_stop()

    def _opened(self) -> ByteStream:
        stream = self._member.open()
        self._streams.append(stream)
        return stream

    def _again(self) -> "_Replay":
        if self._kept is None:
            self._kept = _Replay(self._opened(), self._scratch.spool())
        return self._kept


class _Replay:
    """A stream that can be read once, kept while it is read."""

    def __init__(self, live: ByteStream, spool: Spool) -> None:
        self.live = live
        self._spool = spool
        # An abandoned reader's thread may still be reading when the next stream is opened.
        self._lock = threading.Lock()

    def stream(self) -> ByteStream:
        return _ReplayStream(self)

    def read_at(self, offset: int, size: int) -> bytes:
        with self._lock:
            if offset < self._spool.size:
                return self._spool.read_at(offset, size)
            data = self.live.some(size)
            self._spool.append(data)
            return data

    def close(self) -> None:
        self._spool.close()


class _ReplayStream(ByteStream):
    def __init__(self, replay: _Replay) -> None:
        self._replay = replay
        self._offset = 0

    def some(self, size: int) -> bytes:
        data = self._replay.read_at(self._offset, min(size, BLOCK))
        self._offset += len(data)
        return data


class _Metered(ByteStream):
    """A member's stream that tells its source how far it has come.

    Closing it leaves the stream beneath open: the source drains that, and closes it.
    """

    def __init__(self, source: MemberSource, stream: ByteStream, position: int = 0) -> None:
        self._source = source
        self._stream = stream
        self._position = position

    def some(self, size: int) -> bytes:
        data = self._stream.some(size)
        self._position += len(data)
        self._source.advance(self._position, len(data))
        return data
