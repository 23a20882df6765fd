"""How a `Should` keyword speaks: one table in the log, the whole of it in the evidence, one sentence on failure."""

from collections.abc import Iterable
from itertools import count

from robot.api import logger

from harness.books import Difference
from harness.tables import Row, save_page, to_html
from harness.world import World


def judge(world: World, title: str, rows: Iterable[Row]) -> None:
    """Log the rows as evidence and fail if one is wrong.

    Args:
        world: Whose evidence it is.
        title: What was looked at; it names the evidence file too.
        rows: What was expected and seen.

    Raises:
        AssertionError: A row is wrong; the message names the first and counts the rest.
    """
    table = list(rows)
    name = next(name for n in count(1) if not (world.evidence / (name := f"{n:02d}-{_file_name(title)}.html")).exists())
    save_page(table, f"{title} ({world.name})", world.evidence / name)
    link = f'<a href="{world.evidence_link}/{name}">{len(table)} rows</a>'
    logger.info(f"<b>{title}</b>: {link}{to_html(table)}", html=True)
    wrong = [row for row in table if not row.right]
    if wrong:
        rest = f" ({len(wrong) - 1} more differences: {name})" if len(wrong) > 1 else ""
        raise AssertionError(f"{wrong[0].sentence()}{rest}.")


def show(title: str, rows: Iterable[Row]) -> None:
    """Log a table for a keyword that is about no world, and that says itself what is wrong.

    Args:
        title: What was looked at.
        rows: What was expected and seen.
    """
    logger.info(f"<b>{title}</b>{to_html(list(rows))}", html=True)


def hold(title: str, rows: Iterable[Row]) -> None:
    """Log a table for a keyword that is about no world, and fail if a row is wrong.

    Args:
        title: What was looked at.
        rows: What was expected and seen.

    Raises:
        AssertionError: A row is wrong; the message names the first.
    """
    table = list(rows)
    show(title, table)
    for row in table:
        if not row.right:
            raise AssertionError(f"{row.sentence()}.")


def rows_of(subjects: Iterable[str], expected: str, differences: Iterable[Difference]) -> list[Row]:
    """A row for each difference, and one for each subject that has none."""
    wrong = [Row(each.where, each.expected, each.seen, right=False) for each in differences]
    differing = {row.subject for row in wrong}
    return wrong + [Row(each, expected, "so", right=True) for each in subjects if each not in differing]


def _file_name(title: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in title.lower())
