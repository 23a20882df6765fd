"""What was measured, kept between calls, so that cases can be measured one by one and told of together."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from bench.measure import Sample
from bench.ways import OWN


@dataclass
class Measured:
    """One case's samples, by contender and in rounds.

    Attributes:
        size: Bytes or files.
        day: When, ISO 8601.
        rounds: In each the contenders that went in it, one after another.
        missing: Contenders that could not do it, with the reason.
    """

    size: int
    day: str
    rounds: list[dict[str, Sample]] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)

    def samples(self, name: str) -> list[Sample]:
        """All samples of a contender."""
        return [each[name] for each in self.rounds if name in each]

    def middle(self, name: str, measure: str) -> float:
        """The median of `wall`, `cpu`, `server` or `others`; of `peak` the most."""
        values = [getattr(sample, measure) for sample in self.samples(name)]
        return max(values) if measure == "peak" else median(values)

    def ratio(self, peer: str, measure: str = "wall") -> float | None:
        """The migrator's figure by the peer's: the median over the rounds in which both went."""
        ratios = [own / theirs for own, theirs in self._pairs(peer, measure)]
        return median(ratios) if ratios else None

    def excess(self, peer: str, measure: str) -> float | None:
        """By how much the migrator's figure is above the peer's, in the same way."""
        excesses = [own - theirs for own, theirs in self._pairs(peer, measure)]
        return median(excesses) if excesses else None

    def _pairs(self, peer: str, measure: str) -> list[tuple[float, float]]:
        both = [(each[OWN], each[peer]) for each in self.rounds if OWN in each and peer in each]
        return [(getattr(own, measure), getattr(theirs, measure)) for own, theirs in both]


class Book:
    """All that was measured at one scale.

    Args:
        path: Where it is kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._cases: dict[str, Measured] = {}
        if path.exists():
            for name, told in json.loads(path.read_text(encoding="utf-8")).items():
                told["rounds"] = [{way: _sample(each) for way, each in one.items()} for one in told["rounds"]]
                self._cases[name] = Measured(**told)

    def __getitem__(self, name: str) -> Measured:
        return self._cases[name]

    def __contains__(self, name: object) -> bool:
        return name in self._cases

    def __iter__(self) -> Iterator[str]:
        return iter(self._cases)

    def enter(self, name: str, measured: Measured) -> None:
        """Keep a case in place of what was known of it."""
        self._cases[name] = measured
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({name: asdict(each) for name, each in self._cases.items()}, indent=1)
        self._path.write_text(text, encoding="utf-8")


def _sample(told: dict[str, object]) -> Sample:
    return Sample(**{**told, "load": tuple(told["load"])})  # type: ignore[arg-type] # written by `enter`
