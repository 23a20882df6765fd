"""What every parser must keep to on any bytes at all; each target takes bytes and raises AssertionError for a defect.

A parser may refuse with a reason code of its own, and nothing else may come out of it. What it takes must be what a
slower reader of the same rules takes, wherever the blocks end that it reads.
"""

import contextlib
import gzip
import io
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from migrator.errors import ReasonCode, Refusal
from migrator.formats import csv, csv_parse, csv_small, csv_split, json_items, json_window, text
from tests.migrator.formats import test_csv, test_json, test_sql_properties, test_txt
from tests.migrator.formats.archives import a_tar, a_zip, unpack
from tests.migrator.formats.fakes import MemorySink, MemorySource

TEXT_CODES = {ReasonCode.NOT_TEXT, ReasonCode.EMPTY_FILE}
ARCHIVE_CODES = {
    ReasonCode.CORRUPT_ARCHIVE,
    ReasonCode.ENCRYPTED_ARCHIVE,
    ReasonCode.UNSAFE_ARCHIVE,
    ReasonCode.UNSUPPORTED_FORMAT,
    ReasonCode.UNSUPPORTED_NAME,
    ReasonCode.EMPTY_FILE,
    ReasonCode.MALFORMED_CSV,
}
LIMIT = 1 << 20


@dataclass(frozen=True)
class Target:
    """A parser under fuzzing.

    Attributes:
        check: Takes any bytes.
        seeds: Where mutation begins.
        words: What is worth inserting.
    """

    check: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()


def accepted(read: Callable[[], Any], codes: set[ReasonCode]) -> Any:
    """What was read; None where it was refused with one of `codes` and a message."""
    try:
        return read()
    except Refusal as refusal:
        assert refusal.code in codes, refusal
        assert refusal.message
        return None


# ---- text ----


def check_text(data: bytes) -> None:
    """`open_text` gives what Python's own decoders give, in pieces of any size."""
    expected = decoded(data)
    for step in (1 << 30, 3):

        def read(step: int = step) -> bytes:
            return text.open_text(MemorySource(data, "x.txt", step)).readall()

        found = accepted(read, TEXT_CODES)
        assert found == (None if expected is None else expected.encode())
    lines = accepted(lambda: test_txt.lines_of(data, 2), TEXT_CODES)
    assert lines == (None if not expected else test_txt.slow_lines(expected))


def decoded(data: bytes) -> str | None:
    """The text that bytes are; None where they are none, or nothing."""
    marks = ((b"\xff\xfe\0\0", ""), (b"\0\0\xfe\xff", ""), (b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"),
             (b"\xfe\xff", "utf-16-be"), (b"", "utf-8"))  # fmt: skip
    mark, encoding = next(each for each in marks if data.startswith(each[0]))
    rest = data[len(mark) :]
    if not encoding or not rest:
        return None
    try:
        return rest.decode(encoding)
    except UnicodeDecodeError:
        return None


# ---- csv ----


def check_csv(data: bytes) -> None:
    """Rows depend neither on the way they are read nor on where blocks end, and are those of the rules."""
    codes = TEXT_CODES | {ReasonCode.MALFORMED_CSV}
    whole = accepted(lambda: read_csv(data, 1 << 30), codes)
    at_once = accepted(lambda: read_csv(data, 1 << 30, len(data)), codes)
    assert at_once == whole
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv, "BLOCK", 8)
        patch.setattr(csv, "_BYTES_A_COLUMN", 1)
        patch.setattr(csv, "_SUSPICIOUS_RECORD", 32)
        patch.setattr(csv_parse, "SMALL", 0)
        patch.setattr(csv_parse, "SMALL_WITH_QUOTES", 0)
        patch.setattr(csv, "SMALL", 0)
        patch.setattr(csv_split, "LEAST_ROWS", 0)
        pieces = accepted(lambda: read_csv(data, 5), codes)
    assert (whole is None) == (pieces is None)
    if whole is not None:
        assert whole.schema.names == pieces.schema.names
        assert all(same_column(*columns) for columns in zip(whole.columns, pieces.columns, strict=True))
    plain = decoded(data)
    if plain is None or not plain_header(plain):
        return
    try:
        expected = test_csv.slow_table(plain)
    except test_csv.Malformed:
        expected = None
    assert (whole is None) == (expected is None)
    if whole is not None and expected is not None:
        rows = [list(row.values()) for row in whole.to_pylist()] if whole.schema.names else []
        assert len(rows) == len(expected)
        for row, texts in zip(rows, expected, strict=True):
            assert all(comes_back(value, told) for value, told in zip(row, texts, strict=True)), (row, texts)


