"""Keywords that read the parquet objects in the bucket and compare them with the truth, value by value."""

from collections.abc import Callable

from robot.api.deco import keyword, library

import figures
from harness import contents, frames
from harness.share import Share
from harness.tables import Row
from harness.truth import ExpectedObject, MockFile
from harness.world import PREFIX, World
from verdicts import judge

Check = Callable[[MockFile, ExpectedObject, str], str | None]


@library(scope="GLOBAL", doc_format="MARKDOWN")
class Contents:
    """What the objects in the bucket hold."""

    @keyword
    def every_value_should_be_in_its_parquet_object(self, world: World) -> None:
        """Each object of a file that must be done is parquet with the columns, rows and values of the truth."""

        def check(_: MockFile, expected: ExpectedObject, key: str) -> str | None:
            return contents.difference(expected, world.bucket.read(key))

        rows = self._rows(world, "the rows, columns and values of the source", check)
        figures.record("SC-002", Share(sum(row.right for row in rows), len(rows)))
        judge(world, "Values", rows)

    @keyword
    def every_object_should_tell_its_origin(self, world: World) -> None:
        """Each object's user metadata and parquet footer name the source file, its size, format and digest."""

        def check(file: MockFile, expected: ExpectedObject, key: str) -> str | None:
            body, user = world.bucket.fetch(key)
            return contents.metadata_difference(file, expected, user, contents.footer_of(body))

        judge(world, "Origin", self._rows(world, "metadata and footer of its source file", check))

    @keyword
    def every_object_should_open_in_pandas(self, world: World) -> None:
        """A data frame of each object has the rows and columns of the truth."""

        def check(_: MockFile, expected: ExpectedObject, key: str) -> str | None:
            return frames.difference(expected, world.bucket.read(key))

        judge(world, "Data frames", self._rows(world, "its rows and columns in a data frame", check))

    def _rows(self, world: World, wanted: str, check: Check) -> list[Row]:
        there = set(world.bucket.keys())
        rows = []
        for file in world.truth.ending("done"):
            for expected in file.objects:
                key = f"{PREFIX}/{expected.key}"
                told = check(file, expected, key) if key in there else "no such object in the bucket"
                rows.append(Row(key, wanted, told or "so", right=told is None))
        return rows
