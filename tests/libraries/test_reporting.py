"""What a run tells of itself: figures, what is tested, long steps, and its exit code."""

import json
import re
import signal
import socket
import threading
from html import unescape

import pytest

import figures
from harness import acceptance, locks, tested
from harness.acceptance import ExitCode, _code
from harness.share import Share
from harness.still_running import StillRunning
from report.specification import FIGURE_ATTRIBUTE


@pytest.fixture
def told(monkeypatch):
    messages = []
    monkeypatch.setattr(figures.logger, "info", lambda text, html: messages.append(text))
    return messages


def test_a_figure_is_logged_for_people_and_for_the_matrix(told):
    figures.record("SC-004", Share(9, 10))
    data = json.loads(unescape(re.search(f"{FIGURE_ATTRIBUTE}='([^']*)'", told[0]).group(1)))
    assert data == {"id": "SC-004", "value": 90.0, "shown": "90 % (9 of 10)"}
    assert "<b>90 % (9 of 10)</b>, must be at least 90 %" in told[0]


def test_a_share_of_nothing_is_no_figure(told):
    figures.record("SC-007", Share(0, 0))
    assert FIGURE_ATTRIBUTE not in told[0]


def test_only_a_criterion_has_a_figure(told):
    with pytest.raises(ValueError, match="FR-001 measures nothing"):
        figures.record("FR-001", 1)
    with pytest.raises(KeyError, match="SC-099 is no id"):
        figures.record("SC-099", 1)


@pytest.mark.parametrize(("share", "percent"), [(Share(1, 3), 33.3), (Share(0, 0), 0.0), (Share(2, 2), 100.0)])
def test_a_part_of_nothing_is_nothing(share, percent):
    assert share.percent == pytest.approx(percent, abs=0.1)


@pytest.mark.parametrize(
    ("stopped", "robot", "pages", "code"),
    [
        (0, 0, 0, ExitCode.PROVED),
        (0, 3, 1, ExitCode.SCENARIO_FAILED),
        (0, 3, 3, ExitCode.ENVIRONMENT_BROKEN),
        (0, 0, 4, ExitCode.NOT_COVERED),
        (0, 7, 0, ExitCode.SCENARIO_FAILED),
        (0, 252, 0, ExitCode.NEVER_BEGAN),
        (0, 253, 1, ExitCode.INTERRUPTED),
        (signal.SIGTERM, 2, 4, ExitCode.TERMINATED),
        (signal.SIGINT, 2, 4, ExitCode.INTERRUPTED),
        (0, 255, 1, ExitCode.ENVIRONMENT_BROKEN),
        (signal.SIGHUP, 253, 1, ExitCode.TERMINATED),
    ],
)
def test_each_way_to_end_has_an_exit_code_of_its_own(stopped, robot, pages, code):
    assert _code(stopped, robot, pages) == code


def test_what_is_tested_is_told_with_version_seed_and_machine():
    facts = tested.facts("built-in", "42")
    assert facts["Migrator version"].startswith("migrator ")
    assert facts["Seed"] == "42"
    assert facts["Commit"]
    assert "cores" in facts["Host"]


@pytest.mark.parametrize("command", ["/nowhere/migrator", "false", "sh -c :"])
def test_a_migrator_that_tells_no_version_is_no_trouble(command):
    assert tested.version_of(command) == "it tells none"


def test_a_step_that_takes_long_is_named_and_a_short_one_is_not():
    lines, named = [], threading.Event()

    def tell(line):
        lines.append(line)
        named.set()

    watch = StillRunning(tell, first=0.05, then=60)
    watch.begun("a short one")
    watch.ended()
    watch.begun("a long one")
    assert named.wait(120)
    watch.ended()
    assert len(lines) == 1
    assert "a long one" in lines[0]


def test_a_second_run_in_the_same_checkout_waits_until_the_first_has_written_its_results(tmp_path, monkeypatch):
    said, told, turns = [], threading.Event(), []
    monkeypatch.setattr(acceptance, "RESULTS", tmp_path)
    monkeypatch.setattr(acceptance, "say", lambda line: (said.append(line), told.set()))
    monkeypatch.setattr(acceptance, "_run", lambda _: turns.append("second") or ExitCode.PROVED)
    second = threading.Thread(target=acceptance.main, args=([],))
    with locks.held(tmp_path / ".lock", "writes", print):
        second.start()
        assert told.wait(60)
        turns.append("first")
    second.join(60)
    assert turns == ["first", "second"]
    assert said == [f"Another run writes to {tmp_path}; waiting for it …"]


@pytest.mark.parametrize(
    ("credentials", "told"),
    [
        ({}, "Environment: a setting is wrong: An S3 server that was given needs AWS_ACCESS_KEY_ID, AWS_SECRET"),
        ({"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}, "did not become ready in time"),
    ],
)
def test_an_external_server_that_is_of_no_use_ends_the_run_before_its_first_scenario(
    tmp_path, monkeypatch, credentials, told
):
    said = []
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"S3_SERVER": "external", "S3_ENDPOINT_URL": address, **credentials}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(acceptance, "RESULTS", tmp_path)
        monkeypatch.setattr(acceptance, "say", said.append)
        monkeypatch.setattr(acceptance, "_robot", lambda arguments, count: pytest.fail("Robot was started"))
        assert acceptance.main([]) is ExitCode.ENVIRONMENT_BROKEN
    assert told in said[-1]
