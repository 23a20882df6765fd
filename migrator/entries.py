"""What the state knows of a file, shared by all who read or write it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from migrator.names import Format, kind_of


class FileState(StrEnum):
    """Where a file stands on its way."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object in the bucket that was made of a file; `size` in bytes, `version` where the bucket is versioned."""

    key: str
    rows: int
    size: int
    etag: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """A key that an attempt was about to put; `sha256` is that of the source file which the attempt had read."""

    key: str
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One arrival of a file.

    `path` is where it arrived and `place` where it is, both relative to SOURCE with `/`, undecodable bytes as
    surrogates; `place` is None once it vanished. `destination` is a place that it is on its way to.
    """

    id: int
    path: str
    place: str | None
    format: Format
    size: int
    mtime_ns: int | None
    sha256: str | None = None
    state: FileState = FileState.PENDING
    attempts: int | None = 0
    discovered_at: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    destination: str | None = None

    def as_json(self, objects: tuple[StoredObject, ...] = ()) -> dict[str, Any]:
        """The entry as `status --json` prints it."""
        done = self.state is FileState.DONE
        failed = self.state is FileState.FAILED
        return {
            "path": self.path,
            "place": self.place,
            "kind": kind_of(self.format).value,
            "format": self.format.value,
            "size": self.size,
            "sha256": self.sha256,
            "state": self.state.value,
            "attempts": self.attempts,
            "discovered_at": self.discovered_at,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "objects": [
                {"key": stored.key, "rows": stored.rows, "size": stored.size, "etag": stored.etag} for stored in objects
            ]
            if done
            else [],
            "error": {"code": self.error_code, "message": self.error_message} if failed else None,
        }


def now() -> str:
    """The present as ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that the inventory found; `size` in bytes."""

    path: str
    size: int
    mtime_ns: int
