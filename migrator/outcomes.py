"""What workers are given and what they give back: a task, and the one outcome that each of their steps ends in."""

from dataclasses import dataclass

from migrator.conversion import Conversion
from migrator.entries import Entry, Intent, StoredObject
from migrator.errors import Refusal


@dataclass(frozen=True, slots=True)
class Task:
    """A file that is in progress.

    `twins` are SHA-256 and id of the done files that arrived at the same path; `intents` are keys that may hold objects
    of this file, and `all_known` says that it makes no others.
    """

    entry: Entry
    twins: dict[str, int]
    intents: tuple[Intent, ...]
    all_known: bool


@dataclass(frozen=True, slots=True)
class Converted:
    """Every object is staged, none is in the bucket; `stored` are those that an earlier attempt put there."""

    task: Task
    conversion: Conversion
    stored: dict[str, StoredObject]

    @property
    def sha256(self) -> str:
        """The file's SHA-256 in hex."""
        return self.conversion.sha256

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of its objects."""
        return tuple(staged.key for staged in self.conversion.objects)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is told of a `Converted` whose objects are staged in another process."""

    task: Task
    sha256: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """Every object of the file is in the bucket and confirmed."""

    task: Task
    sha256: str
    objects: tuple[StoredObject, ...]


@dataclass(frozen=True, slots=True)
class Twin:
    """The file's bytes were done before, as the entry with id `twin`."""

    task: Task
    sha256: str
    twin: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The file cannot be migrated by its own fault, and no object of it is in the bucket.

    `held`: the target refused it, which is the file's fault only if the target takes another.
    """

    task: Task
    refusal: Refusal
    sha256: str | None
    held: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """The file stays pending; `reason` tells why if that is worth a line, `changed` that it changed under the run."""

    task: Task
    reason: str = ""
    changed: bool = False
    keep_intents: bool = True
    error: BaseException | None = None


Outcome = Converted | Kept | Stored | Twin | Refused | Left
