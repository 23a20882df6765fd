"""Prints a run's verdict, failures and matrix as Markdown, for the page that a CI system shows of a job.

Usage: python3 scripts/job_summary.py [RESULTS]

RESULTS is the folder of a run's reports (default: results). It reads traceability.json; where there is none, as the
run was cut off, xunit.xml; where there is nothing, it says so. Needs nothing but Python's standard library, so that it
works where the run could not even be set up. It always ends with 0: the verdict is the run's, not its own.
"""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ElementTree  # the reports are our own tools' output
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parents[1] / "results"
MOST_FAILURES = 20
FIRST_LINES = 6
LONGEST_LINE = 400
MARKS = {"proved": "✅", "failing": "❌", "skipped": "⏭️", "no test": "⚠️", "not run": "⚪"}
# The codes of `harness.acceptance`; they stand in traceability.json as well.
ENDS = {
    0: "nothing failed",
    1: "a scenario failed",
    3: "the environment is broken",
    4: "the specification is not covered",
    5: "something was left behind",
}


@dataclass(frozen=True)
class Failure:
    """A test that failed, and its message."""

    name: str
    message: str


def main(arguments: list[str]) -> int:
    """Prints the summary."""
    folder = Path(arguments[0]) if arguments else RESULTS
    sys.stdout.write("\n".join(summary(folder)) + "\n")
    return 0


def summary(folder: Path) -> Iterator[str]:
    """The lines of the page, from whichever of the reports can be read."""
    try:
        matrix = json.loads((folder / "traceability.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        yield from _without_matrix(folder)
    else:
        yield from _with_matrix(matrix)


def _with_matrix(matrix: dict[str, Any]) -> Iterator[str]:
    code = matrix["exit_code"]
    yield f"## {MARKS['failing'] if code else MARKS['proved']} {_text(matrix['sentence'])}"
    yield ""
    end = f"Interrupted {told}" if (told := matrix.get("interrupted")) else f"Exit code {code}: {ENDS.get(code, '?')}"
    yield f"{end}; {matrix['seconds']:.0f} s."
    yield ""
    # Links lead from the report's own folder, and nowhere from here.
    facts = [(name, value) for name, value in matrix["tested"].items() if not value.startswith("[")]
    yield from _table(("what", "was tested"), facts)
    failed = [test for test in matrix["tests"] if test["status"] == "FAIL"]
    failed.sort(key=lambda test: test["environment_failed"])
    yield from _failures([Failure(test["name"], test["message"]) for test in failed])
    if matrix["gaps"]:
        yield from ("### Not covered", "", *(f"- {_text(gap)}" for gap in matrix["gaps"]), "")
    yield "### Matrix"
    yield ""
    for kind in dict.fromkeys(entry["kind"] for entry in matrix["ids"]):
        yield from _part(kind, [entry for entry in matrix["ids"] if entry["kind"] == kind])


def _part(kind: str, entries: list[dict[str, Any]]) -> Iterator[str]:
    proved = sum(entry["verdict"] == "proved" for entry in entries)
    opened = "" if proved == len(entries) else " open"
    yield f"<details{opened}><summary>{_text(kind)}: {proved} of {len(entries)} proved</summary>"
    yield ""
    rows = (
        (entry["id"], f"{MARKS.get(entry['verdict'], '')} {entry['verdict']}", entry["claim"], _evidence(entry))
        for entry in entries
    )
    yield from _table(("id", "verdict", "claim", "by"), rows)
    yield "</details>"
    yield ""


def _evidence(entry: dict[str, Any]) -> str:
    count = len(entry["tests"])
    tests = f"{count} test{'' if count == 1 else 's'}"
    if entry.get("figure") is None:
        return tests
    limit = entry["limit"]
    return f"{tests}; {entry['figure']:g} {limit['unit']} measured, {limit['must_be']} {limit['value']:g}"


def _without_matrix(folder: Path) -> Iterator[str]:
    try:
        root = ElementTree.parse(folder / "xunit.xml").getroot()  # noqa: S314 (the reports are our own tools' output)
    except (OSError, ElementTree.ParseError):
        yield f"## {MARKS['failing']} No report: the run was not begun, or was cut off"
        yield ""
        yield "The job's log says why; most likely the environment is broken (exit code 3)."
        return
    cases = list(root.iter("testcase"))
    failures = [
        Failure(case.get("name") or "?", told.get("message") or "")
        for case in cases
        for told in case.findall("failure")
    ]
    yield f"## {MARKS['failing']} {len(failures)} of {len(cases)} scenarios failed, and there is no matrix"
    yield ""
    yield from _failures(failures)


def _failures(failures: list[Failure]) -> Iterator[str]:
    if not failures:
        return
    yield "### Failed"
    yield ""
    for failure in failures[:MOST_FAILURES]:
        lines = failure.message.strip().splitlines() or ["(no message)"]
        yield f"**{_text(failure.name)}**"
        yield ""
        # An indented block shows every character as it is, whatever a message holds.
        yield from (f"    {_cut(line)}" for line in lines[:FIRST_LINES])
        if len(lines) > FIRST_LINES:
            yield f"    … {len(lines) - FIRST_LINES} more lines in log.html"
        yield ""
    if len(failures) > MOST_FAILURES:
        yield f"… and {len(failures) - MOST_FAILURES} more in log.html"
        yield ""


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    names = list(head)
    yield f"| {' | '.join(names)} |"
    yield f"|{' --- |' * len(names)}"
    for row in rows:
        yield f"| {' | '.join(map(_text, row))} |"
    yield ""


def _text(value: str) -> str:
    """A text in one line of Markdown, without anything that would be markup."""
    line = " ".join(value.split())
    for character in "\\`*_[]<>|":
        line = line.replace(character, f"\\{character}")
    return _cut(line)


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
