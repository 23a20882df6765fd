"""gzip (RFC 1952): an archive of one member, whose name is the file's without `.gz`."""

from collections.abc import Iterator

from migrator.formats.archive import Unpacking
from migrator.formats.archive_member import Member, MemberKind, MemberSource
from migrator.formats.archive_streams import GzipStream
from migrator.formats.file_source import FileSource
from migrator.formats.interface import Source
from migrator.names import Format, without_gz


def members(source: Source, _file_format: Format, _unpacking: Unpacking) -> Iterator[Member]:
    """The one member of a gzip file.

    Args:
        source: The packed bytes; they are read anew each time the member is.
    """
    yield Member(
        path=without_gz(source.name),
        kind=MemberKind.FILE,
        open=lambda: GzipStream(source.open()),
        packed=packed_size(source),
    )


def packed_size(source: Source) -> int | None:
    """How many bytes a source has, where that is known before they are read."""
    return source.size if isinstance(source, FileSource | MemberSource) else None
