"""Keywords that kill runs at every point that matters, resume them, and hold the outcome against the truth."""

from typing import Literal

from robot.api import logger
from robot.api.deco import keyword, library

from harness import kill_series, mock_few, mock_folder
from harness.gate_rules import Stage
from harness.kill_points import AtMoment, AtMove, AtRequest, Killing
from harness.kill_series import Rehearsal, alternating, kill_all
from harness.mock_dice import Dice
from harness.s3_requests import Act
from harness.servers import S3Server
from harness.tables import Row
from harness.world import World
from verdicts import judge

_NO_CHANCE = 0
_STAGES = {"request": Stage.REQUEST, "answer": Stage.ANSWER}


@library(scope="TEST", doc_format="MARKDOWN")
class Kills:
    """Runs that are ended by SIGKILL, each in a world of its own with the files of the scenario's world."""

    def __init__(self) -> None:
        self._killings: list[Killing] = []
        self._enumerated = True

    @keyword
    def make_files_to_kill_over(self, world: World) -> None:
        """Make few and small files: of one object, of several, of none, and such that must fail."""
        world.mock = mock_folder.write(world.test_data, kill_series.files_to_kill_over(), _NO_CHANCE)

    @keyword
    def make_a_file_of_several_parts(self, world: World) -> None:
        """Make one file whose object needs a multipart upload."""
        world.mock = mock_folder.write(world.test_data, [mock_few.large_file()], _NO_CHANCE)

    @keyword
    def kill_at_each_request(
        self, world: World, server: S3Server, migrator: str, stage: Literal["request", "answer"]
    ) -> str:
        """Count the requests of an undisturbed run, then kill one run at each of them and resume it.

        The process group is killed at every other point, the migrator's own process alone at the rest; at the other
        stage it is the other way round.

        Args:
            world: Whose files are migrated; the undisturbed run is over its source.
            server: The S3 server.
            migrator: The command of the migrator under test.
            stage: `request` holds it before it reaches the server, `answer` after the server answered.

        Returns:
            The number of points.
        """
        requests = Rehearsal(world).requests
        points = [(AtRequest(number, _STAGES[stage]),) for number in range(1, requests + 1)]
        self._carry_out(world, server, migrator, alternating(points, group_first=stage == "request"))
        return f"{requests}"

    @keyword
    def kill_at_each_step_of_a_multipart_upload(self, world: World, server: S3Server, migrator: str) -> None:
        """Kill after the upload was begun, after a part, before it is completed, and after it was.

        Some of these runs are the first over their source, others not: a state that is old may hide what is left over.
        A migrator that uploads in one piece has no such steps: its run ends by itself, and must end well.
        """
        self._enumerated = False
        points = (
            AtRequest(1, Stage.ANSWER, frozenset({Act.CREATE_MULTIPART})),
            AtRequest(1, Stage.ANSWER, frozenset({Act.UPLOAD_PART})),
            AtRequest(1, Stage.REQUEST, frozenset({Act.COMPLETE_MULTIPART})),
            AtRequest(1, Stage.ANSWER, frozenset({Act.COMPLETE_MULTIPART})),
        )
        plans = alternating(((each,) for each in points), group_first=True)
        self._carry_out(world, server, migrator, plans, seasoned=True)

    @keyword
    def kill_at_random_moments(self, world: World, server: S3Server, migrator: str, seed: int, count: int) -> None:
        """Kill runs at moments that a seed draws from the time that an undisturbed run takes."""
        self._enumerated = False
        seconds, dice = Rehearsal(world).seconds, Dice(seed)
        points = [(AtMoment(seconds * (1 + dice.below(1000)) / 1000),) for _ in range(count)]
        self._carry_out(world, server, migrator, alternating(points, group_first=True))

    @keyword
    def kill_at_each_move(self, world: World, server: S3Server, migrator: str) -> None:
        """Kill runs as soon as the first file has left its place, the third, and so on."""
        self._enumerated = False
        points = [(AtMove(number),) for number in range(1, len(world.truth.files), 2)]
        self._carry_out(world, server, migrator, alternating(points, group_first=True))

    @keyword
    def kill_the_resume_too(self, world: World, server: S3Server, migrator: str, seed: int, count: int) -> None:
        """Kill runs at a request that a seed draws, the run that resumes them at another, and so the next one."""
        self._enumerated = False
        requests, dice = Rehearsal(world).requests, Dice(seed)
        stages = tuple(_STAGES.values())
        points = [
            (
                AtRequest(2 + dice.below(requests - 1), dice.pick(stages)),
                AtRequest(1 + dice.below(3), dice.pick(stages)),
                AtRequest(1 + dice.below(3), dice.pick(stages)),
            )
            for _ in range(count)
        ]
        self._carry_out(world, server, migrator, alternating(points, group_first=True))

    @keyword
    def books_of_every_resumed_run_should_balance(self, world: World) -> None:
        """After each kill the next run ended its work: books, contents, and nothing uploaded that was there already.

        Where every request was a point, as many as there are objects must have been reached. Others may not: a run asks
        for a thing less than the rehearsal did where a server that was slow for a moment was asked twice there.
        """
        rows = [_row(each) for each in self._killings]
        if self._enumerated:
            met, least = sum(each.met for each in self._killings), len(world.truth.objects)
            wanted = f"at least {least} kill points reached, as there are so many objects"
            rows.append(Row("the requests", wanted, str(met), met >= max(1, least)))
        judge(world, "Kills", rows)

    def _carry_out(
        self, world: World, server: S3Server, migrator: str, plans: list[kill_series.Plan], *, seasoned: bool = False
    ) -> None:
        self._killings = kill_all(world, server, migrator, plans, seasoned=seasoned)
        met = sum(each.met for each in self._killings)
        logger.info(f"{len(plans)} worlds, {met} kills")


def _row(killing: Killing) -> Row:
    seen = "so" if killing.met == len(killing.points) else f"so; the run ended by itself after {killing.met} kills"
    if killing.differences:
        first, others = killing.differences[0], len(killing.differences) - 1
        seen = f"{first}{f' ({others} more differences)' if others else ''}"
    return Row(f"a run killed {killing}", "books that balance after the next run", seen, not killing.differences)
