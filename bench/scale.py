"""`python -m bench.scale [--measure]`: writes docs/scale.md and its plot from bench/RESULTS.md.

With `--measure` small files are migrated here with 1, 2 and 4 workers first, and the model is held against them; what
was measured is kept in results/ and told again by the next call.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench import machine, scale_page, scale_plot
from bench.results import costs
from bench.scale_trial import Trial, kept, measured

_ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Write page and plot."""
    parser = argparse.ArgumentParser(prog="bench.scale", description=__doc__)
    parser.add_argument("--measure", action="store_true", help="measure 1, 2 and 4 workers first")
    parser.add_argument("--files", type=int, default=2000, help="how many files are measured with")
    asked = parser.parse_args()
    results = (_ROOT / "bench" / "RESULTS.md").read_text(encoding="utf-8")
    where = _ROOT / "results" / "scale.json"
    trial: Trial | None = measured(asked.files, where) if asked.measure else kept(where)
    if trial is None:
        sys.stderr.write("Nothing was measured here yet; call it with --measure on a quiet machine\n")
        return 1
    found = costs(results, trial.coordinator)
    scale_plot.draw(found, _ROOT / "docs" / "scale.png")
    kind = machine.kind()
    page = scale_page.written(found, trial, kind, same=f"Machine: {kind}." in results)
    (_ROOT / "docs" / "scale.md").write_text(page, encoding="utf-8")
    sys.stderr.write("Written: docs/scale.md, docs/scale.png\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
