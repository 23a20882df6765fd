"""The standard test data: every format, every reason code that a file alone can have, names and values that bite."""

from collections.abc import Iterator
from functools import lru_cache

from harness.mock_archive_files import archive_files
from harness.mock_csv_files import csv_files
from harness.mock_dice import Dice
from harness.mock_faults import standard_faults
from harness.mock_json_files import json_files, txt_files
from harness.mock_made import Recipe
from harness.mock_sql_files import sql_files

DEFAULT_SEED = 20251115

_MODES = (0o644, 0o640, 0o600, 0o444, 0o755)
_NEWEST = 1_760_000_000
_SECONDS = 50 * 365 * 24 * 3600
"""Modification times lie in the 50 years before the newest."""


@lru_cache(maxsize=2)
def standard_files(seed: int = DEFAULT_SEED) -> tuple[Recipe, ...]:
    """The files that `seed` makes, the same bytes, modes and times on every machine; made once in a process."""
    return tuple(_standard_files(seed))


def _standard_files(seed: int) -> Iterator[Recipe]:
    dice = Dice(seed)
    files = csv_files(dice) | json_files(dice) | txt_files() | sql_files() | archive_files(dice) | standard_faults()
    for number, (path, made) in enumerate(files.items()):
        nanoseconds = (_NEWEST - dice.below(_SECONDS)) * 10**9 + dice.below(10**9)
        yield Recipe(path, made, _MODES[number % len(_MODES)], nanoseconds)
