"""A handful of files for scenarios about the target: enough to stop in the middle, and quickly done."""

import base64
import random
from collections.abc import Iterator

from harness.mock_archives import zipped
from harness.mock_made import Recipe, bad
from harness.mock_makers import many_small
from harness.mock_sql import Insert, dump, number
from harness.mock_text import csv

SMALL_FILES = 12
LARGE = "large.csv"
"""The file whose object is big enough for several parts of 8 MiB."""
ARCHIVE = "pair.zip"
"""Two members, so two objects."""
DUMP = "dump.sql"
"""Two tables, so two objects."""
BAD = "bad.json"

_LARGE_ROWS = 12 << 10
# In base64, which parquet's compression takes back to the bytes that it was made of: 12 MiB in all.
_LARGE_CELL = 1 << 10


def few_files() -> Iterator[Recipe]:
    """Small csv files, an archive and a dump of two objects each, and a file that must fail."""
    yield from many_small(SMALL_FILES)
    yield Recipe(ARCHIVE, zipped({"a.csv": csv(["a"], ["1"]), "b.csv": csv(["b"], ["2"])}))
    rows = ((number("1"), "x"), (number("2"), None))
    yield Recipe(DUMP, dump(*(Insert(name, name, ("id", "name"), rows) for name in ("first", "second"))))
    yield Recipe(BAD, bad(b'{"a": 1', "malformed-json"))


def large_file() -> Recipe:
    """A csv file whose object no compression makes smaller than 12 MiB; the same bytes each time."""
    chance = random.Random(1)  # noqa: S311 - nothing secret, and the same bytes each time
    cells = (base64.b64encode(chance.randbytes(_LARGE_CELL)).decode() for _ in range(_LARGE_ROWS))
    return Recipe(LARGE, csv(["id", "text"], *([str(row), cell] for row, cell in enumerate(cells))))
