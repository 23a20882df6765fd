"""`python libraries/report OUTPUT.XML [--history FOLDER]`: writes the page and the matrix beside output.xml.

Ends with the exit code of `make acceptance` for that run: 0 proved, 1 a scenario failed, 3 the environment is broken,
4 the specification is not covered; 2 where output.xml cannot be read.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

if __package__ in {None, ""}:
    # Started by its path: what it imports lies beside it.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from report.write import UnreadableOutput, write

UNREADABLE = 2


def main(arguments: list[str]) -> int:
    """Writes the pages and returns the exit code."""
    parser = argparse.ArgumentParser(prog="report", description="Writes the page and the traceability matrix of a run.")
    parser.add_argument("output", type=Path, help="Robot's output.xml")
    parser.add_argument("--history", type=Path, help="a folder of earlier traceability.json files, for the trend")
    given = parser.parse_args(arguments)
    try:
        written = write(given.output, given.history)
    except UnreadableOutput as error:
        sys.stderr.write(f"{error}\n")
        return UNREADABLE
    for line in written.lines():
        sys.stderr.write(f"{line}\n")
    return int(written.matrix.exit_code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
