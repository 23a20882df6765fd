"""Test data for one question each: many small files, a large one, names that a file system holds and S3 may not."""

import os
from collections.abc import Iterator, Sequence
from typing import overload

from harness.mock_made import Made, Recipe, Table
from harness.mock_text import csv
from harness.truth import LONGEST_METADATA_PATH, OBJECT_SUFFIX, ExpectedColumn, Reading, State, source_path

LONGEST_KEY = 1024
_SERVERS_CHOICE = frozenset({"upload-rejected"})
_NO_NAME = frozenset({"unsupported-name"})


def many_small(count: int, rows: int = 2, folder: str = "many") -> Iterator[Recipe]:
    """`count` csv files, no two of them alike, a hundred in a folder."""
    for number in range(count):
        records = [[str(number), str(row), f"row {row} of file {number}"] for row in range(rows)]
        yield Recipe(f"{folder}/{number // 100:04}/file-{number:06}.csv", csv(["file", "row", "text"], *records))


def large_csv(path: str, size: int) -> Recipe:
    """A csv file of at least `size` bytes and at most one block of rows more, never in memory whole."""
    block_bytes = len(_block(0))
    blocks = max(1, -(-size // block_bytes))
    names = ("id", "moment", "price", "code", "text")
    rows = blocks * _BLOCK_ROWS
    columns = tuple(ExpectedColumn(name, Reading.WRITTEN, _Large(at, rows)) for at, name in enumerate(names))

    def chunks() -> Iterator[bytes]:
        yield (",".join(names) + "\n").encode()
        for number in range(blocks):
            yield _block(number)

    return Recipe(path, Made(chunks, (Table(columns, rows),)))


_BLOCK_ROWS = 4096
_FIRST_ID = 10**9


def _repeated(row: int) -> tuple[str, str, str, str]:
    """What a row of a block holds besides its id, which alone goes on from block to block."""
    moment = f"2024-{1 + row % 12:02}-{1 + row % 28:02} {row % 24:02}:{row % 60:02}:{row * 7 % 60:02}.{row:06}"
    return moment, f"{row * 37 % 9973}.{1 + row % 9}", f"{row % 1000:03}", f"text of row {row}, in quotes; ä"


_REPEATED = tuple(_repeated(row) for row in range(_BLOCK_ROWS))
_TEMPLATE = "".join(f'%d,{moment},{price},{code},"{text}"\n' for moment, price, code, text in _REPEATED)


def _block(number: int) -> bytes:
    start = _FIRST_ID + number * _BLOCK_ROWS
    return (_TEMPLATE % tuple(range(start, start + _BLOCK_ROWS))).encode()


class _Large(Sequence[str]):
    """A column of the large file, computed when it is looked at."""

    def __init__(self, column: int, rows: int) -> None:
        self._column = column
        self._rows = rows
        self._pattern = [row[column - 1] for row in _REPEATED] if column else []

    def __len__(self) -> int:
        return self._rows

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            start, end, _ = index.indices(self._rows)
            rows = range(start, end)
            if self._column == 0:
                return list(map(str, range(_FIRST_ID + rows.start, _FIRST_ID + rows.start + len(rows))))
            first = rows.start % _BLOCK_ROWS
            return (self._pattern * (2 + len(rows) // _BLOCK_ROWS))[first : first + len(rows)]
        if not 0 <= index < self._rows:
            raise IndexError(index)
        return self[index : index + 1][0]


def odd_names(folder: str = "odd") -> Iterator[Recipe]:
    """Names with every byte that a file name may hold, and names that are long, or look like something else.

    What is no UTF-8 or makes a key over 1,024 bytes must fail; where a control character or a long segment stands,
    the server decides, and both ends are right.
    """
    for byte in range(1, 256):
        if byte != ord("/"):
            yield _named(os.fsencode(folder) + b"/%02x %c.csv" % (byte, byte))
    for name in (*_LOOKALIKES, b"x" * 251 + b".csv", "ü".encode() * 125 + b".csv", b"%ff" * 80 + b".csv"):
        yield _named(os.fsencode(folder) + b"/" + name)
    yield _named(b"/".join([os.fsencode(folder), *[b"deep" * 50] * 5, b"over 1,024 bytes.csv"]))


def names_at_the_limits(prefix: str, folder: str = "odd") -> Iterator[Recipe]:
    """Names whose keys under `prefix`, or whose encoded `source-path`, are just within a limit and just beyond it."""
    deep = f"{folder}/{'/'.join(['deep' * 50] * 4)}/"
    room = LONGEST_KEY - len(f"{prefix}/{deep}{OBJECT_SUFFIX}")
    within, beyond = (csv(["bytes of the key"], [str(LONGEST_KEY + more)]) for more in (0, 1))
    # Whether a server takes all that S3 allows is its affair.
    taken = Made(within.chunks, within.tables, _SERVERS_CHOICE, State.EITHER)
    yield Recipe(f"{deep}{'within'.ljust(room - 4, 'k')}.csv", taken)
    yield Recipe(f"{deep}{'beyond'.ljust(room - 3, 'k')}.csv", Made(beyond.chunks, codes=_NO_NAME))
    # Many bytes and few letters.
    yield Recipe(f"{folder}/{'/'.join(['深' * 70] * 5)}/beyond.csv", Made(beyond.chunks, codes=_NO_NAME))
    wide = f"{folder}/{'/'.join(['深' * 70] * 2)}/{'名' * 55}"
    room = LONGEST_METADATA_PATH - len(source_path(wide))
    for more in (0, 1):
        made = csv(["bytes of the source-path"], [str(LONGEST_METADATA_PATH + more)])
        yield Recipe(f"{wide}{'p' * (room + more - 4)}.csv", made)


_LOOKALIKES = (
    b"done.csv",
    b"failed.csv",
    b"done/within.csv",
    b"failed/within.csv",
    b"a.csv.reason.csv",
    b"a~2.csv",
    b"a~2~2.csv",
    b"~.csv",
    b"%41.csv",
    b"%.csv",
    b"%zz.csv",
    b"%F0%9F%98%80.csv",
    b"a!b.csv",
    b"a b.csv",
    b"a  b.csv",
    b"a+b.csv",
    b" a.csv",
    b"a .csv",
    b"a. csv.csv",
    b"two\nlines.csv",
    b"a\\b.csv",
    b"\\u0041.csv",
    b"CON.csv",
    b"--help.csv",
    b"$HOME `id` ${x}.csv",
    b"{x}%d{0}.csv",
    b"<b>&amp;</b>.csv",
    b"%{OS}@{list}&{dict}.csv",
    "\u202egnp.csv".encode(),
    "\ufeffmark.csv".encode(),
    "\ufffd.csv".encode(),
    "e\u0301.csv".encode(),
    "\u00e9.csv".encode(),
    "\U0010ffff.csv".encode(),
    b"cut \xf0\x9f\x98.csv",
    b"latin-1 \xe4.csv",
    b"surrogate \xed\xa0\x80.csv",
)


def _named(raw: bytes) -> Recipe:
    path = raw.decode(errors="surrogateescape")
    made = csv(["name"], [raw.hex()])
    if not _is_utf8(raw) or len(raw) + len(b".parquet") > LONGEST_KEY:
        return Recipe(path, Made(made.chunks, codes=_NO_NAME))
    if any(ord(sign) < 0x20 or ord(sign) == 0x7F or sign in _ODD_SIGNS for sign in path) or _long_segment(raw):
        return Recipe(path, Made(made.chunks, made.tables, _SERVERS_CHOICE, State.EITHER))
    return Recipe(path, made)


_ODD_SIGNS = "\\\ufffd\U0010ffff"
"""What one server takes and another refuses, besides control characters."""


def _long_segment(raw: bytes) -> bool:
    return len(raw.rpartition(b"/")[2]) + len(b".parquet") > 255


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
