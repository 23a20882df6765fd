"""Keywords for whoever looks at a migrator that runs: `status` and `verify` tell what is so and change nothing."""

from robot.api import logger
from robot.api.deco import keyword, library

from harness import discrepancies
from harness.books import Difference
from harness.folders import look
from harness.held import held_file
from harness.process import Finished, MigratorProcess
from harness.tables import Row
from harness.world import World
from Migrator import RUN_LIMIT
from verdicts import judge, rows_of

_LOOKS = 3


@library(scope="GLOBAL", doc_format="MARKDOWN")
class Onlookers:
    """Looks at a source while a run holds it."""

    @keyword
    def status_should_tell_a_run_under_way(self, world: World) -> None:
        """Asked several times, `status` tells that the file whose upload the gate holds is in progress, tried once.

        And every other file of the inventory; the run goes on meanwhile.
        """
        run = world.live_run
        path = held_file(world).path
        paths = sorted(file.path for file in world.truth.files)
        rows = []
        for number in range(1, _LOOKS + 1):
            status = world.status()
            seen = [(each.state, each.attempts) for each in status.of_path(path)]
            rows.append(
                Row(f"{path}, look {number}", "in_progress, 1 attempt", f"{seen}", seen == [("in_progress", 1)])
            )
            listed = sorted(each.path for each in status.files)
            rows.append(Row(f"look {number}", f"{len(paths)} files", f"{len(listed)}", listed == paths))
        judge(world, "Status under a run", [*rows, _still_running(run)])

    @keyword
    def verify_should_find_nothing_under_a_run(self, world: World) -> None:
        """`verify --json` ends with 0 and names no difference, though a run is under way that has done nothing yet.

        Folders, objects and the parts of uploads are as they were before it.
        """
        run = world.live_run
        before = _seen(world)
        try:
            told = world.run("verify", "--json", within=RUN_LIMIT)
        finally:
            world.process = run
        logger.info(f"{told.command}\n{told.how_it_ended()}\n{told.stdout}")
        named = discrepancies.rows((), discrepancies.read(told.stdout)) if told.exit_code in {0, 3} else ()
        after = _seen(world)
        changed = [Difference(what, was, after[what]) for what, was in before.items() if after[what] != was]
        judge(
            world,
            "Verify under a run",
            [_end(told), *named, *rows_of(before, "as it was", changed), _still_running(run)],
        )


def _seen(world: World) -> dict[str, str]:
    """What nobody but the run may change."""
    return {
        "the folders": f"{sorted(look(world.source).items())}",
        "the bucket": f"{world.bucket.versions()}",
        "uploads in parts": f"{world.bucket.unfinished_uploads()}",
    }


def _end(told: Finished) -> Row:
    return Row("verify", "exit code 0", told.how_it_ended(), told.signal is None and told.exit_code == 0)


def _still_running(run: MigratorProcess) -> Row:
    return Row("the run", "still running", "so" if run.running else "ended", run.running)
