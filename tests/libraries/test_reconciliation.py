"""What is done behind the migrator's back must be named by `verify`, and nothing else; `recover` must end well."""

import json
import shlex
import sys
from dataclasses import replace

import pytest

from harness import discrepancies, mock_names
from harness.discrepancies import Discrepancy, Named
from harness.folders import look
from harness.process import Launch
from harness.truth import MockSet, reason_path
from harness.world import PREFIX
from paper_world import balanced_world
from Reconciliation import Reconciliation

WHAT = Discrepancy("an object was deleted", {"missing-object"}, "lake/a.csv.parquet")
MOVED = Discrepancy("a done file was moved", {"misplaced-file", "missing-file"}, "b/c.csv", free="b/c.csv")


@pytest.fixture
def world(tmp_path):
    world = balanced_world(tmp_path)
    world.launch = Launch((), {}, tmp_path / "work", world.evidence)
    world.bucket.name = "bucket"
    world.gate.endpoint_url = "http://127.0.0.1:1"
    return world


def _speaking(world, named, code, words="a.csv and b/c.csv"):
    """A migrator that prints these differences, or these words, and ends with that code."""
    script = world.folder / "speak.py"
    said = json.dumps({"differences": named})
    script.write_text(f"import sys\nprint({said!r} if '--json' in sys.argv else {words!r})\nsys.exit({code})\n")
    world.launch = replace(world.launch, words=tuple(shlex.split(f"{sys.executable} {script}")))


def _named(difference, path=None, key=None):
    return {"path": path, "key": key, "difference": difference, "detail": "so"}


MISSING = _named("missing-object", "a.csv", "lake/a.csv.parquet")


def _keywords(world, *made):
    keywords = Reconciliation()
    keywords._made = made
    world.snapshot()
    return keywords


@pytest.mark.parametrize("moved", [[_named("misplaced-file", "b/c.csv")], [_named("missing-file", "b/c.csv")] * 1])
def test_differences_that_are_all_named_pass(world, moved):
    keywords = _keywords(world, WHAT, MOVED)
    _speaking(world, [MISSING, *moved, _named("unknown-file", "failed/b/c.csv")], 3)
    keywords.verify_should_name_every_discrepancy(world)
    keywords.verify_should_have_changed_nothing(world)


def test_a_difference_that_is_not_named_is_told(world):
    _speaking(world, [], 3)
    with pytest.raises(AssertionError, match="as an object was deleted, seen not a word, at lake/a"):
        _keywords(world, WHAT).verify_should_name_every_discrepancy(world)


def test_a_difference_that_is_not_named_in_words_is_told(world):
    _speaking(world, [MISSING], 3, words="1 difference")
    with pytest.raises(
        AssertionError, match=r"Expected its name, as an object was deleted, seen not a word, at a\.csv"
    ):
        _keywords(world, WHAT).verify_should_name_every_discrepancy(world)


def test_a_difference_that_is_none_is_told(world):
    keywords = _keywords(world, WHAT)
    _speaking(world, [MISSING, _named("unknown-file", "late.csv")], 3)
    with pytest.raises(AssertionError, match=r"Expected no difference, seen unknown-file, at late\.csv"):
        keywords.verify_should_name_every_discrepancy(world)
    _speaking(world, [_named("unknown-object", key="lake/x")], 0)
    with pytest.raises(AssertionError, match="Expected no difference, seen unknown-object, at lake/x"):
        keywords.verify_should_find_nothing(world)


def test_a_wrong_exit_code_is_told(world):
    keywords = _keywords(world, WHAT)
    _speaking(world, [MISSING], 0)
    with pytest.raises(AssertionError, match="Expected exit code 3, seen exit code 0"):
        keywords.verify_should_name_every_discrepancy(world)
    _speaking(world, [], 3)
    with pytest.raises(AssertionError, match="Expected exit code 0, seen exit code 3"):
        keywords.verify_should_find_nothing(world)
    with pytest.raises(AssertionError, match="Expected exit code 0 of"):
        keywords.recover_state(world)


