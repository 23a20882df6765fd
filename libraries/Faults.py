"""Keywords that break the target on purpose, in whole or for some keys, and say what a migrator must make of it."""

import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType

from robot.api import logger
from robot.api.deco import keyword, library

from harness import faults, mock_few, mock_folder
from harness.ballast import Ballast
from harness.folders import strays
from harness.gate_rules import OVERLOADED, Answer, CutRequest, Effect, Hold, LoseAnswer, Rule, Stage
from harness.patience import patient
from harness.s3_requests import UPLOADS, WRITES, Act
from harness.servers import S3Server
from harness.tables import Row
from harness.world import PREFIX, World
from Migrator import HELD_LIMIT, RUN_LIMIT
from verdicts import judge, rows_of

RETRY_FOR = timedelta(seconds=1)
"""The `--retry-for` of runs whose target does not come back: long enough for a few attempts."""
_OUTAGE_LIMIT = RETRY_FOR + faults.BEYOND_RETRYING
_ROOM_LIMIT = patient(60)
_SEED = 0
_DATA = frozenset({Act.PUT_OBJECT, Act.UPLOAD_PART})
_SMALL_KEY = f"{PREFIX}/{mock_few.ARCHIVE}/a.csv.parquet"
_LARGE_KEY = f"{PREFIX}/{mock_few.LARGE}.parquet"
_LARGE_KEYS = f"*{mock_few.LARGE}*"
_STEPS = frozenset({Act.UPLOAD_PART, Act.COMPLETE_MULTIPART})
# The ways in which S3 servers say that they are out of order, by the number of the upload that they befall.
_PASSING_FAILURES: Mapping[int, Answer] = MappingProxyType(
    {2: OVERLOADED, 5: Answer(500, "InternalError"), 8: Answer(507, "XMinioStorageFull")}
)
_REFUSALS: Mapping[str, Answer] = MappingProxyType(
    {
        "too large": Answer(400, "EntityTooLarge"),
        "denied": Answer(403, "AccessDenied"),
        "odd": Answer(405, "MethodNotAllowed"),
        "broken": Answer(502, "BadGateway"),
    }
)


