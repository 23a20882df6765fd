"""Rows of made-up data as text, a column at a time, and their lines in the languages that the cases speak.

The lines of a block are made by Arrow, so that a GiB takes seconds; the same seed makes the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

NAMES = ("id", "customer", "amount", "ratio", "active", "day", "at", "country", "name", "note")
BLOCK_ROWS = 100_000
_COUNTRIES = ["de", "fr", "it", "es", "pl", "at", "ch", "us", "gb", "jp"]
_WORDS = ["amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "harbour", "island", "jasper", "kelp", "lagoon"]

# A row in each language; a name in brackets is a column, `'` and `"` have no meaning of their own.
LINES = {
    "csv": '{id},{customer},{amount},{ratio},{active},{day},{at},{country},{name},"{note}"\n',
    "ndjson": '{"id":{id},"customer":{customer},"amount":{amount},"ratio":{ratio},"active":{active},"day":"{day}",'
    '"at":"{at}","address":{"country":"{country}","name":"{name}"},"tags":["{country}","{name}"],"note":"{note}"}\n',
    "array": '{"id":{id},"customer":{customer},"amount":{amount},"ratio":{ratio},"active":{active},"day":"{day}",'
    '"at":"{at}","address":{"country":"{country}","name":"{name}"},"tags":["{country}","{name}"],"note":"{note}"},',
    "mysqldump": "({id},{customer},{amount},{ratio},{active},'{day}','{at}','{country}','{name}','{note}'),",
    "copy": "{id}\t{customer}\t{amount}\t{ratio}\t{active}\t{day}\t{at}\t{country}\t{name}\t{note}\n",
}


def blocks(language: str) -> Iterator[bytes]:
    """Blocks of `BLOCK_ROWS` rows each, without end."""
    number = 0
    while True:
        lines = _lines(language, _columns(number))
        # The text of all rows stands in one piece behind the offsets.
        yield lines.buffers()[2].to_pybytes()[: pc.sum(pc.binary_length(lines)).as_py()]
        number += 1


def _columns(number: int) -> dict[str, pa.Array[Any]]:
    dice = np.random.default_rng(number)
    count = BLOCK_ROWS
    seconds = 1_700_000_000 + dice.integers(0, 60_000_000, count)
    words = pa.array(_WORDS)
    note = pc.binary_join_element_wise(
        *(words.take(pa.array(dice.integers(0, len(_WORDS), count))) for _ in range(3)), " "
    )
    return {
        "id": _text(np.arange(number * count, (number + 1) * count)),
        "customer": _text(dice.integers(1, 2_000_000, count)),
        "amount": _text(np.round(dice.uniform(0.01, 9999, count), 2)),
        "ratio": _text(np.round(dice.uniform(0, 1, count), 6)),
        "active": pc.if_else(pa.array(dice.integers(0, 2, count) == 1), "true", "false"),
        "day": _text(pa.array(seconds // 86_400, pa.int32()).cast(pa.date32())),
        "at": _text(pa.array(seconds, pa.int64()).cast(pa.timestamp("s"))),
        "country": pa.array(_COUNTRIES).take(pa.array(dice.integers(0, len(_COUNTRIES), count))),
        "name": pc.binary_join_element_wise(
            words.take(pa.array(dice.integers(0, len(_WORDS), count))), _text(dice.integers(0, 1_000_000, count)), "-"
        ),
        "note": note,
    }


def _text(values: Any) -> pa.Array[Any]:
    return pc.cast(values if isinstance(values, pa.Array) else pa.array(values), pa.string())


def _lines(language: str, columns: dict[str, pa.Array[Any]]) -> pa.Array[Any]:
    parts: list[Any] = []
    rest = LINES[language]
    while rest:
        found = [(place, name) for name in NAMES if (place := rest.find("{" + name + "}")) >= 0]
        if not found:
            parts.append(rest)
            break
        place, name = min(found)
        if place:
            parts.append(rest[:place])
        parts.append(columns[name])
        rest = rest[place + len(name) + 2 :]
    return pc.binary_join_element_wise(*parts, "")
