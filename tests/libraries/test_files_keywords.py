"""Keywords about names, corrupted files, files under the run, retry and memory fail where the world is not so."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from robot.api import SkipExecution

from CorruptedFiles import CorruptedFiles
from harness import arrivals, mock_folder, server_files
from harness.gate_rules import Hold
from harness.memory import MemoryWatch
from harness.mock_corrupted import CODES, bad_files, bad_members
from harness.mock_made import Recipe, bad
from harness.mock_makers import odd_names
from harness.mock_names import again, failing_names, numbered_names, same_names, with_other_bytes
from harness.mock_text import csv
from harness.process import Finished
from harness.truth import MockSet
from Memory import Memory
from Names import Names
from paper_world import balanced_world, parquet, pend, version
from Retry import Retry
from UnderTheRun import UnderTheRun

KEY = "lake/a.csv.parquet"
NAMES, CORRUPTED = Names(), CorruptedFiles()


@pytest.fixture
def world(tmp_path):
    world = balanced_world(tmp_path)
    world.snapshot()
    return world


def test_objects_that_hold_their_sources_pass(world):
    NAMES.every_object_should_hold_its_source(world)
    NAMES.nothing_should_have_been_uploaded(world)


def test_another_files_values_under_a_key_are_told(world):
    body = parquet(world.truth.file("a.csv"), {"n": ["2", None]})
    world.bucket.objects[KEY] = body
    with pytest.raises(AssertionError, match=f"Expected the values and the origin of its source, seen .*, at {KEY}"):
        NAMES.every_object_should_hold_its_source(world)


def test_another_files_origin_under_a_key_is_told(world):
    world.bucket.user_metadata[KEY]["source-path"] = "b/c.csv"
    with pytest.raises(AssertionError, match=f"source-path.*, at {KEY}"):
        NAMES.every_object_should_hold_its_source(world)


def test_an_upload_that_should_not_have_been_is_told(world):
    world.gate.upload(KEY)
    with pytest.raises(AssertionError, match=f"Expected no upload, seen PutObject, at {KEY}"):
        NAMES.nothing_should_have_been_uploaded(world)


def test_a_version_that_came_past_the_gate_is_told(world):
    world.bucket.extra_versions.append(version(KEY, b"x", number=2))
    with pytest.raises(AssertionError, match=f"Expected the versions as they were, seen others, at {KEY}"):
        NAMES.nothing_should_have_been_uploaded(world)


def test_reason_codes_that_nobody_was_given_are_told(world):
    with pytest.raises(AssertionError, match="Expected at least one failed file, seen 0, at corrupt-archive"):
        CORRUPTED.every_reason_code_should_be_found(world)
    failed = world.record("bad.json")
    for code in CODES:
        world.document["files"].append({**failed, "error": {"code": code, "message": "x"}})
    CORRUPTED.every_reason_code_should_be_found(world)


def test_a_reason_that_does_not_name_the_member_is_told(world):
    path = "malformed-csv in zip/open quote.csv.zip"
    failed = {**world.record("bad.json"), "path": path, "format": "zip", "kind": "archive"}
    world.document["files"].append({**failed, "error": {"code": "x", "message": "folder/open quote.csv: line 2"}})
    CORRUPTED.every_reason_should_name_the_member(world)
    world.document["files"][-1]["error"] = {"code": "x", "message": "line 2"}
    with pytest.raises(AssertionError, match=r"a message that names 'open quote\.csv', seen line 2"):
        CORRUPTED.every_reason_should_name_the_member(world)


@pytest.mark.parametrize(
    "key", ["lake/bad.json.parquet", "lake/bad.json/member.csv.parquet", "lake/bad.json/a/b.parquet"]
)
def test_an_upload_of_a_failed_file_is_told_also_when_it_was_taken_back(world, key):
    world.gate.upload(KEY)
    world.gate.upload("lake/bad.json.csv.parquet")
    CORRUPTED.nothing_of_a_failed_file_should_have_been_uploaded(world)
    world.gate.upload(key)
    with pytest.raises(AssertionError, match=rf"Expected no upload, seen {key}, at bad\.json"):
        CORRUPTED.nothing_of_a_failed_file_should_have_been_uploaded(world)


@pytest.fixture
def grown(world):
    """`a.csv` was held, grew, and stayed pending."""
    under = UnderTheRun()
    pend(world, "a.csv")
    under.hold_upload_of_a_csv_file(world)
    assert isinstance(world.hold.effect, Hold)
    world.gate.upload(KEY)
    world.gate.exchanges[-1].fate = "held before it reaches the server"
    under.let_held_file_grow(world)
    world.finished = Finished("migrator run", 4, None, "", "", 0.1)
    return under


def test_a_file_that_grew_has_its_new_truth(world, grown):
    file = world.truth.file("a.csv")
    assert (world.source / "a.csv").read_bytes() == b'n\n1\n""\n1\n'
    assert mock_folder.file_difference(world.source / "a.csv", file) is None
    assert [list(column.values) for column in file.objects[0].columns] == [["1", None, "1"]]
    grown.changed_file_should_be_pending(world)


def test_a_file_that_is_rewritten_keeps_its_length_and_has_its_new_truth(world):
    (file,) = arrivals.arrive(world, [Recipe("held.csv", csv(["which"], ["table 1"]))])
    world.gate.upload("lake/held.csv.parquet")
    world.gate.exchanges[-1].fate = "held before it reaches the server"
    UnderTheRun().let_held_file_be_rewritten(world)
    new = world.truth.file("held.csv")
    assert (world.source / "held.csv").read_bytes() == b"which\nTABLE 1\n"
    assert new.size == file.size
    assert mock_folder.file_difference(world.source / "held.csv", new) is None
    assert [list(column.values) for column in new.objects[0].columns] == [["TABLE 1"]]


@pytest.mark.parametrize(
    ("wreck", "told"),
    [
        (lambda world: setattr(world, "finished", Finished("run", 3, None, "", "", 0.1)), "Expected exit code 4"),
        (lambda world: world.record("a.csv").update(state="done"), "Expected pending where it arrived"),
        (lambda world: world.record("a.csv").update(place="done/a.csv"), "Expected pending where it arrived"),
        (lambda world: world.bucket.objects.update({KEY: b"half"}), f"Expected no object of it, seen one, at {KEY}"),
    ],
)
def test_a_file_that_grew_and_did_not_stay_pending_is_told(world, grown, wreck, told):
    wreck(world)
    with pytest.raises(AssertionError, match=told):
        grown.changed_file_should_be_pending(world)


def test_without_a_held_upload_the_keyword_says_what_is_missing(world):
    with pytest.raises(AssertionError, match="the Given is missing"):
        UnderTheRun().remove_held_file_and_another_one(world)
    with pytest.raises(AssertionError, match="the When is missing"):
        UnderTheRun().changed_file_should_be_pending(world)


def test_removed_files_have_vanished_in_truth(world):
    pend(world, "a.csv")
    pend(world, "b/c.csv")
    world.gate.upload(KEY)
    world.gate.exchanges[-1].fate = "held before it reaches the server"
    UnderTheRun().remove_held_file_and_another_one(world)
    assert [file.codes for file in world.truth.files[:2]] == [frozenset({"source-vanished"})] * 2
    assert not (world.source / "a.csv").exists()
    assert world.allowed.revised == {KEY, "lake/b/c.csv.parquet"}


@pytest.fixture
def refused(world):
    """`a.csv` was refused by the target and is failed."""
    retry = Retry()
    world.gate.lift_all = lambda: None
    retry.refuse_one_file(world)
    pend(world, "a.csv")
    record = world.record("a.csv")
    (world.source / "a.csv").rename(world.source / "failed/a.csv")
    (world.source / "failed/a.csv.reason.json").write_text("{}")
    record.update(state="failed", place="failed/a.csv", error={"code": "upload-rejected", "message": "403"})
    return retry


def test_a_refused_file_must_be_failed_with_its_reason(world, refused):
    refused.refused_file_should_be_failed(world)
    world.record("a.csv")["error"]["code"] = "not-text"
    with pytest.raises(AssertionError, match=r"Expected failed as upload-rejected.*at a\.csv"):
        refused.refused_file_should_be_failed(world)
    world.record("a.csv")["error"]["code"] = "upload-rejected"
    (world.source / "failed/a.csv.reason.json").unlink()
    with pytest.raises(AssertionError, match=r"without file and reason there, at a\.csv"):
        refused.refused_file_should_be_failed(world)


def test_a_retried_file_must_be_back_without_its_reason_and_the_others_stay(world, refused):
    with pytest.raises(AssertionError, match=r"Expected pending where it had arrived.*at a\.csv"):
        refused.retried_files_should_be_pending_again(world)
    (world.source / "failed/a.csv").rename(world.source / "a.csv")
    world.record("a.csv").update(state="pending", place="a.csv", error=None)
    with pytest.raises(AssertionError, match=r"in the way: failed/a\.csv\.reason\.json, at a\.csv"):
        refused.retried_files_should_be_pending_again(world)
    (world.source / "failed/a.csv.reason.json").unlink()
    refused.retried_files_should_be_pending_again(world)
    world.record("bad.json").update(state="pending", error=None)
    with pytest.raises(AssertionError, match=r"Expected failed, with its reason in failed/, .*at bad\.json"):
        refused.retried_files_should_be_pending_again(world)


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"finished_at": "2026-01-01T00:00:02Z"}])
def test_a_retried_file_whose_attempts_or_end_are_wrong_is_told(world, refused, wrong):
    (world.source / "failed/a.csv").rename(world.source / "a.csv")
    (world.source / "failed/a.csv.reason.json").unlink()
    world.record("a.csv").update(state="pending", place="a.csv", error=None, **wrong)
    with pytest.raises(AssertionError, match=r"Expected attempts 1 as before, and finished_at null, .*at a\.csv"):
        refused.retried_files_should_be_pending_again(world)


def test_retry_that_fails_is_told(world):
    world.run = lambda *_, within: Finished("migrator retry", 4, None, "", "", 0.1)
    with pytest.raises(AssertionError, match="Expected exit code 0 of 'migrator retry'"):
        Retry().retry_failed_files(world)


def test_a_file_without_a_way_back_must_be_named_and_stay(world):
    first = world.truth.file("bad.json")
    world.mock = MockSet(world.truth.root, 1, (*world.truth.files, replace(first, path="bad.csv")))
    for name in ("bad.csv", "bad.csv.reason.json"):
        (world.source / "failed" / name).write_text("{}")
    world.document["files"].append({**world.record("bad.json"), "path": "bad.csv", "place": "failed/bad.csv"})
    world.finished = Finished("migrator retry", 0, None, "", "bad.csv stays failed", 0.1)
    Retry().failed_file_without_a_way_back_should_stay_and_be_named(world)
    world.finished = Finished("migrator retry", 0, None, "", "nothing to do", 0.1)
    with pytest.raises(AssertionError, match=r"Expected bad\.csv named, seen not a word, at retry"):
        Retry().failed_file_without_a_way_back_should_stay_and_be_named(world)


def test_memory_of_all_children_counts():
    hungry = "import sys; held = bytearray(64 << 20); held[::4096] = b'x' * len(held[::4096]); sys.stdin.read()"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hungry!r}])"
    with (
        subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, start_new_session=True) as process,
        MemoryWatch(process.pid) as watch,
    ):
        for _ in range(200):
            if watch.peak > 64 << 20:
                break
            watch._over.wait(timedelta(milliseconds=50).total_seconds())
        process.communicate(b"")
    assert 64 << 20 < watch.peak < 128 << 20


def test_memory_beyond_the_limit_or_never_measured_is_told(world):
    memory = Memory()
    with pytest.raises(AssertionError, match="No run's memory was watched"):
        memory.memory_should_have_stayed_below(world, 512)
    memory._peak = 511 << 20
    assert memory.memory_should_have_stayed_below(world, 512) == "511 MiB"
    memory._peak = 512 << 20
    with pytest.raises(AssertionError, match="Expected below 512 MiB, seen 512 MiB, at the run"):
        memory.memory_should_have_stayed_below(world, 512)


def test_bad_files_have_every_code_and_good_ones_beside_them():
    for recipes in (list(bad_files()), list(bad_members())):
        assert {code for recipe in recipes for code in recipe.made.codes} == CODES
        folders = {recipe.path.partition("/")[0] for recipe in recipes if recipe.made.codes}
        assert folders == {recipe.path.partition("/")[0] for recipe in recipes if not recipe.made.codes}


def test_files_that_arrive_again_differ_as_their_names_say():
    for recipe in (*numbered_names(), *failing_names()):
        assert again(recipe).made.data == recipe.made.data
        assert again(recipe).mtime_ns != recipe.mtime_ns
    for recipe in numbered_names():
        other = with_other_bytes(recipe)
        assert other.made.data != recipe.made.data
        assert (other.path, other.made.codes) == (recipe.path, {"name-taken"})
    assert len({recipe.made.data for recipe in same_names()}) == len(list(same_names()))


def test_what_arrives_has_its_truth_and_overwrites_nothing(world):
    (file,) = arrivals.arrive(world, [Recipe("new/x.csv", csv(["a"], ["1"]), mode=0o600)])
    assert world.truth.files[-1] is file
    assert mock_folder.file_difference(world.source / "new/x.csv", file) is None
    with pytest.raises(FileExistsError):
        arrivals.arrive(world, [Recipe("new/x.csv", bad(b"", "empty-file"))])


class _Server:
    def __init__(self, **odd_keys):
        self.file = replace(server_files.load("minio"), title="A server", odd_keys=odd_keys)


@pytest.mark.parametrize(
    ("keyword", "odd_keys"),
    [
        ("make_files_of_long_names", {"segment-over-255-bytes": "failed"}),
        ("make_files_of_names_hard_to_list", {"control-characters": "renamed"}),
        ("make_files_of_names_hard_to_list", {"backslashes": "renamed"}),
    ],
)
def test_names_are_skipped_with_a_reason_only_where_the_servers_file_says_so(world, keyword, odd_keys):
    make = getattr(NAMES, keyword)
    with pytest.raises(SkipExecution, match="A server"):
        make(world, _Server(**odd_keys))
    (world.folder / "test-data").rename(world.folder / "other")
    make(world, _Server())
    assert len(world.truth.files) > 3


def test_no_odd_name_is_left_out_by_all_three(tmp_path):
    made = set()
    for number, keyword in enumerate(("hard_names", "names_hard_to_list", "long_names")):
        world = balanced_world(tmp_path / str(number))
        world.folder.joinpath("test-data").rename(world.folder / "other")
        world.mock = None
        getattr(NAMES, f"make_files_of_{keyword}")(world, *([_Server()] if number else []))
        made |= {file.path for file in world.truth.files}
    assert made >= {recipe.path for recipe in odd_names()}
