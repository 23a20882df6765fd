"""What the bench says of a cluster: its processes' CPU counts, and a file's overhead is a slope."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import measure, report
from bench.book import Book, Measured
from bench.cases import CASES
from bench.measure import Failed, Sample
from bench.ways import ALONE, OWN

ROOT = Path(__file__).resolve().parents[1]
BURNT = 0.5
HELD = 200
WAIT = f"""
import sys, time
from bench.measure import cpu_seconds
pid = int(sys.argv[1])
begun = cpu_seconds(pid)
while cpu_seconds(pid) < begun + {BURNT}:
    time.sleep(0.1)
"""


def waiting(*arguments):
    return [sys.executable, "-c", WAIT, *arguments]


def measured(log, command, helpers):
    return measure.run(command, {**os.environ, "PYTHONPATH": str(ROOT)}, log, lambda: 0.0, 0, helpers)


def test_what_helpers_do_meanwhile_counts(tmp_path):
    script = f"held = b'x' * ({HELD} << 20)\nprint(flush=True)\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as helper:
        try:
            helper.stdout.readline()
            sample = measured(tmp_path / "log", waiting(str(helper.pid)), [helper.pid])
        finally:
            helper.kill()
    assert sample.cpu >= BURNT
    assert sample.peak > HELD


def test_a_helper_that_has_ended_spoils_the_measurement(tmp_path):
    with subprocess.Popen([sys.executable, "-c", ""]) as helper:
        os.waitid(os.P_PID, helper.pid, os.WEXITED | os.WNOWAIT)
        with pytest.raises(Failed, match=f"process {helper.pid}, which was to help, has ended"):
            measured(tmp_path / "log", [sys.executable, "-c", ""], [helper.pid])


def sample(wall, cpu):
    return Sample(wall, cpu, 100.0, 0.0, 0.0, (0.0, 0.0))


def test_what_it_costs_to_begin_is_no_overhead_of_a_file(tmp_path):
    names = {case.tenth_of: case.name for case in CASES}
    (whole,) = (case for case in CASES if any(goal.measure == "overhead_cpu" for goal in case.goals))
    book = Book(tmp_path / "book.json")
    # To begin costs 1.5 s and a file 3 ms of CPU; of wall time a file costs 1 ms less.
    rounds = [{OWN: sample(7.5 - 5.0, 9.0 + 1.5 + 15.0), ALONE: sample(7.5, 9.0)}]
    book.enter(whole.name, Measured(5000, "2026-01-01", rounds))
    assert "a file" not in report.written(book).partition("\n## ")[2].partition("\n## ")[0]
    rounds = [{OWN: sample(0.75 - 0.5, 0.9 + 1.5 + 1.5), ALONE: sample(0.75, 0.9)}]
    book.enter(names[whole.name], Measured(500, "2026-01-01", rounds))
    told = report.written(book)
    assert "CPU a file ≤ 2 ms above one process without a cluster | 3.00 ms | **not reached** |" in told
    assert "wall a file ≤ 2 ms above one process without a cluster | -1.00 ms | reached |" in told
