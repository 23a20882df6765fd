"""What random archives are planned of: members, what must become of them, and chances."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

UNSAFE, CORRUPT, EMPTY = "unsafe-archive", "corrupt-archive", "empty-file"
UNSUPPORTED, ENCRYPTED, NAME, TAKEN = "unsupported-format", "encrypted-archive", "unsupported-name", "name-taken"
LIMIT = 400_000
"""The unpack limit: only members of zeros go beyond it, and those at a bomb's ratio."""

_STAND_IN, UTF8, NOT_UTF8 = "QQ", "\u00eb", "\udcff\udcfe"
"""Two bytes each, so that one can be put where another was."""


@dataclass
class Outcome:
    """What must become of a source.

    Attributes:
        objects: Key → rows and `source-path`, where nothing is to be refused.
        reasons: Every reason code that applies.
    """

    objects: dict[str, tuple[int, str]] = field(default_factory=dict)
    reasons: set[str] = field(default_factory=set)

    def add(self, other: "Outcome") -> None:
        """What a member gives is given by its archive."""
        if self.objects.keys() & other.objects.keys():
            self.reasons.add(TAKEN)
        self.objects |= other.objects
        self.reasons |= other.reasons


@dataclass
class Made:
    """The bytes of a file or member, and what becomes of them at a key and path."""

    data: bytes
    outcome: Callable[[str, str, int], Outcome]


class Dice(random.Random):
    """Chances."""

    def one_in(self, count: int) -> bool:
        """Whether a rare thing happens."""
        return self.randrange(count) == 0


@dataclass
class Member:
    """One entry: its path, what it is, its bytes, and what is wrong with it by itself."""

    path: str
    kind: str
    made: Made
    reasons: set[str]
    hidden: bool = False

    @property
    def written(self) -> str:
        """The path as an archive is given it, for odd bytes to be put in."""
        return self.path.replace(NOT_UTF8, _STAND_IN).replace(UTF8, _STAND_IN)
