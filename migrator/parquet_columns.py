"""How a column is best written as parquet, decided on its first values; the same values always decide alike.

Encodings: https://parquet.apache.org/docs/file-format/data-pages/encodings/
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

LONG_SAMPLE_ROWS = 64 * 1024
"""No more rows than these are looked at."""

_SAMPLE_ROWS = 8192
_FEWEST_ROWS = 1024
_MOST_DISTINCT = 0.1
_MANY_DISTINCT = 0.5
_GROUP_ROWS = 128 * 1024
_WORTH_COMPRESSING = 0.8
_WORTH_A_DICTIONARY = 0.7


@dataclass(frozen=True, slots=True)
class ColumnOptions:
    """How one column is written.

    Attributes:
        dictionary: By the numbers of its distinct values.
        encoding: Parquet's name of another encoding than the plain one.
        compressed: Whether zstd makes it smaller.
        statistics: Whether a reader may use the least and greatest value of a row group to pass it over.
    """

    dictionary: bool = False
    encoding: str | None = None
    compressed: bool = True
    statistics: bool = True


def column_options(column: pa.Array[Any], *, trial: bool) -> ColumnOptions:
    """The options for a column that begins with these values.

    Args:
        column: Of a type that parquet keeps as a single column.
        trial: Whether there is so much to write that trying with some values pays.
    """
    sample = column.slice(0, _SAMPLE_ROWS)
    distinct = _distinct(sample)
    few = distinct <= len(sample) * _MOST_DISTINCT
    if not few and trial and distinct <= len(sample) * _MANY_DISTINCT and len(column) > len(sample):
        # A thousand values are many of the first rows, and few of all.
        longer = column.slice(0, LONG_SAMPLE_ROWS)
        distinct = _distinct(longer)
        few = distinct <= len(longer) * _MOST_DISTINCT
    if _counts(column.type):
        return _for_integers(sample, distinct if few else None) if trial else _for_few_integers(few=few)
    # The least and greatest text cost more than numbers' do, and tell nothing where texts stand in no order.
    statistics = not _is_text(column.type) or _in_order(sample)
    if few:
        return ColumnOptions(dictionary=True, statistics=statistics)
    if pa.types.is_floating(column.type):
        # The bytes of equal weight side by side: half the time, for what compresses at all is found in the first two.
        return ColumnOptions(encoding="BYTE_STREAM_SPLIT")
    return ColumnOptions(statistics=statistics)


def _for_few_integers(*, few: bool) -> ColumnOptions:
    return ColumnOptions(dictionary=True) if few else ColumnOptions(encoding=_DELTA)


def _for_integers(sample: pa.Array[Any], distinct: int | None) -> ColumnOptions:
    """Differences, or a dictionary where that is smaller by far; compressed where they repeat.

    Args:
        sample: The first values.
        distinct: How many distinct ones a row group will have; None where they are too many for a dictionary.
    """
    file = io.BytesIO()
    table = pa.table([sample], ["c"])
    pq.write_table(
        table,
        file,
        compression="none",
        use_dictionary=False,
        column_encoding={"c": _DELTA},
        store_schema=False,
        write_statistics=False,
    )
    written = file.getvalue()
    size = len(pa.Codec("zstd", 1).compress(written, asbytes=True))
    compressed = size < len(written) * _WORTH_COMPRESSING
    delta = min(size, len(written)) * _GROUP_ROWS / max(1, len(sample))
    if distinct is not None:
        dictionary = _GROUP_ROWS * max(1, (distinct - 1).bit_length()) / 8 + distinct * 8
        if dictionary < delta * _WORTH_A_DICTIONARY:
            return ColumnOptions(dictionary=True)
    return ColumnOptions(encoding=_DELTA, compressed=compressed)


_DELTA = "DELTA_BINARY_PACKED"


def _counts(kind: pa.DataType) -> bool:
    """Whether parquet keeps values as integers, whose differences take less room and time than they do."""
    return pa.types.is_integer(kind) or pa.types.is_timestamp(kind) or pa.types.is_date(kind)


def _is_text(kind: pa.DataType) -> bool:
    return (
        pa.types.is_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_large_binary(kind)
    )


def _distinct(sample: pa.Array[Any]) -> int:
    """How many distinct values there are; more than any dictionary takes where one would not pay."""
    if len(sample) < _FEWEST_ROWS or pa.types.is_boolean(sample.type):
        return len(sample) + 1
    found: int = pc.count_distinct(sample, mode="all").as_py()
    return found


def _in_order(sample: pa.Array[Any]) -> bool:
    """Whether no value is less than the one before."""
    return pc.all(pc.less_equal(sample[:-1], sample[1:]), min_count=0).as_py() is True
