"""What the values of a file have in common: a shape that grows with every value, and the Arrow type it stands for."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from migrator.formats.json_values import INT64_MAX, INT64_MIN, int_in_float

# What one column may hold before it is plainly no record but a map, and better kept as JSON text.
MAX_NESTING = 32
MAX_NESTED_FIELDS = 1000

JSON_TEXT = pa.json_(pa.string())

_BOOL, _INT, _FLOAT, _STR, _LIST, _OBJECT = 1, 2, 4, 8, 16, 32
_KIND = {bool: _BOOL, int: _INT, float: _FLOAT, str: _STR, list: _LIST, dict: _OBJECT}
_AGREE = frozenset({0, _BOOL, _INT, _FLOAT, _INT | _FLOAT, _STR, _LIST, _OBJECT})
_EXACT_IN_FLOAT = 2**53
_DISAGREEMENT = 64  # no kind of its own agrees with it


class _Disagreement(Exception):
    """Values have no type in common that holds them all."""


class _Shape:
    """The kinds seen at one place in a column."""

    __slots__ = ("fields", "item", "kinds", "long_ints")

    def __init__(self) -> None:
        self.kinds = 0
        self.long_ints = False  # an integer was seen that float64 does not give back
        self.item: _Shape | None = None
        self.fields: dict[str, _Shape] = {}

    def arrow_type(self) -> pa.DataType | None:
        """The type, or None where only JSON text can hold an object that is empty everywhere."""
        if self.kinds == _LIST:
            item = self.item.arrow_type() if self.item else pa.string()
            return None if item is None else pa.list_(item)
        if self.kinds == _OBJECT:
            types: list[tuple[str, pa.DataType]] = []
            for name, field in self.fields.items():
                kind = field.arrow_type()
                if kind is None:
                    return None
                types.append((name, kind))
            return pa.struct(types) if types else None
        if self.kinds & _FLOAT:
            return pa.float64()
        scalars: dict[int, pa.DataType] = {_BOOL: pa.bool_(), _INT: pa.int64()}
        return scalars.get(self.kinds, pa.string())


class Column:
    """One column's values, whatever they are; null agrees with everything.

    As soon as two values disagree anywhere inside, the whole column is JSON text, and nothing more is learnt about it.
    """

    __slots__ = ("_nested", "_shape")

    def __init__(self) -> None:
        self._shape: _Shape | None = _Shape()
        self._nested = 0

    def observe(self, values: list[Any]) -> None:
        """Learn values, in order."""
        if self._shape is not None:
            try:
                self._observe(self._shape, values, 0)
            except _Disagreement:
                self._shape = None

    def learn(self, values: Any) -> None:
        """Learn what a parse by this column's own type has found: new are only kinds where nothing was seen before."""
        if self._shape is not None:
            try:
                self._learn(self._shape, values)
            except _Disagreement:
                self._shape = None

    def arrow_type(self) -> pa.DataType:
        """The type that holds every value seen."""
        kind = self._shape.arrow_type() if self._shape is not None else None
        return JSON_TEXT if kind is None else kind

    @classmethod
    def of_objects(cls, columns: dict[str, "Column"]) -> "Column":
        """The column of objects whose members are `columns`."""
        column = cls()
        shape = _Shape()
        shape.kinds = _OBJECT
        for name, member in columns.items():
            column._nested += 1 + member._nested
            if member._shape is None or column._nested > MAX_NESTED_FIELDS:
                column._shape = None
                return column
            shape.fields[name] = member._shape
        column._shape = shape
        return column

    def _observe(self, shape: _Shape, values: list[Any], depth: int) -> None:
        types = set(map(type, values))
        types.discard(type(None))
        for kind in types:
            shape.kinds |= _KIND.get(kind, _DISAGREEMENT)
        if int in types:
            shape.long_ints |= _has_long_ints([value for value in values if type(value) is int])
        if not _agree(shape) or depth > MAX_NESTING:
            raise _Disagreement
        if list in types:
            items = list(chain.from_iterable(value for value in values if value))
            if items:
                shape.item = shape.item or _Shape()
                self._observe(shape.item, items, depth + 1)
        elif dict in types:
            for name, members in by_key(value for value in values if value).items():
                field = shape.fields.get(name)
                if field is None:
                    self._nested += 1
                    if self._nested > MAX_NESTED_FIELDS:
                        raise _Disagreement
                    field = shape.fields[name] = _Shape()
                self._observe(field, members, depth + 1)

    def _learn(self, shape: _Shape, values: Any) -> None:
        kind = values.type
        if values.null_count == len(values):
            return
        if pa.types.is_struct(kind):
            for field, members in zip(shape.fields.values(), values.flatten(), strict=True):
                self._learn(field, members)
        elif pa.types.is_list(kind):
            inner = values.flatten()
            if len(inner):
                shape.item = shape.item or _Shape()
                self._learn(shape.item, inner)
        elif pa.types.is_string(kind):
            shape.kinds |= _STR
        elif pa.types.is_int64(kind) and not shape.long_ints:
            bounds = pc.min_max(values)
            if bounds["min"].as_py() < -_EXACT_IN_FLOAT or bounds["max"].as_py() > _EXACT_IN_FLOAT:
                shape.long_ints = _has_long_ints(pc.unique(values.drop_null()).to_pylist())
        if not _agree(shape):
            raise _Disagreement