def test_a_verify_that_mends_is_told(world):
    keywords = _keywords(world, WHAT)
    (world.source / "done/a.csv").unlink()
    with pytest.raises(AssertionError, match=r"Expected the file as it was, .* at done/a\.csv"):
        keywords.verify_should_have_changed_nothing(world)


@pytest.mark.parametrize(
    "printed", ["", "[]", '{"differences": [{}]}', json.dumps({"differences": [_named("other-object", key="x")]})]
)
def test_what_the_contract_does_not_know_is_told(printed):
    with pytest.raises(AssertionError, match="from verify --json, seen"):
        discrepancies.read(printed)


def test_a_difference_in_words():
    assert str(Named("a.csv", None, "missing-file", "")) == "missing-file of a.csv"


def test_a_missing_when_is_told(world):
    with pytest.raises(AssertionError, match="the When is missing"):
        Reconciliation().verify_should_name_every_discrepancy(world)


def test_one_of_each_kind_is_made(world):
    world.mock = MockSet(world.test_data, 1, ())
    for recipe in mock_names.numbered_names():
        place = world.source / "done" / recipe.path
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("wb") as stream:
            file = recipe.write(stream)
        world.bucket.objects |= {f"{PREFIX}/{each.key}": b"object" for each in file.objects}
    failed = world.source / "failed"
    failed.mkdir(exist_ok=True)
    for recipe in mock_names.failing_names():
        (failed / recipe.path).write_bytes(recipe.made.data)
        (failed / reason_path(recipe.path)).touch()
    reason = failed / reason_path(mock_names.failing_names()[0].path)
    world.bucket.put = world.bucket.objects.__setitem__
    world.bucket.delete = world.bucket.objects.__delitem__
    keywords = Reconciliation()
    keywords.make_discrepancies(world)
    assert {kind for each in keywords._made for kind in each.kinds} == discrepancies.KINDS
    assert "late/arrived later.csv" in look(world.source)
    assert not reason.exists()


@pytest.fixture
def gave_up(world):
    """A `recover` that could not reach the target."""
    world.snapshot()
    world.finished = replace(world.last_run, exit_code=4)
    return world


def test_a_recover_that_gave_up_and_left_all_as_it_was_passes(gave_up):
    gave_up.record("a.csv").update(attempts=None, objects=[], started_at=None)
    Reconciliation().recover_should_have_left_all_as_it_was(gave_up)


@pytest.mark.parametrize(
    ("wreck", "told"),
    [
        (lambda world: setattr(world, "finished", replace(world.last_run, exit_code=0)), "Expected exit code 4, seen"),
        (lambda world: world.record("a.csv").update(state="pending"), r"Expected done at done/a\.csv, seen not told"),
        (lambda world: world.record("a.csv").update(place="a.csv"), r"Expected done at done/a\.csv, seen not told"),
        (lambda world: world.document["files"].pop(), "not told"),
        (lambda world: world.document["files"].append({**world.record("a.csv"), "path": "x"}), "seen 1 more"),
        (lambda world: (world.source / "done/a.csv").unlink(), r"Expected the file as it was, .* at done/a\.csv"),
        (lambda world: world.bucket.objects.popitem(), "Expected the same 2 versions, seen 1, or others"),
    ],
)
def test_a_recover_that_gave_up_and_changed_something_is_told(gave_up, wreck, told):
    wreck(gave_up)
    with pytest.raises(AssertionError, match=told):
        Reconciliation().recover_should_have_left_all_as_it_was(gave_up)


def test_recover_is_sent_where_nobody_listens(world):
    script = world.folder / "told.py"
    script.write_text("import sys\nprint(sys.argv[1:])\nsys.exit(4)\n")
    world.launch = replace(world.launch, words=(sys.executable, str(script)))
    world.gate.endpoint_url = "http://127.0.0.1:1"
    Reconciliation().recover_where_nobody_listens(world)
    assert world.last_run.exit_code == 4
    assert "['recover', " in world.last_run.stdout
    assert "'--retry-for', '1'" in world.last_run.stdout
    assert world.gate.endpoint_url not in world.last_run.stdout
    assert world.allowed.rebuilt
