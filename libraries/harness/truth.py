"""What the mock files hold and where it belongs, told by who made them: the truth a migrator's work is held against.

The rules of names are written here a second time on purpose: a truth that asked the migrator would agree with all of
its mistakes.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

OBJECT_SUFFIX = ".parquet"
REASON_SUFFIX = ".reason.json"
LONGEST_NAME = 255
LONGEST_METADATA_PATH = 1800

_FORMATS = {
    ".csv": "csv",
    ".json": "json",
    ".ndjson": "json",
    ".jsonl": "json",
    ".txt": "txt",
    ".sql": "sql",
    ".zip": "zip",
    ".tar.gz": "tar.gz",
    ".tgz": "tar.gz",
    ".tar": "tar",
    ".gz": "gz",
}
FORMATS = frozenset(_FORMATS.values())
_ARCHIVES = frozenset({"zip", "tar", "tar.gz", "gz"})


class State(StrEnum):
    """How a file must end: done, failed, or either, where the S3 server decides what it takes."""

    DONE = "done"
    FAILED = "failed"
    EITHER = "either"


class Reading(StrEnum):
    """Which columns of parquet may stand for a column of the source."""

    WRITTEN = "written"
    """csv and sql: the text as it is written, or a type in which every value comes back unchanged."""
    PLAIN = "plain"
    """Text and nothing else."""
    NUMBER = "number"
    """Integers and nothing else."""
    JSON = "json"
    """Typed by value, nested or not, or JSON text; plain text where all present values are strings."""


@dataclass(frozen=True)
class Binary:
    """A binary literal of a dump: its bytes, and the text as it is written there."""

    value: bytes
    written: str


Json = None | bool | int | Decimal | str | Sequence["Json"] | Mapping[str, "Json"]
"""A value of a JSON file. Numbers are exact; a number with a point or exponent is a Decimal."""

Cell = Json | Binary
"""A value of a source. In csv and sql text stands as it is written; a bool is the literal TRUE or FALSE of a dump."""


@dataclass(frozen=True)
class ExpectedColumn:
    """A column by name, with the values of all rows in order; None is null or missing."""

    name: str
    reading: Reading
    values: Sequence[Cell]

    @cached_property
    def all_strings(self) -> bool:
        """Whether every present value is a string in the source."""
        return all(isinstance(value, str) for value in self.values if value is not None)

    @cached_property
    def without_values(self) -> bool:
        """Whether there is no value at all, so that any type will do."""
        return all(value is None for value in self.values)

    @cached_property
    def has_fraction(self) -> bool:
        """Whether some value is written with a point or an exponent, as float64 asks of one at least."""
        return any(isinstance(value, str) and not _NO_FRACTION.issuperset(value) for value in self.values)


_NO_FRACTION = frozenset("+-0123456789")


@dataclass(frozen=True)
class ExpectedObject:
    """One parquet object that must be made of a file.

    Args:
        key: Its key without the prefix of the run.
        source_path: Percent-encoded, one `!` for each level of archives.
        rows: How many.
        columns: In order; None where whatever columns are right (no rows of JSON).
    """

    key: str
    source_path: str
    rows: int
    columns: tuple[ExpectedColumn, ...] | None


@dataclass(frozen=True)
class MockFile:
    """A file of the test data and how it must end.

    Args:
        path: Relative to the folder, with `/`; bytes that are not UTF-8 as `surrogateescape` gives them.
        codes: The reason codes that are right where it fails; several where several apply.
        objects: What must be in the bucket when it is done.
    """

    path: str
    size: int
    sha256: str
    mode: int
    mtime_ns: int
    state: State
    codes: frozenset[str]
    objects: tuple[ExpectedObject, ...]

    @property
    def format(self) -> str:
        """What its extension stands for."""
        return format_of(self.path)

    @property
    def kind(self) -> str:
        """`regular` or `archive`."""
        return kind_of(self.format)


@dataclass(frozen=True)
class MockSet:
    """The files of one folder of test data, as they were made from a seed."""

    root: Path
    seed: int
    files: tuple[MockFile, ...]

    def file(self, path: str) -> MockFile:
        """The file at `path`.

        Raises:
            KeyError: There is none.
        """
        return self._by_path[path]

    def ending(self, *states: State | str) -> tuple[MockFile, ...]:
        """The files that must end in one of `states`."""
        return tuple(file for file in self.files if file.state in states)

    @property
    def objects(self) -> tuple[ExpectedObject, ...]:
        """All objects of the files that must be done."""
        return tuple(each for file in self.ending(State.DONE) for each in file.objects)

    @property
    def keys(self) -> frozenset[str]:
        """The keys of all objects of the files that must be done, without the prefix of the run."""
        return frozenset(each.key for each in self.objects)

    @property
    def codes(self) -> frozenset[str]:
        """Every reason code that some file must fail with."""
        return frozenset(code for file in self.ending(State.FAILED) for code in file.codes)

    def only(self, paths: Iterable[str]) -> "MockSet":
        """The same set, of no more than the files at `paths`, in its own order."""
        wanted = set(paths)
        if unknown := wanted - self._by_path.keys():
            raise KeyError(f"no mock file is named {min(unknown)!r}")
        return MockSet(self.root, self.seed, tuple(file for file in self.files if file.path in wanted))

    @cached_property
    def _by_path(self) -> dict[str, MockFile]:
        return {file.path: file for file in self.files}


def format_of(path: str) -> str:
    """The format that a path's extension stands for, whatever its case; `unknown` for all others."""
    return _FORMATS.get(_extension(_name(path)).lower(), "unknown")


