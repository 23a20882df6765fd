"""What a run is served by, lost under it: it ends in red, says what was lost, and does the rest."""

import re
import subprocess
import sys

from robot.api import ExecutionResult

from shards import crew, merge
from shards.crew import Shard
from shards.plan import Plan, Planned
from small_suites import ROOT, found_in, run, write

KILLER = """
def kill_the_server_under_me(server):
    # As a crash of its own would: a borrower has no keyword to do that with.
    server.container._container.kill()
"""
DIES = """
Its server dies
    ${server}    Start S3 server
    Kill the server under me    ${server}
    Note    dead
    New bucket    ${server}
"""
GOES_ON = "".join(
    f"""
Goes on {number}
    Wait until noted    dead
    ${{server}}    Start S3 server
    New bucket    ${{server}}
"""
    for number in range(3)
)
ENVIRONMENT = f"""Library    {ROOT / "libraries" / "Environment.py"}
Suite Teardown    Remove everything of this run

*** Test Cases"""


def test_a_lent_server_that_dies_fails_the_test_at_it_with_the_cause_and_is_replaced_for_the_others(tmp_path):
    source = write(tmp_path, one=DIES, two=GOES_ON)
    library = tmp_path / "small.py"
    library.write_text(library.read_text() + KILLER)
    for file in source.iterdir():
        # What is noted at a suite's start and end is not asked for here.
        text = re.sub(r"Suite (?:Setup|Teardown) .*\n", "", file.read_text())
        file.write_text(text.replace("*** Test Cases", ENVIRONMENT))
    code, output, said = run(source, "--variable", "S3_SERVER:minio")
    tests = {test.name: test for test in found_in(output)}
    message = tests.pop("Its server dies").message
    assert code == 1
    assert message.startswith("Environment: the container has ended: MinIO ")
    assert "is exited with code 137" in message.splitlines()[0]
    assert message.splitlines()[0] in said
    assert {test.status for test in tests.values()} == {"PASS"}
    assert not ExecutionResult(str(output / "output.xml")).errors.messages


def test_a_test_whose_end_was_not_written_down_is_no_interrupted_run(tmp_path):
    output = tmp_path / "output.xml"
    began = '<robot><suite name="Top"><suite name="One">'
    cut = '<test name="Passed"><kw name="Log"><status status="PASS"/></kw>'
    output.write_text(f'<?xml version="1.0"?>\n{began}\n{cut}\n')
    plan = Plan(
        "Top", (Planned(("One",), "Passed", "Top.One.Passed", ("us-1",)), Planned(("One",), "Ran", "Top.One.Ran"))
    )
    record = merge.Record(output, begun=(0, 1), running=1, loss="process 1 was ended by SIGKILL")
    passed, ran = merge.merged(plan, [record]).suite.all_tests
    assert passed.message == (
        "Environment: process 1 was ended by SIGKILL after this test, and what it wrote of its end is lost."
    )
    assert list(passed.tags) == ["us-1"]
    assert ran.message == "Environment: process 1 was ended by SIGKILL; what it wrote of this test is lost."


def test_a_process_that_has_nothing_to_do_any_more_and_does_not_end_is_ended_and_named(tmp_path, monkeypatch):
    monkeypatch.setattr(crew, "_END_LIMIT", 0.1)
    process = subprocess.Popen([sys.executable, "-c", "import threading; threading.Event().wait()"])
    try:
        shard = Shard(1, process, None, tmp_path, done=True)
        assert re.fullmatch(r"process 1 \(pid \d+\) was ended by SIGKILL: .* did not end within 0.1 s", shard.loss())
        assert shard.loss() == shard.loss()
    finally:
        process.kill()
