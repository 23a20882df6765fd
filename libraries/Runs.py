"""Keywords about several runs over one source: at once, stopped again and again, and with nothing to do."""

import signal
from datetime import timedelta
from itertools import product

from robot.api import logger
from robot.api.deco import keyword, library

from harness import runs
from harness.gate_rules import OVERLOADED, Hold, Rule
from harness.patience import patient
from harness.process import Finished
from harness.tables import Row
from harness.world import World
from Migrator import HELD_LIMIT, RUN_LIMIT, STOP_MARGIN
from verdicts import judge, rows_of

_HELD_BY_ANOTHER = 5
_SHORT_GRACE = timedelta(seconds=1)
_LONG_GRACE = timedelta(seconds=60)
# Less than the 15 s after which a hanging upload ends by itself, so that whoever waits for that is seen.
_AT_ONCE = patient(10)
_TAKEN_LIMIT = patient(60)
_UPLOADS_A_RUN = 2
_STOPS = (signal.SIGTERM, signal.SIGINT)


@library(scope="GLOBAL", doc_format="MARKDOWN")
class Runs:
    """More than one run of the migrator over the same source."""

    @keyword
    def every_command_should_find_source_held(self, world: World, *commands: str) -> None:
        """Each command ends with exit code 5 while the run that holds the source goes on, which stays the world's own.

        So it does with a state of its own, which must not make two sources of one.

        Args:
            world: Its migrator is running.
            commands: Such as `run`, `retry`.
        """
        first = world.live_run
        rows = []
        try:
            for command, options in product(commands, ((), ("--state", str(world.folder / "another.state")))):
                told = world.run(command, *options, within=RUN_LIMIT)
                _tell(told)
                refused = told.signal is None and told.exit_code == _HELD_BY_ANOTHER
                rows.append(
                    Row(" ".join((command, *options)), f"exit code {_HELD_BY_ANOTHER}", told.how_it_ended(), refused)
                )
        finally:
            world.process = first
        rows.append(Row("the first run", "still running", "so" if first.running else "ended", first.running))
        judge(world, "Held source", rows)

    @keyword
    def stop_and_resume(self, world: World, times: int) -> None:
        """Start the migrator so many times, and stop it each time when two more uploads have passed.

        SIGTERM and SIGINT take turns; each run must end with the exit code of its signal. The last one is stopped
        while the server is overloaded, the others while an upload hangs.
        """
        ends = []
        for number in range(times):
            told = _STOPS[number % len(_STOPS)]
            effect = OVERLOADED if number == times - 1 else Hold()
            hold = world.gate.obey(Rule(effect, first=_UPLOADS_A_RUN + 1))
            process = world.start("run", "--grace", f"{_SHORT_GRACE.total_seconds():g}")
            world.wait_until_met(hold, HELD_LIMIT)
            process.send(told)
            world.finished = process.wait(_SHORT_GRACE + STOP_MARGIN)
            world.gate.lift(hold)
            # For the timeline: in between, what was in progress is pending.
            world.status()
            ends.append((told, world.finished))
        judge(world, "Stops", [runs.stop_row(f"run {at}", *end) for at, end in enumerate(ends, start=1)])

    @keyword
    def no_object_should_have_been_uploaded_twice(self, world: World) -> None:
        """Over all runs, the server took each expected object in one upload at most, and no other object."""
        expected = {f"lake/{key}" for key in world.truth.keys}
        judge(world, "Uploads over all runs", runs.upload_rows(world.gate.uploads(), expected))

    @keyword
    def nothing_should_have_changed(self, world: World) -> None:
        """State, folders and bucket are as they were at the remembered moment, and nothing was sent since."""
        files = [file.path for file in world.truth.files]
        judge(world, "Nothing changed", rows_of(files, "as it was", runs.changes(world)))

    @keyword
    def tell_twice_to_stop(self, world: World) -> None:
        """Send SIGINT to a migrator whose upload hangs, then SIGTERM; it must end in a fraction of its grace period."""
        if world.hold is None:
            raise AssertionError("No upload will be held: the Given that holds one is missing.")
        process = world.start("run", "--grace", f"{_LONG_GRACE.total_seconds():g}")
        world.wait_until_met(world.hold, HELD_LIMIT)
        process.send(signal.SIGINT)
        runs.wait_until_taken(process.pid, signal.SIGINT, _TAKEN_LIMIT)
        process.send(signal.SIGTERM)
        world.finished = process.wait(_AT_ONCE)
        world.gate.lift_all()
        _tell(world.finished)

    @keyword
    def migrator_should_have_ended_with_the_first_signals_code(self, world: World) -> None:
        """Exit code 130, which says: stopped by SIGINT, although SIGTERM came after it."""
        judge(world, "Second signal", [runs.stop_row("the run that was told twice", signal.SIGINT, world.last_run)])

    @keyword
    def inventory_should_be_empty(self, world: World) -> None:
        """The state holds no file, and counts none."""
        status = world.status()
        judge(world, "Empty inventory", [Row("the state", "0 files", f"{len(status.files)}", not status.files)])


def _tell(finished: Finished) -> None:
    logger.info(f"{finished.command}\n{finished.how_it_ended()}")
