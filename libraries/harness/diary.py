"""What was done when, as JSON lines beside the other evidence: runs, signals, kills, outages. Timelines show it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

FILE_NAME = "timeline.jsonl"


class Deed(StrEnum):
    """The kinds of things that are done to a migrator and its server."""

    STARTED = "started"
    ENDED = "ended"
    SIGNAL = "signal"
    KILLED = "killed"
    LOOKED = "looked"
    SERVER_AWAY = "server away"
    SERVER_BACK = "server back"
    FAULT = "fault"
    """What the gate, or somebody else, does to requests, files or state."""


@dataclass(frozen=True)
class Entry:
    """One deed.

    Attributes:
        time: ISO 8601 in UTC.
        deed: What was done.
        detail: To what, or how it ended.
        file: The evidence file that tells more, beside the diary; empty where there is none.
    """

    time: str
    deed: Deed
    detail: str
    file: str = ""

    @classmethod
    def now(cls, deed: Deed, detail: str, file: str = "") -> Entry:
        """An entry of this moment."""
        return cls(now(), deed, detail, file)


def now() -> str:
    """This moment as the gate's log and the migrator's state write it: ISO 8601 in UTC, with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def note(folder: Path, entry: Entry) -> None:
    """Adds an entry to the diary in an evidence folder."""
    with (folder / FILE_NAME).open("a", encoding="utf-8") as diary:
        diary.write(f"{json.dumps(asdict(entry))}\n")
