"""A part of a whole, as the success criteria count it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """So many of so many.

    Attributes:
        part: How many.
        whole: Of how many.
    """

    part: int
    whole: int

    @property
    def percent(self) -> float:
        """From 0 to 100; a part of nothing is 0, so that nothing is never all."""
        return 100 * self.part / self.whole if self.whole else 0.0

    def __str__(self) -> str:
        return f"{self.percent:.1f}".removesuffix(".0") + f" % ({self.part} of {self.whole})"
