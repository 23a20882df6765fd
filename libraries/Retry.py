"""Keywords around the command `retry`: causes that are repaired, and failed files that are put back."""

from collections.abc import Collection

from robot.api import logger
from robot.api.deco import keyword, library

from harness import arrivals, mock_names
from harness.books_folders import reasons_beside
from harness.folders import look
from harness.gate_rules import Answer, Rule
from harness.tables import Row
from harness.world import PREFIX, World
from Migrator import RUN_LIMIT
from verdicts import judge

_REFUSED = "upload-rejected"


@library(scope="TEST", doc_format="MARKDOWN")
class Retry:
    """What a user repairs, and what `retry` makes of it."""

    def __init__(self) -> None:
        self._retried: dict[str, int | None] = {}
        """Path → attempts before it was retried."""

    @keyword
    def refuse_one_file(self, world: World) -> None:
        """Answer 403 to every upload of one file that must be done, as a policy of the bucket does."""
        file = world.truth.ending("done")[0]
        for each in file.objects:
            world.gate.obey(Rule(Answer(403, "AccessDenied"), key=f"{PREFIX}/{each.key}"))
        self._retried = {file.path: 1}

    @keyword
    def allow_every_file(self, world: World) -> None:
        """Answer in the server's place no more."""
        world.gate.lift_all()

    @keyword
    def refused_file_should_be_failed(self, world: World) -> None:
        """It is failed with `upload-rejected` and lies in `failed/` with its reason."""
        judge(world, "Refused file", _failed_rows(world, self._retried, _REFUSED))

    @keyword
    def repair_a_failed_file(self, world: World) -> None:
        """Overwrite a failed csv file where it lies with bytes that can be converted."""
        recipe = mock_names.repaired(mock_names.failing_names()[0])
        failed = {file.path: file for file in world.status().in_state("failed")}
        place = failed[recipe.path].place if recipe.path in failed else None
        arrivals.change(world, place or f"failed/{recipe.path}", recipe)
        self._retried = {path: file.attempts for path, file in failed.items()}

    @keyword
    def take_failed_files_away(self, world: World) -> None:
        """Take one failed file out of the source and another one back to where it arrived, both without their reasons.

        The first is in no book any more; the other is a new file, which must fail again.
        """
        gone, back = (recipe.path for recipe in mock_names.failing_names()[:2])
        arrivals.take_away(world, gone)
        arrivals.put_back(world, back)

    @keyword
    def retry_failed_files(self, world: World, code: str | None = None) -> None:
        """Run `retry`, for one reason code or for all; it must end with 0."""
        told = world.run("retry", *(["--code", code] if code else []), within=RUN_LIMIT)
        logger.info(f"{told.command}\n{told.how_it_ended()}")
        if told.signal or told.exit_code != 0:
            raise AssertionError(f"Expected exit code 0 of {told.command!r}, seen {told.how_it_ended()}.")

    @keyword
    def retried_files_should_be_pending_again(self, world: World) -> None:
        """Each lies where it had arrived and is pending, without a reason file; all other failed files stay failed.

        Its attempts are as many as before, and nothing has ended.
        """
        status, lying = world.status(), look(world.source).keys() - world.allowed.bystanders.keys()
        rows = []
        for path in sorted(self._retried):
            found = status.of_path(path)
            states = [(file.state, file.place) for file in found]
            left = [f"failed/{path}"] if f"failed/{path}" in lying else []
            left += reasons_beside(lying, f"failed/{path}")
            right = states == [("pending", path)] and path in lying and not left
            seen = f"{states}{' and in the way: ' if left else ''}{', '.join(left)}"
            rows.append(Row(path, "pending where it had arrived, nothing of it in failed/", seen, right))
            facts = [(file.attempts, file.finished_at) for file in found]
            told = f"attempts {self._retried[path]} as before, and finished_at null"
            rows.append(Row(path, told, f"{facts}", facts == [(self._retried[path], None)]))
        others = {file.path for file in world.truth.ending("failed")} - self._retried.keys()
        judge(world, "Retried files", [*rows, *_failed_rows(world, others, None)])

    @keyword
    def failed_file_without_a_way_back_should_stay_and_be_named(self, world: World) -> None:
        """It is still failed in `failed/`, and `retry` named it."""
        path = mock_names.failing_names()[0].path
        told = world.last_run.stdout + world.last_run.stderr
        rows = [Row("retry", f"{path} named", "so" if path in told else "not a word", path in told)]
        judge(world, "No way back", [*rows, *_failed_rows(world, {path}, None)])


def _failed_rows(world: World, paths: Collection[str], code: str | None) -> list[Row]:
    status, lying = world.status(), look(world.source)
    rows = []
    for path in sorted(paths):
        codes = [file.error_code for file in status.of_path(path) if file.state == "failed"]
        there = f"failed/{path}" in lying and bool(reasons_beside(lying, f"failed/{path}"))
        right = there and len(codes) == 1 and code in {None, codes[0]}
        seen = f"{codes or 'not failed'}, {'with' if there else 'without'} file and reason there"
        rows.append(Row(path, f"failed{f' as {code}' if code else ''}, with its reason in failed/", seen, right))
    return rows
