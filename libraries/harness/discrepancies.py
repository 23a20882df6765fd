"""What somebody does to objects and files behind the migrator's back, and the difference that `verify` must name."""

import json
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from harness import arrivals, mock_names
from harness.mock_made import Recipe
from harness.mock_text import csv
from harness.tables import Row
from harness.truth import OBJECT_SUFFIX, reason_path
from harness.world import PREFIX, World

KINDS = frozenset(
    {
        "missing-object",
        "changed-object",
        "unknown-object",
        "missing-file",
        "changed-file",
        "misplaced-file",
        "unknown-file",
    }
)
_SOMEBODYS = b"somebody else's"


@dataclass(frozen=True)
class Named:
    """A difference as `verify --json` names it; the names are the contract's."""

    path: str | None
    key: str | None
    difference: str
    detail: str

    def __str__(self) -> str:
        """The difference in words."""
        return f"{self.difference} of {self.key or self.path}"


@dataclass(frozen=True)
class Discrepancy:
    """What was done to one object or file.

    Attributes:
        done: In words.
        kinds: The differences that are right for it.
        subject: The key of the object, or the path of the file.
        free: Where else something of the file is now, which may be told as a difference of its own.
        owner: The file whose object it is, by whose path it may be named in words; empty where the key begins so.
    """

    done: str
    kinds: Collection[str]
    subject: str
    free: str = ""
    owner: str = ""

    def is_named(self, named: Named) -> bool:
        """Whether this is what `verify` says."""
        return named.difference in self.kinds and self._is_of(named, self.subject)

    def may_be_named(self, named: Named) -> bool:
        """Whether `verify` may say this beside it."""
        return bool(self.free) and named.difference == "unknown-file" and self._is_of(named, self.free)

    @staticmethod
    def _is_of(named: Named, subject: str) -> bool:
        if named.difference.endswith("-object"):
            return named.key == subject
        # A path is where the file arrived; what is no file of ours has but the place where it is.
        path = named.path or ""
        return subject in {path, path.removeprefix("done/"), path.removeprefix("failed/")}


def read(printed: str) -> list[Named]:
    """What `verify --json` printed.

    Raises:
        AssertionError: It is no JSON, lacks an entry, or names a difference that the contract does not know.
    """
    try:
        told: Any = json.loads(printed)
        found = [
            Named(*(each[name] for name in ("path", "key", "difference", "detail"))) for each in told["differences"]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise AssertionError(
            f"Expected the differences of the contract from verify --json, seen {printed[:200]!r}: {error!r}."
        ) from error
    if unknown := {each.difference for each in found} - KINDS:
        raise AssertionError(f"Expected a difference of the contract from verify --json, seen {min(unknown)!r}.")
    return found


def make_all(world: World) -> tuple[Discrepancy, ...]:
    """Make one of each kind over files that were migrated, and let a file arrive, which is no difference."""
    objects, files = _of_objects(world), _of_files(world)
    arrivals.arrive(world, [Recipe("late/arrived later.csv", csv(["a"], ["007"]))])
    return (*objects, *files)


def _of_objects(world: World) -> tuple[Discrepancy, ...]:
    names = ("plain.csv", "two.dots.csv", "nobody's.csv", "pair.zip/b.csv", "short.TGZ/a.csv")
    gone, changed, strange, second, shorter = (f"{PREFIX}/{each}{OBJECT_SUFFIX}" for each in names)
    world.bucket.delete(gone)
    world.bucket.delete(second)
    # As many bytes as there were, so that its size tells nothing.
    world.bucket.put(changed, world.bucket.read(changed)[::-1])
    world.bucket.put(shorter, _SOMEBODYS)
    world.bucket.put(strange, _SOMEBODYS)
    # A neighbour's, whose prefix begins like ours.
    world.bucket.put(f"{PREFIX}side/neighbour's.csv{OBJECT_SUFFIX}", _SOMEBODYS)
    return (
        Discrepancy("an object was deleted", {"missing-object"}, gone),
        Discrepancy("an archive's second object was deleted", {"missing-object"}, second, owner="pair.zip"),
        Discrepancy("an object was overwritten in its length", {"changed-object"}, changed),
        Discrepancy("an object was overwritten", {"changed-object"}, shorter, owner="short.TGZ"),
        Discrepancy("an object of nobody's was put", {"unknown-object"}, strange),
    )


def _of_files(world: World) -> tuple[Discrepancy, ...]:
    source = world.source
    failed, lost, altered = (recipe.path for recipe in mock_names.failing_names()[:3])
    (source / "done/already~2.csv").unlink()
    changed = source / "done/table.csv.gz"
    changed.write_bytes(bytes(each ^ 1 for each in changed.read_bytes()))
    (source / "failed/pair.zip").parent.mkdir(exist_ok=True)
    (source / "done/pair.zip").rename(source / "failed/pair.zip")
    (source / "done/nobody's.csv").write_bytes(_SOMEBODYS)
    (source / "failed" / reason_path(failed)).unlink()
    (source / "failed" / lost).unlink()
    (source / "failed" / altered).write_bytes(b"y")
    (source / "failed/nobody's.txt").write_bytes(_SOMEBODYS)
    return (
        Discrepancy("a done file was deleted", {"missing-file"}, "already~2.csv"),
        Discrepancy("the bytes of a done file were changed", {"changed-file"}, "table.csv.gz"),
        Discrepancy("a done file was moved", {"misplaced-file", "missing-file"}, "pair.zip", free="pair.zip"),
        Discrepancy("a file of nobody's was put into done/", {"unknown-file"}, "nobody's.csv"),
        Discrepancy("a file of nobody's was put into failed/", {"unknown-file"}, "nobody's.txt"),
        Discrepancy("the reason of a failed file was deleted", {"missing-file"}, failed),
        Discrepancy("a failed file was deleted", {"missing-file"}, lost, free=reason_path(lost)),
        Discrepancy("the bytes of a failed file were changed", {"changed-file"}, altered),
    )


def rows(made: Collection[Discrepancy], named: Collection[Named]) -> Iterator[Row]:
    """Each discrepancy beside what was named of it, and what was named and is none."""
    for each in made:
        seen = [found for found in named if each.is_named(found)]
        expected = f"{' or '.join(sorted(each.kinds))}, as {each.done}"
        yield Row(each.subject, expected, ", ".join(map(str, seen)) or "not a word", bool(seen))
    for found in named:
        if not any(each.is_named(found) or each.may_be_named(found) for each in made):
            yield Row(
                found.key or os.fspath(found.path or "nothing"), "no difference", f"{found.difference}", right=False
            )


def rows_in_words(made: Collection[Discrepancy], text: str) -> Iterator[Row]:
    """Each discrepancy, and whether a text names the file or object."""
    for each in made:
        name = each.subject.removeprefix(f"{PREFIX}/").removesuffix(OBJECT_SUFFIX)
        told = name in text or bool(each.owner and each.owner in text)
        yield Row(name, f"its name, as {each.done}", "so" if told else "not a word", told)