def same_column(one: pa.ChunkedArray, other: pa.ChunkedArray) -> bool:
    """Whether two columns say the same; where the first block holds no value, one of them may be text."""
    if one.type == other.type:
        return one.to_pylist() == other.to_pylist()
    if pa.types.is_string(one.type):
        one, other = other, one
    return pa.types.is_string(other.type) and all(map(comes_back, one.to_pylist(), other.to_pylist()))


def read_csv(data: bytes, step: int, size: int | None = None) -> pa.Table:
    sink = MemorySink()
    csv_small.read(MemorySource(data, "x.csv", step, size), sink)
    (table,) = sink.tables
    return table


def plain_header(plain: str) -> bool:
    """Whether the delimiter is a comma for certain."""
    lines = plain.lstrip("\r\n").splitlines() or [""]
    return bool(lines[0]) and not any(mark in lines[0] for mark in '";\t|')


def comes_back(value: Any, told: str | None) -> bool:
    """Whether a typed value says what was written."""
    if value is None or told is None:
        return value is None and told is None
    if isinstance(value, bool):
        return told == str(value).lower()
    if isinstance(value, float):
        return Decimal(told) == Decimal(repr(value))
    if isinstance(value, datetime):
        return datetime.fromisoformat(told) == value
    if isinstance(value, date):
        return told == value.isoformat()
    return str(value) == told


# ---- json ----


def check_json(data: bytes) -> None:
    """Values are those that Python's own parser reads, once it is made strict."""
    plain = decoded(data)
    if plain is None:
        accepted(lambda: test_json.convert(data), TEXT_CODES | {ReasonCode.MALFORMED_JSON})
        return
    try:
        test_json.agrees_with_oracle(plain)
    except InvalidOperation:
        return  # an exponent that Python's own decimals cannot hold
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_window, "BLOCK", 16)
        patch.setattr(json_items, "BLOCK", 16)
        test_json.agrees_with_oracle(plain)


# ---- sql ----


def check_sql(data: bytes) -> None:
    """The fast ways give what the exact one gives, on windows of any size."""
    expected = test_sql_properties.exactly(data)
    if not isinstance(expected, dict):
        assert expected[0] in TEXT_CODES | {ReasonCode.MALFORMED_SQL, ReasonCode.UNSUPPORTED_NAME}, expected
    assert test_sql_properties.outcome(data) == expected
    assert test_sql_properties.eagerly(data) == expected


# ---- archives ----


def check_zip(data: bytes) -> None:
    """What is taken is what Python's own module reads."""
    found = read_archive("x.zip", data)
    if found is None:
        return
    # Python minds versions that nothing needs, and two headers that spell one name in different encodings.
    minded = contextlib.suppress(zipfile.BadZipFile, NotImplementedError)
    with minded, zipfile.ZipFile(io.BytesIO(data)) as packed:
        members = {cleaned(written_name(info)): info for info in packed.infolist()}
        for name, content in found.items():
            assert packed.read(members[name]) == content


def written_name(info: zipfile.ZipInfo) -> str:
    """A member's name as UTF-8, which Python takes for code page 437 where the flag is missing."""
    utf8 = info.flag_bits & 0x800
    return info.orig_filename if utf8 else info.orig_filename.encode("cp437").decode()


def check_tar(data: bytes) -> None:
    """What is taken is what Python's own module reads."""
    found = read_archive("x.tar", data)
    if found is None:
        return
    with tarfile.open(fileobj=io.BytesIO(data)) as packed:
        members = {cleaned(member.name): member for member in packed if member.isfile()}
        for name, content in found.items():
            stream = packed.extractfile(members[name])
            assert stream
            assert stream.read() == content


def check_gzip(data: bytes) -> None:
    """What is taken is what Python's own module reads."""
    found = read_archive("x.csv.gz", data)
    if found is not None:
        assert found == {"x.csv": gzip.decompress(data)}


def check_nested(data: bytes) -> None:
    """An archive in archives, the limits of all levels together."""
    read_archive("x.tar.gz", gzip.compress(a_tar(("a.zip", a_zip(("m/b.csv.gz", data)))), mtime=0))


