"""Keywords that make the mock files, fill the source with them, and hold both against what was made."""

from robot.api import logger
from robot.api.deco import keyword, library

from harness import mock_files, mock_folder, mock_large, mock_makers, mock_rare_files
from harness.tables import Row
from harness.world import World
from verdicts import judge

# The seed of what no seed decides.
_NO_CHANCE = 0


@library(scope="GLOBAL", doc_format="MARKDOWN")
class MockData:
    """The test data of a world, each file with its truth."""

    @keyword
    def make_test_data(self, world: World, seed: int = mock_files.DEFAULT_SEED) -> None:
        """Make the standard mock files in the world's `test-data/`; the same seed gives the same bytes everywhere."""
        world.mock = mock_folder.write(world.test_data, mock_files.standard_files(seed), seed)
        files, objects = len(world.mock.files), len(world.mock.objects)
        logger.info(f"{files} mock files from seed {seed}, {objects} objects to come of them")

    @keyword
    def make_rare_files(self, world: World) -> None:
        """Make files as other programs write them, each oddity alone among plain values."""
        world.mock = mock_folder.write(world.test_data, mock_rare_files.rare_files(), _NO_CHANCE)

    @keyword
    def make_small_files(self, world: World, count: int) -> None:
        """Make `count` small csv files, a hundred in a folder."""
        world.mock = mock_folder.write(world.test_data, mock_makers.many_small(count), _NO_CHANCE)

    @keyword
    def make_large_file(self, world: World, mebibytes: int) -> None:
        """Make one csv file of that size, written as it is made."""
        world.mock = mock_folder.write(
            world.test_data, [mock_makers.large_csv("large.csv", mebibytes << 20)], _NO_CHANCE
        )

    @keyword
    def make_large_files_of_other_formats(self, world: World, mebibytes: int, unpacked_mebibytes: int) -> None:
        """Make a JSON file and a dump of that size each, and a zip whose one member unpacks to `unpacked_mebibytes`."""
        recipes = (
            mock_large.large_json("large.json", mebibytes << 20),
            mock_large.large_dump("large.sql", mebibytes << 20),
            mock_large.large_zip("large.zip", unpacked_mebibytes << 20),
        )
        world.mock = mock_folder.write(world.test_data, recipes, _NO_CHANCE)

    @keyword
    def fill_source(self, world: World) -> None:
        """Copy the test data into the source: bytes, mode and modification time, no links."""
        mock_folder.fill(world.source, world.truth)

    @keyword
    def test_data_should_hold_at_least(self, world: World, count: int) -> None:
        """There are `count` mock files or more."""
        seen = len(world.truth.files)
        judge(world, "Number of mock files", [Row("test-data", f"at least {count} files", str(seen), seen >= count)])

    @keyword
    def every_format_should_be_present(self, world: World) -> None:
        """csv, json, txt, sql, zip, tar, gz and tar.gz are each among the mock files."""
        judge(world, "Formats", mock_folder.format_rows(world.truth))

    @keyword
    def test_data_should_be_unchanged(self, world: World) -> None:
        """Every mock file is as its truth says: bytes, mode, modification time; and nothing else is there."""
        judge(world, "Test data", mock_folder.rows(world.test_data, world.truth))

    @keyword
    def source_should_equal_test_data(self, world: World) -> None:
        """The source holds every mock file with its bytes, mode and modification time, and nothing else."""
        judge(world, "Source", mock_folder.rows(world.source, world.truth))

    @keyword
    def source_should_share_no_file(self, world: World) -> None:
        """The files in the source are copies of their own: what is done to them leaves the test data as they are."""
        judge(world, "Copies of its own", mock_folder.sharing_rows(world.source, world.truth))
