"""Each `Should` keyword over the books fails on a broken world, with one sentence that says what is wrong."""

import json
import os

import pytest

from Books import Books
from harness.share import Share
from paper_world import PaperWorld, balanced_world, pend, version

BOOKS = Books()


@pytest.fixture
def world(tmp_path):
    return balanced_world(tmp_path)


def test_a_balanced_world_passes_every_keyword(world):
    BOOKS.every_file_should_be_in_the_inventory(world)
    BOOKS.every_file_should_be_where_its_state_says(world)
    BOOKS.bucket_should_hold_exactly_the_expected_objects(world)
    BOOKS.counts_should_add_up(world)
    BOOKS.books_should_agree_so_far(world)
    BOOKS.books_should_balance(world)
    BOOKS.no_file_should_be_pending(world)
    assert BOOKS.every_intended_failure_should_be_found(world) == Share(1, 1)


def test_a_world_that_stands_still_in_the_middle_agrees_so_far(world):
    pend(world, "a.csv")
    BOOKS.books_should_agree_so_far(world)
    BOOKS.some_files_should_be_done_and_some_pending(world)
    BOOKS.every_file_should_be_where_its_state_says(world)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("size", 70, "Expected size 7 in the state, seen 70, at a.csv"),
        ("kind", "archive", "Expected kind regular in the state, seen archive, at a.csv"),
        ("format", "txt", "Expected format csv in the state, seen txt, at a.csv"),
        ("path", "x.csv", "Expected one entry in the state, seen 0, at a.csv"),
        ("discovered_at", None, "Expected discovered_at as ISO 8601 in UTC, seen None, at a.csv"),
        ("discovered_at", "2026-01-01T00:00:00+02:00", "Expected discovered_at as ISO 8601 in UTC"),
        ("sha256", "0" * 64, "Expected SHA-256"),
    ],
)
def test_a_wrong_inventory_is_told(world, field, value, told):
    world.record("a.csv")[field] = value
    with pytest.raises(AssertionError, match=told):
        BOOKS.every_file_should_be_in_the_inventory(world)


def test_a_file_that_the_state_invents_is_told(world):
    world.document["files"].append({**world.record("a.csv"), "path": "ghost.csv"})
    with pytest.raises(AssertionError, match="no entry in the state, seen 1, at ghost.csv"):
        BOOKS.every_file_should_be_in_the_inventory(world)


def test_a_done_file_before_the_first_upload_is_told(world):
    with pytest.raises(AssertionError, match=r"Expected not done, seen done, at a\.csv"):
        BOOKS.no_file_should_be_done(world)


def _lose(world: PaperWorld) -> None:
    (world.source / "done/a.csv").unlink()


def _copy(world: PaperWorld) -> None:
    (world.source / "a.csv").write_bytes((world.source / "done/a.csv").read_bytes())


def _copy_that_status_lists(world: PaperWorld) -> None:
    _copy(world)
    world.document["files"].append({**world.record("a.csv"), "place": "a.csv", "state": "pending", "objects": []})


def _misplace(world: PaperWorld) -> None:
    (world.source / "done/a.csv").rename(world.source / "failed/a.csv")


def _change_bytes(world: PaperWorld) -> None:
    (world.source / "done/a.csv").write_bytes(b'n\n3\n""\n')


def _change_mode(world: PaperWorld) -> None:
    (world.source / "done/a.csv").chmod(0o600)


def _touch(world: PaperWorld) -> None:
    os.utime(world.source / "done/a.csv")


def _add(world: PaperWorld) -> None:
    (world.source / "done/more.csv").write_bytes(b"n\n")


def _drop_reason(world: PaperWorld) -> None:
    (world.source / "failed/bad.json.reason.json").unlink()


def _spoil_reason(world: PaperWorld) -> None:
    (world.source / "failed/bad.json.reason.json").write_text('{"path": "bad.json", "code": "not-text"}')


def _wrong_place(world: PaperWorld) -> None:
    world.record("a.csv")["place"] = "a.csv"


