"""Keywords around the commands `verify` and `recover`: what differs is named, what is lost is rebuilt."""

from robot.api import logger
from robot.api.deco import keyword, library

from Faults import RETRY_FOR
from harness import discrepancies, faults, runs
from harness.discrepancies import Discrepancy
from harness.process import Finished
from harness.tables import Row
from harness.world import World
from Migrator import RUN_LIMIT
from verdicts import judge, rows_of

_DONE = 0
_DIFFERENCES = 3


@library(scope="TEST", doc_format="MARKDOWN")
class Reconciliation:
    """Folder, state and bucket against each other, as the migrator itself sees them."""

    def __init__(self) -> None:
        self._made: tuple[Discrepancy, ...] = ()

    @keyword
    def verify_should_find_nothing(self, world: World) -> None:
        """`verify --json` ends with 0 and names no difference."""
        told = self._verify(world)
        named = discrepancies.read(told.stdout)
        judge(world, "Nothing to name", [_end(told, _DONE), *discrepancies.rows((), named)])

    @keyword
    def make_discrepancies(self, world: World) -> None:
        """Remove, alter and add objects and files behind the migrator's back, and remember that moment."""
        self._made = discrepancies.make_all(world)
        world.snapshot()

    @keyword
    def verify_should_name_every_discrepancy(self, world: World) -> None:
        """`verify --json` ends with 3 and names each discrepancy and nothing else; in words each file too."""
        if not self._made:
            raise AssertionError("There is no discrepancy: the When is missing.")
        told = self._verify(world)
        named = discrepancies.read(told.stdout)
        judge(world, "Named differences", [_end(told, _DIFFERENCES), *discrepancies.rows(self._made, named)])
        words = world.run("verify", within=RUN_LIMIT)
        rows = discrepancies.rows_in_words(self._made, words.stdout + words.stderr)
        judge(world, "Differences in words", [_end(words, _DIFFERENCES), *rows])

    @keyword
    def verify_should_have_changed_nothing(self, world: World) -> None:
        """State, folders and bucket are as they were at the remembered moment, and nothing was sent since."""
        files = [file.path for file in world.truth.files]
        judge(world, "Looking changes nothing", rows_of(files, "as it was", runs.changes(world)))

    @keyword
    def recover_state(self, world: World) -> None:
        """Run `recover`; it must end with 0."""
        told = world.run("recover", within=RUN_LIMIT)
        logger.info(f"{told.command}\n{told.how_it_ended()}")
        if told.signal or told.exit_code != _DONE:
            raise AssertionError(f"Expected exit code 0 of {told.command!r}, seen {told.how_it_ended()}.")

    @keyword
    def recover_where_nobody_listens(self, world: World) -> None:
        """Run `recover` with little patience and an endpoint that refuses every connection.

        What it knows no more is null from now on.
        """
        retry_for = ("--retry-for", f"{RETRY_FOR.total_seconds():g}")
        with faults.unheard_address() as address:
            faults.run_astray(world, *retry_for, command="recover", endpoint_url=address, within=RUN_LIMIT)
        world.allowed.rebuilt = True

    @keyword
    def recover_should_have_left_all_as_it_was(self, world: World) -> None:
        """It ended with 4; `status` tells each file in its place and state, and folders and bucket are the same."""
        before, last = world.remembered, world.last_run
        right = last.signal is None and last.exit_code == faults.PENDING_LEFT
        end = Row("recover", f"exit code {faults.PENDING_LEFT}", last.how_it_ended(), right)
        told = world.status()
        now = {(file.path, file.place, file.state) for file in told.files}
        rows = [
            Row(file.path, f"{file.state} at {file.place}", "so" if is_told else "not told", is_told)
            for file in before.status.files
            for is_told in [(file.path, file.place, file.state) in now]
        ]
        more = len(told.files) - len(before.status.files)
        rows.append(Row("the state", "no other file", f"{more} more", not more))
        rows += rows_of(before.folders, "as it was", runs.moved(world))
        judge(world, "Recover without a target", [end, *rows])

    @staticmethod
    def _verify(world: World) -> Finished:
        told = world.run("verify", "--json", within=RUN_LIMIT)
        logger.info(f"{told.command}\n{told.how_it_ended()}\n{told.stdout}")
        return told


def _end(told: Finished, expected: int) -> Row:
    right = told.signal is None and told.exit_code == expected
    return Row("verify", f"exit code {expected}", told.how_it_ended(), right)
