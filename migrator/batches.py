"""A stream cut into lists, so that each can share one transaction."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of `size` items in their order; the last one may be shorter, and none is empty."""
    several = iter(items)
    while batch := list(islice(several, size)):
        yield batch
