"""What an earlier report says of cases that were not measured since, so that another checkout need not lose it."""

from __future__ import annotations

import re


class Earlier:
    """A report as it stands.

    Args:
        text: What `make bench` has written; may be empty.
        kind: The machine that measures now; what another one has measured is kept with its name.
    """

    def __init__(self, text: str, kind: str) -> None:
        self._sections = text.split("\n## ")[1:]
        machine = re.search(r"^Machine: (.*)\.", text, re.MULTILINE)
        self._other = f", {machine[1]}." if machine and machine[1] != kind else "."

    def goals(self, title: str) -> list[str]:
        """The rows of the table of goals about the case of this title."""
        return self._rows("Goals\n", f"| {title} | ")

    def section(self, name: str) -> list[str]:
        """The lines of a case, from its heading on; empty where it was not measured."""
        found = next((each for each in self._sections if re.search(rf"^`{re.escape(name)}`: ", each, re.MULTILINE)), "")
        lines = f"## {found}".rstrip().split("\n") if found else []
        return [re.sub(r"(?<= rounds on \d{4}-\d\d-\d\d)\.$", lambda _: self._other, line) for line in lines]

    def growth(self, title: str, name: str) -> list[str]:
        """The row that tells how cost grows from the case of this title to the case `name`."""
        return self._rows("How cost grows\n", f"| {title} → `{name}` | ")

    def _rows(self, heading: str, start: str) -> list[str]:
        table = next((each for each in self._sections if each.startswith(heading)), "")
        return [line for line in table.split("\n") if line.startswith(start)]
