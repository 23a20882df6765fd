"""A file becomes staged objects with the right keys, metadata and footer, or a reason, and never half of it."""

import gzip
import hashlib
import io
import os
import tarfile
import zipfile
from urllib.parse import unquote

import pyarrow as pa
import pytest

from migrator.convert import ConvertOptions, SourceFile, convert
from migrator.errors import ReasonCode, Refusal, SourceChanged, StateUnusable, Stopped, TargetRefused
from migrator.formats import registry
from migrator.formats.archive import archive_reader
from migrator.names import Format, format_of
from tests.migrator.staged import MemoryStage


def lines(source, sink):
    """Stands for every format: a table of the lines; `.sql` gives one for each first word."""
    with source.open() as stream:
        rows = stream.read().decode().splitlines()
    if "bad" in rows:
        raise Refusal(ReasonCode.MALFORMED_CSV, "line 1: bad")
    segments = sorted({row.split()[0] for row in rows}) if source.name.endswith(".sql") else [None]
    for segment in segments:
        table = sink.table(pa.schema([("line", pa.string())]), segment)
        table.write(pa.table({"line": [row for row in rows if segment is None or row.startswith(segment)]}))
        table.close()


@pytest.fixture(autouse=True)
def fake_formats(monkeypatch):
    real = registry.reader_of

    def reader_of(file_format, unpacking):
        if file_format in {Format.CSV, Format.TXT, Format.SQL, Format.JSON}:
            return lines
        if file_format is Format.UNKNOWN:
            return real(file_format, unpacking)
        return archive_reader(file_format, unpacking, reader_of)

    monkeypatch.setattr("migrator.convert.reader_of", reader_of)


def run(tmp_path, path, data, *, prefix="lake", stage=None, stop=lambda: False, change=None, limit=1 << 30):
    root = tmp_path / "source"
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    facts = file.stat()
    scratch = root / ".migrator"
    scratch.mkdir(exist_ok=True)
    stage = MemoryStage() if stage is None else stage
    if change:
        change(file)
    try:
        made = convert(
            SourceFile(root, path, facts.st_size, facts.st_mtime_ns, format_of(path)),
            stage,
            ConvertOptions(prefix, limit, scratch, stop),
        )
    except BaseException:
        assert stage.left == []
        raise
    finally:
        assert list(scratch.iterdir()) == []
    return made, stage


def refused(tmp_path, path, data, **options):
    with pytest.raises(Refusal) as caught:
        run(tmp_path, path, data, **options)
    return caught.value


