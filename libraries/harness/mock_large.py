"""A file of each format that takes several times its size as objects of Python, and a member that fills the memory.

They are written as they are made, and their truth is computed when it is looked at, so that neither is ever in memory
whole. Each repeats itself, which costs next to nothing.
"""

import base64
import random
from collections.abc import Callable, Iterator, Sequence
from typing import overload

from harness.archives import ZipMember, deflated_again_and_again, zip_bytes
from harness.mock_made import Made, Recipe, Table
from harness.truth import Cell, ExpectedColumn, Reading

_BLOCK_ROWS = 1 << 14
_FIRST_ID = 10**9
_CODES = [f"{row % 1000:03}" for row in range(_BLOCK_ROWS)]

_INSERT = "INSERT INTO big (id, code) VALUES "

_LINES = 64
# A line deflates to a fiftieth, and no two lines are alike.
_LINE_REPEATS = 64
_LINE_BYTES = 48


def large_json(path: str, size: int) -> Recipe:
    """An array of at least `size` bytes of small objects, and at most one block of them more."""
    template = "".join(f'{{"id": %d, "code": "{code}"}},\n' for code in _CODES)
    blocks = _blocks(template, size)

    def chunks() -> Iterator[bytes]:
        yield b"[\n"
        for number in range(blocks):
            # The last item's comma goes.
            yield _block(template, number)[: -2 if number == blocks - 1 else None]
        yield b"\n]\n"

    return Recipe(path, Made(chunks, (_table(blocks, int, Reading.JSON),)))


def large_dump(path: str, size: int) -> Recipe:
    """A dump of at least `size` bytes, and at most one block more: INSERTs of a thousand short rows."""
    inserts = (",\n".join(f"(%d, '{code}')" for code in _CODES[at : at + 1000]) for at in range(0, _BLOCK_ROWS, 1000))
    template = "".join(f"{_INSERT}{rows};\n" for rows in inserts)
    blocks = _blocks(template, size)

    def chunks() -> Iterator[bytes]:
        return (_block(template, number) for number in range(blocks))

    return Recipe(path, Made(chunks, (_table(blocks, str, Reading.WRITTEN, "/big"),)))


def large_zip(path: str, size: int) -> Recipe:
    """A zip of some MiB with one text of at least `size` bytes in it, and at most one block of lines more."""
    chance = random.Random(1)  # noqa: S311 - nothing secret, and the same bytes each time
    lines = [base64.b64encode(chance.randbytes(_LINE_BYTES)).decode() * _LINE_REPEATS for _ in range(_LINES)]
    block = "".join(f"{line}\n" for line in lines).encode()
    times = -(-size // len(block))
    rows = times * _LINES
    columns = (
        ExpectedColumn("line_number", Reading.NUMBER, _Computed(rows, lambda span: [row + 1 for row in span])),
        ExpectedColumn("line", Reading.PLAIN, _Computed(rows, lambda span: [lines[row % _LINES] for row in span])),
    )
    table = Table(columns, rows).within("large.txt")

    def chunks() -> Iterator[bytes]:
        yield zip_bytes([ZipMember("large.txt", deflated_again_and_again(block, times))])

    return Recipe(path, Made(chunks, (table,)))


def _blocks(template: str, size: int) -> int:
    return max(1, -(-size // len(_block(template, 0))))


def _block(template: str, number: int) -> bytes:
    start = _FIRST_ID + number * _BLOCK_ROWS
    return (template % tuple(range(start, start + _BLOCK_ROWS))).encode()


def _table(blocks: int, form: Callable[[int], Cell], reading: Reading, below: str = "") -> Table:
    rows = blocks * _BLOCK_ROWS
    ids = _Computed(rows, lambda span: [form(_FIRST_ID + row) for row in span])
    codes = _Computed(rows, lambda span: [_CODES[row % _BLOCK_ROWS] for row in span])
    return Table((ExpectedColumn("id", reading, ids), ExpectedColumn("code", reading, codes)), rows, below)


class _Computed(Sequence[Cell]):
    """A column whose values are computed when they are looked at."""

    def __init__(self, rows: int, values: Callable[[range], list[Cell]]) -> None:
        self._rows = range(rows)
        self._values = values

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Cell: ...
    @overload
    def __getitem__(self, index: slice) -> list[Cell]: ...
    def __getitem__(self, index: int | slice) -> Cell | list[Cell]:
        if isinstance(index, slice):
            return self._values(self._rows[index])
        return self._values(range(self._rows[index], self._rows[index] + 1))[0]
