"""Verdicts and the table: what is red for another reason is not taken for a catch, and survivors come first."""

import os
import subprocess
import sys

import pytest

from mutants import results
from mutants.mutant import CLEAN, Mutant
from mutants.trial import Trial, Trials, Verdict, sweep

MUTANT = Mutant("m", "All.", ("*",), ())


def output(*tests):
    status = "".join(
        f'<test id="s1-t{number}" name="{name}"><status status="{state}" start="2026-01-01T00:00:00" elapsed="1">'
        f"{message}</status></test>"
        for number, (name, state, message) in enumerate(tests, 1)
    )
    return f'<robot schemaversion="5"><suite id="s1" name="S">{status}</suite></robot>'


@pytest.fixture
def trials(monkeypatch, tmp_path):
    """Trials whose Robot writes what is given, run after run."""
    monkeypatch.setattr("mutants.trial.KEPT", tmp_path / "kept")
    monkeypatch.setattr(Mutant, "write", lambda *_: None)
    told = []

    class WithoutRobot(Trials):
        def _robot(self, folder, chosen):
            (folder / "results").mkdir(exist_ok=True)
            text = told.pop(0)
            (folder / "console.log").write_text("[ ERROR ] Suite 'A' contains no tests.\n")
            if text is not None:
                (folder / "results" / "output.xml").write_text(text)
            return 0

    trials = WithoutRobot()
    trials.told = told
    return trials


def test_the_first_red_test_caught_the_mutant(trials):
    trials.told.append(output(("green", "PASS", ""), ("red", "FAIL", "found"), ("later", "FAIL", "x")))
    trial = trials.try_out(MUTANT, ["red"], whole=True)
    assert (trial.verdict, trial.test, trial.message) == (Verdict.CAUGHT, "red", "found")


def test_what_holds_for_one_trial_alone_is_left_out_of_messages():
    told = "Expected 3 of 'env PYTHONPATH=/t/x /v/python -m migrator run /s', seen 0 (2026-01-01T00:00:00Z info m)"
    assert results.shortened(told) == "Expected 3 of 'migrator run …', seen 0 (info m)"
    told = "at /tmp/s3-acceptance-0123456789ab/cdef/source/a b in s3://s3-acceptance-0123456789ab-cdef/lake"
    assert results.shortened(told) == "at …/source/a b in s3://BUCKET/lake"


@pytest.mark.parametrize("message", ["Setup failed:\nno image", "Parent suite setup failed:\nno engine"])
def test_an_environment_that_failed_catches_nothing(message, trials, tmp_path):
    trials.told.append(output(("red", "FAIL", message)))
    assert trials.try_out(MUTANT, ["red"], whole=True).verdict is Verdict.BROKEN
    assert (tmp_path / "kept" / "m" / "output.xml").is_file()


def test_robot_that_ran_no_test_catches_nothing(trials):
    trials.told.append(None)
    trial = trials.try_out(MUTANT, ["red"], whole=True)
    assert trial.verdict is Verdict.BROKEN
    assert "contains no tests" in trial.message


def test_the_rest_of_the_suite_follows_where_the_named_tests_are_green(trials):
    trials.told += [output(("green", "PASS", "")), output(("other", "FAIL", "found"))]
    assert trials.try_out(MUTANT, ["green"], whole=True).test == "other"


def test_a_mutant_that_no_test_finds_survives(trials):
    trials.told += [output(("green", "PASS", "")), output(("other", "PASS", ""))]
    assert trials.try_out(MUTANT, ["green"], whole=True).verdict is Verdict.SURVIVED


def test_survivors_stand_first_and_rows_of_earlier_calls_stay(tmp_path):
    file = tmp_path / "RESULTS.md"
    caught = Trial(MUTANT, Verdict.CAUGHT, "red", "a | b <c>", 1.4)
    results.write([caught], ["m", "z"], 2.0, file)
    other = Mutant("z", "Some.", ("*",), ())
    results.write([Trial(other, Verdict.SURVIVED, "", "green", 1.0)], ["m", "z"], 2.0, file)
    assert results.read(file) == [
        ("z", "Some.", "**survived**", "green", "1"),
        ("m", "All.", "red", "a \\| b &lt;c>", "1"),
    ]
    assert "1 of 2 caught" in file.read_text()


def test_rows_of_mutants_that_are_gone_go(tmp_path):
    file = tmp_path / "RESULTS.md"
    results.write([Trial(MUTANT, Verdict.CAUGHT, "red", "x", 1.0)], ["m"], 2.0, file)
    results.write([], ["other"], 2.0, file)
    assert results.read(file) == []


def test_copies_of_a_killed_call_are_swept_and_those_of_a_live_one_are_not(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for name in (f"mutant-{ended.pid}-x", f"mutant-{os.getpid()}-x", "mutant-of-somebody"):
        (tmp_path / name).mkdir()
    sweep()
    assert {folder.name for folder in tmp_path.iterdir()} == {f"mutant-{os.getpid()}-x", "mutant-of-somebody"}


def test_the_clean_migrator_has_nothing_to_patch():
    assert CLEAN.patches == ()
