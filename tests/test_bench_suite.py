"""What the bench says of the suite itself: its goals are in the report, and a red run is no figure."""

import json
from contextlib import contextmanager

import pytest

from bench import __main__ as bench
from bench import report, suite
from bench.book import Book, Measured
from bench.cases import CASES
from bench.measure import Failed, Sample
from bench.ways import OWN, SUITE

NAMES = {"acceptance": 90, "acceptance-stories": 30, "environment": 3}


def sample(wall, passed=0):
    return Sample(wall, wall, 100.0, 0.0, wall, (0.0, 0.0), passed)


def goals(told):
    return [line for line in told.partition("\n## Goals")[2].partition("\n## ")[0].splitlines() if "wall ≤" in line]


def test_each_has_its_goal_and_its_servers_do_not_count_as_a_disturbance(tmp_path):
    book = Book(tmp_path / "book.json")
    for name, bound in NAMES.items():
        book.enter(name, Measured(1, "2026-01-01", [{OWN: sample(bound + 1.0, 116)}, {OWN: sample(bound - 1.0, 115)}]))
    told = report.written(Book(tmp_path / "book.json"))
    assert [line.split("|")[-2].strip() for line in goals(told)] == ["reached"] * 3
    assert "~" not in told.partition("## Goals")[2]
    assert "`acceptance`: 115 scenarios passed; 2 rounds" in told
    assert "| **suite** | 90.0 |" in told


def started(monkeypatch, tmp_path, script, proof):
    (tmp_path / "scenarios.py").write_text(script)
    (tmp_path / "proof.json").write_text(json.dumps({"counts": {"passed": proof}}))
    monkeypatch.setattr(suite, "_ROOT", tmp_path)
    monkeypatch.setattr(suite, "_PROOF", tmp_path / "proof.json")
    monkeypatch.setitem(SUITE, "acceptance", ("scenarios",))
    return suite.run("acceptance", tmp_path / "log")


def test_a_green_run_is_that_of_the_built_in_migrator_and_tells_how_many_passed(monkeypatch, tmp_path):
    monkeypatch.setenv("MIGRATOR", "/opt/acme/migrator")
    script = "import os\nassert 'MIGRATOR' not in os.environ"
    assert started(monkeypatch, tmp_path, script, 7).passed == 7


@pytest.mark.parametrize(("script", "passed"), [("raise SystemExit(1)", 115), ("", 0)], ids=["red", "empty"])
def test_a_red_run_has_failed(monkeypatch, tmp_path, script, passed):
    with pytest.raises(Failed):
        started(monkeypatch, tmp_path, script, passed)


class Workshop:
    """One whose second run is red."""

    scale = 1.0

    def size(self, case):
        return 1

    @contextmanager
    def runs(self, case):
        samples = iter([sample(80.0, 116)])

        def run(name):
            found = next(samples, None)
            if found is None:
                raise Failed("exit code 1 of the suite:\n1 test failed")
            return found

        yield run


def test_one_red_round_leaves_no_figure_and_the_bench_says_so(tmp_path):
    book = Book(tmp_path / "book.json")
    (case,) = (case for case in CASES if case.name == "acceptance")
    assert not bench._measure(case, Workshop(), book, 3, None)
    told = report.written(book)
    assert goals(told) == []
    assert "| the whole acceptance run | | failed: 1 test failed | **not measured** |" in told
    assert "| **suite** | failed: 1 test failed |" in told
