"""How a file of the inventory is converted in this process."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.conversion import Conversion
from migrator.entries import Entry

if TYPE_CHECKING:
    from migrator.convert import ConvertOptions, SourceFile
    from migrator.objects import Stage


def source_file(root: Path, path: str, entry: Entry) -> "SourceFile":
    """The file as its entry describes it, at `path` below `root`."""
    from migrator.convert import SourceFile

    return SourceFile(root, path, entry.size, entry.mtime_ns or 0, entry.format)


def converting(root: Path, stage: "Stage", options: "Callable[[], ConvertOptions]") -> "Callable[[Entry], Conversion]":
    """What converts a file below `root` into `stage`; nothing heavy is imported before the first one."""

    def converted(entry: Entry) -> Conversion:
        from migrator.convert import convert

        return convert(source_file(root, entry.path, entry), stage, options())

    return converted
