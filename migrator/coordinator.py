"""The loop of a run: the only writer of state and folders, fed by the workers' outcomes.

Each turn makes everything durable that was heard since the last one in a single transaction, so the cost of a
commit is shared by all files that are under way.
"""

import queue
import time
from collections.abc import Callable

from migrator.crew_interface import Crew
from migrator.entries import Entry, Intent, StoredObject, now
from migrator.errors import Blocked, StateUnusable
from migrator.feed import Feed
from migrator.folders import Folders
from migrator.keys import Keys, makes_one_object
from migrator.logs import fields, log
from migrator.outcomes import Converted, Kept, Left, Outcome, Refused, Stored, Task, Twin
from migrator.progress import Progress
from migrator.settle import Move, Settlement
from migrator.state import State
from migrator.stop import Stop

_BLOCKED_GRACE = 3.0
# Renames wait this long for others, so that a folder is written out once for all of them.
_FLUSH_SECONDS = 0.05
# Where more files than these are under way, so long is waited for more to be heard, for all of which one commit does.
_MANY = 16
_GATHER_SECONDS = 0.005
_FOREVER = float("inf")
SIGNAL_SECONDS = 0.2
"""The longest wait: a signal that comes just before one does not end it."""
# So many refused keys without a single object taken mean a target that refuses everybody.
_MAX_HELD = 1000
# The rest of the grace is for closing the state and for the process's own end.
_GRACE_SHARE = 0.5


