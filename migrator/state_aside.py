"""A state that cannot be used is kept beside its place, byte for byte as it was found."""

import os
from pathlib import Path

from migrator.errors import StateUnusable
from migrator.state_schema import COMPANIONS

ASIDE_MARK = ".unreadable-"


def set_aside(path: Path) -> Path:
    """Rename the state and its companions to a free name that starts with their own.

    Returns:
        Where the state's own file went.

    Raises:
        StateUnusable: They cannot be renamed.
    """
    number = 1
    while any(os.path.lexists(_aside(path, number, suffix)) for suffix in ("", *COMPANIONS)):
        number += 1
    try:
        for suffix in ("", *COMPANIONS):
            part = path.with_name(path.name + suffix)
            if os.path.lexists(part):
                part.rename(_aside(path, number, suffix))
    except OSError as error:
        raise StateUnusable(f"cannot set aside the state {path}: {error}") from error
    return _aside(path, number, "")


def _aside(path: Path, number: int, suffix: str) -> Path:
    return path.with_name(f"{path.name}{ASIDE_MARK}{number}{suffix}")
