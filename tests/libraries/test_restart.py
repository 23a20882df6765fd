"""The keywords over a restart fail where a done file was touched again, or where the twin ended differently."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.share import Share
from paper_world import balanced_world, pend, version
from Restart import Restart

RESTART = Restart()
KEY = "lake/a.csv.parquet"


@pytest.fixture
def world(tmp_path):
    world = balanced_world(tmp_path / "world")
    RESTART.remember_this_moment(world)
    return world


def test_a_restart_that_touches_nothing_passes(world):
    assert RESTART.no_done_file_should_be_processed_again(world) == Share(0, 2)
    RESTART.every_key_should_have_one_version(world)


def test_uploads_before_the_remembered_moment_do_not_count(world):
    world.gate.upload(KEY)
    RESTART.remember_this_moment(world)
    assert RESTART.no_done_file_should_be_processed_again(world) == Share(0, 2)


def test_an_upload_of_a_done_file_is_told(world):
    world.gate.upload(KEY)
    with pytest.raises(AssertionError, match=f"Expected no upload after the restart, seen 1, .*PutObject, at {KEY}"):
        RESTART.no_done_file_should_be_processed_again(world)


def test_a_second_version_of_a_done_file_is_told(world):
    world.bucket.extra_versions.append(version(KEY, b"again", number=2))
    with pytest.raises(AssertionError, match=f"Expected the same single version .*, at {KEY}"):
        RESTART.no_done_file_should_be_processed_again(world)
    with pytest.raises(AssertionError, match=f"Expected 1 version, seen 2, at {KEY}"):
        RESTART.every_key_should_have_one_version(world)


@pytest.mark.parametrize(
    ("field", "value"), [("attempts", 2), ("finished_at", "2026-01-02T00:00:00Z"), ("started_at", None)]
)
def test_a_changed_record_of_a_done_file_is_told(world, field, value):
    world.record("a.csv")[field] = value
    with pytest.raises(AssertionError, match=rf"Expected {field} .* as before the restart, seen {value}, at a\.csv"):
        RESTART.no_done_file_should_be_processed_again(world)


def test_a_done_file_that_was_moved_again_is_told(world):
    (world.source / "done/a.csv").rename(world.source / "done/a~2.csv")
    with pytest.raises(AssertionError, match=r"at done/a\.csv"):
        RESTART.no_done_file_should_be_processed_again(world)


@pytest.fixture
def twin(tmp_path):
    return balanced_world(tmp_path / "twin", "the twin")


def test_equal_twins_pass(world, twin):
    RESTART.outcome_should_equal_the_twins(world, twin)


def test_a_file_that_is_pending_here_and_done_there_is_told(world, twin):
    pend(world, "a.csv")
    with pytest.raises(AssertionError, match=r"as in the twin, seen .*pending.*, at a\.csv"):
        RESTART.outcome_should_equal_the_twins(world, twin)


def test_an_object_that_only_one_has_is_told(world, twin):
    twin.bucket.objects["lake/more.parquet"] = b"x"
    with pytest.raises(AssertionError, match=r"Expected it in the twin, seen nothing of that name in the source"):
        RESTART.outcome_should_equal_the_twins(world, twin)


def test_a_dropped_row_is_told(world, twin):
    rows = pq.read_table(pa.BufferReader(world.bucket.objects[KEY])).slice(0, 1)
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink)
    world.bucket.objects[KEY] = sink.getvalue().to_pybytes()
    record = world.record("a.csv")
    record["objects"][0].update(size=len(world.bucket.objects[KEY]))
    with pytest.raises(AssertionError, match=f"Expected the table in the twin, seen another table, at {KEY}"):
        RESTART.outcome_should_equal_the_twins(world, twin)


def test_changed_bytes_are_told(world, twin):
    (world.source / "done/a.csv").write_bytes(b"n\n3\n\n")
    with pytest.raises(AssertionError, match=r"as in the twin, seen .*, at done/a\.csv"):
        RESTART.outcome_should_equal_the_twins(world, twin)


def test_without_a_remembered_moment_the_keyword_says_what_is_missing(tmp_path):
    with pytest.raises(AssertionError, match="the Given is missing"):
        RESTART.no_done_file_should_be_processed_again(balanced_world(tmp_path))
