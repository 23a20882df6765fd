"""What the log tells of how far a command is."""

import logging
import threading

import pytest

from migrator import progress
from migrator.logs import log
from migrator.progress import Progress

MIB = 1 << 20


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def said(monkeypatch):
    """The records of the log."""
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    monkeypatch.setattr(log, "handlers", [handler])
    monkeypatch.setattr(log, "level", logging.INFO)
    return records


def test_an_inventory_tells_files_and_rate(said, clock):
    counting = Progress(live=False, clock=clock)
    counting.begin("inventory")
    assert list(counting.counted(range(90_000))) == list(range(90_000))
    clock.now += 60
    counting.tell()
    assert said[0].getMessage() == "inventory: 90,000 files, 1,500 files/s"
    assert said[0].fields == {"phase": "inventory", "files": 90_000, "failed": 0, "files_per_second": 1500.0}


def test_a_migration_tells_what_is_left(said, clock):
    going = Progress(live=False, clock=clock)
    going.begin("migration", 100, 100 * MIB)
    for number in range(25):
        going.ended(MIB, failed=number == 0)
    clock.now += 50
    going.tell()
    expected = "migration: 25 of 100 files, 25 of 100 MiB, 1 failed, 0.5 files/s, 0.5 MiB/s, 2 min left"
    assert said[0].getMessage() == expected
    assert said[0].fields["seconds_left"] == 150
    assert (said[0].fields["bytes"], said[0].fields["of_bytes"]) == (25 * MIB, 100 * MIB)


def test_rates_are_those_of_the_last_minutes(said, clock):
    going = Progress(live=False, clock=clock)
    going.begin("migration", 1_000_000)
    for _ in range(1000):
        going.ended(0)
    for _ in range(6):
        clock.now += 60
        going.tell()
    # Nothing has ended since: nobody knows how long it will take.
    assert (
        said[-1].getMessage() == "migration: 1,000 of 1,000,000 files, 0.0 files/s, nobody knows how long it will take"
    )
    assert said[-1].fields["seconds_left"] is None


def test_it_is_told_again_and_again_also_while_nothing_ends(said, clock, monkeypatch):
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0.001)
    twice = threading.Event()
    monkeypatch.setattr(log.handlers[0], "emit", lambda record: (said.append(record), len(said) > 1 and twice.set()))
    with Progress(live=False, clock=clock) as going:
        going.begin("inventory")
        assert twice.wait(60)


def test_what_must_be_obeyed_ends_the_counting(clock):
    class Enough(Exception):
        pass

    def obey():
        raise Enough

    going = Progress(live=False, obey=obey, clock=clock)
    going.begin("inventory")
    with pytest.raises(Enough):
        list(going.counted(range(1000)))
