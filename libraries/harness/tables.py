"""Evidence as tables: what was expected, what was seen, whether that is right; short for the log, whole as a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

MOST_ROWS = 25

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>:root{{color-scheme:light dark}}body{{font:14px system-ui,sans-serif;margin:2em}}
table{{border-collapse:collapse}}td,th{{border:1px solid #8888;padding:.2em .6em;text-align:left;vertical-align:top}}
.wrong{{color:#c62828;font-weight:bold}}</style></head><body><h1>{title}</h1>{table}</body></html>
"""


@dataclass(frozen=True)
class Row:
    """One thing that was looked at.

    Attributes:
        subject: What it is: a path, a key, a figure.
        expected: What the truth says.
        seen: What is there.
        right: Whether that will do.
    """

    subject: str
    expected: str
    seen: str
    right: bool

    def sentence(self) -> str:
        """Expected, seen, where, as it can be pasted into a ticket."""
        return f"Expected {self.expected}, seen {self.seen}, at {_printable(self.subject)}"


def to_html(rows: Sequence[Row], most: int = MOST_ROWS) -> str:
    """A compact table, what is wrong first; `most` rows at the most, the rest counted."""
    ordered = sorted(rows, key=lambda row: row.right)
    wrong = sum(not row.right for row in rows)
    head = f"<p>{len(rows) - wrong} right, {wrong} wrong</p><table><tr><th>what<th>expected<th>seen<th>verdict</tr>"
    body = "".join(_row(row) for row in ordered[:most])
    rest = f'<tr><td colspan="4">… and {len(rows) - most} more</tr>' if len(rows) > most else ""
    return f"{head}{body}{rest}</table>"


def save_page(rows: Sequence[Row], title: str, file: Path) -> None:
    """The whole table as a page of its own."""
    page = _PAGE.format(title=escape(title), table=to_html(rows, most=len(rows)))
    file.write_text(page, encoding="utf-8", errors="backslashreplace")


def _row(row: Row) -> str:
    cells = "".join(f"<td>{escape(_printable(text))}" for text in (row.subject, row.expected, row.seen))
    return f'<tr>{cells}<td class="{"right" if row.right else "wrong"}">{"right" if row.right else "wrong"}</tr>'


def _printable(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()
