"""Archives: their members, each read as the source that it is, under the rules that keep a hostile archive harmless.

What is the same for zip, tar, tar.gz and gz stands here: paths, limits, what is passed over, and who is told at fault.
"""

import importlib
import re
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from migrator.errors import ReasonCode, Refusal
from migrator.formats.archive_member import Member, MemberKind, MemberSource, Meter
from migrator.formats.archive_scratch import Scratch
from migrator.formats.interface import Reader, Sink, Source
from migrator.names import Format, format_of

MAX_DEPTH = 8
_MODULES = {
    Format.ZIP: "migrator.formats.archive_zip",
    Format.TAR: "migrator.formats.archive_tar",
    Format.TAR_GZ: "migrator.formats.archive_tar",
    Format.GZ: "migrator.formats.archive_gzip",
}
_WINDOWS_ABSOLUTE = re.compile(r"[A-Za-z]:[\\/]|\\\\")
# Damaged bytes may look like a fault of the text: these refusals are believed only of bytes that are known as whole.
_OF_CONTENT = frozenset(
    {
        ReasonCode.MALFORMED_CSV,
        ReasonCode.MALFORMED_JSON,
        ReasonCode.MALFORMED_SQL,
        ReasonCode.NOT_TEXT,
        ReasonCode.EMPTY_FILE,
    }
)


@dataclass(frozen=True, slots=True)
class Unpacking:
    """What all levels of one source file share while it is unpacked.

    Attributes:
        meter: Counts and limits what comes out.
        scratch: Where bytes wait that must be read twice.
        depth: How deep the archive is that is being read; the source file is 1.
    """

    meter: Meter
    scratch: Scratch
    depth: int = 1


ReaderOf = Callable[[Format, Unpacking], Reader]
ReaderOfFormat = Callable[[Format], Reader]


class _Step(NamedTuple):
    """What is to be done with a member: read it, or, without a reader, only see that it is whole."""

    member: Member
    path: str
    reader: Reader | None


def archive_reader(file_format: Format, unpacking: Unpacking, reader_of: ReaderOf) -> Reader:
    """The reader of an archive format.

    Args:
        file_format: zip, tar, tar.gz or gz.
        unpacking: Shared limits, and how deep this archive is.
        reader_of: Finds the reader of a member's format.
    """
    return partial(_read, file_format, unpacking, reader_of)


def _read(file_format: Format, unpacking: Unpacking, reader_of: ReaderOf, source: Source, sink: Sink) -> None:
    if unpacking.depth > MAX_DEPTH:
        raise Refusal(ReasonCode.UNSAFE_ARCHIVE, f"archives lie more than {MAX_DEPTH} deep in each other")
    opened: Generator[Member | Iterable[Member], None, None] = importlib.import_module(_MODULES[file_format]).members(
        source, file_format, unpacking
    )
    deeper = replace(unpacking, depth=unpacking.depth + 1)
    rules = _Rules(lambda member_format: reader_of(member_format, deeper))
    counted = 0
    with closing(opened):
        try:
            for found in opened:
                for step in rules.steps(found):
                    if step.path:
                        counted += _take(step, unpacking, sink)
        except Refusal as refusal:
            if refusal.code in _OF_CONTENT:
                for _ in opened:
                    unpacking.meter.check_stop()
            raise
    if not counted:
        raise Refusal(ReasonCode.EMPTY_FILE, "the archive has no file that counts")


def _take(step: _Step, unpacking: Unpacking, sink: Sink) -> int:
    """Read one member; how many count of it, one or none."""
    member, path, reader = step
    source = MemberSource(member, path.rpartition("/")[2], unpacking.meter, unpacking.scratch)
    try:
        if reader is not None:
            _convert(reader, source, sink.member(path))
        source.finish()
    except Refusal as refusal:
        raise refusal.within(member.path) from refusal
    finally:
        source.close()
    return int(reader is not None)


def _convert(reader: Reader, source: MemberSource, sink: Sink) -> None:
    if source.size == 0:
        raise Refusal(ReasonCode.EMPTY_FILE, "the file has no bytes")
    source.defuse()
    try:
        reader(source, sink)
    except Refusal as refusal:
        if refusal.code in _OF_CONTENT:
            source.finish()
        raise


class _Rules:
    """Judges the members of one archive by their paths and kinds, in their order."""

    def __init__(self, reader_of: ReaderOfFormat) -> None:
        self._reader_of = reader_of
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def steps(self, found: Member | Iterable[Member]) -> Iterable[_Step]:
        """What is to be done with a member, or with each that an archive lists at once: they are judged as a whole."""
        if isinstance(found, Member):
            return [self.step(found)]
        for member in found:
            self.step(member)
        # Not kept since then, for there may be a million of them.
        again = _Rules(self._reader_of)
        self._files.clear()
        return (again.step(member) for member in found)

    def step(self, member: Member) -> _Step:
        """What is to be done with `member`; a path of no characters means nothing at all.

        Raises:
            Refusal: `unsafe-archive`, `unsupported-format`, `unsupported-name`.
        """
        try:
            return self._step(member)
        except Refusal as refusal:
            raise refusal.within(member.path) from refusal

    def _step(self, member: Member) -> _Step:
        segments = cleaned(member.path)
        path = "/".join(segments)
        if member.kind is MemberKind.SPECIAL:
            raise Refusal(ReasonCode.UNSAFE_ARCHIVE, f"it is {member.what}, not a file")
        is_folder = member.kind is MemberKind.FOLDER
        if not segments and not is_folder:
            raise Refusal(ReasonCode.UNSUPPORTED_NAME, "it has no name")
        if path in self._files or (not is_folder and path in self._folders):
            raise Refusal(ReasonCode.UNSAFE_ARCHIVE, f"two members have the path {path!r}")
        (self._folders if is_folder else self._files).add(path)
        if is_folder:
            return _Step(member, "", None)
        if passed_over(segments):
            return _Step(member, path, None)
        return _Step(member, path, self._reader_of(format_of(segments[-1])))


def cleaned(path: str) -> list[str]:
    """The segments of a member's path, without `.` and empty ones.

    Raises:
        Refusal: `unsafe-archive` where the path is absolute or leads out of the archive, in the manner of any system.
    """
    if path.startswith("/") or _WINDOWS_ABSOLUTE.match(path):
        raise Refusal(ReasonCode.UNSAFE_ARCHIVE, "its path is absolute")
    if ".." in path.replace("\\", "/").split("/"):
        raise Refusal(ReasonCode.UNSAFE_ARCHIVE, "its path leads out of the archive by `..`")
    if "\0" in path:
        raise Refusal(ReasonCode.UNSUPPORTED_NAME, "its path holds a NUL character")
    return [segment for segment in path.split("/") if segment not in {"", "."}]


def passed_over(segments: list[str]) -> bool:
    """Whether a member is none of the data: hidden, or of the folder where macOS keeps its attributes."""
    return (segments[0] == "__MACOSX" and len(segments) > 1) or any(segment.startswith(".") for segment in segments)
