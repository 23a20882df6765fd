"""Holds a parquet object against the truth, by value: whatever the contract leaves open is right here too.

Every check returns None, or one sentence that tells the first difference and counts the rest.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness import contents_columns
from harness.truth import LONGEST_METADATA_PATH, ExpectedColumn, ExpectedObject, MockFile

Seen = Path | str | bytes | pa.Buffer | pa.Table
"""A parquet file by its path or its bytes, or the table that was read of it."""

_BATCH_ROWS = 65_536
_LONGEST_SHOWN = 120


def difference(expected: ExpectedObject, seen: Seen) -> str | None:
    """The first difference between an object and the truth: which object, row, column, expected, seen."""
    where = f"object {expected.key!r}"
    try:
        with _opened(seen) as (schema, rows, batches):
            told = _schema_difference(expected, schema) or _rows_difference(expected, rows, batches)
    except (pa.ArrowException, OSError) as error:
        return f"{where}: expected a readable parquet file, seen: {error}"
    return f"{where}: {told}" if told else None


def footer_of(seen: Path | str | bytes | pa.Buffer) -> dict[str, str]:
    """The file metadata in a parquet object's footer, as text.

    Raises:
        pyarrow.ArrowException: It is no parquet file.
    """
    with pq.ParquetFile(_input(seen)) as file:
        pairs: Mapping[bytes, bytes] = file.metadata.metadata or {}
        return {key.decode(errors="replace"): value.decode(errors="replace") for key, value in pairs.items()}


def metadata_difference(
    file: MockFile, expected: ExpectedObject, user: Mapping[str, str], footer: Mapping[str, str]
) -> str | None:
    """The first difference of an object's user metadata and footer from what they must say of their source."""
    said = {"source-path": expected.source_path, "source-size": str(file.size), "source-format": file.format}
    in_user: dict[str, str | None] = dict(said)
    if len(expected.source_path) > LONGEST_METADATA_PATH:
        in_user["source-path"] = None
    lowered = {name.lower(): value for name, value in user.items()}
    found = [
        *_pairs_differing("user metadata", in_user, lowered),
        *_pairs_differing("footer", said | {"source-sha256": file.sha256}, footer),
    ]
    return f"object {expected.key!r}: {found[0]}{_more(len(found) - 1, 'more entries differ')}" if found else None


def _pairs_differing(place: str, expected: Mapping[str, str | None], seen: Mapping[str, str]) -> Iterator[str]:
    for name, value in expected.items():
        if _same_case(seen.get(name)) != _same_case(value):
            yield f"{place} {name}: expected {_or_nothing(value)}, seen {_or_nothing(seen.get(name))}"


def _same_case(text: str | None) -> str | None:
    """RFC 3986, 2.1: `%c3` and `%C3` are the same."""
    return text and _ESCAPE.sub(lambda match: match[0].upper(), text)


_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")


def _or_nothing(text: str | None) -> str:
    return "nothing" if text is None else _shown(text)


@contextmanager
def _opened(seen: Seen) -> Iterator[tuple[pa.Schema, int, Iterator[pa.RecordBatch]]]:
    """Schema, number of rows and the rows in batches, so that memory does not grow with the object."""
    if isinstance(seen, pa.Table):
        yield seen.schema, seen.num_rows, iter(seen.to_batches(max_chunksize=_BATCH_ROWS))
        return
    with pq.ParquetFile(_input(seen)) as file:
        rows = file.metadata.num_rows
        # For small objects, which are most, waking threads takes longer than reading.
        yield file.schema_arrow, rows, file.iter_batches(batch_size=_BATCH_ROWS, use_threads=rows > _BATCH_ROWS)


def _input(seen: Path | str | bytes | pa.Buffer) -> Any:
    return pa.BufferReader(seen) if isinstance(seen, bytes | pa.Buffer) else str(seen)


def _schema_difference(expected: ExpectedObject, schema: pa.Schema) -> str | None:
    if expected.columns is None:
        return None
    names = [column.name for column in expected.columns]
    if names != schema.names:
        at = next(
            (index for index, pair in enumerate(zip(names, schema.names, strict=False)) if pair[0] != pair[1]),
            min(len(names), len(schema.names)),
        )
        ours, theirs = (_or_nothing(each[at] if at < len(each) else None) for each in (names, schema.names))
        if unicodedata.normalize("NFC", ours) == unicodedata.normalize("NFC", theirs):
            ours, theirs = ascii(ours), ascii(theirs)
        return (
            f"column {at + 1}: expected the name {ours}, seen {theirs} "
            f"({len(names)} columns expected, {len(schema.names)} seen)"
        )
    wrong = [
        f"column {column.name!r}: {objection}"
        for column, field in zip(expected.columns, schema, strict=True)
        if (objection := contents_columns.objection(column, field.type))
    ]
    return f"{wrong[0]}{_more(len(wrong) - 1, 'more columns have a wrong type')}" if wrong else None


def _rows_difference(expected: ExpectedObject, rows: int, batches: Iterator[pa.RecordBatch]) -> str | None:
    first: str | None = None
    count = 0
    if expected.columns:
        start = 0
        for batch in batches:
            here = batch.slice(0, max(0, expected.rows - start))
            found = [
                (offset, position)
                for position, column in enumerate(expected.columns)
                for offset in contents_columns.wrong_rows(column, start, here.column(position))
            ]
            count += len(found)
            if found and first is None:
                offset, position = min(found)
                first = _told(expected.columns[position], start + offset, here.column(position), offset)
            start += len(batch)
    others = _more(count - 1, "more values differ") if first else ""
    if rows != expected.rows:
        at = f"; the first difference is in {first}{others}" if first else ""
        return f"expected {expected.rows} rows, seen {rows}{at}"
    return f"{first}{others}" if first else None


def _told(column: ExpectedColumn, row: int, array: Any, offset: int) -> str:
    ours, theirs = contents_columns.shown(column.values[row], array, offset)
    if ours == theirs and isinstance(column.values[row], str):
        ours += " within quotes, as JSON text beside values that are no strings"
    elif unicodedata.normalize("NFC", ours) == unicodedata.normalize("NFC", theirs):
        ours, theirs = ascii(ours), ascii(theirs)
    return f"row {row + 1}, column {column.name!r}: expected {_cut(ours)}, seen {_cut(theirs)} ({array.type})"


def _shown(text: str) -> str:
    return _cut(repr(text))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}… ({len(text)} characters)"


def _more(count: int, what: str) -> str:
    return f"; {count} {what}" if count > 0 else ""
