"""Which file comes next: in the order of arrival, but never more big ones at once than memory allows."""

from collections import deque
from collections.abc import Callable

from migrator.entries import Entry
from migrator.names import Kind, kind_of
from migrator.state import State

MIB = 1 << 20
_CHUNK = 512
BUDGET = 96 * MIB
"""The bytes that the files of one process may keep busy."""
# What an archive's members take is unknown; compressed text is some ten times as long unpacked.
_ARCHIVE_FACTOR = 10


class Feed:
    """The pending files of a state, each given once.

    Files are weighed by the bytes that they keep busy. A file that weighs more than what is left waits until others
    have ended, and lighter ones overtake it; one file is always let through.

    Args:
        state: The durable state.
        budget: How many bytes may be busy now.
    """

    def __init__(self, state: State, budget: Callable[[], int] = lambda: BUDGET) -> None:
        self._state = state
        self._budget = budget
        self._last = 0
        self._next: deque[Entry] = deque()
        self._heavy: deque[Entry] = deque()
        self._read_all = False
        self._busy: dict[int, int] = {}
        self._weight = 0

    def take(self, count: int) -> list[Entry]:
        """At most `count` files that may begin now."""
        taken: list[Entry] = []
        while len(taken) < count:
            entry = self._admitted()
            if entry is None:
                break
            self._busy[entry.id] = weight(entry)
            self._weight += self._busy[entry.id]
            taken.append(entry)
        return taken

    def ended(self, entry_id: int) -> None:
        """The file keeps nothing busy any more."""
        self._weight -= self._busy.pop(entry_id, 0)

    def _admitted(self) -> Entry | None:
        left = self._budget() - self._weight
        if self._heavy and (not self._busy or weight(self._heavy[0]) <= left):
            return self._heavy.popleft()
        while self._fill():
            entry = self._next.popleft()
            if not self._busy or weight(entry) <= left:
                return entry
            self._heavy.append(entry)
            if len(self._heavy) >= _CHUNK:
                break
        return None

    def _fill(self) -> bool:
        if not self._next and not self._read_all:
            if len(self._heavy) >= _CHUNK:
                return False
            self._next.extend(self._state.pending(self._last, _CHUNK))
            self._read_all = not self._next
            self._last = self._next[-1].id if self._next else self._last
        return bool(self._next)


def weight(entry: Entry) -> int:
    """Bytes that a file keeps busy while it is converted."""
    factor = _ARCHIVE_FACTOR if kind_of(entry.format) is Kind.ARCHIVE else 1
    return min(entry.size * factor, BUDGET)
