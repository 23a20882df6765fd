"""One look at everything, and how the truth's files find their entries in the state."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from harness.bucket import Version
from harness.folders import FileFacts
from harness.status import RecordedFile, Status
from harness.truth import MockFile, MockSet, State

UNFINISHED = ("pending", "in_progress")
VANISHED = "source-vanished"

P = TypeVar("P", RecordedFile, MockFile)


@dataclass(frozen=True)
class Difference:
    """Where two books disagree.

    Attributes:
        where: The path or key.
        expected: What the truth says.
        seen: What is there.
    """

    where: str
    expected: str
    seen: str

    def __str__(self) -> str:
        """One sentence for a ticket."""
        return f"{self.where}: expected {self.expected}, seen {self.seen}"


@dataclass
class Allowances:
    """What a scenario did itself, so that the books accept it, and hold it to being left alone.

    Attributes:
        bystanders: What lies in the source and is no migrator's business, by relative path, as `folders.describe`
            tells it: names that start with a dot, links, sockets, files that somebody put into `done/` or `failed/`.
        strangers: Objects that somebody else put under the prefix: key → ETag.
        revised: Keys of objects that a run had to take back, so that older versions and delete markers are right.
        rebuilt: The state was rebuilt, so that attempts and times that nobody knows any more are null.
    """

    bystanders: dict[str, str] = field(default_factory=dict)
    strangers: dict[str, str] = field(default_factory=dict)
    revised: set[str] = field(default_factory=set)
    rebuilt: bool = False


@dataclass(frozen=True)
class Books:
    """One look at everything.

    Attributes:
        mock: The truth; a path that arrived several times stands there as often.
        source: The source folder.
        folders: Every regular file in it by relative path.
        status: What the state says.
        versions: Everything in the bucket.
        unfinished_uploads: Keys of multipart uploads that nobody completed.
        strays: What lies about in the migrator's own folder.
        prefix: Where in the bucket the keys begin, with its closing slash; may be empty.
        allowed: What the scenario did itself.
    """

    mock: MockSet
    source: Path
    folders: Mapping[str, FileFacts]
    status: Status
    versions: tuple[Version, ...]
    unfinished_uploads: tuple[str, ...]
    strays: tuple[str, ...]
    prefix: str
    allowed: Allowances = field(default_factory=Allowances)

    def record_of(self, file: MockFile) -> RecordedFile | None:
        """The file's entry in the state, where the state has as many entries of its path as there were arrivals."""
        return self._records.get(id(file))

    def arrivals(self, path: str) -> tuple[MockFile, ...]:
        """The files that arrived at a path, in order."""
        return self._arrivals.get(path, ())

    def expected_keys(self, file: MockFile) -> list[str]:
        """The keys of a done file's objects."""
        return [self.prefix + each.key for each in file.objects]

    @cached_property
    def recorded(self) -> dict[str, tuple[RecordedFile, ...]]:
        """The state's entries by path."""
        return _by_path(self.status.files)

    @cached_property
    def _arrivals(self) -> dict[str, tuple[MockFile, ...]]:
        return _by_path(self.mock.files)

    @cached_property
    def _records(self) -> dict[int, RecordedFile]:
        """Each file's entry by the file's identity: equal files may arrive twice."""
        found: dict[int, RecordedFile] = {}
        for path, files in self._arrivals.items():
            records = list(self.recorded.get(path, ()))
            if len(records) != len(files):
                continue
            waiting = list(files)
            # The best fit first; what is left over at the end belongs together, and its differences are told.
            for level in range(4, -1, -1):
                for file in list(waiting):
                    record = next((each for each in records if self._fit(file, each) >= level), None)
                    if record:
                        found[id(file)] = record
                        waiting.remove(file)
                        records.remove(record)
        return found

    def _fit(self, file: MockFile, record: RecordedFile) -> int:
        if record.sha256 not in {file.sha256, None} or record.size != file.size:
            return 0
        right = record.state in right_states(file) or record.state in UNFINISHED
        lies = self.folders.get(record.place or "") == facts_of(file)
        return 1 + right + lies + (record.sha256 == file.sha256)


def _by_path(found: Iterable[P]) -> dict[str, tuple[P, ...]]:
    several: dict[str, list[P]] = {}
    for each in found:
        several.setdefault(each.path, []).append(each)
    return {path: tuple(those) for path, those in several.items()}


def facts_of(file: MockFile) -> FileFacts:
    """How the file must lie there."""
    return FileFacts(file.size, file.sha256, file.mode, file.mtime_ns)


def right_states(file: MockFile) -> set[str]:
    """The states in which the file may end."""
    return {"done", "failed"} if file.state is State.EITHER else {file.state.value}


def vanished(record: RecordedFile) -> bool:
    """Whether the state says that there is no file any more, so that it alone tells of it."""
    return record.state == "failed" and record.error_code == VANISHED


def shown(text: str) -> str:
    """A path or key that can be printed."""
    return text.encode(errors="backslashreplace").decode()


def one_of(codes: frozenset[str]) -> str:
    """Reason codes in words."""
    return " or ".join(sorted(codes))
