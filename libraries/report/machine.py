"""The matrix for machines: traceability.json and traceability.csv."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from report.traceability import Entry, Matrix, Verdict
from report.trend import SCHEMA

COLUMNS = ("id", "kind", "claim", "verdict", "tests", "figure", "limit")


def as_json(matrix: Matrix) -> str:
    """Everything that the matrix says; `schema` changes when a reader would have to."""
    run = matrix.run
    document = {
        "schema": SCHEMA,
        "sentence": matrix.sentence,
        "exit_code": int(matrix.exit_code),
        "started": run.started.isoformat() if run.started else None,
        "seconds": round(run.seconds, 3),
        "counts": {
            "passed": matrix.counted("PASS"),
            "failed": matrix.counted("FAIL"),
            "skipped": matrix.counted("SKIP"),
            "proved": len(matrix.ids(Verdict.PROVED)),
            "ids": len(matrix.entries),
        },
        "tested": run.facts,
        "gaps": list(matrix.gaps),
        "interrupted": run.interrupted,
        "left_out": [test.name for test in matrix.left_out],
        "ids": [_entry(entry) for entry in matrix.entries],
        "tests": [
            {
                "name": test.name,
                "suite": test.suite,
                "status": test.status,
                "seconds": round(test.seconds, 3),
                "tags": sorted(test.tags),
                "environment_failed": test.environment_failed,
                "message": test.message,
                "link": test.link,
            }
            for test in run.tests
        ],
    }
    return json.dumps(document, indent=1) + "\n"


def as_csv(matrix: Matrix) -> str:
    """A line for each id; tests are separated by line breaks within their field."""
    told = io.StringIO()
    writer = csv.writer(told)
    writer.writerow(COLUMNS)
    for entry in matrix.entries:
        line = _entry(entry)
        tests = "\n".join(f"{test['status']} {test['name']}" for test in line["tests"])
        figure = entry.figure.shown if entry.figure else ""
        writer.writerow(
            [line["id"], line["kind"], line["claim"], line["verdict"], tests, figure, str(entry.claim.limit or "")]
        )
    return told.getvalue()


def _entry(entry: Entry) -> dict[str, Any]:
    limit = entry.claim.limit
    told: dict[str, Any] = {
        "id": entry.claim.id,
        "kind": entry.claim.kind.value,
        "claim": entry.claim.text,
        "verdict": entry.verdict.value,
        "tests": [{"name": test.name, "status": test.status, "link": test.link} for test in entry.tests],
    }
    if limit:
        told["limit"] = {
            "title": limit.title,
            "must_be": limit.must_be.value,
            "value": limit.value,
            "unit": limit.unit,
        }
        told["figure"] = entry.figure.value if entry.figure else None
        told["measured"] = entry.measured
    return told
