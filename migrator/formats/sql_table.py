"""One table of a dump: rows in, typed batches out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pyarrow as pa

from migrator.formats.columns import TEXT, ColumnTypes
from migrator.formats.interface import Sink, Table
from migrator.formats.sql_block import Block, BlockColumn, Column, FieldColumn, block_of_rows
from migrator.formats.sql_casts import Casts, Typed
from migrator.formats.sql_facts import Facts
from migrator.formats.sql_literals import Value
from migrator.formats.sql_scanner import malformed
from migrator.names import table_segment

_FULL_BYTES = 4 << 20
_ROWS_BYTES = 256 << 10

_Named = dict[str, BlockColumn | FieldColumn]


class RowTable:
    """Collects rows, names and types their columns, and writes them.

    Columns and types are settled with the first rows that are written; what contradicts them later is learned.
    """

    def __init__(self, name: str, facts: Facts) -> None:
        self.name = name
        self.waiting = 0
        self._facts = facts
        self._rows: list[Sequence[Value]] = []
        self._rows_names: tuple[str, ...] | None = None
        self._rows_size = 0
        self._rows_line = 0
        self._blocks: list[Block] = []
        # Insertion-ordered: the union of all column lists so far.
        self._seen: dict[str, None] = {}
        self._has_binary: set[str] = set()
        self._has_text: set[str] = set()
        self._nameless = False
        self._misnamed = False
        self._created: tuple[str, ...] | None = None
        self._columns: tuple[str, ...] = ()
        self._binary: frozenset[str] = frozenset()
        self._types: ColumnTypes | None = None
        self._schema: pa.Schema | None = None
        self._table: Table | None = None

    def add_rows(self, names: tuple[str, ...] | None, rows: Sequence[Sequence[Value]], size: int, line: int) -> None:
        """Append rows that are all equally wide.

        Args:
            names: Their columns, None where nothing has named them yet.
            rows: At least one.
            size: The bytes of the dump that they took.
            line: Where the first one stands.
        """
        if self._rows and (names != self._rows_names or len(rows[0]) != len(self._rows[0])):
            self._take_rows()
        if not self._rows:
            self._rows_names, self._rows_line = names, line
        self._rows.extend(rows)
        self._rows_size += size
        self.waiting += size
        if self._rows_size > _ROWS_BYTES:
            self._take_rows()

    def add_block(self, block: Block) -> None:
        """Append a block."""
        self._take_rows()
        self._blocks.append(block)
        self.waiting += block.weight

    def types_of(self, columns: tuple[str, ...]) -> list[pa.DataType] | None:
        """The types of these columns, once they are settled."""
        if self._types is None:
            return None
        known = dict(zip(self._columns, self._types.types, strict=True))
        return [known.get(column, TEXT) for column in columns]

    def is_full(self) -> bool:
        """Whether enough waits to be written."""
        return self.waiting > _FULL_BYTES

    def create(self, columns: tuple[str, ...]) -> bool:
        """Take the columns of a CREATE TABLE that follows its rows; False where rows were numbered already."""
        self._created = columns
        self._misnamed = self._nameless
        return not self._misnamed

    def flush(self, sink: Sink | None, casts: Casts) -> bool:
        """Write what waits, or without a sink only learn from it; all but the first when it is cast to its types.

        Returns:
            False where something contradicts what was settled: it is not written then.
        """
        self._take_rows()
        blocks, self._blocks, self.waiting = self._blocks, [], 0
        if not blocks:
            return True
        named = [self._named(block) for block in blocks]
        sizes = [block.rows for block in blocks]
        types = self._types
        if types is None:
            self._settle()
            types = self._facts.column_types(self.name, self._columns)
        first = self._types is None
        cast = partial(_cast, types, self._columns, self._binary, named, sizes)
        if first:
            types.guess(_values(self._columns, self._binary, named, sizes, [TEXT] * len(self._columns)))
            self._types = types
        if len(self._seen) > len(self._columns) or self._binary & self._has_text:
            # To learn which types do not hold; nothing is written any more.
            cast()
            return False
        binaries = {column: _binaries(column, named, sizes) for column in self._binary} if sink is not None else {}
        if first:
            return self._write(binaries, sink, cast())
        return casts.submit(cast, partial(self._write, binaries), sink)

    def is_settled(self) -> bool:
        """Whether columns and binary ones turned out as they were settled, now that all rows are known."""
        return self._binary == self._found_binary() and self._columns == tuple(self._seen)

    def learn(self) -> None:
        """Tell the facts what all rows showed."""
        facts, name = self._facts, self.name
        if self._misnamed:
            return
        seen = tuple(self._seen)
        facts.unions[name] = seen
        facts.binary[name] = self._found_binary()
        if self._types is None:
            return
        broken = {self._columns[index] for index in self._types.broken}
        facts.text[name] = facts.text.get(name, frozenset()) | broken
        if seen == self._columns:
            facts.types[name] = self._types.again()

    def close(self) -> None:
        """All rows are written."""
        if self._table is not None:
            self._table.close()
            self._table = None

    def abort(self) -> None:
        """Forget what was written; what is being cast only tells of its types then."""
        if self._table is not None:
            self._table.abort()
            self._table = None

    def _take_rows(self) -> None:
        if self._rows:
            self._blocks.append(block_of_rows(self._rows_names, self._rows, self._rows_size, self._rows_line))
            self._rows, self._rows_size = [], 0

    def _named(self, block: Block) -> _Named:
        """A block's columns by name."""
        names = block.names or self._created
        width = len(block.columns)
        if names is None:
            self._nameless = True
            names = numbered_columns(width)
        check_width(width, names, block.line)
        named = dict(zip(names, block.columns, strict=True))
        for name, column in named.items():
            self._seen[name] = None
            if column.has_binary:
                self._has_binary.add(name)
            if column.has_text:
                self._has_text.add(name)
        return named

    def _settle(self) -> None:
        """Decide on columns and binary ones: as an earlier pass learned, else as the first rows show."""
        self._columns = self._facts.unions.get(self.name) or tuple(self._seen)
        known = self._facts.binary.get(self.name)
        self._binary = self._found_binary() if known is None else known

    def _found_binary(self) -> frozenset[str]:
        return frozenset(self._has_binary - self._has_text)

    def _write(self, binaries: dict[str, Column], sink: Sink | None, typed: Typed) -> bool:
        if typed is None:
            return False
        if sink is None:
            return True
        for index, column in enumerate(self._columns):
            if column in binaries:
                typed[index] = binaries[column]
        if self._schema is None or self._table is None:
            fields = [(column, values.type) for column, values in zip(self._columns, typed, strict=True)]
            self._schema = pa.schema(fields)
            self._table = sink.table(self._schema, table_segment(self.name))
        self._table.write(pa.RecordBatch.from_arrays(typed, schema=self._schema))
        return True


