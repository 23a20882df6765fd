"""The page results/persistence.html: one file that needs no network, made from the matrix and the worlds' evidence."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.progress import seconds
from report.results import Test
from report.specification import Kind
from report.traceability import Matrix
from report.trend import Earlier
from report.worlds import WorldEvidence, milliseconds, read

HERE = Path(__file__).parent
PLOT_LIBRARY = HERE / "vendor" / "vega-embed.js.gz"
BUDGET = 3_500_000
"""Bytes of the page that pictures and tables may take, so that it stays under 5 MB."""
_SLOWEST = 10
_PARTS = {
    Kind.STORY: "User stories and their acceptance scenarios",
    Kind.SCENARIO: "User stories and their acceptance scenarios",
    Kind.REQUIREMENT: "Functional requirements",
    Kind.CRITERION: "Success criteria",
    Kind.EDGE_CASE: "Edge cases",
}


@dataclass(frozen=True)
class Picture:
    """A world with what its timeline and its reconciliation are drawn from.

    Attributes:
        data: Compressed JSON in base64; empty where the page would become too large.
    """

    id: str
    world: WorldEvidence
    data: str


def render(matrix: Matrix, worlds: Mapping[str, Sequence[WorldEvidence]], earlier: Sequence[Earlier] = ()) -> str:
    """Makes the page.

    Args:
        matrix: What was proved.
        worlds: The worlds of each test, by the test's id.
        earlier: Earlier runs, the oldest first.
    """
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["contains"] = lambda items, item: item in items
    environment.filters |= {"printable": printable, "took": seconds, "linked": linked, "anchor": anchor}
    pictures = _pictures(matrix, worlds)
    parts = groupby(matrix.entries, lambda entry: _PARTS[entry.claim.kind])
    return environment.get_template("page.html").render(
        matrix=matrix,
        groups=[(part, list(entries)) for part, entries in parts],
        stories=_by_story(matrix.run.tests),
        pictures=pictures,
        slowest=matrix.run.slowest[:_SLOWEST],
        earlier=earlier,
        style=_text("page.css"),
        script=_text("page.js"),
        plots=_text_of(PLOT_LIBRARY) if pictures or earlier else "",
    )


def printable(text: str) -> str:
    """Text with what cannot be shown as escapes: file names may be any bytes."""
    return text.encode(errors="backslashreplace").decode()


def linked(path: str) -> str:
    """A path as a link's address."""
    return quote(path.encode(errors="surrogateescape"))


def anchor(text: str) -> str:
    """An id of the specification as an anchor: "US-3 AC-2" is us-3-ac-2."""
    return text.lower().replace(" ", "-")


def _by_story(tests: Iterable[Test]) -> list[tuple[str, list[Test]]]:
    """The tests of each suite, also where tests of several were run in turn."""
    found: dict[str, list[Test]] = {}
    for test in tests:
        found.setdefault(test.suite, []).append(test)
    return list(found.items())


def _pictures(matrix: Matrix, worlds: Mapping[str, Sequence[WorldEvidence]]) -> dict[str, list[Picture]]:
    """Failed tests first, so that theirs are there when not all can be."""
    pictures: dict[str, list[Picture]] = {}
    left = BUDGET
    for test in sorted(matrix.run.tests, key=lambda test: not test.failed):
        for number, world in enumerate(worlds.get(test.id, ())):
            data = _packed(_payload(world))
            if len(data) > left:
                data = ""
            left -= len(data)
            pictures.setdefault(test.id, []).append(Picture(f"{test.id}-w{number + 1}", world, data))
    return pictures


def _payload(world: WorldEvidence) -> dict[str, Any]:
    moments = [time for lane in world.lanes for time, _ in lane.states]
    moments += [upload.time for upload in world.uploads] + [deed.time for deed in world.deeds]
    if not moments:
        return {"lanes": [], "uploads": [], "marks": [], "rows": _rows(world), "end": 0}
    begin = min(map(milliseconds, moments))

    def since(time: str) -> int:
        return round(milliseconds(time) - begin)

    lanes = sorted(world.lanes, key=lambda lane: (lane.states[-1][0] if lane.states else "", lane.path))
    return {
        "end": max(map(since, moments)),
        "lanes": [[lane.path, [[since(time), state] for time, state in lane.states]] for lane in lanes],
        "uploads": [
            [since(upload.time), world.owners.get(upload.key, ""), _kind(upload.stored, upload.again), upload.fate]
            for upload in world.uploads
        ],
        "marks": [[since(mark.time), printable(mark.told), mark.kind] for mark in world.marks],
        "rows": _rows(world),
    }


def _rows(world: WorldEvidence) -> list[list[Any]]:
    return [
        [
            printable(row.path),
            row.must_be,
            printable(", ".join(row.places)),
            ", ".join(row.states),
            f"{row.objects} of {row.expected}",
            row.uploads,
            printable("; ".join(row.differences)),
        ]
        for row in world.rows
    ]


def _kind(stored: bool, again: bool) -> str:
    if again:
        return "stored again"
    return "stored" if stored else "not stored"


def _packed(content: object) -> str:
    return _base64(gzip.compress(json.dumps(content, separators=(",", ":")).encode(), mtime=0))


def _text_of(file: Path) -> str:
    return _base64(file.read_bytes())


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _text(name: str) -> Markup:
    return Markup((HERE / "templates" / name).read_text(encoding="utf-8"))  # noqa: S704 (our own file)


def worlds_of(tests: Iterable[Test], results: Path) -> dict[str, list[WorldEvidence]]:
    """The worlds of each test, by the test's id, read from the evidence that its log links."""
    found = {
        test.id: [world for folder in _folders(test.evidence, results) if (world := read(results, folder))]
        for test in tests
    }
    return {identifier: each for identifier, each in found.items() if each}


def _folders(linked_ones: Iterable[str], results: Path) -> Iterable[str]:
    """Each folder, and those in it: a scenario may have worlds of its own beside its world."""
    for folder in linked_ones:
        yield folder
        yield from (f"{folder}/{each.name}" for each in sorted((results / folder).glob("*/")) if each.is_dir())
