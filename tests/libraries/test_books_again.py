"""The books follow names that were taken, paths that arrived twice, bystanders, strangers and a rebuilt state."""

import json
import os
from dataclasses import replace

import pytest

from Books import Books
from harness.folders import describe
from harness.truth import MockSet, State, numbered, reason_path
from paper_world import LONG_AGO, PaperWorld, balanced_world, version
from Restart import Restart

BOOKS = Books()
RESTART = Restart()
KEY = "lake/a.csv.parquet"


@pytest.fixture
def world(tmp_path):
    return balanced_world(tmp_path)


def arrive_again(world: PaperWorld, path: str, *, state: State = State.DONE, name: str | None = None) -> dict:
    """The same path a second time, ended under its second name (or `name`), with its entry in the state."""
    first = world.truth.file(path)
    code = "malformed-json" if state is State.FAILED else None
    objects = first.objects if state is State.DONE else ()
    second = replace(first, mtime_ns=LONG_AGO + 1, state=state, codes=frozenset({code} - {None}), objects=objects)
    world.mock = MockSet(world.truth.root, 1, (*world.truth.files, second))
    place = f"{state}/{name or numbered(path, 2)}"
    target = world.source / place
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes((world.source / first.state / path).read_bytes())
    target.chmod(first.mode)
    os.utime(target, ns=(LONG_AGO + 1, LONG_AGO + 1))
    record = {**world.record(path), "place": place, "state": state.value}
    if state is State.FAILED:
        reason = json.loads((world.source / f"failed/{path}.reason.json").read_text())
        (world.source / reason_path(place)).write_text(json.dumps(reason))
    world.document["files"].append(record)
    return record


def test_a_path_that_was_done_twice_with_the_same_bytes_balances(world):
    arrive_again(world, "a.csv")
    BOOKS.books_should_balance(world)


def test_an_entry_for_the_same_bytes_need_not_name_the_objects_again(world):
    arrive_again(world, "a.csv")["objects"] = []
    BOOKS.books_should_balance(world)


def test_a_path_that_failed_twice_balances_with_a_reason_for_each(world):
    arrive_again(world, "bad.json", state=State.FAILED)
    BOOKS.books_should_balance(world)
    (world.source / "failed/bad~2.json.reason.json").unlink()
    with pytest.raises(
        AssertionError, match=r"a reason file failed/bad~2\.json\.reason\.json, seen none, at bad\.json"
    ):
        BOOKS.books_should_balance(world)


def test_an_arrival_without_an_entry_is_told(world):
    world.document["files"].remove(arrive_again(world, "a.csv"))
    with pytest.raises(AssertionError, match=r"Expected 2 entries in the state, seen 1, at a\.csv"):
        BOOKS.books_should_balance(world)


@pytest.mark.parametrize("name", ["a~3.csv", "a.csv~2", "a~2~2.csv", "b/a~2.csv"])
def test_a_number_that_the_contract_does_not_give_is_told(world, name):
    arrive_again(world, "a.csv", name=name)
    with pytest.raises(AssertionError, match=r"at (a\.csv|done/)"):
        BOOKS.books_should_balance(world)


def test_a_number_for_a_name_that_was_free_is_told(world):
    (world.source / "done/a.csv").rename(world.source / "done/a~2.csv")
    world.record("a.csv")["place"] = "done/a~2.csv"
    with pytest.raises(AssertionError, match=r"Expected the file in exactly one place, seen it nowhere, at a\.csv"):
        BOOKS.books_should_balance(world)


def test_a_number_is_right_where_somebody_has_taken_the_name(world):
    test_a_number_for_a_name_that_was_free_is_told(world)
    (world.source / "done/a.csv").write_text("somebody else's")
    world.allowed.bystanders["done/a.csv"] = describe(world.source, "done/a.csv")
    BOOKS.books_should_balance(world)


def test_a_folder_gets_a_number_where_a_file_has_its_name(world):
    (world.source / "done/b").rename(world.source / "done/b~2")
    world.record("b/c.csv")["place"] = "done/b~2/c.csv"
    with pytest.raises(AssertionError, match=r"at b/c\.csv"):
        BOOKS.books_should_balance(world)
    (world.source / "done/b").write_text("somebody else's")
    world.allowed.bystanders["done/b"] = describe(world.source, "done/b")
    BOOKS.books_should_balance(world)