def numbered_columns(width: int) -> tuple[str, ...]:
    """The names of columns that nothing names."""
    return tuple(f"column_{number}" for number in range(1, width + 1))


def check_width(width: int, names: tuple[str, ...], line: int) -> None:
    """Raise `malformed-sql` where a row in `line` has another number of values than columns, or a name comes twice."""
    if len(set(names)) < len(names):
        twice = next(name for index, name in enumerate(names) if name in names[:index])
        raise malformed(f"the column {twice!r} is named twice", line)
    if width != len(names):
        raise malformed(f"a row of {width} values for {len(names)} columns", line)


def _cast(
    types: ColumnTypes, columns: tuple[str, ...], binary: frozenset[str], named: list[_Named], sizes: list[int]
) -> list[Column] | None:
    """The values of some blocks in the columns' types; None once a type does not hold."""
    return types.cast(_values(columns, binary, named, sizes, types.types))


def _values(
    columns: tuple[str, ...],
    binary: frozenset[str],
    named: list[_Named],
    sizes: list[int],
    types: Sequence[pa.DataType],
) -> list[Column]:
    """The values of some blocks, a column each: in its type where they tell without their text, else their text."""
    return [
        pa.nulls(sum(sizes), TEXT) if column in binary else _column(column, named, sizes, kind)
        for column, kind in zip(columns, types, strict=True)
    ]


def _column(column: str, named: list[_Named], sizes: list[int], kind: pa.DataType) -> Column:
    parts = list(zip([part.get(column) for part in named], sizes, strict=True))
    typed: list[Column] = []
    if kind is not TEXT:
        for found, size in parts:
            values = pa.nulls(size).cast(kind) if found is None else found.typed(kind)
            if values is None:
                break
            typed.append(values)
    if len(typed) == len(parts):
        return _joined(typed)
    return _joined([pa.nulls(size, TEXT) if found is None else found.text for found, size in parts])


def _binaries(column: str, named: list[_Named], sizes: list[int]) -> Column:
    """The bytes of a column without text: what is no binary literal is null or empty."""
    parts: list[Column] = []
    for part, size in zip(named, sizes, strict=True):
        found = part.get(column)
        if found is None:
            parts.append(pa.nulls(size, pa.binary()))
        else:
            parts.append(found.text.cast(pa.binary()) if found.binary is None else found.binary)
    return _joined(parts)


def _joined(parts: list[Column]) -> Column:
    return parts[0] if len(parts) == 1 else pa.concat_arrays(parts)
