"""A start in trouble is judged by its error, its time and what it leaves; a run without a server by what it says."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from robot.api import SkipExecution

from BrokenStart import BrokenStart
from harness import broken_start
from harness.broken_start import Attempt, Trouble
from harness.problems import EnvironmentFault, Problem
from WholeRun import WholeRun

SOON = timedelta(seconds=5)
TAKEN = EnvironmentFault(Problem.PORT_TAKEN, "127.0.0.1:80 is taken")


def judged(raised: BaseException | None, seconds: float = 1.0, left: tuple[str, ...] = ()) -> BrokenStart:
    library = BrokenStart()
    library.choose_trouble(Trouble.TAKEN_PORT)
    library._attempt = Attempt(raised, seconds, left)
    return library


def test_a_fault_that_names_the_trouble_in_time_and_leaves_nothing_passes():
    judged(TAKEN).start_should_have_failed_clearly(SOON)
    judged(TAKEN).start_should_have_left_nothing()


@pytest.mark.parametrize(
    "raised",
    [
        None,
        SkipExecution("127.0.0.1 is taken"),
        RuntimeError("127.0.0.1 is taken"),
        EnvironmentFault(Problem.OTHER, "127.0.0.1 is taken"),
        EnvironmentFault(Problem.PORT_TAKEN, "something is taken"),
    ],
)
def test_a_start_that_succeeds_skips_or_blames_something_else_is_told(raised):
    with pytest.raises(AssertionError, match=r"Expected an environment fault 'the port is taken' that names"):
        judged(raised).start_should_have_failed_clearly(SOON)


def test_a_fault_that_comes_late_is_told():
    with pytest.raises(AssertionError, match=r"Expected the error within 5 s, seen 6\.0 s"):
        judged(TAKEN, seconds=6.0).start_should_have_failed_clearly(SOON)


def test_what_is_left_behind_is_told():
    with pytest.raises(AssertionError, match="Expected nothing to be left behind, seen 2 things, .* container x"):
        judged(TAKEN, left=("container x", "volume y")).start_should_have_left_nothing()


def test_a_then_without_its_when_and_a_trouble_that_nobody_knows_are_told():
    with pytest.raises(AssertionError, match="the When is missing"):
        BrokenStart().start_should_have_left_nothing()
    with pytest.raises(ValueError, match="it is Monday"):
        BrokenStart().choose_trouble("it is Monday")


def test_every_trouble_has_its_expected_problems():
    assert broken_start.EXPECTED.keys() == set(Trouble)


def test_a_whole_run_that_says_something_else_is_told():
    run = WholeRun()
    ended = SimpleNamespace(returncode=1)
    console = "Environment: there is\nno such image: none\n"
    run._run = SimpleNamespace(console=lambda: console, process=ended, output="results")
    run.whole_run_should_have_failed_and_said("Environment: there is no such image")
    with pytest.raises(AssertionError, match="Expected the run to say 'the port', seen .*no such image"):
        run.whole_run_should_have_failed_and_said("the port")
    ended.returncode = 0
    with pytest.raises(AssertionError, match=r"Expected exit code 1 \(one test to fail\), seen 0"):
        run.whole_run_should_have_failed_and_said("no such image")
