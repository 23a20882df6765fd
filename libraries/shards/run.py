"""The run: it starts the shards, deals out the tests, passes signals on, and has the outputs merged."""

from __future__ import annotations

import contextlib
import selectors
import shutil
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from harness import server_files, watchdog
from harness.environment import SharedEnvironment, choice_of
from harness.lent import Offer
from harness.problems import EnvironmentFault
from harness.run_id import current
from harness.servers import Choice
from shards import merge
from shards.console import Console
from shards.crew import Shard
from shards.plan import Options, Plan
from shards.wire import Message

STOPPED = 253
"""Robot's exit code of a run that was stopped by a signal."""
LOST = 255
"""Robot's exit code of an error of its own; here that of a run which lost a process."""
_FOLDER = "shards"
_NAMED_EVERY = 15.0
_SERVER = ("S3_SERVER", "S3_IMAGE", "S3_ENDPOINT_URL")
PASSED_ON = frozenset({signal.SIGINT, signal.SIGTERM})


def carry_out(plan: Plan, options: Options, sources: Sequence[str], processes: int) -> int:
    """Runs the tests of a plan in several processes and returns Robot's exit code.

    Args:
        plan: The tests.
        options: Robot's options.
        sources: What Robot is to run.
        processes: The most that there may be; never more than tests.
    """
    folder = Path(options.get("outputdir") or ".").resolve() / _FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    count = min(processes, len(plan.tests))
    console = Console(plan, count)
    run = _Run(plan, console)
    with run.signals_passed_on():
        run.start(count, folder)
        with _server(options, console) as offer:
            run.give(options, sources, offer)
            run.deal()
        records = run.records()
        outcome = merge.merged(plan, records, run.stopped_by())
        code = merge.write(outcome, options)
    lost = any(record.loss for record in records)
    if not lost:
        shutil.rmtree(folder, ignore_errors=True)
    console.end(outcome, options)
    if run.stopped:
        return STOPPED
    return LOST if lost else code


class _Run:
    def __init__(self, plan: Plan, console: Console) -> None:
        self._plan = plan
        self._console = console
        self._queue = plan.queue()
        self._shards: list[Shard] = []
        self._asking: list[Shard] = []
        self._ended: list[Shard] = []
        self.stopped: list[int] = []

    @contextlib.contextmanager
    def signals_passed_on(self) -> Iterator[None]:
        """While this lasts, a signal goes on to every shard, and no test is begun any more."""
        before = {number: signal.signal(number, self._stop) for number in PASSED_ON}
        signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def start(self, count: int, folder: Path) -> None:
        """Starts the shards; the watchdog of this process ends them should it be killed itself."""
        watchdog.guard(current())
        for number in range(1, count + 1):
            self._shards.append(Shard.start(number, folder / str(number)))

    def give(self, options: Options, sources: Sequence[str], offer: Offer | None) -> None:
        """Tells each what to run; none of them writes more than its own output.xml."""
        silent = {"log": "NONE", "report": "NONE", "xunit": "NONE", "console": "quiet"}
        for shard in self._shards:
            own = {**options, **silent, "output": str(shard.output)}
            told = offer.as_message() if offer else None
            shard.wire.send({"options": own, "sources": list(sources), "offer": told})

    def deal(self) -> None:
        """Gives each shard a test whenever it asks for one, until all have ended.

        Who asks when there is none waits for as long as another is at work, whose test may come back.
        """
        with selectors.DefaultSelector() as selector:
            for shard in self._shards:
                selector.register(shard.wire, selectors.EVENT_READ, shard)
            while selector.get_map():
                ready = selector.select(_NAMED_EVERY)
                if not ready:
                    self._console.waiting()
                for key, _ in ready:
                    shard = key.data
                    for message in shard.wire.arrived():
                        self._take(shard, message)
                    if shard.wire.closed:
                        selector.unregister(shard.wire)
                        self._end(shard)
                self._answer()

    def records(self) -> list[merge.Record]:
        """What is left of each shard."""
        return [
            merge.Record(each.output, tuple(each.begun), each.refused, each.running, self._loss(each))
            for each in self._shards
        ]

    def stopped_by(self) -> str:
        """The name of the signal that stopped the run; empty where none did."""
        return signal.Signals(self.stopped[0]).name if self.stopped else ""

    def _take(self, shard: Shard, message: Message) -> None:
        shard.note(message)
        if "ask" in message:
            self._asking.append(shard)
        elif "began" in message:
            self._console.began(message["began"])
        elif "ended" in message:
            self._console.ended(message["ended"], message["status"], message["message"], message["seconds"])
        elif "refused" in message:
            self._console.given_back(message["refused"])
            self._queue.insert(0, message["refused"])

    def _answer(self) -> None:
        while self._asking and self._queue and not self.stopped:
            number = self._queue.pop(0)
            self._asking.pop(0).give(number, self._plan.tests[number].full_name)
        if self.stopped or len(self._asking) + len(self._ended) == len(self._shards):
            for shard in self._asking:
                shard.give(None, None)
            self._asking.clear()

    def _end(self, shard: Shard) -> None:
        shard.wire.close()
        self._ended.append(shard)
        if shard in self._asking:
            self._asking.remove(shard)
        if shard.given is not None:
            self._queue.insert(0, shard.given)
        loss = self._loss(shard)
        if loss:
            self._console.lost(shard, loss)

    def _loss(self, shard: Shard) -> str | None:
        """What went wrong with a shard; being stopped is nothing wrong where the whole run is."""
        loss = shard.loss()
        return None if self.stopped else loss

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del frame
        self.stopped.append(number)
        for shard in self._shards:
            shard.signal(number)


@contextlib.contextmanager
def _server(options: Options, console: Console) -> Iterator[Offer | None]:
    """One server for all shards; none where it cannot be started, as each of them will then see and tell for itself."""
    given = dict(each.partition(":")[::2] for each in options.get("variable") or ())
    choice = choice_of({name: given.get(name) for name in _SERVER})
    shared = SharedEnvironment(console.say)
    try:
        yield _offer(shared, choice, console)
    finally:
        shared.remove()


def _offer(shared: SharedEnvironment, choice: Choice, console: Console) -> Offer | None:
    try:
        if server_files.load(choice.name or server_files.DEFAULT).external:
            return None
        return Offer.of(shared.start(choice), choice)
    except EnvironmentFault as fault:
        console.say(f"Each process sees to a server of its own: {fault}")
        return None