@pytest.mark.parametrize(
    ("wreck", "told"),
    [
        (_lose, "Expected the file in exactly one place, seen it nowhere, at a.csv"),
        (_copy, "Expected the file in exactly one place, seen a.csv and done/a.csv, at a.csv"),
        (_copy_that_status_lists, "(one place, seen a.csv and done/a.csv|one entry in the state, seen 2), at a.csv"),
        (_misplace, "Expected done/a.csv, as it is done, seen failed/a.csv, at a.csv"),
        (_change_bytes, "Expected SHA-256 .*, at done/a.csv"),
        (_change_mode, "Expected mode 640, seen 600, at done/a.csv"),
        (_touch, "Expected modification time .*, at done/a.csv"),
        (_add, "Expected no such file in the source folder, seen it there, at done/more.csv"),
        (_drop_reason, "Expected a reason file failed/bad.json.reason.json, seen none, at bad.json"),
        (_spoil_reason, "Expected code malformed-json, seen 'not-text', at failed/bad.json.reason.json"),
        (_wrong_place, "Expected place done/a.csv in the state, seen a.csv, at a.csv"),
    ],
)
def test_folders_that_disagree_are_told(world, wreck, told):
    wreck(world)
    with pytest.raises(AssertionError, match=told):
        BOOKS.every_file_should_be_where_its_state_says(world)
    with pytest.raises(AssertionError, match=told):
        BOOKS.books_should_balance(world)


def test_missing_and_extra_keys_are_told(world):
    body = world.bucket.objects.pop("lake/a.csv.parquet")
    with pytest.raises(AssertionError, match=r"Expected the object, seen none, at lake/a\.csv\.parquet"):
        BOOKS.bucket_should_hold_exactly_the_expected_objects(world)
    world.bucket.objects["lake/a.csv.parquet"] = world.bucket.objects["elsewhere"] = body
    with pytest.raises(AssertionError, match="Expected no such object, seen one in the bucket, at elsewhere"):
        BOOKS.bucket_should_hold_exactly_the_expected_objects(world)
    with pytest.raises(AssertionError, match="no such object in the bucket"):
        BOOKS.books_should_balance(world)


def test_a_second_version_and_a_delete_marker_are_told(world):
    key = "lake/a.csv.parquet"
    world.bucket.extra_versions.append(version(key, b"older", number=2))
    with pytest.raises(AssertionError, match=f"Expected exactly one version in the bucket, seen 2, at {key}"):
        BOOKS.books_should_balance(world)
    world.bucket.extra_versions[:] = [version(key, b"", number=2, delete_marker=True)]
    with pytest.raises(AssertionError, match="seen 2, 1 of them delete markers"):
        BOOKS.books_should_balance(world)
    with pytest.raises(AssertionError, match="Expected 2 objects, seen 3 versions, at the bucket"):
        BOOKS.bucket_should_hold_exactly_the_expected_objects(world)


@pytest.mark.parametrize(("field", "value"), [("rows", 3), ("size", 3), ("etag", "another"), ("key", "lake/other")])
def test_an_object_that_the_state_records_wrongly_is_told(world, field, value):
    world.record("a.csv")["objects"][0][field] = value
    with pytest.raises(AssertionError, match=r"in the state, seen .*a\.csv"):
        BOOKS.books_should_balance(world)


def test_an_object_that_the_state_tells_of_a_file_that_is_not_done_is_told(world):
    world.record("bad.json")["objects"] = world.record("a.csv")["objects"]
    with pytest.raises(AssertionError, match=r"Expected no objects while failed, seen 1, at bad\.json"):
        BOOKS.books_should_agree_so_far(world)


def test_an_object_of_a_failed_file_is_told(world):
    world.bucket.objects["lake/bad.json.parquet"] = b"x"
    with pytest.raises(AssertionError, match=r"Expected no such object .*lake/bad\.json\.parquet"):
        BOOKS.books_should_balance(world)
    with pytest.raises(AssertionError, match="no such object"):
        BOOKS.books_should_agree_so_far(world)


