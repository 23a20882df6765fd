"""Two ascending streams held against each other in one pass, of which no more than an item each is in memory."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

L = TypeVar("L")
R = TypeVar("R")


def side_by_side(
    left: Iterable[L], right: Iterable[R], left_key: Callable[[L], bytes], right_key: Callable[[R], bytes]
) -> Iterator[tuple[L | None, R | None]]:
    """Pairs of equal key, and with None what has no partner; ascending.

    Args:
        left: Ascending by key, each key once.
        right: Ascending by key; of several with one key the first is the partner.
        left_key: The key of one on the left.
        right_key: The key of one on the right.
    """
    others = iter(right)
    other = next(others, None)
    at = b"" if other is None else right_key(other)
    for one in left:
        key = left_key(one)
        while other is not None and at < key:
            yield None, other
            other = next(others, None)
            at = b"" if other is None else right_key(other)
        if other is not None and at == key:
            yield one, other
            other = next(others, None)
            at = b"" if other is None else right_key(other)
        else:
            yield one, None
    while other is not None:
        yield None, other
        other = next(others, None)
