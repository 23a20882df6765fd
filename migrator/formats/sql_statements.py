"""The `_statements` table: every statement of a dump whose rows are in no other table."""

import re

import pyarrow as pa

from migrator.formats.interface import Sink, Table
from migrator.formats.sql_block import Column

_SEGMENT = "_statements"
_TYPES: dict[str, pa.DataType] = {"statement_number": pa.int64(), "kind": pa.string(), "statement": pa.string()}
_SCHEMA = pa.schema(_TYPES)
_WAITING_BYTES = 4 << 20
_KIND = re.compile(rb"(?:/\*!\d*)?[\s(]*(\\?[A-Za-z_\x80-\xff][\w$\x80-\xff]*|[^\s;]+)")


class Statements:
    """Collects statements and writes them in batches."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._table: Table | None = None
        self._numbers: list[int] = []
        self._kinds: list[str] = []
        self._texts: list[bytes] = []
        self._waiting = 0
        self._aborted = False

    def add(self, number: int, statement: bytes) -> None:
        """Append a statement, which is the `number`th of its dump."""
        if self._aborted:
            return
        self._numbers.append(number)
        self._kinds.append(kind_of(statement))
        self._texts.append(statement)
        self._waiting += len(statement)
        if self._waiting > _WAITING_BYTES:
            self._write()

    def close(self) -> None:
        """Write what waits; nothing appears where there was no statement."""
        if self._numbers:
            self._write()
        if self._table is not None:
            self._table.close()
            self._table = None

    def abort(self) -> None:
        """Forget all, and take no more."""
        self._aborted = True
        if self._table is not None:
            self._table.abort()
            self._table = None

    def _write(self) -> None:
        if self._table is None:
            self._table = self._sink.table(_SCHEMA, _SEGMENT)
        columns: list[Column] = [
            pa.array(self._numbers, pa.int64()),
            pa.array(self._kinds, pa.string()),
            pa.array(self._texts, pa.string()),
        ]
        self._table.write(pa.RecordBatch.from_arrays(columns, schema=_SCHEMA))
        self._numbers, self._kinds, self._texts, self._waiting = [], [], [], 0


def kind_of(statement: bytes) -> str:
    """A statement's first word in upper case; inside a conditional comment, that of its content."""
    found = _KIND.match(statement)
    return found[1].decode().upper() if found else ""
