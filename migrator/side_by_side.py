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
    over: tuple[bytes, None] = (b"", None)
    others = ((right_key(each), each) for each in right)
    at, other = next(others, over)
    for one in left:
        key = left_key(one)
        while other is not None and at < key:
            yield None, other
            at, other = next(others, over)
        if other is not None and at == key:
            yield one, other
            at, other = next(others, over)
        else:
            yield one, None
    while other is not None:
        yield None, other
        _, other = next(others, over)
