"""Keywords that put a migrator into other surroundings: another place for its state, a profile, a time zone."""

import json
import signal
from datetime import timedelta
from pathlib import Path

from robot.api.deco import keyword, library

from harness import arrivals, surroundings
from harness.books_folders import reasons_beside
from harness.folders import look
from harness.mock_made import Recipe
from harness.mock_text import csv
from harness.status import RecordedFile
from harness.tables import Row
from harness.world import World
from Migrator import GRACE, HELD_LIMIT, STOP_MARGIN
from verdicts import judge


@library(scope="TEST", doc_format="MARKDOWN")
class Surroundings:
    """What is told to a migrator by other ways than usual, and what it must make of it."""

    def __init__(self) -> None:
        self._state: Path | None = None
        self._region = ""

    @keyword
    def keep_state_elsewhere(self, world: World) -> None:
        """Let every command from now on keep its state in a file outside the source."""
        self._state = surroundings.keep_state_elsewhere(world)

    @keyword
    def state_should_be_kept_where_it_was_asked_for(self, world: World) -> None:
        """The file is there with its companions alone, and there is no state where it is kept otherwise."""
        if self._state is None:
            raise AssertionError("No other place was asked for: the Given is missing.")
        judge(world, "Place of the state", surroundings.state_rows(world, self._state))

    @keyword
    def tell_access_by_profile(self, world: World) -> None:
        """Let credentials, region and endpoint be known from a named profile alone.

        The region is one that nobody takes by himself, where the server takes any.
        """
        self._region = surroundings.tell_by_profile(world)

    @keyword
    def tell_region_and_endpoint_by_variables(self, world: World, region: str) -> None:
        """Let the region be known from the variable `region` alone, and the endpoint from `AWS_ENDPOINT_URL` alone."""
        self._region = surroundings.tell_by_variables(world, region)

    @keyword
    def let_a_file_of_its_own_arrive(self, world: World, name: str) -> None:
        """Put a good csv file of that name into the source."""
        arrivals.arrive(world, [Recipe(f"{name}.csv", csv(["name"], [name]))])

    @keyword
    def every_upload_should_be_signed_for_that_region(self, world: World) -> None:
        """The gate has seen a signed upload, and each was signed for the region that was told."""
        seen = [(each.region, f"{each.act} {each.key}") for each in world.gate.uploads() if each.region]
        wanted = self._region
        rows = [Row("the gate", "at least one signed upload", str(len(seen)), bool(seen))]
        rows += [Row(what, f"a signature for {wanted}", region, region == wanted) for region, what in seen]
        judge(world, "Region", rows)

    @keyword
    def set_time_zone_far_from_utc(self, world: World) -> None:
        """Let the migrator run where the clock shows another time than that of UTC."""
        surroundings.set_time_zone(world, surroundings.FAR_FROM_UTC)

    @keyword
    def every_time_should_lie_within_the_run(self, world: World) -> None:
        """Discovered, started, finished and failed: each in UTC, between the run's start and end, in this order."""
        last, lying = world.last_run, look(world.source)
        begun = last.ended - timedelta(seconds=last.seconds)
        rows: list[Row] = []
        for record in world.status().files:
            rows += surroundings.time_rows(record, _failed_at(world, record, list(lying)), begun, last.ended)
        rows.append(Row("the state", "at least one time", f"{len(rows)}", bool(rows)))
        judge(world, "Times", rows)

    @keyword
    def stop_migrator_at_its_first_words(self, world: World) -> None:
        """Start the migrator, whose uploads are held, and send SIGTERM as soon as it has printed a line."""
        if world.hold is None:
            raise AssertionError("No upload will be held: the Given that holds one is missing.")
        process = world.start("run", "--grace", f"{GRACE.total_seconds():g}")
        surroundings.wait_for_words(process, world.hold, HELD_LIMIT)
        process.send(signal.SIGTERM)
        world.finished = process.wait(GRACE + STOP_MARGIN)
        world.gate.lift_all()


def _failed_at(world: World, record: RecordedFile, places: list[str]) -> str | None:
    if record.state != "failed" or record.place is None:
        return None
    (reason,) = reasons_beside(places, record.place)
    told = json.loads((world.source / reason).read_bytes())["failed_at"]
    return str(told)
