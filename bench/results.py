"""The costs that RESULTS.md tells: of a file, of its bytes, and how much of that can go on side by side."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bench.cases import CASES
from bench.model import Costs


@dataclass(frozen=True)
class _Row:
    """The migrator's row of a case; seconds."""

    wall: float
    cpu: float
    server: float


def costs(results: str, coordinator: float) -> Costs:
    """The costs behind what `make bench` has written.

    Args:
        results: RESULTS.md.
        coordinator: CPU seconds that the coordinating thread takes for a file, which RESULTS.md does not tell.
    """
    small, few = _row(results, "small"), _row(results, "small-tenth")
    big, tenth = _row(results, "csv"), _row(results, "csv-tenth")
    files = _size("small") - _size("small-tenth")
    # Of two sizes the difference: what a run costs without files is in both.
    file = (small.cpu - few.cpu) / files
    return Costs(
        file=file,
        byte=(big.cpu - tenth.cpu) / (_size("csv") - _size("csv-tenth")),
        locked=min(1.0, (small.wall - few.wall) / files / file),
        coordinator=coordinator,
        server=(small.server - few.server) / files,
        start=few.cpu - file * _size("small-tenth"),
    )


def _size(name: str) -> int:
    return next(case.input.size for case in CASES if case.name == name)


def _row(results: str, name: str) -> _Row:
    section = results.partition(f"\n`{name}`: ")[2].partition("\n## ")[0]
    found = re.search(r"^\| \*\*migrator\*\* \|(.*)\|$", section, re.MULTILINE)
    if found is None:
        raise SystemExit(f"bench/RESULTS.md does not tell of the case {name}; `make bench CASES={name}` measures it")
    wall, _, _, cpu, server, *_ = (cell.strip().lstrip("~") for cell in found[1].split("|"))
    return _Row(float(wall), float(cpu), float(server))
