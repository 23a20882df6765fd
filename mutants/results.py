"""The table of mutants: each with its last trial, those that nobody caught first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from mutants.trial import Trial, Verdict

FILE = Path(__file__).resolve().parent / "RESULTS.md"
_LONGEST_MESSAGE = 240
_HEAD = ("mutant", "what a user would lose", "caught by", "its message", "seconds")
# What was random, or of one machine: no two tables would otherwise have a row in common.
_PASSING = (
    (re.compile(r"env PYTHONPATH=\S+ \S+ -m migrator (\w+)[^']*"), r"migrator \1 …"),
    (re.compile(r"/\S*?s3-acceptance-[0-9a-f]+/[0-9a-f]+/"), "…/"),
    (re.compile(r"/\S*?mutant-[0-9]+-\w+/"), "…/"),
    (re.compile(r"s3-acceptance-[0-9a-f]+-[0-9a-f]+"), "BUCKET"),
    (re.compile(r"\d\S+Z (?=info |warning |error )"), ""),
)
_ORDER = {Verdict.SURVIVED: 0, Verdict.BROKEN: 1, Verdict.CAUGHT: 2}

Row = tuple[str, ...]


def write(trials: Sequence[Trial], known: Iterable[str], seconds: float, file: Path = FILE) -> None:
    """Write the table; rows of mutants that were not tried now stay as they were.

    Args:
        trials: What was tried now.
        known: The names of all mutants there are; rows of others go.
        seconds: Wall time of it all.
        file: Where it goes.
    """
    rows = {row[0]: row for row in read(file) if row[0] in set(known)}
    rows |= {trial.mutant.name: _row(trial) for trial in trials}
    caught = sum(not row[2].startswith("**") for row in rows.values())
    lines = [
        "# Mutants and the tests that caught them",
        "",
        "Written by `make mutants`, never by hand. Each row is a mutant's last trial; survivors come first.",
        "",
        f"{caught} of {len(rows)} caught. The last call tried {len(trials)} in {seconds:.0f} s.",
        "",
        _line(_HEAD),
        _line("---" for _ in _HEAD),
        *(_line(row) for row in sorted(rows.values(), key=lambda row: (not row[2].startswith("**"), row[0]))),
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read(file: Path) -> list[Row]:
    """The rows of a table that `write` made; none where there is no file."""
    if not file.is_file():
        return []
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    rows = [tuple(line[2:-2].split(" | ")) for line in lines[2:]]
    return [row for row in rows if len(row) == len(_HEAD)]


def in_order(trials: Iterable[Trial]) -> list[Trial]:
    """Survivors first, then those that could not be tried, then the others by name."""
    return sorted(trials, key=lambda trial: (_ORDER[trial.verdict], trial.mutant.name))


def shortened(text: str) -> str:
    """A message on one line, without what holds for one trial alone, its end cut where it is long."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    for pattern, shown in _PASSING:
        line = pattern.sub(shown, line)
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[:_LONGEST_MESSAGE]} …"


def _row(trial: Trial) -> Row:
    by = trial.test if trial.verdict is Verdict.CAUGHT else f"**{trial.verdict}**"
    told = (trial.mutant.name, trial.mutant.lost, by, shortened(trial.message), f"{trial.seconds:.0f}")
    return tuple(map(_cell, told))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
