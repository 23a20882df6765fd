"""The command `status`: every file with its state, read only."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from migrator import state_schema
from migrator.entries import Entry
from migrator.errors import Blocked, StateUnusable
from migrator.logs import log
from migrator.options import Options
from migrator.printable import for_stdout
from migrator.state_copy import IN_MEMORY, ON_DISK, StateCopy, copied, empty
from migrator.state_errors import StateUnreadable
from migrator.status_folders import arrivals, put_away_files

MOST_FILES = 500
"""Of more files than these not each is printed as text."""
MOST_FAILURES = 20
"""So many of the failed ones are printed then."""


def status(given: Options) -> int:
    """Print every file with its state; as text no more than some hundreds of them, and of more what matters.

    Returns:
        0.
    """
    with ExitStack() as stack:
        try:
            known = stack.enter_context(_known(given, ON_DISK))
        except Blocked as error:
            log.warning("%s; it takes memory instead", error)
            known = stack.enter_context(_known(given, IN_MEMORY))
        for text in _as_json(known) if given.json else _as_text(known):
            sys.stdout.write(text)
    sys.stdout.flush()
    return 0


@contextmanager
def _known(given: Options, where: str) -> Iterator[StateCopy]:
    """What the state tells, and what no run has entered yet; where there is none, what the folders tell."""
    with ExitStack() as open_copies:
        known = None
        if state_schema.exists(given.state):
            try:
                known = open_copies.enter_context(copied(given.state, where))
            except (StateUnreadable, StateUnusable) as error:
                log.warning("the state %s cannot be used: %s; this is what the folders tell", given.state, error)
        if known is None:
            known = open_copies.enter_context(empty(where))
            known.add(put_away_files(given.source))
        known.add(arrivals(given, known.waiting()))
        yield known


def _as_json(known: StateCopy) -> Iterator[str]:
    counts = _counts(known)
    yield f'{{"counts": {json.dumps(counts)}, "files": ['
    separator = "\n"
    for entry, objects in known.entries():
        yield f"{separator}{json.dumps(entry.as_json(objects))}"
        separator = ",\n"
    yield "]}\n"


def _as_text(known: StateCopy) -> Iterator[str]:
    counts = _counts(known)
    few = counts["total"] <= MOST_FILES
    shown = [entry for entry, _ in known.entries()] if few else known.failures(MOST_FAILURES)
    yield from map(_line, shown)
    yield ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items()) + "\n"
    if not few:
        failed = counts["failed"] - len(shown)
        among = f" ({failed} of them failed)" if failed else ""
        yield f"{counts['total'] - len(shown)} files are not shown{among}; --json tells of each\n"


def _counts(known: StateCopy) -> dict[str, int]:
    counts = {state.value: count for state, count in known.counts().items()}
    return counts | {"total": sum(counts.values())}


def _line(entry: Entry) -> str:
    error = f"  {entry.error_code}: {entry.error_message}" if entry.error_code else ""
    return f"{entry.state.value:<12} {for_stdout(entry.path + error)}\n"
