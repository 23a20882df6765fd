"""Keywords that hold a restarted migrator against what was there before it, and against a twin that never stopped."""

from collections import Counter

from robot.api.deco import keyword, library

import figures
from harness import restart
from harness.share import Share
from harness.tables import Row
from harness.world import PREFIX, World
from verdicts import judge, rows_of


@library(scope="GLOBAL", doc_format="MARKDOWN")
class Restart:
    """What a restart must not do again, and what it must reach."""

    @keyword
    def remember_this_moment(self, world: World) -> None:
        """Keep status, folders, versions and the gate's log as they are, to be compared with later."""
        world.snapshot()

    @keyword
    def no_done_file_should_be_processed_again(self, world: World) -> Share:
        """Since the remembered moment nothing was uploaded, versioned, recorded or moved of files that were done then.

        Returns:
            The share of done files that were processed again, such as "0 % (0 of 14)".
        """
        done = [file.path for file in world.remembered.status.in_state("done")]
        keys = {each.key: file.path for file in world.remembered.status.in_state("done") for each in file.objects}
        differences = list(restart.touched_again(world))
        again = {keys.get(each.where, each.where) for each in differences}
        share = Share(len(again), len(done))
        figures.record("SC-003", share)
        judge(world, "Done before the restart", rows_of(done, "untouched by the restart", differences))
        return share

    @keyword
    def every_key_should_have_one_version(self, world: World) -> None:
        """No key of a done file was written twice or deleted, and no other one twice, unless it was taken back."""
        versions = world.bucket.versions()
        expected = {f"{PREFIX}/{key}" for key in world.truth.keys}
        gone = {version.key for version in versions if version.delete_marker} - expected
        counts = Counter(version.key for version in versions if version.key not in gone)
        rows = [Row(key, "1 version", f"{count}", count == 1) for key, count in counts.items()]
        judge(world, "Versions", rows)

    @keyword
    def outcome_should_equal_the_twins(self, world: World, twin: World) -> None:
        """Bucket, folders and states are those of a twin that was never stopped; objects are compared by content."""
        differences = list(restart.differing_from(world, twin))
        rows = rows_of([file.path for file in world.truth.files], f"as in {twin.name}", differences)
        for key in restart.shared_keys(world, twin):
            same = restart.same_table(world.bucket.read(key), twin.bucket.read(key))
            rows.append(Row(key, f"the table in {twin.name}", "so" if same else "another table", same))
        judge(world, "Twin", rows)
