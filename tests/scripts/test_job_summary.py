import json
import subprocess
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).resolve().parents[2] / "scripts" / "job_summary.py"


@pytest.fixture
def told(tmp_path):
    """Starts the script as CI does: with a bare Python, isolated from this one's packages."""

    def tell():
        run = subprocess.run(
            [sys.executable, "-I", "-S", PATH, tmp_path], capture_output=True, text=True, check=True, encoding="utf-8"
        )
        return run.stdout

    return tell


def entry(identifier, kind="Functional requirement", verdict="proved", **more):
    tests = [] if verdict == "no test" else [{"name": "T", "status": "PASS", "link": "log.html#s1-t1"}]
    return {
        "id": identifier,
        "kind": kind,
        "claim": f"the claim of {identifier}",
        "verdict": verdict,
        "tests": tests,
    } | more


def matrix(code=0, sentence="Proved: all.", ids=(), tests=(), gaps=()):
    return {
        "sentence": sentence,
        "exit_code": code,
        "seconds": 61.2,
        "tested": {"Server": "MinIO", "Seed": "20251115", "Page": "[page.html|page.html]"},
        "gaps": list(gaps),
        "ids": list(ids),
        "tests": list(tests),
    }


def failed(name, message, *, environment=False):
    return {"name": name, "status": "FAIL", "message": message, "environment_failed": environment}


def write(folder, document):
    (folder / "traceability.json").write_text(json.dumps(document))


def test_a_green_run_shows_verdict_facts_and_the_matrix_folded(tmp_path, told):
    figure = {"figure": 3.25, "limit": {"unit": "s", "must_be": "less than", "value": 30}}
    ids = [entry("FR-010"), entry("SC-005", "Success criterion", **figure), entry("FR-011")]
    write(tmp_path, matrix(ids=ids))
    text = told()
    assert text.startswith("## ✅ Proved: all.\n\nExit code 0: nothing failed; 61 s.\n")
    assert "| Server | MinIO |" in text
    assert "page.html" not in text
    assert "<details><summary>Functional requirement: 2 of 2 proved</summary>" in text
    assert "| FR-010 | ✅ proved | the claim of FR-010 | 1 test |" in text
    assert "1 test; 3.25 s measured, less than 30" in text
    assert "### Failed" not in text


def test_a_red_run_shows_the_first_lines_of_each_failure_those_of_the_product_first(tmp_path, told):
    tests = [
        failed("US-1 AC-1 x", "Environment: no engine", environment=True),
        failed("US-4 AC-1 y", "\n".join(f"line {n}" for n in range(9))),
    ]
    write(tmp_path, matrix(1, "Not proved.", [entry("FR-001", verdict="failing")], tests, ["FR-002 has no test: a|b"]))
    text = told()
    assert text.startswith("## ❌ Not proved.\n\nExit code 1: a scenario failed")
    assert "    line 5\n    … 3 more lines in log.html\n" in text
    assert "line 6" not in text
    assert text.index("US-4 AC-1 y") < text.index("US-1 AC-1 x")
    assert "- FR-002 has no test: a\\|b" in text
    assert "<details open><summary>Functional requirement: 0 of 1 proved</summary>" in text


def test_an_interrupted_run_is_told_as_one(tmp_path, told):
    write(tmp_path, matrix(4, "Interrupted.", [entry("FR-001")]) | {"interrupted": "by a signal"})
    assert "\nInterrupted by a signal; 61 s.\n" in told()


def test_what_a_message_holds_is_never_markup(tmp_path, told):
    write(tmp_path, matrix(1, "a <b> `c` | d", tests=[failed("n|1 <img>", "```\n<script>\n| x |")]))
    text = told()
    assert "## ❌ a \\<b\\> \\`c\\` \\| d" in text
    assert "**n\\|1 \\<img\\>**" in text
    assert "    ```\n    <script>\n    | x |\n" in text


def test_many_long_failures_stay_far_below_the_size_that_a_ci_system_takes(tmp_path, told):
    write(tmp_path, matrix(1, "Not proved.", tests=[failed(f"T{n}", "x" * 100_000) for n in range(500)]))
    text = told()
    assert len(text) < 100_000
    assert "… and 480 more in log.html" in text


def test_without_a_matrix_the_junit_report_is_told(tmp_path, told):
    (tmp_path / "xunit.xml").write_text(
        '<testsuite><testsuite><testcase name="A"/><testcase name="B"><failure message="why &lt;x&gt;"/></testcase>'
        "</testsuite></testsuite>"
    )
    text = told()
    assert text.startswith("## ❌ 1 of 2 scenarios failed, and there is no matrix")
    assert "**B**\n\n    why <x>\n" in text


@pytest.mark.parametrize("torn", [None, "<testsuite"])
def test_without_any_report_the_environment_is_named(tmp_path, told, torn):
    if torn:
        (tmp_path / "xunit.xml").write_text(torn)
        (tmp_path / "traceability.json").write_text('{"sentence": ')
    assert "No report: the run was not begun, or was cut off" in told()
