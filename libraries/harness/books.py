"""The books: what the truth, the folders, the state and the bucket say of every file, held against each other.

Each check yields differences one by one and knows nothing of the others; `all_differences` is their sum. Nothing here
asks the migrator whether it did well: `Status` is one of the four books, not the judge.
"""

from collections.abc import Iterator

from harness.books_bucket import bucket_differences, leftover_differences, stray_differences
from harness.books_facts import UNFINISHED, Allowances, Books, Difference
from harness.books_folders import folder_differences, reason_differences
from harness.books_inventory import inventory_differences, outcome_differences

__all__ = [
    "UNFINISHED",
    "Allowances",
    "Books",
    "Difference",
    "all_differences",
    "bucket_differences",
    "folder_differences",
    "inventory_differences",
    "leftover_differences",
    "outcome_differences",
    "reason_differences",
    "stray_differences",
]


def all_differences(books: Books, *, ended: bool) -> Iterator[Difference]:
    """Every difference between the books.

    Args:
        books: What was seen.
        ended: Every file must be done or failed as the truth says; otherwise files may still be pending, and what
            they have in the bucket already is theirs.
    """
    yield from inventory_differences(books)
    if ended:
        yield from outcome_differences(books)
    yield from folder_differences(books)
    yield from reason_differences(books)
    yield from bucket_differences(books, ended=ended)
    if ended:
        yield from leftover_differences(books)