class Coordinator:
    """Brings every pending file to its end, or to where the next run goes on.

    Args:
        state: The durable state.
        folders: SOURCE.
        crew: The workers.
        stop: Whether a stop is asked for.
        halt: Called once when no more work is to be begun, so that the workers learn it.
        grace: Seconds that a stop may take.
        keys: What the bucket holds, where the state may not know of it.
        progress: Told of every file's end.
    """

    def __init__(
        self,
        state: State,
        folders: Folders,
        crew: Crew,
        stop: Stop,
        halt: Callable[[], None],
        grace: float,
        keys: Keys | None,
        progress: Progress,
    ) -> None:
        self._state = state
        self._crew = crew
        self._stop = stop
        self._halt = halt
        self._grace = grace
        self._keys = keys
        self._progress = progress
        self._folders = folders
        self._feed = Feed(state, lambda: crew.memory)
        self._settlement = Settlement(state, folders, self._take_back)
        self._flying: dict[int, Task] = {}
        self._held: list[Refused] = []
        self._local: list[Outcome] = []
        self._moved: list[Move] = []
        self._moved_since = 0.0
        self._deadline = _FOREVER
        self.blocked: Blocked | None = None
        self.defect: BaseException | None = None
        self.abandoned = 0

    def work(self) -> None:
        """Go on until nothing is left to do, or nothing can be done.

        Raises:
            StateUnusable: Nothing can be recorded any more.
        """
        more = True
        while more or self._moved or self._busy():
            outcomes = self._collect(wait=not more)
            finished = self._flushed() if self._patience() <= 0 or not self._busy() else []
            with self._state.transaction():
                for move in finished:
                    self._settlement.finish(move)
                    self._ended(move.task, failed=move.refusal is not None)
                moves, converted = self._record(outcomes)
                begun = self._begin()
            self._crew.convert(begun)
            (self._crew.discard if self._halted else self._crew.commit)(converted)
            self._carry_out(moves)
            more = bool(self._local)
        self._abandon()

    # ---- beginning ----

    @property
    def _halted(self) -> bool:
        return self._deadline < _FOREVER

    @property
    def _under_way(self) -> int:
        """How many files the workers have, or will have."""
        return len(self._flying) - len(self._held) - len(self._moved)

    def _begin(self) -> list[Task]:
        if self._halted:
            return []
        entries = self._feed.take(self._crew.in_flight - self._under_way) if len(self._held) < _MAX_HELD else []
        if not entries:
            return []
        self._state.begin([entry.id for entry in entries], now())
        tasks = [self._task(entry) for entry in entries]
        self._flying.update((task.entry.id, task) for task in tasks)
        return tasks

    def _task(self, entry: Entry) -> Task:
        twins = {sha256: entry_id for entry_id, sha256 in self._state.done_twins(entry.path)}
        intents = self._state.intents(entry.id) if entry.attempts else ()
        all_known = bool(intents)
        if not intents and self._keys is not None:
            intents = tuple(Intent(key, None) for key in self._keys.of(entry.path))
            all_known = makes_one_object(entry.path)
        return Task(entry, twins, intents, all_known)

    # ---- hearing ----

    def _collect(self, *, wait: bool) -> list[Outcome]:
        """What was heard since the last turn; with `wait`, at least one thing, unless something else is due before."""
        outcomes: list[Outcome] = []
        while True:
            if self._stop.asked:
                self._stop_beginning(self._stop.asked_at + self._grace * _GRACE_SHARE)
            outcomes += self._local
            self._local = []
            seconds = self._patience() if wait and not outcomes and self._busy() else 0.0
            if seconds and self._under_way > _MANY:
                time.sleep(min(seconds, _GATHER_SECONDS))
            try:
                message = self._crew.results.get(timeout=min(seconds, SIGNAL_SECONDS))
            except queue.Empty:
                if seconds > SIGNAL_SECONDS:
                    continue
                return outcomes
            if message is not None:
                outcomes.append(message)

    def _patience(self) -> float:
        """Seconds until something has to be done, whatever is heard."""
        flush_at = self._moved_since + _FLUSH_SECONDS if self._moved else _FOREVER
        return max(0.0, min(flush_at, self._deadline) - time.monotonic())

    def _busy(self) -> bool:
        """Whether a worker may still tell something that is worth waiting for."""
        return self._under_way > 0 and time.monotonic() < self._deadline

    def _stop_beginning(self, deadline: float) -> None:
        if self._halted:
            self._deadline = min(self._deadline, deadline)
            return
        self._deadline = deadline
        self._halt()
        self._local += [Left(self._flying[entry_id]) for entry_id in self._crew.withdraw()]

    # ---- recording ----

    def _record(self, outcomes: list[Outcome]) -> tuple[list[Move], list[Converted | Kept]]:
        moves: list[Move] = []
        converted: list[Converted | Kept] = []
        ready: list[Outcome] = []
        for outcome in outcomes:
            if isinstance(outcome, Refused) and outcome.held:
                self._held.append(outcome)
                self._feed.ended(outcome.task.entry.id)
            else:
                ready.append(outcome)
        if self._crew.wrote:
            ready += self._held
            self._held = []
        for outcome in ready:
            if isinstance(outcome, Converted | Kept):
                self._state.intend(outcome.task.entry.id, outcome.sha256, outcome.keys)
                converted.append(outcome)
            elif isinstance(outcome, Left):
                self._leave(outcome)
            else:
                self._record_end(outcome, moves)
        return moves, converted

    def _record_end(self, outcome: Stored | Twin | Refused, moves: list[Move]) -> None:
        try:
            move = self._settlement.record(outcome)
        except StateUnusable as error:
            self._leave(Left(outcome.task, error=error))
            return
        if move is None:
            self._ended(outcome.task, failed=True)
        else:
            moves.append(move)

    def _leave(self, left: Left) -> None:
        entry = left.task.entry
        self._state.to_pending(entry.id, keep_intents=left.keep_intents)
        self._flying.pop(entry.id, None)
        self._feed.ended(entry.id)
        if left.reason:
            log.warning("pending: %s: %s", entry.path, left.reason, extra=fields(path=entry.path, state="pending"))
        if isinstance(left.error, Blocked):
            self._block(left.error)
        elif left.error is not None:
            self.defect = left.error
            log.error("a defect of the migrator: %s stays pending", entry.path, exc_info=left.error)

    def _block(self, error: Blocked) -> None:
        if self.blocked is None:
            self.blocked = error
            log.error("%s; what is pending stays pending", error)
        self._stop_beginning(time.monotonic() + _BLOCKED_GRACE)

    def _ended(self, task: Task, *, failed: bool) -> None:
        self._flying.pop(task.entry.id, None)
        self._feed.ended(task.entry.id)
        self._progress.ended(task.entry.size, failed=failed)

    # ---- moving ----

    def _carry_out(self, moves: list[Move]) -> None:
        for move in moves:
            result = self._settlement.carry_out(move)
            if isinstance(result, Move):
                if not self._moved:
                    self._moved_since = time.monotonic()
                self._moved.append(result)
            elif result is not None:
                self._local.append(result)

    def _flushed(self) -> list[Move]:
        """The renames since the last call, now durable."""
        moved, self._moved = self._moved, []
        try:
            self._folders.flush()
        except StateUnusable as error:
            self._block(error)
        return moved

    def _take_back(self, task: Task, objects: tuple[StoredObject, ...], outcome: Outcome) -> None:
        if objects:
            self._crew.take_back(task, objects, outcome)
        else:
            self._local.append(outcome)

    def _abandon(self) -> None:
        """Whoever is still under way, or held, stays pending."""
        held = {refused.task.entry.id for refused in self._held}
        self.abandoned = len(self._flying) - len(held)
        with self._state.transaction():
            for refused in self._held:
                message = f"{refused.refusal.message}; no other object could be put, so the target may be to blame"
                self._leave(Left(refused.task, message))
            for task in list(self._flying.values()):
                self._leave(Left(task))
