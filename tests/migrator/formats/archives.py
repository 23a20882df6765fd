"""Archives made in memory, and a walk through them that only collects what is read."""

import gzip
import io
import tarfile
import zipfile

import pytest

from migrator.errors import ReasonCode, Refusal
from migrator.formats.archive import Unpacking, archive_reader
from migrator.formats.archive_member import Meter
from migrator.formats.archive_scratch import Scratch
from migrator.formats.file_source import FileSource
from migrator.names import Format, Kind, format_of, kind_of

MIB = 1024 * 1024


class Tables:
    """A sink that only knows where it is."""

    def __init__(self, read, path=()):
        self.read = read
        self.levels = path

    def member(self, path):
        return Tables(self.read, (*self.levels, path))

    def table(self, schema, segment=None):
        raise AssertionError("no table is made here")


def whole(source, sink):
    with source.open() as stream:
        data = stream.read()
    if not data:
        raise Refusal(ReasonCode.EMPTY_FILE, "no bytes")
    if data.startswith(b"BAD"):
        raise Refusal(ReasonCode.MALFORMED_CSV, "line 1: bad")
    sink.read["!".join(sink.levels)] = data


def unpack(tmp_path, name, data, *, limit=1 << 30, reader=whole, memory=16 * MIB, stop=lambda: False, scratch=None):
    file = tmp_path / name
    file.write_bytes(data)
    facts = file.stat()
    source = FileSource(file, facts.st_size, facts.st_mtime_ns)
    folder = scratch or tmp_path / "scratch"
    if scratch is None:
        folder.mkdir(exist_ok=True)

    def reader_of(member_format, unpacking):
        if kind_of(member_format) is Kind.ARCHIVE:
            return archive_reader(member_format, unpacking, reader_of)
        if member_format is Format.UNKNOWN:
            raise Refusal(ReasonCode.UNSUPPORTED_FORMAT, "unknown")
        return reader

    read = {}
    try:
        reader_of(format_of(name), Unpacking(Meter(limit, len(data), stop), Scratch(folder, memory)))(
            source, Tables(read)
        )
    finally:
        if scratch is None:
            assert list(folder.iterdir()) == []
    return read


def refused(tmp_path, name, data, **options):
    with pytest.raises(Refusal) as caught:
        unpack(tmp_path, name, data, **options)
    return caught.value


def a_zip(*members, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as packed:
        for name, data in members:
            packed.writestr(name, data)
    return out.getvalue()


def a_tar(*members, form=tarfile.PAX_FORMAT, mode="w"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=form) as packed:
        for name, data in members:
            info = tarfile.TarInfo(name)
            if isinstance(data, bytes):
                info.size = len(data)
                packed.addfile(info, io.BytesIO(data))
            else:
                info.type = data.encode()
                info.linkname = "elsewhere"
                packed.addfile(info)
    return out.getvalue()


def a_tar_gz(*members, **options):
    return gzip.compress(a_tar(*members, **options), mtime=0)


MAKERS = [("x.zip", a_zip), ("x.tar", a_tar), ("x.tar.gz", a_tar_gz), ("x.TGZ", a_tar_gz)]
