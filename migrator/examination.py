"""What is done with files in `done/` and `failed/` that the state does not know: entered, or remembered as foreign."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.batches import batches
from migrator.entries import FileState
from migrator.examine import Examined, examine_done, examine_failed
from migrator.folders import Folders
from migrator.keys import Keys
from migrator.logs import fields, log
from migrator.progress import Progress
from migrator.state import LISTING, State
from migrator.survey import Survey

if TYPE_CHECKING:
    from migrator.crew import Workers
    from migrator.target import Target

_BATCH = 500
_PARQUET = ".parquet"
_OPEN = frozenset({FileState.PENDING, FileState.IN_PROGRESS})


class Examination:
    """Looks at what the survey could not explain.

    Args:
        state: Where the findings are entered.
        folders: SOURCE.
        survey: What the walk found.
        progress: Told of every file that was looked at.
    """

    def __init__(self, state: State, folders: Folders, survey: Survey, progress: Progress) -> None:
        self._state = state
        self._folders = folders
        self._survey = survey
        self._progress = progress

    def failed(self) -> None:
        """Enter the unknown files below `failed/`."""
        unknown = self._survey.unknown_failed
        self._progress.begin("reading what lies in failed/", len(unknown))
        self._enter(self._progress.counted(examine_failed(self._folders, unknown)))

    def done(self, workers: "Workers", keys: Keys) -> None:
        """Enter the unknown files below `done/`.

        Raises:
            Blocked: The target does not tell.
            Stopped: A stop was asked for; what was not looked at is unknown to the next run, too.
        """
        unknown = self._survey.unknown_done
        self._progress.begin("asking the bucket about what lies in done/", len(unknown))
        jobs = (
            partial(examine_done, self._folders, workers.target, keys, workers.makes_nothing, place)
            for place in unknown
        )
        self._enter(found for found in self._progress.counted(workers.each(jobs)) if found is not None)

    def keys(self, target: "Target", scratch: Path) -> Keys:
        """What the bucket holds under the prefix."""
        address = target.address
        self._progress.begin("listing the bucket")
        listed = self._progress.counted(target.listing(address.under))
        return Keys(address.prefix, (each.key for each in listed), scratch / "keys")

    def is_ours(self, key: str, prefix: str) -> bool:
        """Whether a key is one that a pending file could make."""
        return any(self._is_open(path) for path in _paths_of(key, prefix))

    def knows(self, key: str, prefix: str) -> bool:
        """Whether a key is one that a file could make which ever arrived here."""
        return any(self._state.knows_path(path) for path in _paths_of(key, prefix))

    def _is_open(self, path: str) -> bool:
        entry = self._state.at(path)
        return entry is not None and entry.state in _OPEN

    def _expected(self, path: str) -> int:
        """The entry of an older state that still expects the file where it arrived; 0 where there is none."""
        entry = self._state.at(path)
        if entry is None or entry.state not in _OPEN or self._folders.stat(path) is not None:
            return 0
        return entry.id

    def _enter(self, findings: Iterable[Examined]) -> None:
        for batch in batches(findings, _BATCH):
            with self._state.transaction():
                self._enter_batch(batch)

    def _enter_batch(self, batch: Iterable[Examined]) -> None:
        for found in batch:
            if found.entry is None:
                self._state.remember_foreign(found.place, found.size, found.mtime_ns)
                log.warning("%s is none of the migrator's files; it is left alone", found.place)
                continue
            known = self._expected(found.entry.path)
            self._state.add_known(replace(found.entry, id=known), found.objects)
            self._state.mark(LISTING, stands=True)
            self._end_move(found.place, found.entry.path)
            log.info(
                "%s is %s, as folders and bucket tell",
                found.place,
                found.entry.state.value,
                extra=fields(path=found.entry.path, place=found.place, state=found.entry.state.value),
            )

    def _end_move(self, place: str, path: str) -> None:
        """Where a rename by link and unlink was cut between the two, the file also stands where it arrived."""
        there, here = self._folders.stat(place), self._folders.stat(path)
        if there is None or here is None or not os.path.samestat(there, here):
            return
        (self._folders.root / path).unlink()
        entry = self._state.at(path)
        if entry is not None and entry.state in _OPEN:
            self._state.forget(entry.id)


def _paths_of(key: str, prefix: str) -> Iterator[str]:
    """The paths of the files that could make this key."""
    under = f"{prefix}/" if prefix else ""
    if not key.startswith(under):
        return
    path = key[len(under) :]
    yield path.removesuffix(_PARQUET)
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