@library(scope="GLOBAL", doc_format="MARKDOWN")
class Faults:
    """Outages, refusals, cut requests and lost answers."""

    @keyword
    def make_few_files(self, world: World, large: bool = False) -> None:
        """Make a dozen small files, an archive, a dump and a bad file; and one for several parts where asked for."""
        recipes = [*mock_few.few_files(), *([mock_few.large_file()] if large else [])]
        world.mock = mock_folder.write(world.test_data, recipes, _SEED)

    @keyword
    def mend_server(self, server: S3Server | None) -> None:
        """Thaw or start a server that a scenario left frozen or ended, so that its buckets can be removed."""
        if server is None or server.container is None:
            return
        if server.container.state == "paused":
            server.require_container().unpause()
            server.wait_until_ready()
        elif server.container.state == "exited":
            server.started_again()

    @keyword
    def remove_server(self, server: S3Server | None) -> None:
        """Remove a scenario's own server with its data."""
        if server is not None:
            server.remove()

    @keyword
    def fill_data_volume(self, server: S3Server) -> Ballast:
        """Fill the server's data volume up with objects of nobody's, in a bucket of their own."""
        ballast = Ballast(server)
        ballast.fill()
        return ballast

    @keyword
    def make_room_on_data_volume(self, ballast: Ballast) -> None:
        """Delete what filled the volume up, and wait until the server takes data again."""
        ballast.remove(_ROOM_LIMIT)

    @keyword
    def start_migrator_with_little_patience(self, world: World) -> None:
        """Start the migrator with little patience and wait until the gate holds one of its requests."""
        if world.hold is None:
            raise AssertionError("No upload will be held: the Given that holds one is missing.")
        world.start("run", "--retry-for", f"{RETRY_FOR.total_seconds():g}")
        world.wait_until_met(world.hold, HELD_LIMIT)

    @keyword
    def let_go_and_wait_for_the_end(self, world: World, within: timedelta = RUN_LIMIT) -> None:
        """Let go of what the gate holds, and wait until the migrator has ended by itself."""
        if world.process is None or world.hold is None:
            raise AssertionError("No migrator is held: the Given that holds one is missing.")
        world.gate.lift_holds()
        world.hold = None
        world.finished = world.process.wait(within)
        logger.info(f"{world.finished.command}\n{world.finished.how_it_ended()}")

    @keyword
    def run_migrator_with_little_patience(self, world: World) -> None:
        """Run the migrator with little patience until it ends by itself."""
        world.run("run", "--retry-for", f"{RETRY_FOR.total_seconds():g}", within=RUN_LIMIT)

    @keyword
    def run_migrator_where_nobody_listens(self, world: World) -> None:
        """Run the migrator with little patience and an endpoint that refuses every connection."""
        retry_for = ("--retry-for", f"{RETRY_FOR.total_seconds():g}")
        with faults.unheard_address() as address:
            faults.run_astray(world, *retry_for, endpoint_url=address, within=RUN_LIMIT)

    @keyword
    def run_migrator_with_wrong_secret(self, world: World) -> None:
        """Run the migrator with a secret key that is not the server's."""
        wrong = {"AWS_SECRET_ACCESS_KEY": secrets.token_hex(20)}
        faults.run_astray(world, credentials=wrong, within=RUN_LIMIT)

    @keyword
    def run_migrator_with_unknown_key_id(self, world: World) -> None:
        """Run the migrator with an access key id that the server does not know."""
        unknown = {"AWS_ACCESS_KEY_ID": secrets.token_hex(10)}
        faults.run_astray(world, credentials=unknown, within=RUN_LIMIT)

    @keyword
    def run_migrator_without_its_bucket(self, world: World) -> None:
        """Run the migrator with a bucket that does not exist."""
        faults.run_astray(world, bucket=f"no-such-bucket-{secrets.token_hex(5)}", within=RUN_LIMIT)

    @keyword
    def begin_outage(self, world: World) -> None:
        """From now on every request is answered `503 SlowDown`, also those that the gate holds and lets go of."""
        world.gate.begin_outage(OVERLOADED)

    @keyword
    def outlast_patience(self, world: World) -> None:
        """Wait until the run is older than its `--retry-for`, while the target is in order."""
        world.started_run.ends_within(RETRY_FOR)

    @keyword
    def bear_an_outage(self, world: World, lasting: timedelta) -> None:
        """Let go of what is held into an outage that lasts so long, or until the migrator gives up; then it is over."""
        if world.process is None or world.hold is None:
            raise AssertionError("No migrator is held: the Given that holds one is missing.")
        self.begin_outage(world)
        world.gate.lift_holds()
        world.process.ends_within(lasting)
        self.end_outage(world)
        world.finished = world.process.wait(RUN_LIMIT)
        logger.info(f"{world.finished.command}\n{world.finished.how_it_ended()}")

    @keyword
    def end_outage(self, world: World) -> None:
        """From now on every request passes: no rule holds, and no outage."""
        world.gate.lift_all()
        world.hold = None

    @keyword
    def fail_some_uploads_for_a_while(self, world: World) -> None:
        """Answer some uploads with 503, 500 and 507 each, as a server does that is out of order for a moment."""
        for first, answer in _PASSING_FAILURES.items():
            world.gate.obey(Rule(answer, WRITES, first=first, count=2))

    @keyword
    def cut_uploads_in_mid_body(self, world: World) -> None:
        """Cut the connection once in the middle of a small upload, and once in that of the large file."""
        self._for_a_small_and_the_large(world, lambda size: CutRequest(after_bytes=size // 2), _DATA)

    @keyword
    def lose_answers(self, world: World) -> None:
        """Lose the server's answer once to a small upload, and once to the one that makes the large object appear."""
        self._for_a_small_and_the_large(world, lambda _: LoseAnswer(), UPLOADS)

    @keyword
    def let_uploads_hang_once(self, world: World) -> None:
        """Hold a small upload once before it reaches the server, and once the answer to the one of the large object."""
        world.gate.obey(Rule(Hold(Stage.REQUEST), count=1, key=_SMALL_KEY))
        world.gate.obey(Rule(Hold(Stage.ANSWER), count=1, key=_LARGE_KEY))

    @keyword
    def hanging_uploads_should_have_been_given_up(self, world: World) -> None:
        """Each upload that hung was given up within 15 s."""
        judge(world, "Given up", faults.hanging_rows(world, (_SMALL_KEY, _LARGE_KEY)))

    @keyword
    def hold_large_file_partway(self, world: World) -> None:
        """Let the first part of the large file pass and hold what comes next of it; without parts, hold its upload."""
        self._hold_large_file(world, Rule(Hold(), _STEPS, first=2, key=_LARGE_KEYS))

    @keyword
    def hold_answers_to_parts_of_large_file(self, world: World) -> None:
        """Let the server store parts of the large file, and keep that from the migrator; without parts, hold it all."""
        self._hold_large_file(world, Rule(Hold(Stage.ANSWER), _STEPS, key=_LARGE_KEYS))

    @staticmethod
    def _hold_large_file(world: World, steps: Rule) -> None:
        world.gate.obey(Rule(Hold(), frozenset({Act.PUT_OBJECT}), key=_LARGE_KEYS, met=steps.met))
        world.hold = world.gate.obey(steps)

    @keyword
    def refuse_keys(self, world: World, how: str, *files: str) -> None:
        """Refuse every upload of some files' objects.

        Args:
            world: Whose gate answers.
            how: "too large" (`EntityTooLarge`), "denied" (`AccessDenied`), "odd" (`MethodNotAllowed`) or "broken"
                (`502 BadGateway`).
            files: Their paths; an object of an archive or a dump by its key without `.parquet`.
        """
        for path in files:
            world.gate.obey(Rule(_REFUSALS[how], WRITES, key=f"*/{path}*"))

    @keyword
    def refuse_every_key(self, world: World) -> None:
        """Refuse every upload: as too large those of even file numbers, as denied all others."""
        world.gate.obey(Rule(_REFUSALS["too large"], WRITES, key="*[02468].csv*"))
        world.gate.obey(Rule(_REFUSALS["denied"], WRITES))

    @keyword
    def expect_rejection(self, world: World, *files: str) -> None:
        """From now on the truth of these files is: failed as `upload-rejected`, no object.

        Objects of them that the target did take are taken back, which a versioned bucket may remember.
        """
        keys = {f"{PREFIX}/{each.key}" for file in world.truth.files if file.path in files for each in file.objects}
        world.mock = faults.rejected(world.truth, files)
        world.allowed.revised |= keys

    @keyword
    def migrator_should_have_given_up_in_time(self, world: World) -> None:
        """Exit code 4, within `--retry-for` + 20 s of the server's last good answer (or of the start)."""
        self._judge_end(world, "Given up in time", faults.since_last_success(world), _OUTAGE_LIMIT, "its last success")

    @keyword
    def migrator_should_not_have_given_up_before_its_time(self, world: World) -> None:
        """After the server's last good answer it sent a request again, or ended no sooner than `--retry-for`.

        How often it tries within that time is free.
        """
        seen, least = faults.since_last_success(world), RETRY_FOR.total_seconds()
        again = faults.tried_again(world, seen)
        expected = f"a request sent again after its last success, or {least:g} s of patience"
        told = "so" if again else f"none in {seen:.1f} s"
        judge(world, "Not given up too early", [Row("the migrator's end", expected, told, again or seen >= least)])

    @keyword
    def migrator_should_have_given_up_at_once(self, world: World) -> None:
        """Exit code 4, within 5 s of the first refusal."""
        seen = faults.since_first_refusal(world)
        if seen is None:
            raise AssertionError("Expected a request that the target refuses, seen none at the gate.")
        self._judge_end(world, "Given up at once", seen, faults.AFTER_REFUSAL, "the first refusal")

    @keyword
    def migrator_should_have_left_work_pending(self, world: World) -> None:
        """Exit code 4: stopped with work pending."""
        judge(world, "Work left pending", [self._exit_row(world)])

    @keyword
    def every_file_should_be_pending(self, world: World) -> None:
        """Every file that can be converted is pending and where it arrived; a bad one may be failed already."""
        self._judge_pending(world, nothing_done=True)

    @keyword
    def no_file_should_bear_the_blame(self, world: World) -> None:
        """Every file that can be converted is pending or done, at least one is pending, and each is in its place."""
        self._judge_pending(world, nothing_done=False)

    def _judge_pending(self, world: World, *, nothing_done: bool) -> None:
        status = world.status()
        rows = faults.pending_rows(world.truth, status, nothing_done=nothing_done)
        rows += rows_of([], "", faults.misplaced(world.source, status))
        rows += [
            Row(each, "state and lock alone in the migrator's folder", "this", False) for each in strays(world.source)
        ]
        judge(world, "Nobody's fault", rows)

    def _judge_end(self, world: World, title: str, seen: float, promised: timedelta, since: str) -> None:
        limit = faults.granted(promised, world.last_run).total_seconds()
        row = Row("the migrator's end", f"at most {limit:g} s after {since}", f"{seen:.1f} s", seen <= limit)
        judge(world, title, [self._exit_row(world), row])

    @staticmethod
    def _exit_row(world: World) -> Row:
        last = world.last_run
        right = last.signal is None and last.exit_code == faults.PENDING_LEFT
        return Row(last.command, f"exit code {faults.PENDING_LEFT}", last.how_it_ended(), right)

    @staticmethod
    def _for_a_small_and_the_large(world: World, effect: Callable[[int], Effect], acts: frozenset[Act]) -> None:
        for key, size in ((_SMALL_KEY, 200), (_LARGE_KEY, 2 << 20)):
            world.gate.obey(Rule(effect(size), acts, count=1, key=key))