def a_zip(*members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, data in members:
            packed.writestr(name, data)
    return out.getvalue()


def footer(upload):
    return {key.decode(): value.decode() for key, value in upload.parquet().metadata.metadata.items()}


def test_a_file_has_one_object_with_metadata_and_footer(tmp_path):
    made, stage = run(tmp_path, "a/ü !.csv", b"x\ny\n")
    (upload,) = stage.uploads
    (staged,) = made.objects
    assert (staged.key, staged.rows, staged.upload) == ("lake/a/ü !.csv.parquet", 2, upload)
    assert upload.key == staged.key
    assert upload.metadata == {"source-path": "a/%C3%BC%20%21.csv", "source-size": "4", "source-format": "csv"}
    assert made.sha256 == hashlib.sha256(b"x\ny\n").hexdigest()
    assert footer(upload) == upload.metadata | {"source-sha256": made.sha256}
    assert upload.closed


@pytest.mark.parametrize("size", [100, 5_000_000])
def test_the_sha256_is_that_of_the_source_whatever_its_size(tmp_path, size):
    data = (b"x" * 99 + b"\n") * (size // 100)
    made, stage = run(tmp_path, "a.csv", data, prefix="")
    assert made.sha256 == hashlib.sha256(data).hexdigest() == footer(stage.uploads[0])["source-sha256"]
    assert made.objects[0].key == "a.csv.parquet"


def test_a_dump_has_an_object_for_each_table_or_none(tmp_path):
    made, stage = run(tmp_path, "d.sql", b"t 1\nu 2\nt 3\n")
    assert [(each.key, each.rows) for each in made.objects] == [
        ("lake/d.sql/t.parquet", 2),
        ("lake/d.sql/u.parquet", 1),
    ]
    assert {upload.metadata["source-path"] for upload in stage.uploads} == {"d.sql"}


def test_a_file_without_objects_still_has_its_sha256(tmp_path, monkeypatch):
    monkeypatch.setattr("migrator.convert.reader_of", lambda *_: lambda _source, _sink: None)
    made, stage = run(tmp_path, "e.sql", b"-- nothing")
    assert (made.objects, stage.uploads) == ((), [])
    assert made.sha256 == hashlib.sha256(b"-- nothing").hexdigest()


def test_members_have_keys_and_source_paths_level_by_level(tmp_path):
    inner = a_zip(("d!.sql", b"t 1\n"), ("o.csv", b"1\n"))
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w:gz") as packed:
        for name, data in [("./m/n.csv", b"1\n"), ("in/y.zip", inner), ("z.csv.gz", gzip.compress(b"2\n"))]:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            packed.addfile(info, io.BytesIO(data))
    made, stage = run(tmp_path, "a/x.tgz", tar.getvalue())
    assert {upload.key: upload.metadata["source-path"] for upload in stage.uploads} == {
        "lake/a/x.tgz/m/n.csv.parquet": "a/x.tgz!m/n.csv",
        "lake/a/x.tgz/in/y.zip/d!.sql/t.parquet": "a/x.tgz!in/y.zip!d%21.sql",
        "lake/a/x.tgz/in/y.zip/o.csv.parquet": "a/x.tgz!in/y.zip!o.csv",
        "lake/a/x.tgz/z.csv.gz/z.csv.parquet": "a/x.tgz!z.csv.gz!z.csv",
    }
    assert {upload.metadata["source-format"] for upload in stage.uploads} == {"tar.gz"}
    assert {upload.metadata["source-size"] for upload in stage.uploads} == {str(len(tar.getvalue()))}
    assert {footer(upload)["source-sha256"] for upload in stage.uploads} == {made.sha256}
    assert len(made.objects) == 4


def test_one_bad_member_aborts_what_the_others_began(tmp_path):
    stage = MemoryStage()
    refusal = refused(tmp_path, "x.zip", a_zip(("a.csv", b"1\n"), ("m/b.csv", b"bad\n")), stage=stage)
    assert refusal.code is ReasonCode.MALFORMED_CSV
    assert refusal.message == "member 'm/b.csv': line 1: bad"
    assert len(stage.uploads) == 1


def test_two_parts_with_one_key_are_name_taken(tmp_path):
    data = a_zip(("a.sql", b"b.csv 1\n"), ("a.sql/b.csv", b"1\n"))
    assert refused(tmp_path, "x.zip", data).code is ReasonCode.NAME_TAKEN
    fine = a_zip(("a.csv", b"1\n"), ("A.csv", b"1\n"), ("a.csv.parquet/b.csv", b"1\n"))
    assert len(run(tmp_path, "y.zip", fine)[0].objects) == 3


@pytest.mark.parametrize("member", ["m" * 1000 + ".csv", "m\udcff.csv"])
def test_names_that_no_key_can_hold_are_unsupported(tmp_path, member):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.GNU_FORMAT) as packed:
        info = tarfile.TarInfo(member)
        info.size = 2
        packed.addfile(info, io.BytesIO(b"1\n"))
    refusal = refused(tmp_path, "x.tar", data.getvalue(), prefix="p" * 40)
    assert refusal.code is ReasonCode.UNSUPPORTED_NAME
    assert refused(tmp_path, "a\udcff.csv", b"1\n").code is ReasonCode.UNSUPPORTED_NAME


def test_a_long_source_path_stays_out_of_the_metadata_but_not_of_the_footer(tmp_path):
    name = "日" * 80 + ".csv"
    _, stage = run(tmp_path, "x.zip", a_zip((f"{name}/{name}/{name}", b"1\n")))
    (upload,) = stage.uploads
    assert set(upload.metadata) == {"source-size", "source-format"}
    assert unquote(footer(upload)["source-path"]) == f"x.zip!{name}/{name}/{name}"


@pytest.mark.parametrize("path", ["a.xlsx", "noext", "a.csv.bz2"])
def test_unknown_formats_are_unsupported(tmp_path, path):
    assert refused(tmp_path, path, b"1").code is ReasonCode.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("path", ["a.csv", "a.zip", "a.tar", "a.tar.gz", "a.csv.gz", "a.sql", "a.json"])
def test_no_bytes_are_an_empty_file(tmp_path, path):
    assert refused(tmp_path, path, b"").code is ReasonCode.EMPTY_FILE


def test_a_file_that_is_gone_or_replaced_has_vanished(tmp_path):
    assert refused(tmp_path, "a.csv", b"1\n", change=lambda file: file.unlink()).code is ReasonCode.SOURCE_VANISHED

    def to_link(file):
        file.unlink()
        file.symlink_to("/etc/hostname")

    assert refused(tmp_path, "b.csv", b"1\n", change=to_link).code is ReasonCode.SOURCE_VANISHED

    def to_pipe(file):
        file.unlink()
        os.mkfifo(file)

    assert refused(tmp_path, "c.csv", b"1\n", change=to_pipe).code is ReasonCode.SOURCE_VANISHED


def test_a_file_that_changes_is_no_file_s_fault(tmp_path):
    def append(file):
        with file.open("ab") as stream:
            stream.write(b"x")

    with pytest.raises(SourceChanged):
        run(tmp_path, "a.csv", b"1\n", change=append)


@pytest.mark.parametrize("data", [b"good\n", b"bad\n"])
def test_a_file_that_changes_while_it_is_read_stays_without_blame(tmp_path, monkeypatch, data):
    def touching(source, sink):
        os.utime(source.path, ns=(1, 1))
        lines(source, sink)

    monkeypatch.setattr("migrator.convert.reader_of", lambda *_: touching)
    with pytest.raises(SourceChanged):
        run(tmp_path, "a.csv", data)


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_a_read_error_is_the_file_s_fault_and_a_lack_of_handles_is_not(tmp_path, monkeypatch, size):
    real = os.open

    def failing(number):
        def fail(path, *arguments, **options):
            if str(path).endswith("a.csv"):
                raise OSError(number, os.strerror(number))
            return real(path, *arguments, **options)

        return fail

    data = b"x" * size
    for number in (5, 13):
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", failing(number))
            with pytest.raises(Refusal) as caught:
                run_existing(tmp_path, data)
            assert caught.value.code is ReasonCode.SOURCE_UNREADABLE
    monkeypatch.setattr(os, "open", failing(24))
    with pytest.raises(StateUnusable):
        run_existing(tmp_path, data)


def run_existing(tmp_path, data):
    root = tmp_path / "source"
    root.mkdir(exist_ok=True)
    scratch = root / ".migrator"
    scratch.mkdir(exist_ok=True)
    with open(root / "a.csv", "wb") as file:  # noqa: PTH123 - pathlib's own open is what is made to fail
        file.write(data)
    facts = os.lstat(root / "a.csv")
    options = ConvertOptions("", 1 << 30, scratch, lambda: False)
    return convert(SourceFile(root, "a.csv", facts.st_size, facts.st_mtime_ns, Format.CSV), MemoryStage(), options)


def test_what_the_target_says_comes_out_as_it_is(tmp_path):
    with pytest.raises(TargetRefused):
        run(tmp_path, "a.csv", b"1\n", stage=MemoryStage(TargetRefused("no such bucket")))


def test_a_stop_aborts_everything(tmp_path):
    with pytest.raises(Stopped):
        run(tmp_path, "x.zip", a_zip(("a.csv", b"1\n"), ("b.csv", b"2\n")), stop=lambda: True)
