import importlib.util
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).resolve().parents[2] / "scripts" / "ci.py"


@pytest.fixture
def ci(monkeypatch, tmp_path):
    spec = importlib.util.spec_from_file_location("ci_script", PATH)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "ci_script", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "RESULTS", tmp_path / "results")
    return module


def commands(ci, monkeypatch, tests, acceptance):
    """Lets the two commands end as told: each is an exit code and a report's text, or None for no report."""
    ends = {"test": (tests, "tests.xml"), "acceptance": (acceptance, "xunit.xml")}

    def run(command, deadline):
        (code, report), name = ends[command[-1]]
        if report is not None:
            ci.RESULTS.mkdir(exist_ok=True)
            (ci.RESULTS / name).write_text(report)
        return code

    monkeypatch.setattr(ci, "run", run)


def report(tests, failures=0, errors=0, skipped=0, wrapped=False):
    text = f'<testsuite tests="{tests}" failures="{failures}" errors="{errors}" skipped="{skipped}"/>'
    return f"<testsuites>{text}</testsuites>" if wrapped else text


@pytest.mark.parametrize(
    ("tests", "acceptance", "code", "line"),
    [
        ((0, report(10, wrapped=True)), (0, report(13)), 0, "23 passed, 0 failed, 0 skipped"),
        ((2, report(10, 1, 2, wrapped=True)), (1, report(13, 1)), 1, "19 passed, 4 failed, 0 skipped"),
        ((0, report(10, skipped=1)), (0, report(13)), 1, "22 passed, 0 failed, 1 skipped"),
        ((2, report(10)), (0, report(13)), 1, "23 passed, 1 failed, 0 skipped"),
        ((0, None), (0, report(13)), 1, "13 passed, 1 failed, 0 skipped"),
        ((0, report(10)), (0, report(0)), 1, "10 passed, 1 failed, 0 skipped"),
        ((0, report(10)), (252, "<torn"), 1, "10 passed, 1 failed, 0 skipped"),
        ((2, None), (2, None), 1, "0 passed, 2 failed, 0 skipped"),
    ],
)
def test_the_last_line_counts_both_and_nothing_bad_is_green(ci, monkeypatch, capsys, tests, acceptance, code, line):
    commands(ci, monkeypatch, tests, acceptance)
    assert ci.main() == code
    assert capsys.readouterr().out.splitlines()[-1] == line


def test_the_failed_tests_stand_right_before_the_last_line(ci, monkeypatch, capsys):
    cases = "".join(
        f'<testcase name="case {number}"><failure message="expected a,&#10;  seen {number}"/></testcase>'
        for number in range(12)
    )
    commands(ci, monkeypatch, (0, report(10)), (1, f'<testsuite tests="12" failures="12">{cases}</testsuite>'))
    ci.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[-12] == "FAILED case 0: expected a, seen 0"
    assert lines[-2] == "… and 2 more"


def test_reports_of_an_earlier_run_are_not_counted(ci, monkeypatch, capsys):
    ci.RESULTS.mkdir()
    (ci.RESULTS / "tests.xml").write_text(report(10))
    commands(ci, monkeypatch, (0, None), (0, report(13)))
    assert ci.main() == 1


def test_a_command_that_hangs_is_ended_and_counts_as_failed(ci):
    assert ci.run([sys.executable, "-c", "import time; time.sleep(60)"], -1e9) == 124
