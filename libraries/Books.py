"""Keywords that hold folders, state and bucket against the truth; each logs its table and fails with one sentence."""

from collections.abc import Iterable

from robot.api.deco import keyword, library

import figures
from harness import books
from harness.books import Difference
from harness.held import is_held
from harness.share import Share
from harness.tables import Row
from harness.world import World
from verdicts import judge, rows_of


@library(scope="GLOBAL", doc_format="MARKDOWN")
class Books:
    """What the truth, the folders, the state and the bucket say of every file."""

    @keyword
    def every_file_should_be_in_the_inventory(self, world: World) -> None:
        """The state holds every file of the source once, with name, size, kind and format, and nothing else."""
        found = world.books()
        judge(world, "Inventory", rows_of(_paths(found), "in the inventory", books.inventory_differences(found)))

    @keyword
    def no_file_should_be_done(self, world: World) -> None:
        """No file is done in the state, and no object is in the bucket."""
        found = world.books()
        done = {file.path for file in found.status.in_state("done")}
        rows = [Row(path, "not done", "done" if path in done else "so", path not in done) for path in _paths(found)]
        keys = [version.key for version in found.versions]
        judge(world, "Nothing done yet", [*rows, Row("the bucket", "0 objects", f"{len(keys)} objects", not keys)])

    @keyword
    def every_file_should_be_where_its_state_says(self, world: World) -> None:
        """Each file is in exactly one place, its place is its state, and its bytes, mode and time are untouched."""
        found = world.books()
        differences = [*books.folder_differences(found), *books.reason_differences(found)]
        judge(world, "Places", rows_of(_paths(found), "in the place of its state", differences))

    @keyword
    def bucket_should_hold_exactly_the_expected_objects(self, world: World) -> None:
        """The keys in the bucket are those of the files that must be done: none is missing, none is extra."""
        found = world.books()
        expected = {found.prefix + key for key in world.truth.keys}
        newest = {version.key: version for version in found.versions}
        # What was put and taken back again is no object.
        seen = {key for key, version in newest.items() if key in expected or not version.delete_marker}
        rows = [Row(key, "the object", "so" if key in seen else "none", key in seen) for key in sorted(expected)]
        rows += [Row(key, "no such object", "one in the bucket", right=False) for key in sorted(seen - expected)]
        count = sum(version.key in seen for version in found.versions)
        rows.append(Row("the bucket", f"{len(expected)} objects", f"{count} versions", count == len(expected)))
        judge(world, "Keys", rows)

    @keyword
    def counts_should_add_up(self, world: World) -> None:
        """Done, failed and pending files are together as many as there were at the beginning."""
        status = world.status()
        counts = status.counts
        unfinished = counts["pending"] + counts["in_progress"]
        total = counts["done"] + counts["failed"] + unfinished
        seen = f"{counts['done']} + {counts['failed']} + {unfinished} = {total}"
        initial = len(world.truth.files)
        right = total == initial == counts["total"]
        judge(world, "Counts", [Row("done + failed + pending", str(initial), seen, right)])

    @keyword
    def no_file_should_be_pending(self, world: World) -> None:
        """Every file in the state is done or failed."""
        files = world.status().files
        rows = [Row(each.path, "done or failed", each.state, each.state in {"done", "failed"}) for each in files]
        judge(world, "Nothing pending", rows)

    @keyword
    def some_files_should_be_done_and_some_pending(self, world: World) -> None:
        """The state tells both kinds: done files, all of whose objects are in the bucket, and pending ones.

        It counts an attempt at each file whose upload the gate held.
        """
        found = world.books()
        keys = {version.key for version in found.versions}
        done = [file for file in world.truth.files if (record := found.record_of(file)) and record.state == "done"]
        pending = found.status.in_state("pending", "in_progress")
        rows = [
            Row("the state", "at least one done file", f"{len(done)}", bool(done)),
            Row("the state", "at least one pending file", f"{len(pending)}", bool(pending)),
        ]
        rows += [
            Row(key, f"in the bucket, as {file.path} is done", "so" if key in keys else "no such object", key in keys)
            for file in done
            for key in found.expected_keys(file)
        ]
        held = {each.key for each in world.gate.exchanges if is_held(each)}
        rows += [
            Row(file.path, "an attempt, as its upload was on its way", f"{record.attempts}", bool(record.attempts))
            for file in world.truth.files
            if held.intersection(found.expected_keys(file)) and (record := found.record_of(file))
        ]
        judge(world, "State after the stop", rows)

    @keyword
    def books_should_agree_so_far(self, world: World) -> None:
        """Inventory, folders, state and bucket agree on every file, whether it is done, failed or still pending.

        No scratch file is left of the command that has ended.
        """
        found = world.books()
        differences = [*books.all_differences(found, ended=False), *books.stray_differences(found)]
        judge(world, "Books so far", rows_of(_paths(found), "the same in all books", differences))

    @keyword
    def books_should_balance(self, world: World) -> None:
        """Inventory, folders, state and bucket agree on every file one by one, and every file ended as it must."""
        found = world.books()
        differences = list(books.all_differences(found, ended=True))
        figures.record("SC-006", _share_of(found, books.inventory_differences(found), books.outcome_differences(found)))
        agreeing = _share_of(found, differences)
        figures.record("SC-007", Share(agreeing.whole - agreeing.part, agreeing.whole))
        judge(world, "Books", rows_of(_paths(found), "the same in all books", differences))

    @keyword
    def every_intended_failure_should_be_found(self, world: World) -> Share:
        """Each file that must fail is failed with a right code in folder, reason file, state and log.

        Returns:
            The share that was found, such as "100 % (11 of 11)".
        """
        found = world.books()
        intended = world.truth.ending("failed")
        differences = self._failure_differences(found)
        wrong = {each.where for each in differences}
        logged = world.last_run.stderr
        for code in sorted({record.error_code or "" for record in found.status.in_state("failed")}):
            files = [record for record in found.status.in_state("failed") if record.error_code == code]
            if logged.count(code) < len(files):
                seen = f"it {logged.count(code)} times"
                differences.append(Difference("the migrator's log", f"the reason {code} for {len(files)} files", seen))
        found_again = Share(sum(file.path not in wrong for file in intended), len(intended))
        figures.record("SC-004", found_again)
        judge(world, "Intended failures", rows_of([file.path for file in intended], "failed as intended", differences))
        return found_again

    @staticmethod
    def _failure_differences(found: books.Books) -> list[Difference]:
        failing = {file.path for file in found.mock.ending("failed")}
        differences = [
            *books.outcome_differences(found),
            *books.folder_differences(found),
            *books.reason_differences(found),
        ]
        places = failing | {f"failed/{path}" for path in failing}
        return [each for each in differences if each.where.removesuffix(".reason.json") in places]


def _share_of(found: books.Books, *differences: Iterable[Difference]) -> Share:
    """How many places differ, of as many as there are files."""
    where = {each.where for group in differences for each in group}
    return Share(min(len(where), len(found.mock.files)), len(found.mock.files))


def _paths(found: books.Books) -> list[str]:
    return [file.path for file in found.mock.files]
