"""gzip (RFC 1952): an archive of one member, whose name is the file's without `.gz`."""

from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from migrator.formats.archive import Unpacking
from migrator.formats.archive_ahead import AheadStream
from migrator.formats.archive_member import MAX_RATIO, Member, MemberKind, MemberSource
from migrator.formats.archive_streams import BLOCK, ByteStream, GzipStream
from migrator.formats.file_source import FileSource
from migrator.formats.interface import Source
from migrator.names import Format, without_gz

# Of fewer packed bytes nothing comes that would be too much for memory: deflate gives 1,032 for one at most.
_FEWEST_PACKED = 32 * 1024
_PROBE = 64 * 1024 * 1024


def members(source: Source, _file_format: Format, _unpacking: Unpacking) -> Iterator[Member]:
    """The one member of a gzip file.

    Args:
        source: The packed bytes; they are read anew each time the member is.
    """
    yield Member(
        path=without_gz(source.name),
        kind=MemberKind.FILE,
        open=lambda: unpacked(source, source.open()),
        packed=packed_size(source),
        looks_hollow=partial(_looks_hollow, source),
    )


def unpacked(source: Source, packed: BinaryIO) -> ByteStream:
    """What `packed`, a stream of the source, unpacks to: of a big file in a thread of its own."""
    stream = GzipStream(packed)
    # Within another archive what is read is counted where other streams' bytes are, by one thread.
    return AheadStream(stream) if isinstance(source, FileSource) and not source.small else stream


def _looks_hollow(source: Source) -> bool:
    """Whether the first bytes unpack to more than any archive of data does."""
    packed = packed_size(source)
    if packed is not None and packed < _FEWEST_PACKED:
        return False
    with GzipStream(source.open()) as stream:
        unpacked = 0
        # Packed bytes are read a block ahead, so ordinary data is known as such when the second block is asked for.
        while stream.packed_read <= BLOCK + unpacked // MAX_RATIO:
            if unpacked >= _PROBE or not (data := stream.some(BLOCK)):
                break
            unpacked += len(data)
        return unpacked > MAX_RATIO * stream.packed_read


def packed_size(source: Source) -> int | None:
    """How many bytes a source has, where that is known before they are read."""
    return source.size if isinstance(source, FileSource | MemberSource) else None
