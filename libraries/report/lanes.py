"""When each file was in which state, from every look at the state that a scenario took, and from the gate's log."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_PENDING = "pending"
_IN_PROGRESS = "in_progress"
_UPLOADED = ""
"""Stands in place of a state where a request of the file was seen."""

Moment = tuple[str, str]
"""A time (ISO 8601 in UTC) and the state from then on."""


@dataclass
class Lane:
    """One file's way: the moments from which on it was in a state."""

    path: str
    states: list[Moment] = field(default_factory=list)


def lanes(
    looks: Iterable[tuple[str, list[dict[str, Any]]]], ends: list[str], uploads: Iterable[tuple[str, str]]
) -> Iterator[Lane]:
    """A lane for each arrival of a file.

    Args:
        looks: The time of each look, empty for one that was taken after the end, and the files that it told.
        ends: When runs of the migrator ended.
        uploads: The time and the file's path of each upload: such a file was in progress then.
    """
    taken = list(looks)
    most: Counter[str] = Counter()
    for _, files in taken:
        most |= Counter(file["path"] for file in files)
    # By path, and where a path arrived again, by the time of the inventory. A state that was rebuilt tells other times
    # of the same arrival.
    found: dict[tuple[str, str], set[Moment]] = {}
    for time, files in taken:
        for file in files:
            arrival = "" if most[file["path"]] == 1 else file["discovered_at"] or ""
            moments = found.setdefault((file["path"], arrival), set())
            moments.update(_moments(file))
            if time:
                moments.add((time, file["state"]))
    sent: Mapping[str, list[str]] = _by_path(uploads)
    for (path, arrival), moments in found.items():
        uploaded = ((time, _UPLOADED) for time in sent.get(path, ()))
        yield Lane(path, list(_changes(sorted({*moments, *uploaded}), ends, arrival)))


def _by_path(uploads: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    times = defaultdict(list)
    for time, path in uploads:
        times[path].append(time)
    return times


def _moments(file: Mapping[str, Any]) -> Iterator[Moment]:
    discovered, started, finished = file["discovered_at"], file["started_at"], file["finished_at"]
    # Of a file that was done before its state was rebuilt, the new inventory tells no time at which it was pending.
    if discovered and (started or finished or file["state"] in {_PENDING, _IN_PROGRESS}):
        yield discovered, _PENDING
    if started:
        yield started, _IN_PROGRESS
    if finished:
        yield finished, file["state"]


def _changes(moments: Iterable[Moment], ends: list[str], arrival: str) -> Iterator[Moment]:
    now = ""
    for time, told in moments:
        state = told
        if told == _UPLOADED:
            state = _IN_PROGRESS if now == _PENDING else now
        if state == now or time < arrival:
            continue
        begun = time
        if now == _IN_PROGRESS and state == _PENDING:
            # It went back when the run ended, and was seen only later.
            begun = max((end for end in ends if end <= time), default=time)
        now = state
        yield begun, state
