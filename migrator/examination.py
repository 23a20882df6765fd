"""What is done with files in `done/` and `failed/` that the state does not know: entered, or remembered as foreign."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from migrator.examine import Examined, Keys, examine_done, examine_failed
from migrator.folders import Folders
from migrator.logs import fields, log
from migrator.reconcile import Survey
from migrator.state import LISTING, State

if TYPE_CHECKING:
    from migrator.crew import Workers
    from migrator.target import Target

_BATCH = 500
_PARQUET = ".parquet"


class Examination:
    """Looks at what the survey could not explain.

    Args:
        state: Where the findings are entered.
        folders: SOURCE.
        survey: What the walk found.
    """

    def __init__(self, state: State, folders: Folders, survey: Survey) -> None:
        self._state = state
        self._folders = folders
        self._survey = survey

    def failed(self) -> None:
        """Enter the unknown files below `failed/`."""
        self._enter(examine_failed(self._folders, self._survey.unknown_failed))

    def done(self, workers: "Workers", keys: Keys) -> None:
        """Enter the unknown files below `done/`.

        Raises:
            Blocked: The target does not tell.
            Stopped: A stop was asked for; what was not looked at is unknown to the next run, too.
        """
        unknown = self._survey.unknown_done
        for start in range(0, len(unknown), _BATCH):
            jobs = [
                partial(examine_done, self._folders, workers.target, keys, workers.makes_nothing, place)
                for place in unknown[start : start + _BATCH]
            ]
            self._enter(found for found in workers.gather(jobs) if found is not None)

    def keys(self, target: "Target") -> Keys:
        """What the bucket holds under the prefix."""
        address = target.address
        return Keys(address.prefix, (listed.key for listed in target.listing(address.under)))

    def ours(self, prefix: str) -> Callable[[str], bool]:
        """Whether a key is one that a pending file could make; it may be asked by any thread."""
        paths = {entry.path for entry in self._state.open_entries()}
        return lambda key: any(path in paths for path in _paths_of(key, prefix))

    def knows(self, prefix: str, key: str) -> bool:
        """Whether a key is one that a file could make which ever arrived here."""
        return any(self._state.knows_path(path) for path in _paths_of(key, prefix))

    def _enter(self, findings: Iterable[Examined]) -> None:
        with self._state.transaction():
            for found in findings:
                if found.entry is None:
                    self._state.remember_foreign(found.place, found.size, found.mtime_ns)
                    log.warning("%s is none of the migrator's files; it is left alone", found.place)
                    continue
                # An older state still expects the file where it arrived.
                known = self._survey.missing.pop(found.entry.path, 0)
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
        for entry in self._state.open_entries():
            if entry.place == path:
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
