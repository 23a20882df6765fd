"""Makes the files of a case, in a process of its own: `python -m bench.inputs KIND SIZE FOLDER`."""

from __future__ import annotations

import itertools
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from isal import igzip

from bench import paper
from bench.rows import NAMES, blocks

_HEADER = (",".join(NAMES) + "\n").encode()
_SMALL_ROWS = 40
_FILES_A_FOLDER = 1000
_MEMBERS = 10
_FOUR = 4
_BATCH = 20_000
_PACKING = 2
_MYSQL = b"""-- MySQL dump 10.13  Distrib 8.0.36

/*!40101 SET NAMES utf8mb4 */;
CREATE TABLE `orders` (
  `id` bigint NOT NULL, `customer` bigint, `amount` decimal(10,2), `ratio` double, `active` bool,
  `day` date, `at` datetime, `country` char(2), `name` varchar(40), `note` text, PRIMARY KEY (`id`)
) ENGINE=InnoDB;
LOCK TABLES `orders` WRITE;
"""
_INSERT_BYTES = 1 << 20
# What ends a row, and what tells this end from one inside the row.
_ENDS = {"array": (b"},", b'{"id"'), "mysqldump": (b"),", b"(")}


def _sized(language: str, size: int) -> Iterator[bytes]:
    """Blocks of whole rows with `size` bytes in all, or a row less."""
    end, following = _ENDS.get(language, (b"\n", b""))
    left = size
    for block in blocks(language):
        if len(block) > left:
            yield block[: block.rfind(end + following, 0, left) + len(end)]
            return
        left -= len(block)
        yield block


def _csv(file: IO[bytes], size: int) -> None:
    file.write(_HEADER)
    for block in _sized("csv", size):
        file.write(block)


def _make_csv(folder: Path, size: int) -> None:
    with (folder / "orders.csv").open("wb") as file:
        _csv(file, size)


def _make_csv_four(folder: Path, size: int) -> None:
    for number in range(_FOUR):
        with (folder / f"orders-{number}.csv").open("wb") as file:
            _csv(file, size // _FOUR)


def _make_csv_gz(folder: Path, size: int) -> None:
    with igzip.open(folder / "orders.csv.gz", "wb", compresslevel=_PACKING) as file:
        _csv(file, size)


def _make_tar_gz(folder: Path, size: int) -> None:
    member = folder / "member"
    with member.open("wb") as file:
        _csv(file, size // _MEMBERS)
    packed = igzip.open(folder / "orders.tar.gz", "wb", compresslevel=_PACKING)
    with packed, tarfile.open(fileobj=packed, mode="w") as tar:
        for number in range(_MEMBERS):
            tar.add(member, f"orders/{number}.csv")
    member.unlink()


def _make_ndjson(folder: Path, size: int) -> None:
    with (folder / "orders.ndjson").open("wb") as file:
        file.writelines(_sized("ndjson", size))


def _make_array(folder: Path, size: int) -> None:
    with (folder / "orders.json").open("wb") as file:
        file.write(b"[")
        file.writelines(_sized("array", size))
        file.seek(-1, 2)
        file.write(b"]")


def _make_mysqldump(folder: Path, size: int) -> None:
    with (folder / "orders.sql").open("wb") as file:
        file.write(_MYSQL)
        for block in _sized("mysqldump", size):
            start = 0
            while start < len(block):
                end = block.rfind(b"),", start, start + _INSERT_BYTES) + 1
                file.write(b"INSERT INTO `orders` VALUES " + block[start:end] + b";\n")
                start = end + 1
        file.write(b"UNLOCK TABLES;\n")


def _make_copy(folder: Path, size: int) -> None:
    with (folder / "orders.sql").open("wb") as file:
        file.write(b"--\n-- PostgreSQL database dump\n--\n\nSET client_encoding = 'UTF8';\n\n")
        file.write(f"COPY public.orders ({', '.join(NAMES)}) FROM stdin;\n".encode())
        file.writelines(_sized("copy", size))
        file.write(b"\\.\n\n")


def _make_small(folder: Path, count: int) -> None:
    lines = itertools.chain.from_iterable(block.splitlines(keepends=True) for block in blocks("csv"))
    for path in _paths(folder, count, "csv"):
        path.write_bytes(_HEADER + b"".join(itertools.islice(lines, _SMALL_ROWS)))


def _make_many(folder: Path, count: int) -> None:
    for path in _paths(folder, count, "txt"):
        path.write_bytes(b"one line\n")


def _make_done(folder: Path, count: int) -> None:
    # Through the state itself: to migrate so many files first would take minutes and prove nothing more.
    from migrator.entries import FileState, NewFile, StoredObject, now
    from migrator.reconcile import open_state
    from migrator.state import LISTING

    (folder / ".migrator").mkdir()
    size = len(paper.body(0))
    with open_state(folder / ".migrator" / "state.sqlite3") as state:
        for start in range(0, count, _BATCH):
            numbers = range(start, min(start + _BATCH, count))
            files = [NewFile(paper.path(number), len(paper.TEXT), _put_away(folder, number)) for number in numbers]
            with state.transaction():
                state.mark(LISTING, stands=False)
                state.add_pending(files, now())
                for number, file in zip(numbers, files, strict=True):
                    stored = StoredObject(paper.key(number), 1, size, paper.ETAG, None)
                    state.record(number + 1, paper.SHA256, [stored], f"done/{file.path}")
                    state.finish(number + 1, FileState.DONE, f"done/{file.path}", now())


def _put_away(folder: Path, number: int) -> int:
    """Make a file in `done/`; its modification time."""
    file = folder / "done" / paper.path(number)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(paper.TEXT)
    return file.stat().st_mtime_ns


def _paths(folder: Path, count: int, extension: str) -> Iterator[Path]:
    for number in range(count):
        path = folder / f"{number // _FILES_A_FOLDER:03}" / f"{number}.{extension}"
        if number % _FILES_A_FOLDER == 0:
            path.parent.mkdir()
        yield path


MAKERS: dict[str, Callable[[Path, int], None]] = {
    "csv": _make_csv,
    "csv_four": _make_csv_four,
    "csv_gz": _make_csv_gz,
    "tar_gz": _make_tar_gz,
    "ndjson": _make_ndjson,
    "array": _make_array,
    "mysqldump": _make_mysqldump,
    "copy": _make_copy,
    "small": _make_small,
    "many": _make_many,
    "done": _make_done,
}
"""How each kind of input is made: the folder, and bytes or the number of files."""


if __name__ == "__main__":
    MAKERS[sys.argv[1]](Path(sys.argv[3]), int(sys.argv[2]))
