"""Keywords that damage the state file, and look at what the next run makes of it."""

from robot.api import logger
from robot.api.deco import keyword, library

from harness import state_damage
from harness.folders import STATE_FILE
from harness.state_damage import CopyOfState, Damage, Damaged
from harness.tables import Row
from harness.world import World
from Migrator import RUN_LIMIT
from verdicts import judge, rows_of

_ENDED = (0, 3, 4)


@library(scope="TEST", doc_format="MARKDOWN")
class StateFile:
    """The file that keeps the state, where the contract puts it by default; what is in it is the migrator's own."""

    def __init__(self) -> None:
        self._damaged: Damaged | None = None
        self._before: Damaged | None = None
        self._copy: CopyOfState | None = None

    @keyword
    def damage_state(self, world: World, how: Damage, seed: int = 0) -> None:
        """Damage the state while nobody uses it; from now on attempts and times may be null.

        Args:
            world: Whose state it is.
            how: What is done to it.
            seed: Decides the bytes or the bit.
        """
        self._before = self._damaged
        spared = state_damage.set_aside(world, self._before) if self._before else []
        self._damaged = state_damage.damage(world, how, seed, spared)
        world.allowed.rebuilt = True
        world.note(f"state damaged: {how}")
        logger.info(f"The state is {how}; there is now {self._damaged.left}")

    @keyword
    def keep_copy_of_state(self, world: World) -> None:
        """Copy the state as it is, as a backup does."""
        self._copy = CopyOfState.take(world)

    @keyword
    def put_back_copy_of_state(self, world: World) -> None:
        """Put the copy in the place of the state, as a restored backup; from now on attempts and times may be null."""
        if self._copy is None:
            raise AssertionError("No copy of the state was kept: the Given is missing.")
        self._copy.put_back(world)
        world.note("an old copy of the state put back")
        world.allowed.rebuilt = True

    @keyword
    def damaged_state_should_be_set_aside_and_named(self, world: World) -> None:
        """The last run named it on stderr and kept what was left of it under a name that starts with its own.

        Where the damage may leave it readable, both is free, as is a newer version's state that the migrator goes on
        with, because it tells versions in another way, and a log that it reads as far as it goes and writes on; where
        it was removed, there is nothing to keep.
        """
        damaged = self._of_now()
        names = state_damage.set_aside(world, damaged)
        named = STATE_FILE in world.last_run.stderr
        unreadable = damaged.damage.unreadable and not state_damage.goes_on(world, damaged)
        must = unreadable or state_damage.newer_is_gone(world, damaged)
        rows = [
            Row("stderr", f"{STATE_FILE} named", "so" if named else "not a word", named or not must),
            Row(
                f"the folder of {STATE_FILE}",
                f"{damaged.left}, beside the new state, under a name that starts with {STATE_FILE}",
                ", ".join(names) or "no such thing",
                bool(names) or not must,
            ),
        ]
        judge(world, "Set aside", rows)

    @keyword
    def state_damaged_before_should_be_kept_too(self, world: World) -> None:
        """What was left of the state after the damage before the last one still stands under a name of its own."""
        if self._before is None:
            raise AssertionError("The state was not damaged twice: the Given is missing.")
        names = state_damage.set_aside(world, self._before)
        expected = f"{self._before.left}, under a name that starts with {STATE_FILE}, as the first run kept it"
        judge(
            world,
            "Set aside before",
            [Row(f"the folder of {STATE_FILE}", expected, ", ".join(names) or "no such thing", bool(names))],
        )

    @keyword
    def status_should_warn_and_tell_what_the_folders_tell(self, world: World) -> None:
        """`status` ends with 0, warns on stderr, tells every file by its folder, and leaves the state as it is."""
        damaged = self._of_now()
        status, stderr = state_damage.told_by_status(world)
        expected = state_damage.folders_tell(world)
        seen = {file.place or "nowhere": (file.path, file.state) for file in status.files}
        rows = [
            Row(place, " is ".join(told), " is ".join(seen.get(place, ("not", "told"))), seen.get(place) == told)
            for place, told in expected.items()
        ]
        rows += [Row(place, "no such file", "one", right=False) for place in seen.keys() - expected.keys()]
        left = state_damage.set_aside(world, damaged)
        rows += [
            Row("stderr", "a warning", stderr.strip() or "nothing", bool(stderr.strip())),
            Row(f"the folder of {STATE_FILE}", "nothing set aside by status", ", ".join(left) or "so", not left),
        ]
        judge(world, "Status without a state", rows)

    @keyword
    def run_migrator_until_nothing_is_pending(self, world: World) -> None:
        """Run it, and once more where it stopped with work pending: a state that is read but wrong may do that."""
        codes = [world.run("run", within=RUN_LIMIT).exit_code]
        if codes == [_ENDED[-1]]:
            codes.append(world.run("run", within=RUN_LIMIT).exit_code)
        last = world.last_run
        if last.signal or codes[-1] not in _ENDED[:-1]:
            raise AssertionError(f"Expected exit code 0 or 3 of {last.command!r}, seen {last.how_it_ended()}.")

    @keyword
    def folders_and_bucket_should_be_whole(self, world: World) -> None:
        """Whatever the state says: every file is in the place where it must end, its objects in the bucket, once."""
        differences = list(state_damage.whole_without_state(world))
        judge(world, "Without the state", rows_of([file.path for file in world.truth.files], "whole", differences))

    @keyword
    def kill_migrator(self, world: World) -> None:
        """End the held run with SIGKILL, with all its children; its lock is left where it was."""
        process = world.live_run
        process.kill_group()
        world.finished = process.wait(RUN_LIMIT)
        world.gate.lift_all()

    def _of_now(self) -> Damaged:
        if self._damaged is None:
            raise AssertionError("The state was not damaged: the Given is missing.")
        return self._damaged
