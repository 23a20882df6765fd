"""What is kept on disk because memory must not grow with the files."""

import errno
import sqlite3

import pytest

from migrator.disk_table import DiskTable
from migrator.entries import Entry, FileState, NewFile
from migrator.errors import Blocked, StateUnusable
from migrator.keys import Keys
from migrator.listing import Listed
from migrator.names import Format
from migrator.printout import Printout
from migrator.reconcile import open_state
from migrator.state_copy import StateCopy, copied, empty
from migrator.state_rows import COUNTS
from migrator.state_schema import SCHEMA
from migrator.verify_tables import Bucket, Loose

KEYS = (
    "lake/a.csv.parquet",
    "lake/a.csv.parquet/x",
    "lake/a.csv",
    "lake/d.sql/t.parquet",
    "lake/d.sql0",
    "lake/d.sql/u",
)


@pytest.mark.parametrize("named", [True, False])
def test_the_keys_that_a_file_could_have_made(tmp_path, named):
    keys = Keys("lake", KEYS, tmp_path / "keys" if named else None)
    assert keys.of("a.csv") == ["lake/a.csv.parquet"]
    assert keys.of("d.sql") == ["lake/d.sql/t.parquet", "lake/d.sql/u"]
    assert keys.of("b.csv") == keys.of("a.bin") == keys.of("\udcff.csv") == []
    keys.close()
    assert [each.name for each in tmp_path.iterdir()] == (["keys"] if named else [])


def test_a_table_is_scanned_in_pages(monkeypatch):
    monkeypatch.setattr("migrator.disk_table._PAGE", 2)
    table = DiskTable("CREATE TABLE numbers (number INTEGER PRIMARY KEY)", None)
    table.fill("INSERT INTO numbers VALUES (?)", ((number,) for number in range(5)))
    query = "SELECT number FROM numbers WHERE number > ? ORDER BY number LIMIT ?"
    assert [number for (number,) in table.scan(query, -1)] == [0, 1, 2, 3, 4]


def test_no_room_is_told_with_the_remedy(tmp_path):
    with pytest.raises(StateUnusable, match="room"):
        DiskTable("CREATE TABLE t (x)", tmp_path / "none" / "keys")


def test_objects_that_no_file_names_are_left():
    bucket = Bucket([Listed("a", 1, "e"), Listed("b", 2, "f"), Listed("ä", 3, "g")])
    assert bucket.take("b") == bucket.take("b") == Listed("b", 2, "f")
    assert bucket.take("c") is None
    assert list(bucket.left()) == ["a", "ä"]


class Reads:
    """A tree of equally big files that counts how often each is read."""

    def __init__(self, files):
        self.files = files
        self.reads = []

    def size(self, place):
        return len(self.files[place]) if place in self.files else None

    def sha256(self, place):
        self.reads.append(place)
        return self.files[place]

    def put_away(self):
        return list(self.files)

    def arrivals(self):
        return []


def test_many_files_in_another_place_are_read_once_each():
    tree = Reads({f"done/{number:03}": f"{number:03}" for number in range(100)})
    loose = Loose(tree, [])
    for number in reversed(range(100)):
        entry = Entry(1, f"x{number}", f"done/x{number}", Format.CSV, 3, 0, f"{number:03}", FileState.DONE)
        assert loose.find(entry) == f"done/{number:03}"
    assert sorted(tree.reads) == sorted(tree.files)
    assert list(loose.unknown()) == []


def test_a_copy_is_that_of_a_moment_and_takes_more(tmp_path):
    path = tmp_path / "state.sqlite3"
    with open_state(path) as state:
        with state.transaction():
            state.add_pending([NewFile("a", 1, 1)], "2026")
        with copied(path) as copy:
            with state.transaction():
                state.add_pending([NewFile("b", 1, 1)], "2026")
            assert [entry.path for entry, _ in copy.entries()] == ["a"]
            copy.add([Entry(0, "c", "c", Format.UNKNOWN, 1, 1)])
            assert [entry.path for entry, _ in copy.entries()] == ["a", "c"]
            assert copy.counts()[FileState.PENDING] == 2
            assert list(copy.waiting()) == [b"a", b"c"]
        assert [entry.path for entry in state.pending(0, 10)] == ["a", "b"]


def test_a_copy_without_room_is_no_fault_of_the_state():
    class Full:
        def execute(self, *_):
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

    with pytest.raises(Blocked, match="TMPDIR") as caught:
        StateCopy(Full()).add([])
    assert not isinstance(caught.value, StateUnusable)
    with empty() as copy:
        assert list(copy.entries()) == []


def test_files_are_counted_without_sorting_them():
    database = sqlite3.connect(":memory:")
    database.executescript(SCHEMA)
    (step,) = database.execute(f"EXPLAIN QUERY PLAN {COUNTS}").fetchall()
    assert step[-1] == "SCAN files"


def test_a_printout_without_a_folder_for_it_names_the_remedy(monkeypatch):
    def nowhere():
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", nowhere)
    monkeypatch.setattr("migrator.printout._MEMORY_BYTES", 1)
    with Printout() as out, pytest.raises(StateUnusable, match="TMPDIR"):
        out.write("more than a byte")
