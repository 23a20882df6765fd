"""Keywords for files that cannot be converted, alone and within archives, and for what must come of them."""

from robot.api.deco import keyword, library

from harness import mock_corrupted, mock_folder
from harness.s3_requests import UPLOADS
from harness.tables import Row
from harness.world import PREFIX, World
from Migrator import RUN_LIMIT
from verdicts import judge

_NO_CHANCE = 0


@library(scope="GLOBAL", doc_format="MARKDOWN")
class CorruptedFiles:
    """Bad files of every reason code, and good ones beside them."""

    @keyword
    def make_bad_files(self, world: World) -> None:
        """Make bad files of every reason code that a file can have by itself, and good files in the same folders."""
        world.mock = mock_folder.write(world.test_data, mock_corrupted.bad_files(), _NO_CHANCE)

    @keyword
    def make_archives_with_a_bad_member(self, world: World) -> None:
        """Make archives of every kind, each with one bad member among good ones, and good files beside them."""
        world.mock = mock_folder.write(world.test_data, mock_corrupted.bad_members(), _NO_CHANCE)

    @keyword
    def make_archives_at_the_limits(self, world: World) -> None:
        """Make archives that unpack to too much or are too deep, and such as are just within both limits."""
        world.mock = mock_folder.write(world.test_data, mock_corrupted.archives_at_the_limits(), _NO_CHANCE)

    @keyword
    def run_migrator_with_a_small_unpack_limit(self, world: World) -> None:
        """Run it to its end with the `--unpack-limit` that the bombs were made for."""
        world.run("run", "--unpack-limit", str(mock_corrupted.UNPACK_LIMIT), within=RUN_LIMIT)

    @keyword
    def every_reason_code_should_be_found(self, world: World) -> None:
        """Every reason code that a file can have by itself is that of one failed file at least."""
        found = [record.error_code for record in world.status().in_state("failed")]
        rows = [
            Row(code, "at least one failed file", str(found.count(code)), code in found)
            for code in sorted(mock_corrupted.CODES)
        ]
        judge(world, "Reason codes", rows)

    @keyword
    def every_reason_should_name_the_member(self, world: World) -> None:
        """The message of an archive that failed for its member holds the member's name."""
        rows = []
        for record in world.status().in_state("failed"):
            # A tar in a gz is one archive, a tar.gz: it is bad itself, and has no member to name.
            if not record.path.partition("/")[0].endswith(f" in {record.format}"):
                continue
            member = record.path.rpartition("/")[2].removesuffix(f".{record.format}")
            message = record.error_message or ""
            rows.append(Row(record.path, f"a message that names {member!r}", message, member in message))
        judge(world, "Members in reasons", rows)

    @keyword
    def nothing_of_a_failed_file_should_have_been_uploaded(self, world: World) -> None:
        """No request at the gate made an object of a file appear that must fail, not even for a moment.

        Whether two parts of a file have one key is known to whoever asks the server too: then the first one is put,
        and taken back.
        """
        failing = {
            f"{PREFIX}/{file.path}": file.path
            for file in world.truth.ending("failed")
            if "name-taken" not in file.codes
        }
        uploads = [each.key for each in world.gate.exchanges if each.act in UPLOADS]
        seen = [(failing[start], key) for key in uploads for start in _starts(key) if start in failing]
        rows = [Row(path, "no upload", key, right=False) for path, key in seen]
        uploaded = {path for path, _ in seen}
        rows += [Row(path, "no upload", "so", right=True) for path in failing.values() if path not in uploaded]
        judge(world, "No upload of failed files", rows)


def _starts(key: str) -> list[str]:
    """Every path that an object of this key could be of: a whole name, or an archive's or a dump's."""
    segments = key.split("/")
    return [key.removesuffix(".parquet"), *("/".join(segments[:count]) for count in range(2, len(segments)))]
