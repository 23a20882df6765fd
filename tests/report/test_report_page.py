"""The page and the files for machines: what stands in them, and how large they become."""

import csv
import gzip
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from report.repair import repaired
from report.write import write
from small_runs import PROVING, evidence, robot

ROOT = Path(__file__).resolve().parents[2]
RED = "\nUS-1 AC-1 The scenario is played\n    [Tags]    fr-001\n    Fail    Expected 1 row, seen 2 rows, at a.csv.\n"


def page_of(output, history=None):
    return write(output, history).page.read_text(encoding="utf-8")


def test_a_red_run_shows_its_failures_first_with_expected_seen_and_where(tmp_path):
    html = page_of(robot(tmp_path, f"{RED}    {evidence(tmp_path)}\n"))
    assert html.index('class="failure"') < html.index('id="matrix"')
    assert re.search(r"<dt>Expected</dt><dd>1 row</dd>\s*<dt>Seen</dt><dd class=\"seen\">2 rows</dd>", html)
    assert "<dt>Where</dt><dd>a.csv</dd>" in html
    assert 'href="log.html#s1-s1-t1-k1"' in html


def test_what_differs_besides_is_one_click_away(tmp_path):
    message = "Expected 1 row, seen 2 rows (in all), at a.csv (3 more differences: 01-books.html)."
    step = evidence(tmp_path)
    (tmp_path / "evidence" / "a_test" / "the_source" / "01-books.html").write_text("all of them")
    html = page_of(robot(tmp_path, f"\nA test\n    {step}\n    Fail    {message}\n"))
    assert '<dd class="seen">2 rows (in all)</dd>' in html
    assert '<dd>a.csv, <a href="evidence/a_test/the_source/01-books.html">and 3 more: the whole table</a>' in html


def test_html_in_a_message_stays_text(tmp_path):
    html = page_of(robot(tmp_path, "\nA test\n    Fail    <b>bold</b> <script>alert(1)</script>\n"))
    assert "&lt;script&gt;alert(1)" in html
    assert "<b>bold</b>" not in html


def test_nothing_is_loaded_from_anywhere(tmp_path):
    html = page_of(robot(tmp_path, f"{PROVING}    {evidence(tmp_path)}\n"))
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", html)
    assert "default-src 'none'" in html


def test_evidence_is_linked_relative_to_the_page(tmp_path):
    html = page_of(robot(tmp_path, f"{PROVING}    {evidence(tmp_path)}\n"))
    for link in re.findall(r'href="(evidence/[^"]+)"', html):
        assert (tmp_path / link).is_file()
    assert 'href="evidence/a_test/the_source/truth.json"' in html


def test_a_key_that_was_stored_twice_is_told_and_its_line_differs(tmp_path):
    html = page_of(robot(tmp_path, f"{PROVING}    {evidence(tmp_path, twice=True)}\n"))
    assert "1 key was stored twice" in html
    assert "1 differ" in html


@pytest.mark.parametrize("files", [5000])
def test_five_thousand_files_are_well_below_five_megabytes_and_take_seconds(tmp_path, files):
    output = robot(tmp_path, f"{PROVING}    {evidence(tmp_path, files)}\n")
    begun = time.process_time()
    written = write(output)
    assert time.process_time() - begun < 20
    assert written.page.stat().st_size < 2_000_000


def test_json_and_csv_say_the_same(tmp_path):
    write(robot(tmp_path, PROVING))
    document = json.loads((tmp_path / "traceability.json").read_text())
    lines = list(csv.DictReader((tmp_path / "traceability.csv").open(newline="")))
    assert {line["id"]: line["verdict"] for line in lines} == {each["id"]: each["verdict"] for each in document["ids"]}
    assert document["counts"]["passed"] == 1
    assert document["exit_code"] == 4
    measured = next(line for line in lines if line["id"] == "SC-001")
    assert (measured["figure"], measured["limit"]) == ("12 s", "less than 300 s")