@pytest.mark.parametrize("name", ["b~2.old", "b.old~2"])
def test_a_folder_whose_name_looks_like_an_extension_may_have_its_number_before_or_behind_it(world, name):
    arrived = replace(world.truth.file("a.csv"), path="b.old/a.csv")
    world.mock = MockSet(world.truth.root, 1, (arrived, *world.truth.files[1:]))
    (world.source / "b.old").mkdir()
    (world.source / "done" / name).mkdir()
    (world.source / "done/a.csv").rename(world.source / "done" / name / "a.csv")
    world.record("a.csv").update(path="b.old/a.csv", place=f"done/{name}/a.csv")
    with pytest.raises(AssertionError, match=r"seen it nowhere, at b\.old/a\.csv"):
        BOOKS.books_should_balance(world)
    (world.source / "done/b.old").write_text("somebody else's")
    world.allowed.bystanders["done/b.old"] = describe(world.source, "done/b.old")
    BOOKS.books_should_balance(world)


@pytest.mark.parametrize("wreck", ["rewrite", "remove", "touch"])
def test_a_bystander_that_was_not_left_alone_is_told(world, wreck):
    place = world.source / ".hidden.csv"
    place.write_text("a\n")
    world.allowed.bystanders[".hidden.csv"] = describe(world.source, ".hidden.csv")
    BOOKS.books_should_balance(world)
    {"rewrite": lambda: place.write_text("b\n"), "remove": place.unlink, "touch": lambda: os.utime(place, (1, 1))}[
        wreck
    ]()
    with pytest.raises(AssertionError, match=r"left alone, seen .*, at \.hidden\.csv"):
        BOOKS.books_should_balance(world)


def test_a_link_that_nobody_expects_is_told(world):
    (world.source / "done/link.csv").symlink_to("a.csv")
    with pytest.raises(
        AssertionError, match=r"nothing of that name, seen a symbolic link to a\.csv, at done/link\.csv"
    ):
        BOOKS.books_should_balance(world)


def test_a_strangers_object_must_stay_as_it_was(world):
    world.bucket.objects["lake/x"] = b"theirs"
    world.allowed.strangers["lake/x"] = version("lake/x", b"theirs").etag
    BOOKS.books_should_balance(world)
    world.bucket.objects["lake/x"] = b"ours"
    with pytest.raises(AssertionError, match="Expected somebody else's object alone, ETag .*, at lake/x"):
        BOOKS.books_should_balance(world)
    del world.bucket.objects["lake/x"]
    with pytest.raises(AssertionError, match="seen none, at lake/x"):
        BOOKS.books_should_balance(world)


def test_versions_of_what_was_taken_back_are_right_only_where_something_had_to_be(world):
    there = world.bucket.versions()[0]
    world.bucket.versions = lambda: [replace(there, version_id="v0", etag="older"), *_all(world)]
    with pytest.raises(AssertionError, match=f"exactly one version in the bucket, seen 2, at {KEY}"):
        BOOKS.books_should_balance(world)
    world.allowed.revised.add(KEY)
    BOOKS.books_should_balance(world)


def _all(world):
    return [version(key, body) for key, body in sorted(world.bucket.objects.items())]


def test_a_marker_over_what_was_taken_back_is_no_object(world):
    key = "lake/bad.json.parquet"
    world.bucket.extra_versions += [version(key, b"x"), version(key, b"", number=2, delete_marker=True)]
    BOOKS.books_should_balance(world)
    BOOKS.bucket_should_hold_exactly_the_expected_objects(world)
    RESTART.every_key_should_have_one_version(world)
    world.bucket.extra_versions.pop()
    with pytest.raises(AssertionError, match=f"no such object in the bucket, seen 1 versions of it, at {key}"):
        BOOKS.books_should_balance(world)