def test_what_is_left_over_is_told(world):
    world.bucket.uploads.append("lake/half")
    with pytest.raises(AssertionError, match="no unfinished multipart upload, seen one in the bucket, at lake/half"):
        BOOKS.books_should_balance(world)
    world.bucket.uploads.clear()
    (world.source / ".migrator").mkdir()
    (world.source / ".migrator/state.sqlite3").touch()
    (world.source / ".migrator/lock").touch()
    BOOKS.books_should_balance(world)
    (world.source / ".migrator/scratch-1").touch()
    for should in (BOOKS.books_should_balance, BOOKS.books_should_agree_so_far):
        with pytest.raises(AssertionError, match=r"at \.migrator/scratch-1"):
            should(world)


def test_a_file_outside_the_source_is_told(world):
    (world.folder / "work/cache.bin").touch()
    with pytest.raises(AssertionError, match=r"at work/cache\.bin"):
        BOOKS.books_should_balance(world)


def test_counts_that_do_not_add_up_are_told(world):
    world.document["files"].pop()
    with pytest.raises(AssertionError, match=r"Expected 3, seen 2 \+ 0 \+ 0 = 2, at done \+ failed \+ pending"):
        BOOKS.counts_should_add_up(world)


def test_a_pending_file_at_the_end_is_told(world):
    pend(world, "a.csv")
    with pytest.raises(AssertionError, match=r"Expected done or failed, seen pending, at a\.csv"):
        BOOKS.no_file_should_be_pending(world)
    with pytest.raises(AssertionError, match=r"Expected state done, seen pending, at a\.csv"):
        BOOKS.books_should_balance(world)


def test_a_middle_that_is_an_end_is_told(world):
    with pytest.raises(AssertionError, match="Expected at least one pending file, seen 0, at the state"):
        BOOKS.some_files_should_be_done_and_some_pending(world)
    world.bucket.objects.pop("lake/a.csv.parquet")
    with pytest.raises(AssertionError, match="at the state"):
        BOOKS.some_files_should_be_done_and_some_pending(world)


def test_an_attempt_that_the_gate_has_seen_and_the_state_does_not_count_is_told(world):
    pend(world, "a.csv")
    world.gate.upload("lake/a.csv.parquet")
    world.gate.exchanges[-1].fate = "held before it reaches the server"
    BOOKS.some_files_should_be_done_and_some_pending(world)
    world.record("a.csv")["attempts"] = 0
    with pytest.raises(AssertionError, match=r"Expected an attempt, as its upload was on its way, seen 0, at a\.csv"):
        BOOKS.some_files_should_be_done_and_some_pending(world)


def test_a_failure_with_a_wrong_code_is_told(world):
    world.record("bad.json")["error"]["code"] = "not-text"
    with pytest.raises(AssertionError, match=r"Expected reason code malformed-json, seen not-text, at bad\.json"):
        BOOKS.every_intended_failure_should_be_found(world)


def test_a_failure_that_passed_silently_is_told(world):
    record = world.record("bad.json")
    record.update(state="done", place="done/bad.json", error=None)
    with pytest.raises(AssertionError, match=r"Expected state failed, seen done, at bad\.json"):
        BOOKS.every_intended_failure_should_be_found(world)


def test_a_failure_that_the_log_hides_is_told(world):
    world.finished = type(world.finished)("migrator run", 3, None, "", "all is well", 0.1)
    with pytest.raises(AssertionError, match="Expected the reason malformed-json for 1 files, seen it 0 times"):
        BOOKS.every_intended_failure_should_be_found(world)


def test_a_folder_that_went_with_its_last_file_is_told(world):
    (world.source / "b").rmdir()
    with pytest.raises(AssertionError, match="Expected the folder, though it may be empty, seen none, at b"):
        BOOKS.books_should_balance(world)


def test_a_start_before_the_first_attempt_is_told(world):
    world.record("bad.json")["attempts"] = 0
    with pytest.raises(AssertionError, match=r"Expected started_at null before the first attempt, .*at bad\.json"):
        BOOKS.books_should_balance(world)
    world.record("bad.json")["started_at"] = None
    place = world.source / "failed/bad.json.reason.json"
    place.write_text(json.dumps({**json.loads(place.read_text()), "attempts": 0}))
    BOOKS.books_should_balance(world)
