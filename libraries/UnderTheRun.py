"""Keywords for what happens to files while a run is over them: removed, grown; the gate holds the run meanwhile."""

import threading

from robot.api.deco import keyword, library

from harness import arrivals
from harness.gate_rules import Hold, Rule
from harness.held import held_file
from harness.tables import Row
from harness.truth import MockFile
from harness.world import PREFIX, World
from Migrator import RUN_LIMIT
from verdicts import judge

_PENDING_LEFT = 4


@library(scope="TEST", doc_format="MARKDOWN")
class UnderTheRun:
    """Somebody else's hands on files that the migrator has read already."""

    def __init__(self) -> None:
        self._changed: MockFile | None = None

    @keyword
    def hold_upload_of_a_csv_file(self, world: World) -> None:
        """From now on hold the upload of every good csv file before it reaches the server; all others pass.

        Of every one, so that none is done when the first is held, in whatever order the migrator takes them.
        """
        any_of_them = threading.Event()
        rules = [
            Rule(Hold(), key=f"{PREFIX}/{expected.key}", met=any_of_them)
            for file in _good_csv_files(world)
            for expected in file.objects
        ]
        world.hold, *_ = map(world.gate.obey, rules)

    @keyword
    def remove_held_file_and_another_one(self, world: World) -> None:
        """Remove the file whose upload the gate holds, and the good csv file that comes last by name."""
        held = held_file(world).path
        other = max(file.path for file in _good_csv_files(world) if file.path != held)
        for path in (held, other):
            arrivals.remove(world, path)

    @keyword
    def let_held_file_grow(self, world: World) -> None:
        """Append a row to the file whose upload the gate holds; its truth is then what it has become."""
        self._changed = arrivals.grow(world, held_file(world))

    @keyword
    def let_held_file_be_rewritten(self, world: World) -> None:
        """Rewrite the file whose upload the gate holds with as many other bytes; its truth is then what it holds."""
        self._changed = arrivals.rewrite(world, held_file(world))

    @keyword
    def let_migrator_go_on(self, world: World) -> None:
        """Let go of everything that the gate holds, and wait for the run's end."""
        process = world.started_run
        world.gate.lift_all()
        world.finished = process.wait(RUN_LIMIT)

    @keyword
    def changed_file_should_be_pending(self, world: World) -> None:
        """The run ended with exit code 4, the file is pending where it arrived, and the bucket has no object of it."""
        if self._changed is None:
            raise AssertionError("No file has changed: the When is missing.")
        path, last = self._changed.path, world.last_run
        keys = set(world.bucket.keys())
        states = [(file.state, file.place) for file in world.status().of_path(path)]
        rows = [
            Row("the run", f"exit code {_PENDING_LEFT}", last.how_it_ended(), last.exit_code == _PENDING_LEFT),
            Row(path, "pending where it arrived", f"{states}", states == [("pending", path)]),
        ]
        for each in self._changed.objects:
            key = f"{PREFIX}/{each.key}"
            rows.append(Row(key, "no object of it", "one" if key in keys else "so", key not in keys))
        judge(world, "Changed file", rows)


def _good_csv_files(world: World) -> list[MockFile]:
    return [file for file in world.truth.ending("done") if file.format == "csv"]
