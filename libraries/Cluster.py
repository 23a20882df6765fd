"""Keywords that hand the migrator's work to a Dask cluster on this machine, and end its processes."""

from datetime import timedelta

from robot.api import SkipExecution, logger
from robot.api.deco import keyword, library

from harness import cluster, cluster_python
from harness.faults import PENDING_LEFT
from harness.gate_rules import Hold, Rule, Stage
from harness.tables import Row
from harness.world import World
from Migrator import HELD_LIMIT, RUN_LIMIT
from verdicts import judge


@library(scope="TEST", doc_format="MARKDOWN")
class Cluster:
    """A scheduler and its workers: real processes, a scenario's own."""

    def __init__(self) -> None:
        self._cluster: cluster.Cluster | None = None

    @keyword
    def start_cluster(self, world: World, migrator: str, python: str) -> None:
        """Start a scheduler and a worker that has the world's credentials, and the migrator's package.

        Args:
            world: Whose files will be migrated.
            migrator: The command of the migrator under test.
            python: The command of a Python that has Dask and its package; may be empty for the built-in one.

        Raises:
            SkipExecution: The migrator is another one, and no Python is named.
        """
        words = cluster_python.words(migrator, python)
        if words is None:
            raise SkipExecution(cluster_python.UNKNOWN)
        self._cluster = cluster.of_world(world, words)
        self._cluster.add_worker()

    @keyword
    def add_worker_without_credentials(self) -> None:
        """Start one more worker, in an environment that tells nothing of the target."""
        self._running.add_worker(cluster.without_credentials(self._running.environment))

    @keyword
    def run_migrator_on_cluster(self, world: World, within: timedelta = RUN_LIMIT) -> None:
        """Run the migrator until it ends by itself; the workers do the work."""
        self._tell(world, world.run("run", "--cluster", self._running.address, within=within).how_it_ended())

    @keyword
    def start_migrator_on_cluster_until_an_answer_is_held(self, world: World, upload: int) -> None:
        """Start the migrator and wait until the gate holds the server's answer to an upload.

        Args:
            world: Whose files the workers migrate.
            upload: Which upload, from 1.
        """
        world.hold = world.gate.obey(Rule(Hold(Stage.ANSWER), first=upload, count=1))
        world.start("run", "--cluster", self._running.address)
        world.wait_until_met(world.hold, HELD_LIMIT)

    @keyword
    def replace_worker(self, world: World) -> None:
        """Start another worker, kill the one that waits for the answer, and wait for the migrator's end."""
        first = self._running.workers[0]
        self._running.add_worker()
        world.note("SIGKILL to the worker")
        first.kill()
        self._wait_for_end(world)

    @keyword
    def kill_scheduler(self, world: World) -> None:
        """Kill the scheduler, and wait for the migrator's end; then the workers are killed too."""
        world.note("SIGKILL to the scheduler")
        self._running.scheduler.kill()
        self._wait_for_end(world)

    @keyword
    def migrator_should_have_named_last_worker(self, world: World) -> None:
        """Exit code 4, and stderr names the worker and what it lacks; nothing was uploaded, and no secret is told."""
        last, worker = world.last_run, self._running.workers[-1]
        named = f"worker {worker.address}: " in last.stderr and "credentials" in last.stderr
        texts = [last.stderr, *(member.told for member in (*self._running.workers, self._running.scheduler))]
        told = any(world.launch.environment["AWS_SECRET_ACCESS_KEY"] in text for text in texts)
        uploads = len(world.gate.uploads())
        rows = [
            Row(last.command, f"exit code {PENDING_LEFT}", last.how_it_ended(), last.exit_code == PENDING_LEFT),
            Row("stderr", f"names {worker.address} and its credentials", "so" if named else last.stderr[-500:], named),
            Row("uploads", "0", f"{uploads}", uploads == 0),
            Row("the secret key", "in no log", "in one" if told else "in none", not told),
        ]
        judge(world, "What a worker lacks", rows)

    @keyword
    def close_cluster(self) -> None:
        """Kill whatever of it still runs."""
        if self._cluster is not None:
            self._cluster.close()

    @property
    def _running(self) -> cluster.Cluster:
        if self._cluster is None:
            raise AssertionError("There is no cluster: the Given that starts it is missing.")
        return self._cluster

    def _wait_for_end(self, world: World) -> None:
        world.finished = world.started_run.wait(RUN_LIMIT)
        self._running.close()
        world.gate.lift_all()
        world.hold = None
        self._tell(world, world.finished.how_it_ended())

    @staticmethod
    def _tell(world: World, how: str) -> None:
        logger.info(f"{world.last_run.command}\n{how}")