def _agree(shape: _Shape) -> bool:
    return shape.kinds in _AGREE and not (shape.long_ints and shape.kinds & _FLOAT)


def _has_long_ints(numbers: list[int]) -> bool:
    """Whether a float64 does not give back one of these; a `_Disagreement` where an int64 does not hold it."""
    lowest, highest = min(numbers), max(numbers)
    if lowest < INT64_MIN or highest > INT64_MAX:
        raise _Disagreement
    if lowest >= -_EXACT_IN_FLOAT and highest <= _EXACT_IN_FLOAT:
        return False
    return any(not int_in_float(number) for number in numbers)


def by_key(objects: Iterable[dict[str, Any]]) -> dict[str, list[Any]]:
    """The values of each key, in order; keys in order of first sight."""
    values: defaultdict[str, list[Any]] = defaultdict(list)
    for members in objects:
        for name, value in members.items():
            values[name].append(value)
    return values


@dataclass(frozen=True)
class Layout:
    """The table that items make."""

    schema: pa.Schema
    by_member: bool
    """Whether a column is a member of the items; else the only column is the items themselves."""

    @cached_property
    def cells(self) -> int:
        """How many values a row takes room for, present or not."""
        return sum(map(_cells, self.schema.types))


def _cells(kind: pa.DataType) -> int:
    return sum(_cells(field.type) for field in kind) if pa.types.is_struct(kind) else 1


class Items:
    """All items of a file: a column for each key where every one is an object, else one column `value`."""

    def __init__(self) -> None:
        self._members: dict[str, Column] = {}
        self._seen = False
        self._value: Column | None = None  # from the first item on that is no object

    def observe(self, items: list[Any]) -> None:
        """Learn the items of one block."""
        if not items:
            return
        if self._value is None and any(type(item) is not dict for item in items):
            self._value = Column.of_objects(self._members) if self._seen else Column()
        self._seen = True
        if self._value is not None:
            self._value.observe(items)
            return
        for name, values in by_key(items).items():
            column = self._members.get(name)
            if column is None:
                column = self._members[name] = Column()
            column.observe(values)

    def learn(self, rows: pa.Table) -> None:
        """Learn rows that were parsed by this object's own layout."""
        columns = [self._value] if self._value is not None else self._members.values()
        for batch in rows.to_batches():
            for column, values in zip(columns, batch.columns, strict=True):
                column.learn(values)

    def layout(self) -> Layout:
        """The table that holds every item seen."""
        if self._value is None and self._members:
            fields = [(name, column.arrow_type()) for name, column in self._members.items()]
            return Layout(pa.schema(fields), by_member=True)
        value = self._value
        if value is None:
            value = Column.of_objects({}) if self._seen else Column()
        return Layout(pa.schema([("value", value.arrow_type())]), by_member=False)
