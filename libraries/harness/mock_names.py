"""Files whose names, not whose contents, are the question: the same name in many places, and arriving a second time."""

from collections.abc import Iterator
from dataclasses import replace

from harness.mock_archives import gzipped, gzipped_tar, tarred, zipped
from harness.mock_made import Made, Recipe, bad
from harness.mock_sql import Insert, dump, number
from harness.mock_text import csv, txt

TWIN = b"a\n2\n"
_LATER = 3_600_000_000_000


def same_names() -> Iterator[Recipe]:
    """One name in every folder and archive, in every case and normal form, each with a value of its own."""
    table = _tables()
    yield Recipe("x.csv", next(table))
    yield Recipe("a/x.csv", next(table))
    yield Recipe("a/a/x.csv", next(table))
    yield Recipe("A/x.csv", next(table))
    yield Recipe("a/X.csv", next(table))
    yield Recipe("a/x.CSV", next(table))
    yield Recipe("a/x.txt", txt("x\n"))
    yield Recipe(
        "a/x.sql", dump(Insert("x", "x", ("n",), ((number("7"),),)), Insert("X", "X", ("n",), ((number("8"),),)))
    )
    yield Recipe("x.zip", zipped({"x.csv": next(table), "a/x.csv": next(table), "X.csv": next(table)}))
    yield Recipe("a/x.zip", zipped({"x.csv": next(table), "x.zip": zipped({"x.csv": next(table)})}))
    yield Recipe("a/x.tar", tarred({"x.csv": next(table), "./a/x.csv": next(table)}))
    yield Recipe("a/x.tar.gz", gzipped_tar({"x.csv": next(table)}))
    yield Recipe("a/x.tgz", gzipped_tar({"x.csv": next(table)}))
    yield Recipe("a/x.csv.gz", gzipped("x.csv", next(table)))
    yield Recipe("x/x.csv/x.csv", next(table))
    yield Recipe("composed/\u00e9.csv", next(table))
    yield Recipe("composed/e\u0301.csv", next(table))


def numbered_names() -> tuple[Recipe, ...]:
    """Done files by whose names it shows where `~2` goes."""
    table = _tables()
    return (
        Recipe("plain.csv", next(table)),
        Recipe("two.dots.csv", next(table)),
        Recipe("already~2.csv", next(table)),
        Recipe("table.csv.gz", gzipped("table.csv", next(table))),
        Recipe("packed.tar.gz", gzipped_tar({"a.csv": next(table)})),
        Recipe("short.TGZ", gzipped_tar({"a.csv": next(table)})),
        Recipe("pair.zip", zipped({"a.csv": next(table), "b.csv": next(table)})),
        Recipe("folder/dump.sql", dump(Insert("t", "t", ("n",), ((number("1"),),)))),
    )


def failing_names() -> tuple[Recipe, ...]:
    """Files that fail, likewise; some have no extension that the contract knows."""
    return (
        Recipe("bad.csv", bad(b"a,b\n1\n", "malformed-csv")),
        Recipe("no extension", bad(b"x", "unsupported-format")),
        Recipe("two.odd.ends", bad(b"x", "unsupported-format")),
        Recipe("cut.csv.gz", bad(gzipped("cut.csv", csv(["a"], ["1"])).data[:-8], "corrupt-archive")),
        Recipe(f"{'n' * 247}.json", bad(b"{", "malformed-json")),
    )


def taken_names() -> tuple[Recipe, ...]:
    """Files one of whose keys holds an object that is not theirs; the archive's other member uploads nothing either.

    An object of `earlier.csv` was made of other bytes under that path, one of `twin.csv` of the same bytes elsewhere.
    """
    members = {"a.csv": csv(["a"], ["1"]), "b.csv": csv(["b"], ["2"])}
    return (
        Recipe("taken.csv", bad(b"a\n1\n", "name-taken")),
        Recipe("taken.zip", bad(zipped(members).data, "name-taken")),
        Recipe("earlier.csv", bad(b"a\n1\n", "name-taken")),
        Recipe("twin.csv", bad(TWIN, "name-taken")),
    )


def again(recipe: Recipe) -> Recipe:
    """The same path with the same bytes, later."""
    return replace(recipe, mtime_ns=recipe.mtime_ns + _LATER, mode=0o600)


def with_other_bytes(recipe: Recipe) -> Recipe:
    """The same path with other bytes, good or bad, later: it must fail, for its objects' names are taken."""
    other = next(made for ending, made in _OTHER.items() if recipe.path.lower().endswith(ending))
    return Recipe(recipe.path, bad(other.data, "name-taken"), mtime_ns=recipe.mtime_ns + _LATER)


def repaired(recipe: Recipe) -> Recipe:
    """A csv file of that path that can be converted."""
    return Recipe(recipe.path, csv(["a", "b"], ["1", "repaired"]), mtime_ns=recipe.mtime_ns + _LATER)


def spoilt(path: str, mtime_ns: int) -> Recipe:
    """A csv file of that path that cannot be converted, later than `mtime_ns`."""
    return Recipe(path, bad(b"a,b\n1\n", "malformed-csv"), mtime_ns=mtime_ns + _LATER)


def _tables() -> Iterator[Made]:
    """Tables that differ, so that one in another's place is seen."""
    number = 0
    while True:
        number += 1
        yield csv(["which"], [f"table {number}"])


_OTHER_TABLE = csv(["other"], ["bytes"])
_OTHER = {
    "two.dots.csv": bad(b"a,b\n1\n", "malformed-csv"),
    ".csv.gz": gzipped("table.csv", _OTHER_TABLE),
    ".csv": _OTHER_TABLE,
    ".tar.gz": gzipped_tar({"a.csv": _OTHER_TABLE}),
    ".tgz": gzipped_tar({"a.csv": _OTHER_TABLE}),
    ".zip": zipped({"a.csv": _OTHER_TABLE, "b.csv": _OTHER_TABLE}),
    ".sql": dump(Insert("t", "t", ("n",), ((number("2"),),))),
}
