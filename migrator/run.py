"""The command `run`: from the lock to the exit code."""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from migrator import reconcile
from migrator.entries import FileState
from migrator.errors import Blocked, ExitCode, StateUnusable, Stopped
from migrator.examination import Examination
from migrator.folders import Folders, check_tops
from migrator.keys import Keys
from migrator.lock import FOLDER, SCRATCH, Lock
from migrator.logs import fields, log
from migrator.options import Options
from migrator.progress import Progress, is_live
from migrator.small_file import SMALL_BYTES
from migrator.state import LISTING, SWEEP, State
from migrator.stop import Stop
from migrator.survey import Survey, survey

if TYPE_CHECKING:
    from migrator.crew import Workers


def run(given: Options, stop: Stop) -> int:
    """Bring every pending file of SOURCE to its end.

    Returns:
        The exit code.

    Raises:
        UsageError: `done` or `failed` is no folder, or the workers of the cluster cannot do this work.
        Locked: Another run holds SOURCE.
        Blocked: Nothing could be begun.
    """
    check_tops(given.source)
    if given.cluster:
        from migrator.cluster import demand_package

        demand_package()
    log.info("run: %s to %s", given.source, given.address)
    stop.last_act = partial(reconcile.remove_scratch, given.source)
    with Lock(given.source):
        reconcile.remove_scratch(given.source)
        try:
            with reconcile.open_state(given.state) as state:
                this = _Run(given, stop, state)
                code = this.carried_out()
        finally:
            reconcile.remove_scratch(given.source)
        stop.finish()
        log.info("run ended with exit code %d", code, extra=fields(exit_code=int(code)))
        if not this.threads_ended:
            # A thread that hangs in native code would hold the interpreter's own end up.
            sys.stderr.flush()
            os._exit(code)
    return code


class _Run:
    def __init__(self, given: Options, stop: Stop, state: State) -> None:
        self._given = given
        self._stop = stop
        self._state = state
        self._folders = Folders(given.source, given.source / FOLDER / SCRATCH)
        self._survey = Survey()
        self._progress = Progress(live=is_live(given.log_format), obey=stop.obey)
        self._workers: Workers | None = None
        self._keys: Keys | None = None
        self._blocked: Blocked | None = None
        self._defect: BaseException | None = None
        self._cut_short = False
        self.threads_ended = True

    def carried_out(self) -> int:
        """Do all the work; the exit code."""
        try:
            with self._progress:
                self._prepare()
                self._work()
        except Stopped:
            self._cut_short = True
        except Blocked as error:
            log.error("%s; what is pending stays pending", error)
            self._blocked = error
        finally:
            if self._workers is not None:
                self.threads_ended = self._workers.close()
            if self._keys is not None:
                self._keys.close()
        if isinstance(self._blocked, StateUnusable):
            self._put_in_order()
        return self._concluded()

    def _put_in_order(self) -> None:
        """Record what could not be recorded any more, now that the scratch folder's reserve is given back."""
        reconcile.remove_scratch(self._given.source)
        try:
            reconcile.settle_moves(self._state, self._folders)
        except StateUnusable as error:
            log.warning("%s; the next run puts in order what is in progress", error)

    def _prepare(self) -> None:
        """Everything that comes before the first file: state and folders agree, all files are known."""
        state, folders = self._state, self._folders
        reconcile.settle_moves(state, folders)
        own = reconcile.own_files(self._given.source, self._given.state)
        self._survey = survey(state, folders, own, self._progress)
        for path, reason in self._survey.unreadable.items():
            log.error("%s cannot be read: %s; what is in it stays as it is", path, reason, extra=fields(path=path))
        if self._survey.unknown_failed:
            self._scratch()
            Examination(state, folders, self._survey, self._progress).failed()
        self._stop.obey()

    def _work(self) -> None:
        if not self._survey.unknown_done and not self._state.pending(0, 1):
            return
        from migrator.crew import Workers

        # SOURCE must be writable before anything is uploaded.
        scratch = self._scratch()
        self._workers = workers = Workers(self._given, scratch, self._stop)
        examination = Examination(self._state, self._folders, self._survey, self._progress)
        if self._survey.unknown_done or self._state.marked(LISTING):
            (self._keys,) = workers.gather([partial(examination.keys, workers.target, scratch)])
        if self._survey.unknown_done and self._keys is not None:
            examination.done(workers, self._keys)
        if self._state.marked(SWEEP) or self._state.marked(LISTING):
            self._sweep(workers, examination.is_ours)
        if self._given.cluster and self._state.pending(0, 1):
            workers.join_cluster(self._given.cluster)
        self._stop.obey()
        self._migrate(workers, self._keys)

    def _sweep(self, workers: "Workers", ours: Callable[[str, str], bool]) -> None:
        """Abort the multipart uploads that were left over, of keys that are `ours` under the prefix."""
        address = self._given.address
        (found,) = workers.gather([partial(workers.target.uploads, address.under)])
        left = [each for each in found if ours(each[0], address.prefix)]
        if left:
            workers.gather([partial(workers.target.abort_uploads, left)])

    def _migrate(self, workers: "Workers", keys: Keys | None) -> None:
        from migrator.coordinator import Coordinator

        state = self._state
        files, size, small = state.pending_size(SMALL_BYTES)
        if not files:
            return
        workers.expect(small)
        log.info("%d files are pending, %d bytes", files, size, extra=fields(files=files, bytes=size))
        with state.transaction():
            state.mark(SWEEP, stands=True)
        self._progress.begin("migration", files, size)
        coordinator = Coordinator(
            state, self._folders, workers.crew, self._stop, workers.halt, self._given.grace, keys, self._progress
        )
        coordinator.work()
        self._blocked, self._defect = coordinator.blocked, coordinator.defect
        # A clean end leaves no multipart upload; what was abandoned, or met an outage, may.
        if not (coordinator.abandoned or coordinator.blocked):
            if self._given.cluster:
                # A worker that died cannot tell of what it left; another one did its work.
                self._sweep(workers, Examination(state, self._folders, self._survey, self._progress).knows)
            with state.transaction():
                state.mark(SWEEP, stands=False)

    def _concluded(self) -> int:
        """The exit code, by what the state says now."""
        counts = self._state.counts()
        pending = counts[FileState.PENDING] + counts[FileState.IN_PROGRESS]
        if not pending and self._blocked is None and self._state.marked(LISTING):
            with self._state.transaction():
                self._state.mark(LISTING, stands=False)
        log.info(
            "%d done, %d failed, %d pending",
            counts[FileState.DONE],
            counts[FileState.FAILED],
            pending,
            extra=fields(**{state.value: count for state, count in counts.items()}),
        )
        if self._defect is not None:
            return ExitCode.DEFECT
        if self._stop.asked and (pending or self._cut_short):
            return self._stop.exit_code
        if pending or self._blocked is not None or self._survey.unreadable:
            return ExitCode.WORK_PENDING
        return ExitCode.FAILED_FILES if counts[FileState.FAILED] else ExitCode.DONE

    def _scratch(self) -> Path:
        return reconcile.clear_scratch(self._given.source)
