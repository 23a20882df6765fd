"""Keywords for what reasons must tell: the place of the fault, in numbers that an editor shows."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from robot.api.deco import keyword, library

from harness import mock_folder, mock_places
from harness.tables import Row
from harness.truth import reason_path
from harness.world import World
from verdicts import judge

_NO_CHANCE = 0
_NUMBER = re.compile(r"\d+")
_SEPARATOR = re.compile(r"(?<=\d)[,_'\u2019](?=\d{3}(?!\d))")


@library(scope="GLOBAL", doc_format="MARKDOWN")
class Reasons:
    """Where the fault is, as the message says it; the words around the numbers are the migrator's own."""

    @keyword
    def make_files_with_faults_at_known_places(self, world: World) -> None:
        """Make bad files, each with its fault at a line, column or byte that is known."""
        recipes = [each.recipe for each in mock_places.places()]
        world.mock = mock_folder.write(world.test_data, recipes, _NO_CHANCE)

    @keyword
    def every_reason_should_tell_the_place(self, world: World) -> None:
        """Each message holds the number of the line, and of the column or byte where the contract asks for it.

        So does that of the reason file, which is all that whoever finds the file has.
        """
        messages = {record.path: record.error_message or "" for record in world.status().in_state("failed")}
        rows: list[Row] = []
        for place in mock_places.places():
            path = place.recipe.path
            in_file = world.source / "failed" / reason_path(path)
            told = {path: messages.get(path, "no failed file of this name"), f"{path}'s reason file": _message(in_file)}
            for where, message in told.items():
                rows += _place_rows(where, message, place)
        judge(world, "Places in reasons", rows)


def _message(reason: Path) -> str:
    """The message of a reason file; what is wrong with that is the books' business."""
    try:
        return str(json.loads(reason.read_bytes())["message"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        return f"none: {error!r}"


def _place_rows(where: str, message: str, place: mock_places.Place) -> Iterator[Row]:
    seen = {int(number) for number in _NUMBER.findall(_SEPARATOR.sub("", message))}
    for what, right in place.numbers.items():
        numbers = sorted(right)
        shown = f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
        told = not seen.isdisjoint(numbers)
        yield Row(where, f"a message that tells the {what} {shown}", f"{message!r}", told)
