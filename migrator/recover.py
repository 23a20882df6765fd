"""The command `recover`: a new state from what folders and bucket tell."""

from contextlib import closing
from functools import partial
from pathlib import Path

from migrator import reconcile, state_schema
from migrator.crew import Workers
from migrator.entries import FileState
from migrator.errors import ExitCode, StateUnusable, Stopped
from migrator.examination import Examination
from migrator.folders import Folders, check_tops
from migrator.lock import Lock
from migrator.logs import fields, log
from migrator.options import Options
from migrator.progress import Progress, is_live
from migrator.state import LISTING, State
from migrator.state_aside import set_aside
from migrator.stop import Stop
from migrator.survey import survey


def recover(given: Options, stop: Stop) -> int:
    """Rebuild the state; the old one is set aside once the new one is whole.

    Returns:
        0, or 130 or 143 where it was stopped.

    Raises:
        Locked: A run holds SOURCE.
        Blocked: Folders, state or target cannot be used; the old state stays.
    """
    check_tops(given.source)
    log.info("recover: %s from %s", given.source, given.address)
    building = state_schema.draft(given.state)
    with Lock(given.source):
        state_schema.remove_drafts(given.state)
        try:
            state_schema.create(building)
            with State(building) as state:
                _rebuild(given, stop, state)
                # The reserve may be just the room that folding the log into the new state takes.
                reconcile.remove_scratch(given.source)
            _replace(given.state, building)
        except Stopped:
            return stop.exit_code
        finally:
            state_schema.remove_drafts(given.state)
            reconcile.remove_scratch(given.source)
    return ExitCode.DONE


def _rebuild(given: Options, stop: Stop, state: State) -> None:
    with state.transaction():
        state.mark(LISTING, stands=True)
    scratch = reconcile.clear_scratch(given.source)
    folders = Folders(given.source, scratch)
    with Progress(live=is_live(given.log_format), obey=stop.obey) as progress:
        found = survey(state, folders, reconcile.own_files(given.source, given.state), progress)
        examination = Examination(state, folders, found, progress)
        examination.failed()
        if found.unknown_done:
            workers = Workers(given, scratch, stop)
            try:
                (keys,) = workers.gather([partial(examination.keys, workers.target, scratch)])
                with closing(keys):
                    examination.done(workers, keys)
            finally:
                workers.close()
    if found.unreadable:
        raise StateUnusable(f"cannot read {', '.join(sorted(found.unreadable))}; the old state stays")
    counts = state.counts()
    log.info(
        "recovered: %d done, %d failed, %d pending",
        counts[FileState.DONE],
        counts[FileState.FAILED],
        counts[FileState.PENDING],
        extra=fields(**{each.value: count for each, count in counts.items()}),
    )


def _replace(path: Path, building: Path) -> None:
    if state_schema.has_log(building):
        raise StateUnusable(f"no space left for the new state beside {path}: make room there; the old state stays")
    if state_schema.exists(path):
        aside = set_aside(path)
        log.info("the old state is set aside as %s", aside, extra=fields(set_aside=str(aside)))
    try:
        building.rename(path)
    except OSError as error:
        raise StateUnusable(f"cannot write the state {path}: {error.strerror}") from error
