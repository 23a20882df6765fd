"""A mutant: the migrator with a defect that teams ship, as a small patch that is data."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(__file__).resolve().parent / "defects"
PACKAGE = "migrator"
_KEYS = {"lost", "caught by", "patches"}
_PATCH_KEYS = {"file", "old", "new"}


class BadMutant(Exception):
    """A mutant's file is wrong, or its patch does not fit the migrator any more; the message says which and where."""


@dataclass(frozen=True)
class Patch:
    """Lines of one file and what stands there instead.

    Attributes:
        file: Relative to the package's folder.
        old: Whole lines, indented against each other as in the file; their common indentation may differ.
        new: Likewise; nothing where the lines go.
    """

    file: str
    old: str
    new: str

    def applied(self, text: str) -> str:
        """The file's text with the new lines.

        Raises:
            BadMutant: The old lines stand there not once but never, or several times.
        """
        found = list(_pattern(self.old).finditer(text))
        if len(found) != 1:
            first = self.old.strip().splitlines()[0]
            raise BadMutant(f"{self.file}: the lines from {first!r} on were expected once, seen {len(found)} times")
        match = found[0]
        lines = [match["indent"] + line if line.strip() else "" for line in self.new.splitlines()]
        return text[: match.start()] + "".join(f"{line}\n" for line in lines) + text[match.end() :]


@dataclass(frozen=True)
class Mutant:
    """A defect.

    Attributes:
        name: Its file's, without the extension.
        lost: What a user would lose by it, in one sentence.
        caught_by: Patterns of the tests that should find it, as `robot --test` takes them.
        patches: What is changed.
    """

    name: str
    lost: str
    caught_by: tuple[str, ...]
    patches: tuple[Patch, ...]

    @property
    def files(self) -> frozenset[str]:
        """The files that it changes, relative to the package's folder."""
        return frozenset(patch.file for patch in self.patches)

    def write(self, folder: Path, root: Path = ROOT) -> None:
        """Make a copy of the migrator with the defect in it, as a package in `folder`.

        Raises:
            BadMutant: A patch does not fit.
        """
        package = folder / PACKAGE
        shutil.copytree(root / PACKAGE, package)
        for patch in self.patches:
            file = package / patch.file
            if not file.is_file():
                raise BadMutant(f"{self.name}: there is no file {PACKAGE}/{patch.file}")
            try:
                file.write_text(patch.applied(file.read_text(encoding="utf-8")), encoding="utf-8")
            except BadMutant as error:
                raise BadMutant(f"{self.name}: {error}") from error
            # A compiled module is known by second and size of its source, which a patch may leave as they were.
            for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
                compiled.unlink()


CLEAN = Mutant("the migrator as it is", "", (), ())
"""What every test must leave green."""


def load(names: Sequence[str] = (), folder: Path = FOLDER) -> list[Mutant]:
    """The mutants with these names, or all, in the order of their names.

    Raises:
        BadMutant: There is none of a name, or a file is wrong.
    """
    files = {file.stem: file for file in sorted(folder.glob("*.yaml"))}
    if unknown := [name for name in names if name not in files]:
        raise BadMutant(f"no mutant is named {unknown[0]!r}; {len(files)} are in {folder}")
    return [_read(files[name]) for name in (names or files)]


def _read(file: Path) -> Mutant:
    told = yaml.safe_load(file.read_text(encoding="utf-8"))
    if not isinstance(told, dict) or told.keys() != _KEYS:
        raise BadMutant(f"{file.name}: expected the entries {', '.join(sorted(_KEYS))}")
    patches = tuple(_patch(file, each) for each in told["patches"])
    if not patches or not told["caught by"] or not told["lost"]:
        raise BadMutant(f"{file.name}: no entry may be empty")
    return Mutant(file.stem, told["lost"].strip(), tuple(told["caught by"]), patches)


def _patch(file: Path, told: Any) -> Patch:
    if not isinstance(told, dict) or told.keys() != _PATCH_KEYS or not told["old"].strip():
        raise BadMutant(f"{file.name}: expected the entries {', '.join(sorted(_PATCH_KEYS))} of each patch")
    return Patch(told["file"], told["old"], told["new"])


def _pattern(lines: str) -> re.Pattern[str]:
    first, *others = lines.rstrip("\n").split("\n")
    rest = "".join(rf"\n(?P=indent){re.escape(line)}" if line.strip() else r"\n[ ]*" for line in others)
    return re.compile(rf"^(?P<indent>[ ]*){re.escape(first)}{rest}\n", re.MULTILINE)
