"""What several runs over one source must have in common: exit codes of signals, uploads counted over all of them."""

import signal
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from pathlib import Path

from harness.books import Difference
from harness.exchange import Exchange
from harness.folders import look
from harness.process import Finished
from harness.tables import Row
from harness.world import World

_LOOK_AGAIN = 0.01
_OK = 200
_ENDED = ("State:\tZ", "State:\tX")
_PENDING = ("SigPnd:", "ShdPnd:")


class SignalError(AssertionError):
    """A process did not take a signal in time."""


def stop_row(run: str, told: signal.Signals, finished: Finished) -> Row:
    """A run that was told to stop, beside the exit status that this signal asks for."""
    expected = 128 + told
    right = finished.signal is None and finished.exit_code == expected
    return Row(run, f"exit code {expected}, as {told.name} stopped it", finished.how_it_ended(), right)


def upload_rows(uploads: Iterable[Exchange], expected: Collection[str]) -> list[Row]:
    """How often the server took each key, as far as the migrator could know: an expected one at most once.

    What was on its way when its run was stopped may have come to the server all the same, and is adopted; the books
    tell whether it is there.
    """
    taken = Counter(each.key for each in uploads if each.status == _OK)
    rows = [
        Row(key, "at most 1 upload that was answered", str(taken[key]), taken[key] <= 1) for key in sorted(expected)
    ]
    others = sorted(taken.keys() - set(expected))
    return rows + [Row(key, "no upload, as no file has this key", str(taken[key]), right=False) for key in others]


def changes(world: World) -> Iterator[Difference]:
    """What differs from the remembered moment in state, folders and bucket, and what was sent there since."""
    before = world.remembered
    after = world.status()
    was, now = ({(file.path, file.place): file for file in status.files} for status in (before.status, after))
    for path, place in was.keys() | now.keys():
        if was.get((path, place)) != now.get((path, place)):
            seen, expected = now.get((path, place)), was.get((path, place))
            yield Difference(path, f"the entry {expected} as it was", f"{seen}")
    yield from moved(world)
    for each in world.gate.exchanges[before.exchanges :]:
        if each.act.brings_data:
            yield Difference(each.key, "nothing sent to the bucket", str(each.act))


def moved(world: World) -> Iterator[Difference]:
    """What differs from the remembered moment in folders and bucket, whatever the state says."""
    before = world.remembered
    folders = look(world.source)
    for place in sorted(before.folders.keys() | folders.keys()):
        if before.folders.get(place) != folders.get(place):
            yield Difference(place, "the file as it was", "another one, or none, or a new one")
    if before.versions != (versions := tuple(world.bucket.versions())):
        yield Difference("the bucket", f"the same {len(before.versions)} versions", f"{len(versions)}, or others")


def wait_until_taken(pid: int, told: signal.Signals, within: timedelta) -> None:
    """Wait until the system has handed a signal to a process; where it does not tell (no /proc), that is at once.

    Raises:
        SignalError: It did not in time.
    """
    deadline = time.monotonic() + within.total_seconds()
    while _is_pending(pid, told):
        if time.monotonic() > deadline:
            raise SignalError(f"Expected process {pid} to take {told.name} within {within.total_seconds():g} s.")
        time.sleep(_LOOK_AGAIN)


def _is_pending(pid: int, told: signal.Signals) -> bool:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return False
    if any(line.startswith(_ENDED) for line in lines):
        return False
    masks = [int(line.split()[1], 16) for line in lines if line.startswith(_PENDING)]
    return any(mask >> (told - 1) & 1 for mask in masks)
