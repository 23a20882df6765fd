"""The command `retry`: failed files go back to where they came from."""

from migrator import reconcile, state_check, state_schema
from migrator.entries import Entry, FileState
from migrator.errors import ExitCode, StateUnusable
from migrator.examination import Examination
from migrator.folders import Folders, check_tops
from migrator.lock import Lock
from migrator.logs import fields, log
from migrator.options import Options
from migrator.progress import Progress, is_live
from migrator.state import State
from migrator.state_errors import StateUnreadable
from migrator.survey import survey


def retry(given: Options) -> int:
    """Put failed files back, pending; with `--code` only those with that reason code.

    Returns:
        0, also where a file's old place is taken; that one is named.

    Raises:
        Locked: A run holds SOURCE.
        StateUnusable: State or folders cannot be used.
    """
    check_tops(given.source)
    with Lock(given.source):
        if state_schema.exists(given.state):
            try:
                state_check.check(given.state)
            except StateUnreadable as error:
                raise StateUnusable(f"the state {given.state} cannot be used: {error}; `run` rebuilds it") from error
        with reconcile.open_state(given.state) as state:
            try:
                _put_back_all(given, state)
            finally:
                reconcile.remove_scratch(given.source)
    return ExitCode.DONE


def _put_back_all(given: Options, state: State) -> None:
    folders = Folders(given.source, reconcile.clear_scratch(given.source))
    reconcile.settle_moves(state, folders)
    with Progress(live=is_live(given.log_format)) as progress:
        found = survey(state, folders, reconcile.own_files(given.source, given.state), progress)
        if found.unknown_failed:
            Examination(state, folders, found, progress).failed()
        wanted = [entry.id for entry in state.failed() if given.code in {None, entry.error_code}]
        progress.begin("retry", len(wanted))
        count = sum(_put_back(state, folders, state.entry(each)) for each in progress.counted(wanted))
    folders.flush()
    log.info("%d of %d failed files are pending again", count, len(wanted))


def _put_back(state: State, folders: Folders, entry: Entry) -> bool:
    status = folders.stat(entry.place) if entry.place is not None else None
    if entry.place is None or status is None:
        return False
    with state.transaction():
        state.redirect(entry.id, entry.path)
    try:
        folders.make_parents(entry.path)
        folders.move(entry.place, entry.path)
    except (OSError, StateUnusable) as error:
        with state.transaction():
            state.redirect(entry.id, None)
        if isinstance(error, StateUnusable):
            raise
        log.warning(
            "%s stays failed: its old place is taken; move %s away, and try again",
            entry.place,
            entry.path,
            extra=fields(path=entry.path, place=entry.place, state="failed"),
        )
        return False
    folders.flush()
    folders.remove_reason(entry.place, entry.path)
    with state.transaction():
        state.to_pending(entry.id, keep_intents=False)
        state.finish(entry.id, FileState.PENDING, entry.path, None)
        state.resize(entry.id, status.st_size, status.st_mtime_ns)
    log.info("pending: %s", entry.path, extra=fields(path=entry.path, place=entry.path, state="pending"))
    return True