def kind_of(file_format: str) -> str:
    """`archive` for zip, tar, tar.gz and gz, else `regular`."""
    return "archive" if file_format in _ARCHIVES else "regular"


def table_segment(table: str) -> str:
    """The last segment of the key of a dump's table, without `.parquet`."""
    return "%5Fstatements" if table == "_statements" else table.replace("%", "%25").replace("/", "%2F")


def source_path(*levels: str) -> str:
    """The source's path and that of the member on each level, percent-encoded (RFC 3986) and joined by `!`."""
    return "!".join(quote(level.encode(errors="surrogateescape"), safe="/") for level in levels)


def clean_member(path: str) -> str:
    """A member's path as it stands in keys: `.` segments and empty ones dropped."""
    return "/".join(segment for segment in path.split("/") if segment not in {"", "."})


def numbered(path: str, number: int) -> str:
    """The path whose name was taken: `~number` before the extensions (`n~2.csv.gz`, `a.b~2.csv`, `noext~2`)."""
    name = _name(path)
    tail = _extension(name)
    if tail.lower() == ".gz":
        tail = _extension(name[: -len(tail)]) + tail
    if not tail and "." in name[1:]:
        tail = "." + name.rpartition(".")[2]
    stem = path[: len(path) - len(tail)] if tail else path
    return f"{stem}~{number}{tail}"


def reason_path(path: str) -> str:
    """The path of a failed file's reason: the name with `.reason.json`, cut where a file system cannot hold it."""
    name = _name(path)
    raw = name.encode(errors="surrogateescape")
    if len(raw) + len(REASON_SUFFIX) <= LONGEST_NAME:
        return path + REASON_SUFFIX
    return path[: len(path) - len(name)] + cut_reason_head(raw) + cut_reason_tail(raw)


def cut_reason_tail(name: bytes) -> str:
    """What the cut reason name of a long file name must end in; how much stands before it is free."""
    return f"~{hashlib.sha256(name).hexdigest()[:12]}{REASON_SUFFIX}"


def cut_reason_head(name: bytes) -> str:
    """As much of a long file name as fits before the tail, in whole characters."""
    head = name[: LONGEST_NAME - len(cut_reason_tail(name))]
    return head.decode(errors="ignore")


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _extension(name: str) -> str:
    """The known extension as it is written, the longest first; a name that is nothing else has none."""
    lower = name.lower()
    for extension in sorted(_FORMATS, key=len, reverse=True):
        if lower.endswith(extension) and len(name) > len(extension):
            return name[len(name) - len(extension) :]
    return ""
