"""Bad files of every reason code that a file can have by itself, with good ones beside them."""

from collections.abc import Iterable, Iterator

from harness.archives import gzip_run
from harness.mock_archives import gzipped, zipped
from harness.mock_faults import alone, bomb, faults, inside, matryoshka
from harness.mock_made import Recipe, bad
from harness.mock_rare_faults import rare_faults
from harness.mock_text import csv, txt

PACKERS = ("zip", "tar", "tar.gz", "gz")
UNPACK_LIMIT = 1 << 20
"""What `--unpack-limit` is set to, so that a bomb is small."""

CODES = frozenset(
    {
        "malformed-csv",
        "malformed-json",
        "malformed-sql",
        "not-text",
        "empty-file",
        "unsupported-format",
        "corrupt-archive",
        "encrypted-archive",
        "unsafe-archive",
        "name-taken",
        "unsupported-name",
    }
)
"""The contract's reason codes but those that need a target (`upload-rejected`) or a moment (`source-…`)."""


def bad_files() -> Iterator[Recipe]:
    """Every bad file alone, and good ones in the same folders."""
    yield from alone()
    for code, files in rare_faults().items():
        yield from (Recipe(f"{code}/rare/{name}", made) for name, made in files.items())
    yield from _good(faults())


def bad_members() -> Iterator[Recipe]:
    """Every bad file in every kind of archive, and good ones in the same folders."""
    for how in PACKERS:
        yield from inside(how)
        yield from _good([f"{code} in {how}" for code in faults()])


def archives_at_the_limits() -> Iterator[Recipe]:
    """Archives that unpack to far too much, or are too deep, beside such as are just within both limits."""
    for how in ("gz", "zip", "tar.gz"):
        yield bomb(how, 4 * UNPACK_LIMIT)
    # Each of them is within the limit, and all together are not.
    parts = {f"part {number}.txt.gz": bad(gzip_run(UNPACK_LIMIT // 2), "unsafe-archive") for number in range(4)}
    yield Recipe("all together.zip", zipped(parts))
    for levels in (8, 9):
        doll = matryoshka(levels)
        yield Recipe(f"{levels} deep/{doll.path}", doll.made)
    # Much of it, but packed no smaller than many a honest table.
    wide = csv(["id", "text"], *([str(row), f"row {row} {row * 7919}"] for row in range(60_000)))
    yield Recipe("big but honest.csv.gz", gzipped("big but honest.csv", wide))
    # More than anybody reads of a text at once, and lines that end in either way.
    lines = (f"line {row} {row * 7919}" + ("\r\n" if row % 3 else "\n") for row in range(120_000))
    yield Recipe("many lines.txt", txt("".join(lines)))


def _good(folders: Iterable[str]) -> Iterator[Recipe]:
    for number, folder in enumerate(folders):
        table = csv(["beside"], [f"{folder} {number}"])
        yield Recipe(f"{folder}/good.csv", table)
        yield Recipe(f"{folder}/good.zip", zipped({"a.csv": table, "deep/a.csv": table}))
