"""Keywords that run, hold, stop and restart the migrator under test, as a process and nothing else."""

import signal
from datetime import timedelta

from robot.api import logger
from robot.api.deco import keyword, library

from harness.gate_rules import Hold, Rule
from harness.patience import patient
from harness.process import Finished
from harness.tables import Row
from harness.world import World
from verdicts import show

RUN_LIMIT = patient(120)
GRACE = timedelta(seconds=1)
HELD_LIMIT = patient(120)
# What a process may need beyond its grace period to write its state and end on a busy machine. With that period it is
# less than the 15 s after which a hanging upload ends by itself, so that whoever waits for that is seen.
STOP_MARGIN = patient(10)


@library(scope="GLOBAL", doc_format="MARKDOWN")
class Migrator:
    """The migrator under test, as a process behind the gate."""

    @keyword
    def run_migrator(self, world: World, within: timedelta = RUN_LIMIT) -> None:
        """Run the migrator over the world's source until it ends by itself.

        Args:
            world: Whose source and bucket.
            within: How long it may take.
        """
        self._tell(world.run("run", within=within))

    @keyword
    def hold_uploads(self, world: World, first: int) -> None:
        """From now on let `first - 1` uploads pass and hold all later ones before they reach the server."""
        world.hold = world.gate.obey(Rule(Hold(), first=first))

    @keyword
    def hold_uploads_half_way(self, world: World) -> None:
        """From now on hold every upload after the first half of the expected objects."""
        self.hold_uploads(world, first=len(world.truth.objects) // 2 + 1)

    @keyword
    def start_migrator_until_an_upload_is_held(self, world: World, within: timedelta = HELD_LIMIT) -> None:
        """Start the migrator and wait until the gate holds one of its uploads; it is still running afterwards."""
        if world.hold is None:
            raise AssertionError("No upload will be held: the Given that holds one is missing.")
        world.start("run", "--grace", f"{GRACE.total_seconds():g}")
        world.wait_until_met(world.hold, within)

    @keyword
    def stop_migrator(self, world: World) -> None:
        """Send SIGTERM, as an operator or a scheduler does, and wait for the end; held uploads are lost with it."""
        process = world.started_run
        process.send(signal.SIGTERM)
        world.finished = process.wait(GRACE + STOP_MARGIN)
        world.gate.lift_all()
        self._tell(world.finished)

    @keyword
    def migrator_should_have_stopped_gracefully(self, world: World) -> None:
        """It ended by itself with exit code 143, which says: stopped by SIGTERM, state on disk."""
        self._should_have_ended_with(world.last_run, 128 + signal.SIGTERM)

    @keyword
    def migrator_should_have_ended_its_work(self, world: World) -> None:
        """It ended by itself: exit code 3 where the test data holds files that must fail, else 0."""
        self._should_have_ended_with(world.last_run, 3 if world.truth.ending("failed") else 0)

    def _should_have_ended_with(self, last: Finished, expected: int) -> None:
        right = not last.signal and last.exit_code == expected
        show("End of the migrator", [Row(last.command, f"exit code {expected}", last.how_it_ended(), right)])
        if not right:
            raise AssertionError(f"Expected exit code {expected} of {last.command!r}, seen {last.how_it_ended()}.")

    def _tell(self, finished: Finished) -> None:
        logger.info(f"{finished.command}\n{finished.how_it_ended()}")
