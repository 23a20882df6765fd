"""Small runs for the report: suites written by a test, run by Robot, with evidence as scenarios leave it."""

import json
import subprocess
import sys
from pathlib import Path

from robot import run as run_robot

from report import traceability
from report.results import read
from report.specification import Claim, Kind, Limit, MustBe, Specification

TWO_IDS = Specification(
    (
        Claim("US-1", Kind.STORY, "The story is told."),
        Claim("US-1 AC-1", Kind.SCENARIO, "The scenario is played."),
        Claim("FR-001", Kind.REQUIREMENT, "The requirement is met."),
        Claim("SC-001", Kind.CRITERION, "It is quick.", Limit("Whole run", "s", MustBe.LESS_THAN, 300)),
    ),
    {"extra": "Not every migrator has it."},
)
_DATA = "{&quot;id&quot;: &quot;SC-001&quot;, &quot;value&quot;: %s, &quot;shown&quot;: &quot;%s s&quot;}"
QUICK = f"Log    <span data-figure='{_DATA}'>x</span>    html=True"
PROVING = f"""
US-1 AC-1 The scenario is played
    [Tags]    us-1    fr-001    sc-001
    {QUICK % ("12", "12")}
"""


def robot(folder: Path, tests: str, *, settings: str = "", own_process: bool = False, **options) -> Path:
    """Runs the tests, in a process of its own where signals or the command line matter, and returns the output.xml."""
    suite = folder / "suites" / "small.robot"
    suite.parent.mkdir(parents=True, exist_ok=True)
    suite.write_text(f"*** Settings ***\nName    US-1 A story\n{settings}\n*** Test Cases ***{tests}", encoding="utf-8")
    if own_process:
        given = [f"--{name}={value}" for name, value in options.items()]
        command = [sys.executable, "-m", "robot", "--outputdir", str(folder), "--console=none", *given]
        subprocess.run([*command, str(suite.parent)], check=False, capture_output=True)
        return folder / "output.xml"
    run_robot(str(suite.parent), outputdir=str(folder), stdout=sys.__stderr__, console="none", **options)
    return folder / "output.xml"


def joined(folder: Path, tests: str, specification: Specification = TWO_IDS, **options) -> traceability.Matrix:
    """Runs the tests and joins them with the specification."""
    return traceability.join(read(robot(folder, tests, **options)), specification)


def evidence(folder: Path, files: int = 3, *, twice: bool = False) -> str:
    """Evidence of a world with so many files, all done after a stop and a restart; returns a step that links it."""
    place = folder / "evidence" / "a_test" / "the_source"
    place.mkdir(parents=True, exist_ok=True)
    names = [f"folder {n % 7}/file-{n:05d}.csv" for n in range(files)]
    keys = [f"lake/{name}.parquet" for name in names]

    def at(tenths: float) -> str:
        seconds, rest = divmod(tenths * 100, 1000)
        return f"2026-01-01T00:{int(seconds) // 60:02d}:{int(seconds) % 60:02d}.{int(rest):03d}Z"

    entries = [
        {
            "path": name, "place": f"done/{name}", "kind": "regular", "format": "csv", "size": 9, "sha256": "0" * 64,
            "state": "done", "attempts": 1, "discovered_at": at(1), "started_at": at(2 + n / 100),
            "finished_at": at(4 + n / 100), "objects": [{"key": keys[n], "rows": 1, "size": 5, "etag": "e"}],
            "error_code": None, "error_message": None,
        }
        for n, name in enumerate(names)
    ]  # fmt: skip
    uploads = list(enumerate(keys)) + ([(0, keys[0])] if twice else [])
    exchanges = [
        {"number": n + 1, "time": at(3 + n / 100), "method": "PUT", "act": "PutObject", "key": key, "upload": n + 1,
         "fate": "passed", "status": 200}
        for n, key in uploads
    ]  # fmt: skip
    deeds = [
        {"time": at(0), "deed": "started", "detail": "run", "file": "01-run.stderr.log"},
        {"time": at(3), "deed": "signal", "detail": "SIGTERM", "file": "01-run.stderr.log"},
        {"time": at(4), "deed": "ended", "detail": "exit code 143", "file": "01-run.stderr.log"},
        {"time": at(5), "deed": "server away", "detail": "frozen", "file": ""},
        {"time": at(7), "deed": "server back", "detail": "thawed", "file": ""},
        {"time": at(6), "deed": "fault", "detail": "state damaged: truncated", "file": ""},
        {"time": at(7), "deed": "started", "detail": "run", "file": "02-run.stderr.log"},
        {"time": at(8 + files / 100), "deed": "ended", "detail": "exit code 0", "file": "02-run.stderr.log"},
    ]
    truth = [
        {"path": name, "kind": "regular", "format": "csv", "size": 9, "sha256": "0" * 64, "state": "done", "codes": [],
         "keys": [key]}
        for name, key in zip(names, keys, strict=True)
    ]  # fmt: skip
    _lines(place / "gate.jsonl", exchanges)
    _lines(place / "timeline.jsonl", deeds)
    documents = {
        "truth.json": truth,
        "status.json": {"counts": {}, "files": entries},
        "folders.json": {f"done/{name}": {} for name in names},
        "bucket.json": [{"key": key} for key in keys],
        "differences.json": [{"where": keys[0], "expected": "exactly one version", "seen": "2"}] if twice else [],
    }
    for name, content in documents.items():
        (place / name).write_text(json.dumps(content), encoding="utf-8")
    return "Log    <a href='evidence/a_test/the_source/gate.jsonl'>gate.jsonl</a>    html=True"


def _lines(file: Path, entries: list[dict]) -> None:
    file.write_text("".join(f"{json.dumps(entry)}\n" for entry in entries), encoding="utf-8")
