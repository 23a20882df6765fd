"""Runs in several processes, seen from outside: the outcome is that of one process, whatever happens to one of them."""

import re
import signal
import time

import pytest
from robot.api import ExecutionResult

from small_suites import LIMIT, found_in, notes, run, start, write

PASSES = "".join(f"Test {number}\n    [Tags]    tag-{number}\n    Note    {{0}}{number}\n" for number in range(4))


def shape(suite):
    """Everything of a result but times and messages' wording."""
    return (
        suite.name,
        suite.id,
        suite.status,
        suite.setup.status,
        suite.teardown.status,
        [shape(child) for child in suite.suites],
        [
            (test.id, test.full_name, test.status, list(test.tags), [step.name for step in test.body])
            for test in suite.tests
        ],
    )


@pytest.fixture
def source(tmp_path):
    failing = "Fails\n    Fail    On purpose\nSkips\n    Skip    Not here\n"
    return write(tmp_path, one=PASSES.format("a"), two=PASSES.format("b") + failing, deep__three=PASSES.format("c"))


def test_the_outcome_of_several_processes_reads_as_that_of_one(source):
    one, alone, _ = run(source, processes=1)
    several, beside, said = run(source, "--xunit", "xunit.xml", processes=3)
    assert (one, several) == (1, 1)
    expected, seen = (ExecutionResult(str(each / "output.xml")) for each in (alone, beside))
    assert shape(seen.suite) == shape(expected.suite)
    assert list(seen.errors.messages) == list(expected.errors.messages) == []
    assert {file.name for file in beside.iterdir()} == {"output.xml", "log.html", "report.html", "xunit.xml"}
    assert "14 tests, 12 passed, 1 failed, 1 skipped" in said
    assert "On purpose" in said


def test_statistics_are_made_and_linked_as_of_one_process(source):
    links = (
        "--tagstatlink",
        "tag-*:page.html#tag-%1:proof",
        "--tagstatcombine",
        "tag-1ORtag-2",
        "--suitestatlevel",
        "1",
    )
    _, alone, _ = run(source, *links, processes=1)
    _, beside, _ = run(source, *links, processes=2)
    expected, seen = (
        re.search(r"<statistics>.*</statistics>", (each / "output.xml").read_text(), re.DOTALL).group()
        for each in (alone, beside)
    )
    assert "proof:page.html#tag-3" in expected
    assert seen == expected
    assert all("proof:page.html#tag-3" in (beside / page).read_text() for page in ("log.html", "report.html"))


def test_every_test_is_run_once_and_by_more_than_one_process(tmp_path):
    # Each waits for the other, so that no single process comes to an end.
    meeting = "".join(
        f"{one}\n    Note    {one}\n    Wait until noted    {other}\n"
        for one, other in (("left", "right"), ("right", "left"))
    )
    source = write(tmp_path, one=PASSES.format("a"), two=meeting)
    code, _, _ = run(source)
    made = [name for name, _ in notes(source) if name not in {"set-up", "clean-up"}]
    assert code == 0
    assert sorted(made) == ["a0", "a1", "a2", "a3", "left", "right"]
    assert len({pid for _, pid in notes(source)}) == 2


def test_the_time_of_a_suite_goes_from_its_first_start_to_its_last_end(source):
    _, output, _ = run(source)
    suite = ExecutionResult(str(output / "output.xml")).suite
    tests = list(suite.all_tests)
    assert suite.start_time <= min(test.start_time for test in tests)
    assert suite.end_time >= max(test.end_time for test in tests)
    assert suite.elapsed_time == suite.end_time - suite.start_time


def test_a_random_order_is_that_of_one_process(source):
    arguments = ("--randomize", "all:7", "-i", "tag-*")
    _, alone, _ = run(source, *arguments, processes=1)
    _, beside, _ = run(source, *arguments, processes=3)
    assert [test.full_name for test in found_in(beside)] == [test.full_name for test in found_in(alone)]


def test_a_choice_that_matches_no_test_ends_as_with_robot(source):
    code, output, said = run(source, "-t", "no such test")
    assert code == 252
    assert "contains no tests matching name 'no such test'" in said
    assert not (output / "output.xml").exists()


@pytest.mark.parametrize(("argument", "code"), [("--dryrun", 0), ("--exitonfailure", 2)])
def test_what_concerns_all_tests_is_left_to_one_process(source, argument, code):
    ended, output, said = run(source, argument)
    assert ended == code
    assert "processes" not in said
    assert len(found_in(output)) == 14


