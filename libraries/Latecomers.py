"""Keywords for what comes when a run is under way or was killed, and for a bucket of very many objects."""

from concurrent.futures import ThreadPoolExecutor

from robot.api.deco import keyword, library

from harness import arrivals
from harness.books_facts import facts_of
from harness.folders import look
from harness.gate_rules import Hold, Rule, Stage
from harness.mock_made import Recipe
from harness.mock_names import spoilt
from harness.mock_text import csv
from harness.tables import Row
from harness.truth import MockFile
from harness.world import PREFIX, World
from verdicts import judge

# A page of S3's listings holds a thousand keys at most.
_MORE_THAN_A_PAGE = 1001
_AT_ONCE = 8


@library(scope="TEST", doc_format="MARKDOWN")
class Latecomers:
    """Files that arrive late or are corrected late, and a bucket that holds more than one page of a listing."""

    def __init__(self) -> None:
        self._late: MockFile | None = None
        self._stored: MockFile | None = None

    @keyword
    def put_many_strange_objects(self, world: World) -> None:
        """Put more of somebody else's objects under the prefix than a page of a listing holds, before all others."""
        keys = [f"{PREFIX}/!{each:04}" for each in range(_MORE_THAN_A_PAGE)]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda key: world.bucket.put(key, b"somebody else's"), keys))
        world.allowed.strangers.update((version.key, version.etag) for version in world.bucket.versions())

    @keyword
    def let_another_file_arrive(self, world: World) -> None:
        """Put one more good file into the source, as somebody else does."""
        (self._late,) = arrivals.arrive(world, [Recipe("late/arrived late.csv", csv(["a"], ["007"]))])

    @keyword
    def late_file_should_wait(self, world: World) -> None:
        """It lies untouched where it arrived, and the bucket has no object of it."""
        if self._late is None:
            raise AssertionError("No file has arrived late: the When is missing.")
        path = self._late.path
        lies = look(world.source).get(path) == facts_of(self._late)
        keys = set(world.bucket.keys()) & {f"{PREFIX}/{each.key}" for each in self._late.objects}
        rows = [
            Row(path, "the file untouched where it arrived", "so" if lies else "it changed or gone", lies),
            Row(path, "no object of it", ", ".join(keys) or "so", not keys),
        ]
        judge(world, "Late file", rows)

    @keyword
    def hold_answer_to_upload_of_a_csv_file(self, world: World) -> None:
        """From now on let the server store the first good csv file's object, and keep that from the migrator."""
        self._stored = next(file for file in world.truth.ending("done") if file.format == "csv")
        (expected,) = self._stored.objects
        world.hold = world.gate.obey(Rule(Hold(Stage.ANSWER), key=f"{PREFIX}/{expected.key}"))

    @keyword
    def correct_stored_file(self, world: World) -> None:
        """Append a row to the file whose object is in the bucket; its truth is then what it has become."""
        arrivals.grow(world, self._of_now())

    @keyword
    def spoil_stored_file(self, world: World) -> None:
        """Overwrite the file whose object is in the bucket with a csv of too few fields; its truth is that it fails."""
        stored = self._of_now()
        arrivals.allow_taking_back(world, stored)
        arrivals.change(world, stored.path, spoilt(stored.path, stored.mtime_ns))

    @keyword
    def remove_stored_file(self, world: World) -> None:
        """Remove the file whose object is in the bucket; its truth is that it has vanished."""
        arrivals.remove(world, self._of_now().path)

    def _of_now(self) -> MockFile:
        if self._stored is None:
            raise AssertionError("No object was stored behind the migrator's back: the Given is missing.")
        return self._stored
