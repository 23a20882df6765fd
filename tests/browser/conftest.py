"""A real browser, and a page of a small run in it."""

import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests" / "report")]

from browser import of_the_system  # noqa: E402 (of scripts/)

from report.write import write  # noqa: E402 (after the paths)
from small_runs import PROVING, evidence, robot  # noqa: E402 (of tests/report/)

# A busy machine draws slowly; nothing is decided by it.
expect.set_options(timeout=30_000)

OTHERS = """
Another scenario
    [Tags]    fr-002
    Fail    Expected 1 row, seen 2 rows, at a.csv.
"""


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=of_the_system(), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    """The results folder of a run with a failed and a passed scenario, each file of the latter in the evidence."""
    folder = tmp_path_factory.mktemp("results")
    links = str(ROOT / "resources" / "proof_links.args")
    write(robot(folder, f"{PROVING}    {evidence(folder, 50)}\n{OTHERS}", argumentfile=links, own_process=True))
    return folder


@pytest.fixture(scope="session")
def many_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    write(robot(folder, f"{PROVING}    {evidence(folder, 5000, twice=True)}\n"))
    return folder


@pytest.fixture
def look(chromium):
    """Opens a page; at the end nothing may have been said on the console and nothing asked of a network."""
    contexts, complaints = [], []

    def open_page(folder, anchor="", file="persistence.html", **options):
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
        page.on("request", lambda request: request.url.startswith("http") and complaints.append(request.url))
        page.goto(f"{(folder / file).as_uri()}{anchor}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints
