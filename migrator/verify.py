"""The command `verify`: folder, state and bucket held against each other, read only."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from migrator import state_schema
from migrator.errors import ExitCode, StateUnusable
from migrator.options import Options
from migrator.printable import for_stdout
from migrator.printout import Printout
from migrator.progress import Progress, is_live
from migrator.state_copy import StateCopy, copied, empty
from migrator.state_errors import StateUnreadable
from migrator.target import Target, TargetSettings
from migrator.tree import SourceTree
from migrator.verify_differences import OPEN, Difference, Known, differences
from migrator.verify_pending import PendingObjects
from migrator.verify_tables import Bucket

_PHASES = ("objects in the bucket", "places of files", "bytes of files")
"""What the entries of a state are gone through for, one after another."""


def verify(given: Options) -> int:
    """Print every difference.

    Returns:
        0 where there is none, else 3.

    Raises:
        Blocked: State, folder or target cannot be read.
    """
    count = 0
    with Printout() as out:
        with _known(given.state) as known, Progress(live=is_live(given.log_format)) as progress:
            for count, each in enumerate(_found(given, known, progress), 1):
                if given.json:
                    out.write(f"{',' if count > 1 else ''}\n{json.dumps(asdict(each))}")
                else:
                    shown = for_stdout(each.path if each.path is not None else each.key or "")
                    out.write(f"{each.difference.value:<14} {shown}: {for_stdout(each.detail)}\n")
        if given.json:
            out.print('{"differences": [', "]}\n")
        else:
            out.print("", f"{count} differences between folder, state and bucket\n")
    return ExitCode.FAILED_FILES if count else ExitCode.DONE


def _found(given: Options, known: StateCopy, progress: Progress) -> Iterator[Difference]:
    tree = SourceTree(given.source, given.state)
    # Nothing is staged here, so the scratch folder is never written.
    target = Target(given.address, TargetSettings(given.source, given.endpoint_url, given.retry_for))
    progress.begin("listing the bucket")
    bucket = Bucket(progress.counted(target.listing(given.address.under)))

    def waits(path: str) -> bool:
        state = known.state_at(path)
        return state in OPEN if state is not None else tree.waits(path)

    known.index_intents()
    pending = PendingObjects(target, given.address.prefix, waits, tree.sha256, known.intents)
    files = sum(known.counts().values())

    phases = iter(_PHASES)

    def entries() -> Iterator[Known]:
        progress.begin(next(phases), files)
        return progress.counted(known.entries())

    return differences(entries, bucket, tree, pending)


@contextmanager
def _known(path: Path) -> Iterator[StateCopy]:
    with ExitStack() as open_copies:
        try:
            known = open_copies.enter_context(copied(path) if state_schema.exists(path) else empty())
        except StateUnreadable as error:
            raise StateUnusable(f"the state {path} cannot be used: {error}; `recover` rebuilds it") from error
        yield known
