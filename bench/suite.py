"""The suite itself as what is measured: a run of its scenarios, or an environment, each from start to end."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

from bench import measure
from bench.measure import Failed, Sample
from bench.ways import RUNS, SUITE
from harness.prepare import prepare

_ROOT = Path(__file__).resolve().parents[1]
_PROOF = _ROOT / "results" / "traceability.json"
# What is measured is the built-in migrator, with as many processes and as little patience as by default.
_ASKED_FOR = ("MIGRATOR", "PROCESSES", "PATIENCE", "HISTORY", "PYTHONPATH")


def make_ready() -> None:
    """See to engine and image, which are to be at hand."""
    prepare(os.environ.get("S3_SERVER") or None, os.environ.get("S3_IMAGE") or None)


def run(act: str, log: Path) -> Sample:
    """Carry out one of `ways.SUITE`.

    Args:
        act: Its name.
        log: Where its output goes.

    Raises:
        Failed: It is not green: then its time says nothing.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in _ASKED_FOR}
    paths = os.pathsep.join(map(str, (_ROOT / "libraries", _ROOT)))
    sample = measure.run([sys.executable, "-m", *SUITE[act]], {**inherited, "PYTHONPATH": paths}, log, lambda: 0.0, 0)
    return replace(sample, passed=_passed()) if act in RUNS else sample


def _passed() -> int:
    """How many scenarios of the last run passed."""
    counts = json.loads(_PROOF.read_text(encoding="utf-8"))["counts"]
    if not counts["passed"]:
        raise Failed("no scenario passed")
    return int(counts["passed"])
