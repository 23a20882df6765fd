"""Keywords that measure the memory of a run."""

from robot.api import logger
from robot.api.deco import keyword, library

from harness.memory import MemoryWatch
from harness.patience import patient
from harness.tables import Row
from harness.world import World
from verdicts import judge

_MEBIBYTE = 1 << 20
_LARGE_RUN_LIMIT = patient(300)


@library(scope="TEST", doc_format="MARKDOWN")
class Memory:
    """How much memory a run takes, all of its processes together."""

    def __init__(self) -> None:
        self._peak: int | None = None

    @keyword
    def run_migrator_and_watch_its_memory(self, world: World) -> None:
        """Run it to its end and note the most memory that it and its children had at one time."""
        process = world.start("run")
        with MemoryWatch(process.pid) as watch:
            world.finished = process.wait(_LARGE_RUN_LIMIT)
        self._peak = watch.peak
        logger.info(f"{watch.peak / _MEBIBYTE:.0f} MiB at most, {watch.samples} times looked at")

    @keyword
    def memory_should_have_stayed_below(self, world: World, mebibytes: int) -> str:
        """The run never had as much memory as that; returns what it had at most."""
        if not self._peak:
            raise AssertionError("No run's memory was watched, or it ended before it could be looked at.")
        seen = f"{self._peak / _MEBIBYTE:.0f} MiB"
        judge(world, "Memory", [Row("the run", f"below {mebibytes} MiB", seen, self._peak < mebibytes * _MEBIBYTE)])
        return seen
