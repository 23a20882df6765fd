"""csv as RFC 4180 has it: a row for each record, columns typed where every value of the file comes back unchanged.

One pass guesses the types from the first block and goes on; where a later value contradicts, the pass still reads to
the end, so that it finds every such column, and a second one writes the table with the types that hold.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from itertools import chain
from typing import Any, TypeAlias

import pyarrow as pa

from migrator.errors import ReasonCode, Refusal
from migrator.formats.columns import ColumnTypes
from migrator.formats.csv_blocks import Block, BlockReader
from migrator.formats.csv_header import DELIMITERS, Header, read_header
from migrator.formats.csv_parse import SMALL, BlockParser
from migrator.formats.csv_records import Fault
from migrator.formats.csv_scan import check_long_record, line_at
from migrator.formats.csv_split import Split, Splitter
from migrator.formats.interface import Sink, Source
from migrator.formats.text import open_text

BLOCK = 2 << 20
_WIDEST_BLOCK = 16 << 20
_BYTES_A_COLUMN = 2048
_SUSPICIOUS_RECORD = 64 << 20
_THREADS = min(2, os.cpu_count() or 1)

Columns: TypeAlias = "list[pa.Array[Any]]"
Job: TypeAlias = "Callable[[Sequence[pa.DataType]], Columns]"
"""Columns in these types, or as text."""


def read(source: Source, sink: Sink) -> None:
    """Read a csv into one table.

    Raises:
        Refusal: `malformed-csv` with the line, `not-text` with the byte, `empty-file`.
        OSError: The source cannot be read.
    """
    types: ColumnTypes | None = None
    while types is None or types.broken:
        types = _Pass(source, sink).run(types.again() if types else None)


class _Pass:
    """One reading of the whole file."""

    def __init__(self, source: Source, sink: Sink) -> None:
        self._source = source
        self._sink = sink

    def run(self, decided: ColumnTypes | None) -> ColumnTypes:
        """Write the table, or find out which columns do not keep their types."""
        try:
            with closing(open_text(self._source)) as stream:
                reader = BlockReader(stream)
                header = self._header(reader)
                return self._write(reader, header, decided or ColumnTypes(len(header.names)))
        except Fault as fault:
            line = line_at(self._source, fault.offset)
            raise Refusal(ReasonCode.MALFORMED_CSV, f"line {line}: {fault.message}") from fault

    def _header(self, reader: BlockReader) -> Header:
        size = BLOCK
        reader.drop_line_ends(size)
        while True:
            block = reader.next_block(size, cut=size == BLOCK)
            with _counted_from(reader.offset if block is None else block.offset):
                data = b"" if block is None else block.data
                header = read_header(data, final=block is None or block.final, whole=block is not None and block.whole)
            if header:
                reader.give_back(data[header.end :])
                return header
            reader.give_back(data)
            size = self._larger(size, reader.offset, b"".join(DELIMITERS))

    def _write(self, reader: BlockReader, header: Header, types: ColumnTypes) -> ColumnTypes:
        jobs = self._jobs(reader, header)
        first = next(jobs, None)
        columns: Columns = first(types.types) if first else [pa.array([], pa.string())] * len(header.names)
        types.guess(columns)
        schema = pa.schema(list(zip(header.names, types.types, strict=True)))
        table = self._sink.table(schema)
        with closing(_cast(types, columns, jobs)) as batches:
            for typed in batches:
                # Also where there is nothing to write any more: only in `write` a stop is seen.
                table.write(schema.empty_table() if typed is None else pa.RecordBatch.from_arrays(typed, schema=schema))
        if types.broken:
            table.abort()
        else:
            table.close()
        return types

    def _jobs(self, reader: BlockReader, header: Header) -> Iterator[Job]:
        """The rest of the file, block by block: what is left to do for the columns of each."""
        parser = BlockParser(header.delimiter, len(header.names))
        splitter = Splitter(header.delimiter, len(header.names))
        usual = min(max(BLOCK, len(header.names) * _BYTES_A_COLUMN), _WIDEST_BLOCK)
        size = usual
        while block := reader.next_block(size, cut=size == usual):
            split = splitter.split(block) if block.whole and block.size >= SMALL else None
            if split is not None:
                size = usual
                yield partial(_columns, reader, split)
                continue
            quoting = parser.quoting(block) if block.whole else None
            if quoting is not None:
                size = usual
                yield partial(_parse, reader, parser, block, quoting=quoting)
                continue
            data = block.data
            reader.release(block)
            with _counted_from(block.offset):
                columns, end = parser.parse_exactly(data, final=block.final, whole=block.whole)
            reader.give_back(data[end:])
            size = usual if end else self._larger(size, block.offset, header.delimiter)
            if end:
                yield partial(_known, columns)

    def _larger(self, size: int, offset: int, delimiters: bytes) -> int:
        """How much to read where the record at `offset` does not end within `size` bytes."""
        if size <= _SUSPICIOUS_RECORD < 2 * size:
            check_long_record(self._source, offset, delimiters)
        return 2 * size


def _cast(types: ColumnTypes, columns: Columns, jobs: Iterator[Job]) -> Generator[Columns | None]:
    """The typed columns of each block in order, None from where a column does not keep its type."""
    yield types.cast(columns)
    second = next(jobs, None)
    if second is None:
        return
    pending: deque[Future[Columns | None]] = deque()
    with ThreadPoolExecutor(_THREADS, "csv") as pool:
        try:
            for job in chain([second], jobs):
                pending.append(pool.submit(lambda job: types.cast(job(types.types)), job))
                if len(pending) > _THREADS:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


def _known(columns: Columns, _types: Sequence[pa.DataType]) -> Columns:
    return columns


def _columns(reader: BlockReader, split: Split, types: Sequence[pa.DataType]) -> Columns:
    columns = split.columns(types)
    reader.release(split.block)
    return columns


def _parse(
    reader: BlockReader, parser: BlockParser, block: Block, _types: Sequence[pa.DataType], *, quoting: bool
) -> Columns:
    with _counted_from(block.offset):
        columns = parser.parse(block, quoting=quoting)
    reader.release(block)
    return columns


@contextmanager
def _counted_from(offset: int) -> Iterator[None]:
    """Faults inside tell their place in a block that starts at `offset`; outside, in the text."""
    try:
        yield
    except Fault as fault:
        raise Fault(offset + fault.offset, fault.message) from fault