def read_archive(name: str, data: bytes) -> dict[str, bytes] | None:
    with tempfile.TemporaryDirectory(dir=memory()) as folder:
        found: dict[str, bytes] | None = accepted(
            lambda: unpack(Path(folder), name, data, limit=LIMIT, memory=256), ARCHIVE_CODES
        )
    if found is not None:
        assert sum(map(len, found.values())) <= max(LIMIT, 200 * len(data))
        for path in found:
            assert not any(part in {"", ".", ".."} for member in path.split("!") for part in member.split("/"))
    return found


def cleaned(path: str) -> str:
    return "/".join(part for part in path.split("/") if part not in {"", "."})


def memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def packed_members() -> Iterator[bytes]:
    """Small zips in every method."""
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        yield a_zip(("a.csv", b"a\n1\n"), ("d/ü.txt", b"x" * 40), method=method)


SQL_SEEDS = (
    b"CREATE TABLE t (a int, b text);\nINSERT INTO t VALUES (1,'x'),(2,NULL);\n",
    b"-- MySQL dump\nINSERT INTO `t` (`a`) VALUES ('it\\'s \\\\'),(X'00ff'),(_binary 'b');\n/*!40101 SET x=1*/;\n",
    b"COPY public.t (a, b) FROM stdin;\n1\tx\\n\n\\N\t\\\\\n\\.\nSELECT $$;$$, E'\\'';\n",
    b'DELIMITER ;;\nCREATE TRIGGER x BEGIN END;;\nDELIMITER ;\nREPLACE INTO "s"."t" VALUES (TRUE,-1.5e3);',
)

TARGETS = {
    "text": Target(
        check_text,
        (b"a\r\nb\n", "\ufeffä😀\n".encode(), "a\nä".encode("utf-16"), b"\xfe\xff\xd8\x3d\xde\0", b"\xff\xfe\0\0a"),
        (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xd8\x3d"),
    ),
    "csv": Target(
        check_csv,
        (
            b"a,b\n1,x\n2,\n",
            b'h\n"x ""y"\n\n1.5\n',
            b"a,b,c\r\n007,2024-02-29,true\r\n-0,2024-02-29T23:59:59Z,false\r\n",
        ),
        (
            b'""',
            b'"\n',
            b"\r\n",
            b"1e400",
            b"NaN",
            b"-0",
            b"0.1",
            b"24:00",
            b"true",
            b"\xc3\xa4",
            b"9223372036854775808",
        ),
    ),
    "json": Target(
        check_json,
        (
            b'[{"a":1,"b":[1,2.5]},{"b":null,"c":{"x":"y"}}]',
            b'{"a":1}\n{"a":"1"}\n',
            b"[1,2]\n[3]",
            b'"\\ud83d\\ude00"',
        ),
        (
            b"\\ud83d",
            b"\\u0061",
            b"NaN",
            b"1e400",
            b"-0",
            b"true",
            b"null",
            b"{}",
            b"[]",
            b'"a":',
            b"9007199254740993",
            b"},{",
        ),
    ),
    "sql": Target(
        check_sql,
        SQL_SEEDS,
        (
            b"INSERT INTO t VALUES (",
            b"COPY t FROM stdin;\n",
            b"\\.\n",
            b"$$",
            b"$a$",
            b"/*",
            b"*/",
            b"/*!",
            b"--",
            b"E'",
            b"X'",
            b"DELIMITER",
            b"`",
            b"\\'",
            b"''",
            b"_statements",
            b"NULL",
            b");",
            b"),(",
        ),
    ),
    "zip": Target(check_zip, tuple(packed_members()), (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\6", b"../", b"\0\0")),
    "tar": Target(
        check_tar,
        tuple(a_tar(("./a.csv", b"a\n1\n"), (f"{'d/' * 60}ü.txt", b"x"), form=form) for form in (0, 1, 2)),
        (b"ustar\x0000", b"ustar  \0", b"path=", b"size=", b"../", b"GNU.sparse"),
    ),
    "gzip": Target(
        check_gzip, (gzip.compress(b"a\n1\n", mtime=0), gzip.compress(b"x" * 5000, mtime=0) * 2), (b"\x1f\x8b\x08",)
    ),
    "nested": Target(check_nested, (gzip.compress(b"a\n1\n", mtime=0),), (b"\x1f\x8b\x08",)),
}
