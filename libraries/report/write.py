"""Writes persistence.html, traceability.json and traceability.csv beside a run's output.xml."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from robot.errors import DataError

from harness import proof_links
from report import machine, page, results, traceability
from report.repair import repaired
from report.results import Run
from report.specification import specification
from report.traceability import Matrix
from report.trend import earlier_runs

PAGE = "persistence.html"
JSON = "traceability.json"
CSV = "traceability.csv"
MENDED = "output-mended.xml"
_MOST_GAPS = 15
_REBOT_FAILED = 251


class UnreadableOutput(Exception):
    """There is no output.xml, or it was cut off."""


@dataclass(frozen=True)
class Written:
    """What was written, and what it says."""

    matrix: Matrix
    page: Path

    def lines(self) -> Iterator[str]:
        """The verdict and every gap, for a terminal."""
        yield self.matrix.sentence
        for gap in self.matrix.gaps[:_MOST_GAPS]:
            yield f"  {gap}"
        if len(self.matrix.gaps) > _MOST_GAPS:
            yield f"  … and {len(self.matrix.gaps) - _MOST_GAPS} more, all of them in {self.page}"


def write(output: Path, history: Path | None = None) -> Written:
    """Reads a run and writes its page and its matrix.

    Args:
        output: Robot's output.xml; the evidence lies beside it.
        history: A folder of earlier traceability.json files.

    Raises:
        UnreadableOutput: It cannot be read.
    """
    run = _read(output)
    matrix = traceability.join(run, specification())
    earlier = earlier_runs(history) if history and history.is_dir() else []
    folder = output.parent
    html = page.render(matrix, page.worlds_of(run.tests, folder), earlier)
    (folder / PAGE).write_text(html, encoding="utf-8", errors="backslashreplace")
    (folder / JSON).write_text(machine.as_json(matrix), encoding="utf-8")
    (folder / CSV).write_text(machine.as_csv(matrix), encoding="utf-8", errors="backslashreplace")
    return Written(matrix, folder / PAGE)


def _read(output: Path) -> Run:
    try:
        return results.read(output)
    except DataError as error:
        try:
            whole = repaired(output.read_bytes())
        except (OSError, ValueError):
            raise UnreadableOutput(f"The run's results cannot be read: {error}") from error
    mended = output.with_name(MENDED)
    mended.write_bytes(whole)
    # Robot had no time to write its own pages, which ours link.
    command = [sys.executable, "-m", "robot.rebot", *proof_links.OPTIONS, "--outputdir", str(output.parent)]
    ended = subprocess.run([*command, str(mended)], capture_output=True, text=True, check=False)
    if ended.returncode >= _REBOT_FAILED:
        raise UnreadableOutput(f"Robot's own pages cannot be made from {mended}: {ended.stderr.strip()}")
    return results.read(mended, "as Robot was killed")
