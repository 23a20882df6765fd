"""A reason must tell the place of the fault in the numbers of an editor; its words are free."""

import json
from pathlib import Path

import pytest

from harness import mock_places
from harness.truth import reason_path
from paper_world import balanced_world
from Reasons import Reasons

PLACES = list(mock_places.places())
REASONS = Reasons()


class _Told:
    def __init__(self, messages):
        self._messages = messages

    def in_state(self, state):
        return [type("Record", (), {"path": path, "error_message": text}) for path, text in self._messages.items()]


@pytest.fixture
def world(tmp_path, monkeypatch):
    world = balanced_world(tmp_path)
    told = {
        place.recipe.path: ", ".join(f"{what} {min(numbers):,}" for what, numbers in place.numbers.items())
        for place in PLACES
    }
    monkeypatch.setattr(type(world), "status", lambda _: _Told(told))
    world.told = told
    for path, message in told.items():
        _write_reason(world, path, message)
    return world


def _write_reason(world, path, message):
    file = world.source / "failed" / reason_path(path)
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"message": message}))


def test_messages_that_tell_the_places_pass(world):
    REASONS.every_reason_should_tell_the_place(world)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.recipe.path)
def test_a_message_without_a_number_that_is_asked_for_is_told(world, place):
    for what in place.numbers:
        before = world.told[place.recipe.path]
        others = [each for each in before.split(", ") if not each.startswith(what)]
        world.told[place.recipe.path] = ", ".join([*others, f"{what} 0"])
        with pytest.raises(AssertionError, match=f"Expected a message that tells the {what} "):
            REASONS.every_reason_should_tell_the_place(world)
        world.told[place.recipe.path] = before


@pytest.mark.parametrize(("message", "told"), [("it is bad", "'it is bad'"), (None, "'None'")])
def test_a_reason_file_without_the_place_is_told(world, message, told):
    _write_reason(world, "late fault.csv", message)
    with pytest.raises(AssertionError, match=rf"tells the line 700347, seen {told}, at late fault\.csv's reason file"):
        REASONS.every_reason_should_tell_the_place(world)


def test_a_reason_file_that_is_not_there_is_told(world):
    (world.source / "failed" / reason_path("late fault.csv")).unlink()
    with pytest.raises(AssertionError, match=r"seen .none: FileNotFoundError"):
        REASONS.every_reason_should_tell_the_place(world)


def test_a_file_that_is_not_failed_is_told(world):
    del world.told["late fault.csv"]
    with pytest.raises(AssertionError, match=r"seen 'no failed file of this name', at late fault\.csv"):
        REASONS.every_reason_should_tell_the_place(world)


def test_the_files_are_made(tmp_path):
    world = balanced_world(tmp_path)
    (world.test_data / "b/c.csv").unlink()
    (world.test_data / "b").rmdir()
    for name in ("a.csv", "bad.json"):
        (world.test_data / name).unlink()
    REASONS.make_files_with_faults_at_known_places(world)
    assert {file.path for file in world.truth.files} == {place.recipe.path for place in PLACES}
    assert _line(world.test_data / "late fault.csv", 700_347) == b"1"
    assert _line(world.test_data / "blank lines.csv", 347) == b"1"


def _line(file: Path, number: int) -> bytes:
    return file.read_bytes().splitlines()[number - 1]
