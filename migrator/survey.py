"""The state held against the folders: both by the bytes of their paths, side by side, so that neither is in memory."""

import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from migrator.batches import batches
from migrator.entries import NewFile, now
from migrator.folders import DONE, FAILED, Folders, cut_reasons, owner_of
from migrator.inventory import arrived, put_away
from migrator.names import REASON_SUFFIX
from migrator.progress import Progress
from migrator.side_by_side import side_by_side
from migrator.state import State
from migrator.state_queries import Foreign, Placed

_BATCH = 20_000


@dataclass
class Survey:
    """What the walk through SOURCE found.

    Attributes:
        unknown_done: Places in `done/` that the state knows nothing of.
        unknown_failed: Places in `failed/`, reason files among them, likewise.
        unreadable: Folders and files that could not be looked at, with the reason.
    """

    unknown_done: list[str] = field(default_factory=list)
    unknown_failed: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)

    def trouble(self, path: str, error: OSError) -> None:
        """Note what could not be looked at."""
        self.unreadable[path] = error.strerror or str(error)


def survey(state: State, folders: Folders, own: Collection[str], progress: Progress) -> Survey:
    """Walk through SOURCE: enter what arrived, forget what a user took out of `failed/`, tell what is unknown.

    All that arrived stands durable in the state afterwards.

    Args:
        state: The state.
        folders: SOURCE.
        own: Paths relative to SOURCE that are the migrator's own files.
        progress: Told of every file that is found.
    """
    progress.begin("inventory")
    found = Survey()
    _enter_arrivals(state, progress.counted(arrived(folders.root, own, found.trouble)))
    done = progress.counted(put_away(folders.root, DONE, found.trouble))
    strange = (
        place for place, known in side_by_side(done, state.places(DONE), bytes, bytes) if place and known is None
    )
    found.unknown_done += _unknown(state, folders, DONE, strange)
    failed = progress.counted(put_away(folders.root, FAILED, found.trouble))
    _survey_failed(state, folders, found, failed)
    return found


def _enter_arrivals(state: State, files: Iterable[NewFile]) -> None:
    at = now()
    pairs = side_by_side(files, state.waiting(), _path, _place)
    for batch in batches(pairs, _BATCH):
        new: list[NewFile] = []
        changed: list[tuple[int, NewFile]] = []
        for file, known in batch:
            if file is not None and known is None:
                new.append(file)
            elif file is not None and known is not None and (known.size, known.mtime_ns) != (file.size, file.mtime_ns):
                changed.append((known.id, file))
        if new or changed:
            with state.transaction():
                for entry_id, file in changed:
                    state.resize(entry_id, file.size, file.mtime_ns)
                state.add_pending(new, at)


def _survey_failed(state: State, folders: Folders, found: Survey, places: Iterable[bytes]) -> None:
    gone = state.vanished()
    away: list[int] = []
    reasons = _Reasons(state)

    def strange() -> Iterator[bytes]:
        for place, known in side_by_side(places, state.places(FAILED), bytes, bytes):
            if place is None and known is not None:
                entry = state.at(os.fsdecode(known))
                away.extend([entry.id] if entry is not None else [])
            elif place is not None and known is None and os.fsdecode(place) not in reasons:
                yield place

    found.unknown_failed += _unknown(state, folders, FAILED, strange())
    if not any(path.split("/")[0] == FAILED for path in found.unreadable):
        gone += away
    for ids in batches(gone, _BATCH):
        _forget(state, folders, ids)


def _forget(state: State, folders: Folders, ids: list[int]) -> None:
    # Before they are forgotten: nobody would know whose reason files they are.
    for entry in map(state.entry, ids):
        if entry.place is not None:
            folders.remove_reason(entry.place, entry.path)
    with state.transaction():
        for entry_id in ids:
            state.forget(entry_id)


def _unknown(state: State, folders: Folders, top: str, strange: Iterable[bytes]) -> Iterator[str]:
    """Those that were not looked at before, or have changed since; what is not there any more is forgotten."""
    outdated: list[str] = []
    for place, foreign in side_by_side(strange, state.foreign(top), bytes, _place):
        if place is None or foreign is None or not _is_same(folders, foreign):
            if foreign is not None:
                outdated.append(os.fsdecode(foreign.place))
            if place is not None:
                yield os.fsdecode(place)
    if outdated:
        with state.transaction():
            for each in outdated:
                state.forget_foreign(each)


def _is_same(folders: Folders, foreign: Foreign) -> bool:
    status = folders.stat(os.fsdecode(foreign.place))
    return status is not None and (status.st_size, status.st_mtime_ns) == (foreign.size, foreign.mtime_ns)


class _Reasons:
    """The places of the reason files of all failed files that the state knows."""

    def __init__(self, state: State) -> None:
        self._state = state

    def __contains__(self, place: str) -> bool:
        owner = owner_of(place)
        if owner is not None and self._state.at(owner) is not None:
            return True
        return place.endswith(REASON_SUFFIX) and place in self._cut

    @cached_property
    def _cut(self) -> dict[str, str]:
        return cut_reasons(map(os.fsdecode, self._state.places(FAILED)))


def _path(file: NewFile) -> bytes:
    return os.fsencode(file.path)


def _place(known: Placed | Foreign) -> bytes:
    return known.place
