"""Files as other programs write them, one of each kind: they come in one scenario, not with the test data of all."""

from collections.abc import Iterator

from harness.mock_made import Recipe
from harness.mock_rare_archives import rare_archives
from harness.mock_rare_dumps import rare_dumps
from harness.mock_rare_texts import rare_texts


def rare_files() -> Iterator[Recipe]:
    """All of them."""
    for path, made in {**rare_texts(), **rare_dumps(), **rare_archives()}.items():
        yield Recipe(path, made)
