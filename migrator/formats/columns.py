"""Lossless typing of text columns: a type is given only where every value comes back unchanged in value.

The types and what counts as unchanged:

- int64: no leading zero, no plus sign, no `-0`.
- float64: finite, no leading zero, no plus sign, no negative zero; the decimal that is written equals the shortest
  decimal of the float; at least one value of the column has a point or an exponent.
- bool: `true`, `false`.
- date32: `2024-02-29`, years 0001 to 9999.
- timestamp in µs: `2024-02-29 23:59:59` with up to 6 decimals, blank or `T`; all with `Z` (then in UTC) or none.

Everything else is string. Null stays null in every type; the empty text is a value, and only text holds it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from migrator.formats.column_casts import BOOLEAN, DATE, INTEGER, LOCAL_TIME, TEXT, UTC_TIME, typed_values
from migrator.formats.column_floats import FLOAT, Column, floats, has_decimals
from migrator.formats.column_plain import candidates

__all__ = ["BOOLEAN", "DATE", "FLOAT", "INTEGER", "LOCAL_TIME", "TEXT", "UTC_TIME", "Column", "ColumnTypes"]

_EXACT_INTEGERS = 2**53

# First integers of a table that are not looked at before it is needed, which in most small files is never.
_UNSEEN_BYTES = 16 << 10


class ColumnTypes:
    """Types of a table's columns: guessed from text, then held against every later value.

    Once they are guessed, several threads may call `cast` at a time, for rows in any order.

    Args:
        count: How many columns there are.
        text: Columns that stay text, because an earlier pass found a value there that no type can hold.
    """

    def __init__(self, count: int, text: Collection[int] = ()) -> None:
        self.types: list[pa.DataType] = [TEXT] * count
        self.broken: set[int] = set()
        self._decided: Mapping[int, pa.DataType] = dict.fromkeys(text, TEXT)
        self._guessed: dict[int, tuple[Column, Column]] = {}
        self._floats_later: dict[int, bool] = {}
        self._never_floats: set[int] = set()
        self._first_integers: dict[int, Column] = {}

    def guess(self, columns: Sequence[Column]) -> None:
        """Choose each column's type from its first values, or from all of them.

        Args:
            columns: A string array with nulls for each column. A column without a value is guessed text.
        """
        self._guessed = {}
        unseen = _UNSEEN_BYTES
        for index, column in enumerate(columns):
            decided = self._decided.get(index)
            data_type, typed = _guessed(column) if decided is None else (decided, None)
            self.types[index] = data_type
            if typed is not None:
                self._guessed[index] = (column, typed)
                if data_type is INTEGER:
                    unseen -= typed.nbytes
                    if unseen >= 0:
                        self._first_integers[index] = typed
                    else:
                        self._note_wide_integers(index, typed)

    def cast(self, columns: Sequence[Column]) -> list[Column] | None:
        """The values of some rows in the columns' types.

        Args:
            columns: A string array with nulls for each column, rows after those of the last call or the guessed ones;
                or its values as its type has them, where they are known to be what is written.

        Returns:
            None once any column is broken. Go on calling, so that `broken` names every column that does not keep its
            type; then begin anew with `again()`.
        """
        results: list[Column] = []
        guessed, self._guessed = self._guessed, {}
        for index, column in enumerate(columns):
            known = guessed.get(index)
            if known is not None and known[0] is column:
                results.append(known[1])
            elif self.types[index] is TEXT:
                results.append(column)
            elif column.type == self.types[index]:
                self._note_wide_integers(index, column)
                results.append(column)
            elif index in self.broken:
                self._hold_as_float(index, column)
            else:
                typed = typed_values(column, self.types[index])
                if typed is None:
                    # In this order: another thread may find the column broken at any moment.
                    self._floats_later.setdefault(index, False)
                    self.broken.add(index)
                    self._hold_as_float(index, column)
                else:
                    self._note_wide_integers(index, typed)
                    results.append(typed)
        return None if self.broken else results

    def again(self) -> ColumnTypes:
        """The types for a second pass over the same rows, each as all the rows of this pass allow.

        A broken column becomes text; one of integers that later has decimals becomes float64 where each value allows.
        """
        following = ColumnTypes(len(self.types))
        decided = dict(enumerate(self.types))
        for index in self.broken:
            if index in self._first_integers:
                self._note_wide_integers(index, self._first_integers[index])
            is_float = index not in self._never_floats and self._floats_later.get(index, False)
            decided[index] = FLOAT if is_float else TEXT
        following._decided = decided
        return following

    def _note_wide_integers(self, index: int, typed: Column) -> None:
        """Remember an integer column that cannot become float64, should decimals follow."""
        if self.types[index] is INTEGER and index not in self._never_floats:
            bounds = pc.min_max(typed)
            low, high = bounds["min"].as_py(), bounds["max"].as_py()
            if low is not None and (low < -_EXACT_INTEGERS or high > _EXACT_INTEGERS):
                self._never_floats.add(index)

    def _hold_as_float(self, index: int, column: Column) -> None:
        """Go on with a broken integer column as if it were one of floats."""
        if self.types[index] is not INTEGER or index in self._never_floats or floats(column) is None:
            self._never_floats.add(index)
        elif not self._floats_later[index]:
            self._floats_later[index] = has_decimals(column)


def _guessed(column: Column) -> tuple[pa.DataType, Column | None]:
    """The first type that holds all values of a column, and the values in it."""
    first = _first_value(column)
    if first is None:
        return TEXT, None
    for data_type in candidates(first):
        typed = typed_values(column, data_type)
        if typed is not None and (data_type is not FLOAT or has_decimals(column)):
            return data_type, typed
    return TEXT, None


def _first_value(column: Column) -> str | None:
    if column.null_count == len(column):
        return None
    values = column.drop_null() if column.null_count else column
    first: str = values[0].as_py()
    return first
