"""Earlier runs, from the traceability.json files that they left in a folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEMA = 1


@dataclass(frozen=True)
class Earlier:
    """An earlier run in a line.

    Attributes:
        time: When it began, ISO 8601.
        verdict: Its sentence.
        exit_code: Of `make acceptance`.
        seconds: How long the scenarios took.
        passed, failed, skipped: How many scenarios.
        proved: How many ids.
    """

    time: str
    verdict: str
    exit_code: int
    seconds: float
    passed: int
    failed: int
    skipped: int
    proved: int


def earlier_runs(folder: Path) -> list[Earlier]:
    """Reads every traceability.json below a folder, the oldest run first; what is none of ours is passed over."""
    found = {}
    for file in folder.rglob("*.json"):
        run = _read(file)
        if run:
            found[run.time] = run
    return [found[time] for time in sorted(found)]


def _read(file: Path) -> Earlier | None:
    try:
        document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            return None
        counts = document["counts"]
        return Earlier(
            document["started"] or "",
            document["sentence"],
            document["exit_code"],
            document["seconds"],
            counts["passed"],
            counts["failed"],
            counts["skipped"],
            counts["proved"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