@pytest.mark.parametrize("name", ["attempts", "discovered_at", "finished_at"])
def test_attempts_and_times_may_be_null_only_where_the_state_was_rebuilt(world, name):
    world.record("a.csv")[name] = None
    with pytest.raises(AssertionError, match=r"at a\.csv"):
        BOOKS.books_should_balance(world)
    world.allowed.rebuilt = True
    BOOKS.books_should_balance(world)


def test_a_reason_may_tell_of_no_attempt_and_of_an_unknown_number_only_where_the_state_was_rebuilt(world):
    place = world.source / "failed/bad.json.reason.json"
    reason = json.loads(place.read_text())
    place.write_text(json.dumps({**reason, "attempts": 0}))
    with pytest.raises(AssertionError, match="Expected attempts 1, as the state says, seen 0"):
        BOOKS.books_should_balance(world)
    world.record("bad.json").update(attempts=0, started_at=None)
    BOOKS.books_should_balance(world)
    place.write_text(json.dumps({**reason, "attempts": None}))
    with pytest.raises(AssertionError, match="Expected a number of attempts, seen None"):
        BOOKS.books_should_balance(world)
    world.allowed.rebuilt = True
    BOOKS.books_should_balance(world)
    place.write_text(json.dumps({**reason, "attempts": 2}))
    BOOKS.books_should_balance(world)
    place.write_text(json.dumps({**reason, "attempts": "two"}))
    with pytest.raises(AssertionError, match="Expected a number of attempts, or null, seen 'two'"):
        BOOKS.books_should_balance(world)


def test_a_rebuilt_state_must_still_know_digest_and_objects(world):
    world.allowed.rebuilt = True
    world.record("a.csv")["sha256"] = None
    with pytest.raises(AssertionError, match="Expected SHA-256"):
        BOOKS.books_should_balance(world)


@pytest.fixture
def vanished(world):
    first = world.truth.file("bad.json")
    gone = replace(first, codes=frozenset({"source-vanished"}))
    world.mock = MockSet(world.truth.root, 1, tuple(gone if file is first else file for file in world.truth.files))
    for name in ("bad.json", "bad.json.reason.json"):
        (world.source / "failed" / name).unlink()
    world.record("bad.json").update(place=None, sha256=None, error={"code": "source-vanished", "message": "it is gone"})
    return world


def test_a_file_that_vanished_is_told_by_the_state_alone(vanished):
    BOOKS.books_should_balance(vanished)


def test_a_vanished_file_that_has_a_place_or_a_reason_or_is_there_is_told(vanished):
    (vanished.source / "failed/bad.json.reason.json").write_text("{}")
    with pytest.raises(AssertionError, match=r"bad\.json\.reason\.json"):
        BOOKS.books_should_balance(vanished)
    (vanished.source / "failed/bad.json.reason.json").unlink()
    (vanished.source / "bad.json").write_text("{")
    with pytest.raises(AssertionError, match=r"Expected no file, as it has vanished, seen bad\.json, at bad\.json"):
        BOOKS.books_should_balance(vanished)
    (vanished.source / "bad.json").unlink()
    vanished.record("bad.json")["place"] = "failed/bad.json"
    with pytest.raises(AssertionError, match=r"place null in the state.*at bad\.json"):
        BOOKS.books_should_balance(vanished)


def test_a_reason_name_that_was_cut_may_keep_as_much_of_the_name_as_it_likes(world):
    path = "n" * 250 + ".txt"
    first = world.truth.file("bad.json")
    long = replace(first, path=path)
    world.mock = MockSet(world.truth.root, 1, tuple(long if file is first else file for file in world.truth.files))
    record = world.record("bad.json")
    record.update(path=path, place=f"failed/{path}", format="txt")
    (world.source / "failed/bad.json").rename(world.source / "failed" / path)
    reason = json.loads((world.source / "failed/bad.json.reason.json").read_text())
    (world.source / "failed/bad.json.reason.json").unlink()
    tail = reason_path(path).lstrip("n")
    place = world.source / "failed" / f"nnn{tail}"
    place.write_text(json.dumps({**reason, "path": path}))
    BOOKS.books_should_balance(world)
    place.rename(world.source / "failed" / f"mmm{tail}")
    with pytest.raises(AssertionError, match=r"at failed/mmm~"):
        BOOKS.books_should_balance(world)