def test_a_process_that_is_killed_is_named_and_the_others_do_its_work(tmp_path):
    killed = "Killed\n    [Tags]    us-1\n    Wait until noted    a0\n    Send myself    SIGKILL\n"
    source = write(tmp_path, one=PASSES.format("a"), two=killed + PASSES.format("b"))
    code, output, said = run(source)
    tests = {test.name: test for test in ExecutionResult(str(output / "output.xml")).suite.suites[1].tests}
    assert code == 255
    assert len(found_in(output)) == 9
    assert tests["Killed"].status == "FAIL"
    assert tests["Killed"].message.startswith("Environment: process ")
    assert "was ended by SIGKILL" in tests["Killed"].message
    assert list(tests["Killed"].tags) == ["us-1"]
    assert [tests[f"Test {number}"].status for number in range(4)] == ["PASS"] * 4
    assert "LOST: process " in said
    assert (output / "shards").is_dir()


def test_what_nobody_is_left_to_run_is_not_forgotten(tmp_path):
    kills = "".join(f"Killed {number}\n    Send myself    SIGKILL\n" for number in range(4))
    code, output, _ = run(write(tmp_path, one=kills))
    messages = [test.message for test in found_in(output)]
    assert code == 255
    assert all(message.startswith("Environment: ") for message in messages)
    assert sum("no process was left to begin this test" in message for message in messages) == 2


def test_a_process_that_is_told_to_stop_gives_back_what_it_did_not_begin(tmp_path):
    stopped = "Stopped\n    Wait until noted    begun\n    Send myself    SIGTERM\n"
    # The other process waits for this one's end, so that there is still something to be given back.
    others = "Begins\n    Note    begun\nWaits\n    Wait until noted    clean-up\nFollows\n    Note    followed\n"
    source = write(tmp_path, one=stopped + others, two=PASSES.format("b"))
    code, output, _ = run(source)
    ended = {test.full_name.partition(".")[2]: test.status for test in found_in(output)}
    assert code == 255
    assert ended.pop("One.Stopped") == "FAIL"
    assert set(ended.values()) == {"PASS"}
    assert len(ended) == 7


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_reports_what_was_done_and_cleans_up(tmp_path, told):
    waiting = "".join(f"Waits {number}\n    Wait for a signal\n" for number in range(4))
    source = write(tmp_path, one="Passes\n    Note    passed\n", two=waiting)
    process, output = start(source)
    deadline = time.monotonic() + LIMIT
    while sum(name == "waiting" for name, _ in notes(source)) < 2 and time.monotonic() < deadline:
        assert process.poll() is None
    process.send_signal(told)
    try:
        process.communicate(timeout=LIMIT)
    finally:
        process.kill()
    tests = {test.name: test for test in found_in(output)}
    assert process.returncode == 253
    assert tests["Passes"].status == "PASS"
    assert [tests[f"Waits {number}"].message for number in range(4)] == [
        *["Execution terminated by signal"] * 2,
        *[f"Execution terminated by signal {told.name} before this test began."] * 2,
    ]
    made = [name for name, _ in notes(source)]
    assert made.count("clean-up") == made.count("set-up")


def test_a_failed_set_up_fails_the_tests_of_its_suite_alone(tmp_path):
    source = write(tmp_path, one=PASSES.format("a"), two=PASSES.format("b"))
    file = source / "two.robot"
    file.write_text(file.read_text().replace("Suite Setup    Note    set-up", "Suite Setup    Fail    No server"))
    code, output, _ = run(source)
    tests = found_in(output)
    assert code == 4
    assert [test.status for test in tests] == ["PASS"] * 4 + ["FAIL"] * 4
    assert {test.message for test in tests[4:]} == {"Parent suite setup failed:\nNo server"}


def test_a_failed_clean_up_fails_the_tests_of_its_suite_once(tmp_path):
    source = write(tmp_path, one=PASSES.format("a"))
    file = source / "one.robot"
    file.write_text(file.read_text().replace("Suite Teardown    Note    clean-up", "Suite Teardown    Fail    Left"))
    code, output, _ = run(source)
    assert code == 4
    assert {test.message for test in found_in(output)} == {"Parent suite teardown failed:\nLeft"}


def test_an_import_that_fails_is_told_once(tmp_path):
    source = write(tmp_path, one=PASSES.format("a"))
    file = source / "one.robot"
    file.write_text(file.read_text().replace("*** Test", "Library    no_such_library\n\n*** Test", 1))
    _, output, said = run(source)
    errors = ExecutionResult(str(output / "output.xml")).errors.messages
    assert len(errors) == 1
    assert "No module named 'no_such_library'" in said
