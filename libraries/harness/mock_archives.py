"""Archives of made files: their members' truth goes with them, and one bad member spoils the whole."""

import tarfile
from collections.abc import Mapping

from harness.archives import TarMember, ZipMember, gzip_bytes, tar_bytes, zip_bytes
from harness.mock_made import GOOD, Made, bad, good
from harness.truth import clean_member

Members = Mapping[str, Made | None]
"""Path in the archive → the file there; None is a folder."""

PACKERS = ("zip", "tar", "tar.gz", "tgz", "gz")


def packed(how: str, members: Members) -> Made:
    """An archive by the name of its extension; a gz takes exactly one member."""
    if how == "zip":
        return zipped(members)
    if how == "tar":
        return tarred(members)
    if how in {"tar.gz", "tgz"}:
        return gzipped_tar(members)
    [(name, made)] = members.items()
    if made is None:
        raise ValueError("a gz holds a file, never a folder")
    return gzipped(name, made)


def zipped(members: Members, *, stored: bool = False) -> Made:
    """A zip file."""
    data = zip_bytes([ZipMember(name, made.data if made else b"", stored=stored) for name, made in members.items()])
    return holding(data, members)


def tarred(members: Members, form: int = tarfile.PAX_FORMAT) -> Made:
    """A tar file."""
    return holding(tar_bytes(tar_members(members), form), members)


def gzipped_tar(members: Members) -> Made:
    """A tar file, gzipped."""
    return holding(gzip_bytes(tar_bytes(tar_members(members))), members)


def gzipped(inner: str, made: Made) -> Made:
    """A gzipped file; `inner` is the archive's own name without `.gz`."""
    return holding(gzip_bytes(made.data), {inner: made})


def tar_members(members: Members) -> list[TarMember]:
    """The members as a tar file takes them."""
    return [
        TarMember(name, made.data) if made else TarMember(name, kind=tarfile.DIRTYPE) for name, made in members.items()
    ]


def holding(data: bytes, members: Members) -> Made:
    """An archive's bytes with the truth of its members, those left out that no migrator looks at."""
    counted = {clean_member(name): made for name, made in members.items() if made and not _passed_over(name)}
    codes = GOOD.union(*(made.codes for made in counted.values()))
    if codes:
        return bad(data, *codes)
    return good(data, *(table.within(name) for name, made in counted.items() for table in made.tables))


def _passed_over(path: str) -> bool:
    segments = clean_member(path).split("/")
    return segments[0] == "__MACOSX" or any(segment.startswith(".") for segment in segments)
