"""What was done to migrator, server, files and state, in the words and kinds in which a timeline marks it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.diary import Deed, Entry

_KILL = "SIGKILL"
_RUN = "run"


@dataclass(frozen=True)
class Mark:
    """A line in a timeline.

    Attributes:
        time: ISO 8601 in UTC.
        kind: "start", "resume", "stop", "kill", "end", "outage", "recovery" or "fault".
        told: What stands beside it.
    """

    time: str
    kind: str
    told: str


def marks(deeds: Iterable[Entry]) -> Iterator[Mark]:
    """A mark for each deed, in order of time; the end of what was killed is told by the kill."""
    runs = 0
    killed = False
    for deed in sorted(deeds, key=lambda each: each.time):
        match deed.deed:
            case Deed.STARTED:
                runs += deed.detail == _RUN
                again = deed.detail == _RUN and runs > 1
                yield Mark(deed.time, "resume" if again else "start", f"run {runs} starts" if again else _starts(deed))
            case Deed.SIGNAL | Deed.KILLED if _KILL in deed.detail:
                killed = True
                yield Mark(deed.time, "kill", _KILL)
            case Deed.SIGNAL:
                yield Mark(deed.time, "stop", deed.detail)
            case Deed.ENDED if killed and deed.detail == _KILL:
                killed = False
            case Deed.ENDED:
                yield Mark(deed.time, "end", f"ends: {deed.detail}")
            case Deed.SERVER_AWAY:
                yield Mark(deed.time, "outage", f"server {deed.detail}")
            case Deed.SERVER_BACK:
                yield Mark(deed.time, "recovery", f"server {deed.detail}")
            case Deed.FAULT:
                yield Mark(deed.time, "fault", deed.detail)


def _starts(deed: Entry) -> str:
    return f"{deed.detail} starts"
