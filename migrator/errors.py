"""What can go wrong, told apart by who is to blame: the file, the target, or the place where the migrator runs.

A `Refusal` is a file's own fault and sends it to `failed/`. Everything else is no file's fault and leaves it pending.
"""

from enum import IntEnum, StrEnum


class ReasonCode(StrEnum):
    """Why a file is failed."""

    MALFORMED_CSV = "malformed-csv"
    MALFORMED_JSON = "malformed-json"
    MALFORMED_SQL = "malformed-sql"
    NOT_TEXT = "not-text"
    EMPTY_FILE = "empty-file"
    UNSUPPORTED_FORMAT = "unsupported-format"
    CORRUPT_ARCHIVE = "corrupt-archive"
    ENCRYPTED_ARCHIVE = "encrypted-archive"
    UNSAFE_ARCHIVE = "unsafe-archive"
    NAME_TAKEN = "name-taken"
    UNSUPPORTED_NAME = "unsupported-name"
    UPLOAD_REJECTED = "upload-rejected"
    SOURCE_UNREADABLE = "source-unreadable"
    SOURCE_VANISHED = "source-vanished"


class ExitCode(IntEnum):
    """How a command ends."""

    DONE = 0
    DEFECT = 1
    USAGE = 2
    FAILED_FILES = 3
    WORK_PENDING = 4
    LOCKED = 5
    INTERRUPTED = 130
    TERMINATED = 143


class Refusal(Exception):
    """A file cannot be migrated, by its own fault.

    Args:
        code: The reason code that stands in state and reason file.
        message: Where and what, in words that a person can act on: "line 7: 4 fields where the header has 3".
    """

    def __init__(self, code: ReasonCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def within(self, member: str) -> "Refusal":
        """The same refusal, told of the archive that holds `member`."""
        return Refusal(self.code, f"member {member!r}: {self.message}")

    def __reduce__(self) -> tuple[type["Refusal"], tuple[ReasonCode, str]]:
        return Refusal, (self.code, self.message)


class UsageError(Exception):
    """The command line is wrong; the message says what, and what would be right."""


class Blocked(Exception):
    """The world refuses, and no file is to blame: the run ends with work pending."""


class TargetUnavailable(Blocked):
    """The target is unreachable, hung, full or overloaded: worth another try until `--retry-for` is over."""


class TargetRefused(Blocked):
    """The target refuses everybody (credentials, no such bucket): another try would end the same way."""


class KeyRefused(Exception):
    """The target refuses this one key or object (403, EntityTooLarge, another 4xx)."""


class KeyTaken(Exception):
    """The key holds an object already."""


class SourceChanged(Blocked):
    """A file's size or modification time changed under the run; it stays pending."""


class StateUnusable(Blocked):
    """State, lock or folders cannot be read or written; the message names the path and the remedy."""


class FolderRefuses(StateUnusable):
    """One folder lets none of its files be moved; those of other folders can go on."""


class Locked(Exception):
    """Another run holds this source."""


class Stopped(Exception):
    """A graceful stop was asked for, and this work was abandoned for it."""
