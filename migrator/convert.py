"""One source file becomes staged parquet objects: a function of (file, stage, options) that knows no state or folder.

Nothing is committed here; whatever goes wrong, all that was begun is aborted.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from migrator.conversion import Conversion
from migrator.errors import ReasonCode, Refusal, Stopped
from migrator.formats.file_source import FileSource, source_error
from migrator.formats.registry import reader_of
from migrator.names import Format, Kind, checked_key, key_base, kind_of

if TYPE_CHECKING:
    from migrator.formats.archive import Unpacking
    from migrator.objects import Stage


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as the inventory found it.

    Attributes:
        root: SOURCE.
        path: Relative to it, with `/`; bytes that are not UTF-8 as lone surrogates.
        size: In bytes.
        mtime_ns: Modification time, nanoseconds since 1970.
        format: What its name says it is.
    """

    root: Path
    path: str
    size: int
    mtime_ns: int
    format: Format


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """What holds for every file of a run.

    Attributes:
        prefix: What all keys start with, without outer slashes.
        unpack_limit: Bytes that an archive may always unpack to.
        scratch: An existing folder for scratch files.
        stop: Whether a graceful stop is asked for.
    """

    prefix: str
    unpack_limit: int
    scratch: Path
    stop: Callable[[], bool]


def convert(file: SourceFile, stage: "Stage", options: ConvertOptions) -> Conversion:
    """Convert a file and stage its objects.

    Raises:
        Refusal: where the file is at fault.
        SourceChanged: where it is no longer the file that was inventoried.
        Blocked: where the target or the scratch folder is at fault.
        Stopped: where a stop was asked for.
    """
    source = FileSource(f"{file.root}/{file.path}", file.size, file.mtime_ns)
    source.check()
    base = checked_key(key_base(options.prefix, file.path))
    if not file.size:
        raise Refusal(ReasonCode.EMPTY_FILE, "the file has no bytes")
    with _Digest(source, options.stop) as digest:
        # Only now, for its import takes a while, in which another core gets on with the digest.
        from migrator.objects import Objects, ObjectSink

        reader = reader_of(file.format, _unpacking(file, options) if kind_of(file.format) is Kind.ARCHIVE else None)
        common = {"source-size": str(file.size), "source-format": str(file.format)}
        objects = Objects(common, stage, digest.result, options.stop, options.scratch)
        try:
            reader(source, ObjectSink(objects, base, (file.path,)))
            staged = objects.encoder.finish()
            sha256 = digest.result()
            source.check()
        except BaseException as error:
            # What the target says to an abort must not hide why it was needed; its leftovers the next run takes away.
            with suppress(Exception):
                objects.encoder.abort()
            if isinstance(error, Refusal | OSError):
                # A file that is being written looks damaged; only one that stands still is at fault.
                source.check()
            if isinstance(error, OSError):
                raise source_error(error) from error
            raise
    return Conversion(sha256, staged)


def _unpacking(file: SourceFile, options: ConvertOptions) -> "Unpacking":
    # Most runs have no archive, and what unpacks one takes a tenth of a start to import.
    from migrator.formats.archive import Unpacking
    from migrator.formats.archive_member import Meter
    from migrator.formats.archive_scratch import Scratch

    return Unpacking(Meter(options.unpack_limit, file.size, options.stop), Scratch(options.scratch))


class _Digest:
    """The SHA-256 of a source: of a big one in a thread beside its conversion, of a small one when it is asked for."""

    def __init__(self, source: FileSource, stop: Callable[[], bool]) -> None:
        self._source = source
        self._stop = stop
        self._found: str | None = None
        self._failure: BaseException | None = None
        self._cancelled = False
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if not self._source.small:
            self._thread = threading.Thread(target=self._compute, name="sha256", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._cancelled = True
        if self._thread is not None:
            self._thread.join()

    def result(self) -> str:
        """The digest in hex; waits for it, but not beyond a stop."""
        if self._thread is not None:
            self._thread.join()
        elif self._found is None:
            self._compute()
        if self._failure is not None:
            raise self._failure
        if self._found is None:
            raise Stopped
        return self._found

    def _compute(self) -> None:
        try:
            self._found = self._source.sha256(lambda: self._cancelled or self._stop())
        except BaseException as error:  # noqa: BLE001 - `result` raises it
            self._failure = error
