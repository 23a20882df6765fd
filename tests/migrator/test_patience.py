"""How long an outage is borne."""

import threading

import pytest

from migrator.errors import KeyRefused, KeyTaken, Stopped, TargetRefused, TargetUnavailable
from migrator.patience import Patience
from migrator.target_errors import Missing, Outage


class Clock:
    """Time that passes only where a test says so, and a bit with each look at it, so that waits end."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        self.now += 0.01
        return self.now


class Attempt:
    """Fails so often, each time taking so long."""

    def __init__(self, clock, failures, seconds=0.0, error=None):
        self.clock, self.left, self.seconds, self.error, self.calls = clock, failures, seconds, error, 0

    def __call__(self):
        self.calls += 1
        self.clock.now += self.seconds
        if self.left:
            self.left -= 1
            raise self.error or Outage("503")
        return "stored"


@pytest.fixture
def clock():
    return Clock()


def patience(clock, retry_for, stop=lambda: False):
    made = Patience(retry_for, stop, clock)
    made._never.wait = lambda seconds: setattr(clock, "now", clock.now + seconds)
    return made


def test_a_success_needs_one_attempt(clock):
    attempt = Attempt(clock, 0)
    assert patience(clock, 60).run(attempt) == "stored"
    assert attempt.calls == 1


def test_an_outage_is_tried_again_until_it_ends(clock):
    assert patience(clock, 60).run(Attempt(clock, 5)) == "stored"


def test_an_outage_is_given_up_after_its_time(clock):
    began = clock.now
    with pytest.raises(TargetUnavailable, match="60 s: 503"):
        patience(clock, 60).run(Attempt(clock, 10**6))
    assert 60 <= clock.now - began < 62


def test_an_attempt_that_hangs_at_the_end_adds_no_more_than_itself(clock):
    began = clock.now
    with pytest.raises(TargetUnavailable):
        patience(clock, 60).run(Attempt(clock, 10**6, seconds=14))
    assert clock.now - began <= 60 + 15


def test_no_time_at_all_is_one_attempt(clock):
    attempt = Attempt(clock, 10)
    with pytest.raises(TargetUnavailable):
        patience(clock, 0).run(attempt)
    assert attempt.calls == 1


def test_a_target_that_nobody_asked_for_long_is_not_given_up_at_once(clock):
    patient = patience(clock, 60)
    patient.run(Attempt(clock, 0))
    clock.now += 1000
    assert patient.run(Attempt(clock, 3)) == "stored"


def test_a_success_of_another_thread_begins_the_time_anew(clock):
    patient = patience(clock, 10)
    calls = 0

    def attempt():
        nonlocal calls
        calls += 1
        if calls == 5:
            clock.now += 7
            patient.run(lambda: "stored", write=True)
        if calls < 8:
            clock.now += 1
            raise Outage("503")
        return "stored"

    assert patient.run(attempt, write=True) == "stored"


def test_reads_that_succeed_do_not_hide_that_writes_fail(clock):
    patient = patience(clock, 10)

    def attempt():
        clock.now += 1
        patient.run(lambda: "read")
        raise Outage("507")

    began = clock.now
    with pytest.raises(TargetUnavailable):
        patient.run(attempt, write=True)
    assert clock.now - began < 14


def test_once_given_up_nobody_waits_again(clock):
    patient = patience(clock, 5)
    with pytest.raises(TargetUnavailable):
        patient.run(Attempt(clock, 10**6))
    attempt = Attempt(clock, 0)
    with pytest.raises(TargetUnavailable):
        patient.run(attempt)
    assert not attempt.calls


@pytest.mark.parametrize("error", [KeyRefused, KeyTaken, TargetRefused, Missing, ValueError])
def test_what_is_no_outage_is_not_tried_again(clock, error):
    attempt = Attempt(clock, 1, error=error("no"))
    with pytest.raises(error):
        patience(clock, 60).run(attempt)
    assert attempt.calls == 1


def test_a_stop_ends_the_retries_but_not_the_first_attempt(clock):
    stopping = patience(clock, 60, stop=lambda: True)
    assert stopping.run(Attempt(clock, 0)) == "stored"
    attempt = Attempt(clock, 10)
    with pytest.raises(Stopped):
        stopping.run(attempt)
    assert attempt.calls == 1


def test_a_stop_is_seen_while_waiting():
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(Stopped):
        Patience(60, stop.is_set).run(lambda: (_ for _ in ()).throw(Outage("503")))
