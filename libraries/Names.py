"""Keywords for files whose names are the question: the same ones again, odd ones, and names that are taken."""

import os
from collections.abc import Iterable

from robot.api import SkipExecution
from robot.api.deco import keyword, library

from harness import arrivals, mock_folder, mock_makers, mock_names
from harness.books import Difference
from harness.mock_made import Recipe, bad
from harness.mock_text import csv
from harness.object_checks import object_differences
from harness.s3_requests import UPLOADS
from harness.servers import S3Server
from harness.tables import Row
from harness.truth import numbered
from harness.world import PREFIX, World
from verdicts import judge, rows_of

_NO_CHANCE = 0
_LOOSE = b"somebody else's"
# With what makes an object of it, such a name is over what some server takes as a segment of a key.
_LONG_NAME = 230


@library(scope="GLOBAL", doc_format="MARKDOWN")
class Names:
    """Files that arrive again or beside others of the same name, and what somebody else put there."""

    @keyword
    def make_files_of_hard_names(self, world: World) -> None:
        """Make files whose names look like something else, or hold any byte that every server can list."""
        chosen = [each for each in mock_makers.odd_names() if not _is_long(each) and not _is_hard_to_list(each)]
        self._make_odd_names(world, [*chosen, *mock_makers.names_at_the_limits(PREFIX)])

    @keyword
    def make_files_of_names_hard_to_list(self, world: World, server: S3Server) -> None:
        """Make files with control characters and backslashes in their names.

        Whether the server takes or refuses such a key is free. The test is skipped where the server's file says that
        it lists some of them under other keys: then nobody can tell what is in the bucket.
        """
        _skip_unless_judged(server, "control-characters", "backslashes")
        self._make_odd_names(world, filter(_is_hard_to_list, mock_makers.odd_names()))

    @keyword
    def make_files_of_long_names(self, world: World, server: S3Server) -> None:
        """Make files whose names are as long as a file system takes them, so that a key's segment is over 255 bytes.

        Whether the server takes or refuses such a key is free. The test is skipped where the server's file says that
        it fails at one with a 5xx: nobody can tell that from an outage.
        """
        _skip_unless_judged(server, "segment-over-255-bytes")
        self._make_odd_names(world, filter(_is_long, mock_makers.odd_names()))

    @staticmethod
    def _make_odd_names(world: World, recipes: Iterable[Recipe]) -> None:
        world.mock = mock_folder.write(world.test_data, [*recipes, *mock_names.failing_names()[-1:]], _NO_CHANCE)

    @keyword
    def make_files_of_the_same_names(self, world: World) -> None:
        """Make files of one name in many folders, archives, cases and normal forms; each holds a value of its own."""
        world.mock = mock_folder.write(world.test_data, mock_names.same_names(), _NO_CHANCE)

    @keyword
    def make_files_to_arrive_again(self, world: World) -> None:
        """Make files that will be done and files that will fail; their names are numbered in every way there is."""
        recipes = (*mock_names.numbered_names(), *mock_names.failing_names())
        world.mock = mock_folder.write(world.test_data, recipes, _NO_CHANCE)

    @keyword
    def same_bytes_arrive_again(self, world: World) -> None:
        """Put the same bytes where the done files had arrived; their truth is to be done with the objects there are."""
        arrivals.arrive(world, map(mock_names.again, mock_names.numbered_names()))

    @keyword
    def other_bytes_arrive_again(self, world: World) -> None:
        """Put other bytes, good and bad, where the done files had arrived; they must fail with `name-taken`."""
        arrivals.arrive(world, map(mock_names.with_other_bytes, mock_names.numbered_names()))

    @keyword
    def failing_files_arrive_again(self, world: World) -> None:
        """Put the same bad bytes where the failed files had arrived; after a failure they are simply new files."""
        arrivals.arrive(world, map(mock_names.again, mock_names.failing_names()))

    @keyword
    def repaired_files_arrive_where_others_failed(self, world: World) -> None:
        """Put a good csv file where a bad one had arrived and failed; its truth is to be done."""
        arrivals.arrive(world, [mock_names.repaired(mock_names.failing_names()[0])])

    @keyword
    def take_names_in_done_and_failed(self, world: World) -> None:
        """Put somebody else's files under the names that files and reason files are going to need."""
        done, failed = (recipes()[0].path for recipes in (mock_names.numbered_names, mock_names.failing_names))
        second = mock_names.failing_names()[1].path
        taken = (f"done/{done}", f"done/{numbered(done, 2)}", f"failed/{failed}.reason.json", f"failed/{second}")
        for place in (*taken, "done/nobody's.csv"):
            arrivals.put_bystander(world, place, _LOOSE)

    @keyword
    def take_folder_names_in_done_and_failed(self, world: World) -> None:
        """Put somebody else's files where folders would have to be made."""
        for place in ("done/folder", "failed/broken"):
            arrivals.put_bystander(world, place, _LOOSE)
        arrivals.arrive(world, [Recipe("broken/deep/bad.csv", bad(b"a,b\n1\n", "malformed-csv"))])

    @keyword
    def put_what_the_inventory_passes_over(self, world: World) -> None:
        """Put hidden files, links, a socket and a pipe into the source, and hard links, which are files.

        Of one file's three names two lie in the source.
        """
        for place in (".hidden.csv", "odd/.hidden.csv", ".folder/within.csv"):
            arrivals.put_bystander(world, place, b"a\n1\n")
        arrivals.put_what_is_no_file(world)
        (linked,) = arrivals.arrive(world, [Recipe("odd/hard link.csv", csv(["a"], ["1"]))])
        other = world.folder / "elsewhere" / "hard link.csv"
        other.hardlink_to(world.source / linked.path)
        arrivals.arrive_by_another_name(world, linked, "odd/second name.csv")

    @keyword
    def put_strange_objects_under_keys(self, world: World) -> None:
        """Put objects that are not theirs under a key of csv files and of an archive's second member: all must fail.

        Of two the footer tells half of the truth: the path with another digest, and the digest with another path.
        """
        for key in ("taken.csv.parquet", "taken.zip/b.csv.parquet"):
            arrivals.put_stranger(world, key)
        arrivals.put_stranger(world, "earlier.csv.parquet", arrivals.parquet_of("earlier.csv", b"a\n0\n"))
        arrivals.put_stranger(world, "twin.csv.parquet", arrivals.parquet_of("elsewhere/twin.csv", mock_names.TWIN))
        arrivals.arrive(world, mock_names.taken_names())

    @keyword
    def folder_arrives_under_the_name_of_a_done_archive(self, world: World) -> None:
        """Make a folder where a done archive lay, with a file whose key is that of the archive's member."""
        member = Recipe("pair.zip/a.csv", bad(b"other\nbytes\n", "name-taken"))
        arrivals.arrive(world, [member, Recipe("pair.zip/c.csv", csv(["a"], ["beside it"]))])

    @keyword
    def every_object_should_hold_its_source(self, world: World) -> None:
        """Each object of a done file holds the values of the truth, and metadata and footer tell where it is from."""
        found = world.books()
        keys = [found.prefix + each.key for file in world.truth.files for each in file.objects]
        judge(world, "Contents", rows_of(dict.fromkeys(keys), "values and origin", object_differences(world, found)))

    @keyword
    def nothing_should_have_been_uploaded(self, world: World) -> None:
        """Since the remembered moment no object was made to appear, and no version came or went."""
        before = world.remembered
        uploads = [each for each in world.gate.exchanges[before.exchanges :] if each.act in UPLOADS]
        rows = [Row(each.key, "no upload", str(each.act), right=False) for each in uploads]
        now = {(version.key, version.version_id) for version in world.bucket.versions()}
        changed = now ^ {(version.key, version.version_id) for version in before.versions}
        differences = [Difference(key, "the versions as they were", "others") for key, _ in sorted(changed)]
        judge(world, "Uploads", [*rows, *rows_of(["the bucket"], "as it was", differences)])


def _is_long(recipe: Recipe) -> bool:
    return len(os.fsencode(recipe.path.rpartition("/")[2])) > _LONG_NAME


def _is_hard_to_list(recipe: Recipe) -> bool:
    return any(ord(sign) < ord(" ") or sign in "\\\x7f" for sign in recipe.path)


def _skip_unless_judged(server: S3Server, *odd_keys: str) -> None:
    for each in odd_keys:
        if refusal := server.file.refusal_of_key(each):
            raise SkipExecution(refusal)
