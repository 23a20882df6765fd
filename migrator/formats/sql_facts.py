"""What one pass over a dump learns, so that the next one knows it from the first byte on."""

from dataclasses import dataclass, field

from migrator.formats.columns import ColumnTypes


@dataclass
class Facts:
    """Facts of a whole dump; a pass that contradicts none of them is the last one.

    Attributes:
        created: The columns of each table's first CREATE TABLE.
        unions: The columns of each table that receives rows, in order of first sight.
        binary: Those of them that hold binary literals, null and empty strings only.
        types: The types that hold all values, where the columns were all known already.
        text: The columns that no type but text can hold, where they were not.
        whole: The numbers of statements that begin like rows and are none.
        all_text: Whether to leave every column as text, for types that keep being contradicted.
    """

    created: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    binary: dict[str, frozenset[str]] = field(default_factory=dict)
    types: dict[str, ColumnTypes] = field(default_factory=dict)
    text: dict[str, frozenset[str]] = field(default_factory=dict)
    whole: set[int] = field(default_factory=set)
    all_text: bool = False

    def column_types(self, table: str, columns: tuple[str, ...]) -> ColumnTypes:
        """The types to begin a table with that has these columns."""
        if self.all_text:
            return ColumnTypes(len(columns), range(len(columns)))
        known = self.types.get(table)
        if known is not None and self.unions.get(table) == columns:
            return known
        text = self.text.get(table, frozenset())
        return ColumnTypes(len(columns), [index for index, column in enumerate(columns) if column in text])