def test_earlier_runs_stand_on_the_page_in_their_order(tmp_path):
    history = tmp_path / "history"
    for number in (2, 1):
        earlier = history / str(number)
        earlier.mkdir(parents=True)
        told = {"schema": 1, "started": f"2026-01-0{number}T00:00:00", "sentence": f"Run {number}.", "exit_code": 0}
        counts = {"passed": 1, "failed": 0, "skipped": 0, "proved": 45}
        (earlier / "traceability.json").write_text(json.dumps({**told, "seconds": 9.5, "counts": counts}))
    (history / "other.json").write_text("[]")
    html = page_of(robot(tmp_path, PROVING), history)
    assert html.index("Run 1.") < html.index("Run 2.") < html.index("this run")


def test_the_program_ends_with_the_verdict_as_its_exit_code(tmp_path):
    output = robot(tmp_path, RED)
    ended = subprocess.run(
        [sys.executable, str(ROOT / "libraries" / "report"), str(output)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("Not proved: 1 of 1 scenario failed")


def test_a_run_that_was_killed_leaves_pages_of_what_was_done(tmp_path):
    output = robot(tmp_path, f"{PROVING}\nAnother\n    Log    hello\n")
    whole = output.read_text()
    output.write_text(whole[: whole.index("hello")])
    written = write(output)
    assert [test.status for test in written.matrix.run.tests] == ["PASS", "CUT OFF"]
    assert written.matrix.sentence.startswith("Interrupted as Robot was killed: 1 scenario ended, 0 failed; 1 others")
    assert "cut off, or never begun" in written.page.read_text(encoding="utf-8")
    assert (tmp_path / "log.html").stat().st_mtime >= output.stat().st_mtime


def test_a_run_that_a_signal_stopped_says_so_and_names_what_was_not_carried_out(tmp_path):
    library = tmp_path / "Stopper.py"
    library.write_text("import os, signal\n\ndef stop():\n    os.kill(os.getpid(), signal.SIGTERM)\n")
    tests = f"{PROVING}\nThe second\n    [Tags]    fr-002\n    Stop\nThe third\n    [Tags]    fr-003\n    Log    x\n"
    written = write(robot(tmp_path, tests, settings=f"Library    {library}", own_process=True))
    matrix = written.matrix
    assert [test.status for test in matrix.run.tests] == ["PASS", "CUT OFF", "NOT RUN"]
    assert matrix.sentence == (
        "Interrupted by a signal, such as Ctrl-C: 1 scenario ended, 0 failed; "
        "2 others were not carried out, so this is no proof."
    )
    assert matrix.gaps[0] == "The run was interrupted by a signal, such as Ctrl-C, within 'The second'."
    verdicts = {entry.claim.id: entry.verdict for entry in matrix.entries}
    assert (verdicts["FR-001"], verdicts["FR-002"], verdicts["FR-003"]) == ("proved", "not run", "not run")
    assert not matrix.failures
    assert matrix.exit_code == 4
    listed = written.page.read_text(encoding="utf-8").partition('id="not-run"')[2].partition("</section>")[0]
    assert re.findall("<li>(.*?)</li>", listed) == ["The second", "The third"]


def test_every_tag_of_the_specification_links_its_proof_in_log_and_report(tmp_path):
    robot(tmp_path, PROVING, argumentfile=str(ROOT / "resources" / "proof_links.args"), own_process=True)
    html = page_of(tmp_path / "output.xml")
    for page in ("log.html", "report.html"):
        links = re.findall(r"proof:persistence\.html#([\w-]+)", (tmp_path / page).read_text(encoding="utf-8"))
        assert sorted(links) == ["fr-001", "sc-001", "us-1"]
        assert all(f'id="{anchor}"' in html for anchor in links)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_an_output_that_is_cut_anywhere_can_be_read_again(tmp_path, share):
    output = robot(tmp_path, f"{PROVING}\nAnother\n    Log    hello\n")
    whole = output.read_bytes()
    output.write_bytes(whole[: int(len(whole) * share)])
    assert b"</robot>" in repaired(output.read_bytes())


def test_the_plot_library_is_the_one_of_its_package():
    sys.path.insert(0, str(ROOT / "scripts"))
    import vendor_plots

    assert gzip.decompress(vendor_plots.FILE.read_bytes()).decode() == vendor_plots.bundle()
