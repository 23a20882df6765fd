"""The specification as data: ids with a claim each, and the limits of figures (resources/specification.yaml)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).resolve().parents[2] / "resources" / "specification.yaml"
SCENARIO_NAME = re.compile(r"US-\d+ AC-\d+(?= )")
FIGURE_ATTRIBUTE = "data-figure"
"""The attribute of a log message that holds a measured figure as JSON."""
_ID_LIKE = re.compile(r"(?:us|ac|fr|sc|edge)-?\d+", re.IGNORECASE)


class Kind(StrEnum):
    """The parts of the specification."""

    STORY = "User story"
    SCENARIO = "Acceptance scenario"
    REQUIREMENT = "Functional requirement"
    CRITERION = "Success criterion"
    EDGE_CASE = "Edge case"


class MustBe(StrEnum):
    """How a figure is held against its limit."""

    LESS_THAN = "less than"
    AT_MOST = "at most"
    AT_LEAST = "at least"

    def holds(self, value: float, limit: float) -> bool:
        """Whether the value keeps the limit."""
        match self:
            case MustBe.LESS_THAN:
                return value < limit
            case MustBe.AT_MOST:
                return value <= limit
            case MustBe.AT_LEAST:
                return value >= limit


@dataclass(frozen=True)
class Limit:
    """What a success criterion measures, and where it ends.

    Attributes:
        title: What is measured.
        unit: "s", "%", or nothing for a count.
        must_be: How it is compared.
        value: With what, in that unit.
    """

    title: str
    unit: str
    must_be: MustBe
    value: float

    def holds(self, value: float) -> bool:
        """Whether a measured value keeps the limit."""
        return self.must_be.holds(value, self.value)

    def shown(self, value: float) -> str:
        """A value in the unit, as people write it."""
        digits = f"{value:.1f}".removesuffix(".0") if value else "0"
        return f"{digits} {self.unit}".strip()

    def __str__(self) -> str:
        return f"{self.must_be} {self.shown(self.value)}"


@dataclass(frozen=True)
class Claim:
    """One id of the specification.

    Attributes:
        id: As the specification writes it: "FR-010", "US-3 AC-2".
        kind: Which part of the specification it stands in.
        text: What it claims, in one sentence.
        limit: Of its figure, for a success criterion.
    """

    id: str
    kind: Kind
    text: str
    limit: Limit | None = None

    @property
    def tag(self) -> str:
        """The tag of the tests that prove it."""
        return self.id.lower()


@dataclass(frozen=True)
class Specification:
    """All ids in their order, and the tags that are none."""

    claims: tuple[Claim, ...]
    other_tags: Mapping[str, str]

    def claim(self, identifier: str) -> Claim:
        """The claim of an id.

        Raises:
            KeyError: There is no such id; the message names it.
        """
        for claim in self.claims:
            if claim.id == identifier.upper():
                return claim
        raise KeyError(f"{identifier} is no id of the specification")

    def knows_tag(self, tag: str) -> bool:
        """Whether a tag is an id's or one of the other known ones; Robot's own tags are nobody's business."""
        return tag.startswith("robot:") or tag in self.other_tags or any(claim.tag == tag for claim in self.claims)

    def ids_of(self, name: str, tags: frozenset[str]) -> set[str]:
        """The ids that a test is for, from its name and its tags."""
        found = {claim.id for claim in self.claims if claim.tag in tags and claim.kind is not Kind.SCENARIO}
        scenario = SCENARIO_NAME.match(name)
        if scenario and any(claim.id == scenario.group() for claim in self.claims):
            found.add(scenario.group())
        return found


def looks_like_an_id(tag: str) -> bool:
    """Whether a tag is written as ids are, so that an unknown one is most likely a slip of the pen."""
    return _ID_LIKE.fullmatch(tag) is not None


@cache
def specification(file: Path = FILE) -> Specification:
    """Reads the specification's ids."""
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    return Specification(tuple(_claims(document)), document["tags"])


def _claims(document: Mapping[str, Any]) -> Iterator[Claim]:
    for story, entry in document["stories"].items():
        yield Claim(story, Kind.STORY, entry["claim"])
        for scenario, claim in entry["scenarios"].items():
            yield Claim(f"{story} {scenario}", Kind.SCENARIO, claim)
    for identifier, claim in document["requirements"].items():
        yield Claim(identifier, Kind.REQUIREMENT, claim)
    for identifier, entry in document["criteria"].items():
        figure = entry["figure"]
        limit = Limit(figure["title"], figure["unit"], MustBe(figure["must be"]), figure["limit"])
        yield Claim(identifier, Kind.CRITERION, entry["claim"], limit)
    for identifier, claim in document["edge_cases"].items():
        yield Claim(identifier, Kind.EDGE_CASE, claim)
