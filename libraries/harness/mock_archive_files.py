"""The archives of the test data, good ones only."""

import gzip
import tarfile
from collections.abc import Mapping

from harness.archives import ZipMember, gzip_run, zip_bytes
from harness.mock_archives import Members, gzipped, gzipped_tar, holding, tarred, zipped
from harness.mock_dice import Dice
from harness.mock_json import Form, json_file
from harness.mock_made import Made
from harness.mock_sql import Between, Copy, Insert, Other, dump, number
from harness.mock_text import Field, csv, txt


def archive_files(dice: Dice) -> dict[str, Made]:
    """All of them by path."""
    return {
        "archives/mixed.zip": zipped(_mixed(dice)),
        "archives/stored.ZIP": zipped({"a.csv": csv(["a"], ["1"]), "b/a.csv": csv(["a"], ["2"])}, stored=True),
        "archives/mixed.tar": tarred({"./": None, **{f"./{name}": made for name, made in _mixed(dice).items()}}),
        "archives/one block of zeros.tar": _ended_early({"a.csv": csv(["a"], ["1"])}),
        "archives/unmarked names.zip": _unmarked({"größe/ä.csv": csv(["a"], ["unmarked"])}),
        "archives/gnu.tar": tarred({f"{'long ' * 30}/ä.csv": csv(["a"], ["1"])}, tarfile.GNU_FORMAT),
        "archives/mixed.tar.gz": gzipped_tar(_mixed(dice)),
        "archives/short name.tgz": gzipped_tar({"m/n.csv": csv(["x", "y"], ["007", "b"])}),
        "archives/table.csv.gz": gzipped("table.csv", _table(dice, 3000)),
        "archives/lines.ndjson.gz": gzipped("lines.ndjson", json_file(Form.LINES, {"a": 1}, {"a": None, "b": "2"})),
        "archives/notes.txt.GZ": gzipped("notes.txt", txt("one\ntwo")),
        # Packed more than 200 times smaller, which alone makes no archive unsafe.
        "archives/much of one.txt.gz": _run("much of one.txt", 600_000),
        "archives/dump.sql.gz": gzipped("dump.sql", _dump()),
        "archives/nested.zip": zipped(_nested()),
        "same/data.zip": zipped(
            {"data.csv": csv(["a"], ["in the archive"]), "same/data.csv": csv(["a"], ["in its folder"])}
        ),
        "same/data.csv.gz": gzipped("data.csv", csv(["a"], ["gzipped"])),
    }


def _ended_early(members: Members) -> Made:
    """A tar file that ends after the first of the blocks of zeros, as some writers leave it."""
    data = tarred(members).data
    last = max(at for at in range(0, len(data), tarfile.BLOCKSIZE) if any(data[at : at + tarfile.BLOCKSIZE]))
    return holding(data[: last + 2 * tarfile.BLOCKSIZE], members)


def _unmarked(members: Mapping[str, Made]) -> Made:
    """A zip file whose names are UTF-8 and not marked as such, as Info-ZIP on Unix writes them."""
    return holding(zip_bytes([ZipMember(name.encode(), made.data) for name, made in members.items()]), members)


def _mixed(dice: Dice) -> Members:
    return {
        "folder/": None,
        "folder/table.csv": _table(dice, 50),
        "folder/ünïcödé 😀/#1 & 50%.csv": csv(["a"], ["x"]),
        "data.json": json_file(Form.ARRAY, {"a": 1, "b": "1"}, {"a": 2}),
        "notes.TXT": txt("a\n\nb\n"),
        "dump.sql": _dump(),
        "bang!mark.csv": csv(["a"], ["!"]),
        "folder//two/./slashes.csv": csv(["a"], ["//"]),
        "__MACOSX/._data.json": txt("passed over"),
        "__MACOSX/data.json": txt("passed over"),
        "folder/.hidden.png": txt("passed over"),
        ".git/config": txt("passed over"),
    }


def _nested() -> Members:
    """Archives in an archive, four levels deep, where the same name stands on every one."""
    inner = csv(["level"], ["4"])
    third = gzipped_tar({"n.csv": csv(["level"], ["3"]), "n.csv.gz": gzipped("n.csv", inner)})
    second = tarred({"n.csv": csv(["level"], ["2"]), "deeper/third.tar.gz": third})
    return {"n.csv": csv(["level"], ["1"]), "second.tar": second, "dump.sql.gz": gzipped("dump.sql", _dump())}


def _dump() -> Made:
    return dump(
        Between("-- a dump\n"),
        Other("CREATE TABLE t (id int, name text)", "CREATE"),
        Insert("t", "t", ("id", "name"), ((number("1"), "a"), (number("2"), None)), named=False),
        Copy("s.u", "s.u", ("x",), (("007",), (None,))),
    )


def _run(inner: str, size: int) -> Made:
    packed = gzip_run(size)
    return holding(packed, {inner: txt(gzip.decompress(packed).decode())})


def _table(dice: Dice, rows: int) -> Made:
    records: list[list[Field]] = [
        [str(number), dice.pick(("a", "b", "c,d", None)), f"{dice.below(100)}.{1 + dice.below(9)}"]
        for number in range(rows)
    ]
    return csv(["id", "letter", "value"], *records)
