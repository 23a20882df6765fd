"""What only looks like a state of ours is set aside; what leads out of SOURCE is not followed."""

import json
import sqlite3
from contextlib import closing

import pytest

from migrator import state_schema, state_seal
from migrator.cli import main
from migrator.entries import Entry, FileState, NewFile
from migrator.folders import Folders
from migrator.names import Format
from migrator.state import State
from migrator.state_check import check
from migrator.state_errors import StateUnreadable
from migrator.within import leads_through_link, names_inside
from tests.migrator.fakes import FakeBucket, install

STATE = ".migrator/state.sqlite3"


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "state"
    state_schema.create(made)
    return made


def rewritten(path, script):
    """A state that another program changed, and then sealed as the migrator does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(script)
    with path.open("r+b") as file:
        state_seal.write(file.fileno())


LOOK_ALIKES = {
    "a column more": "ALTER TABLE files ADD COLUMN owner TEXT",
    "a column less": "ALTER TABLE files DROP COLUMN finished_at",
    "another type": "DROP TABLE marks; CREATE TABLE marks (name BLOB PRIMARY KEY) STRICT, WITHOUT ROWID",
    "no types": "DROP TABLE marks; CREATE TABLE marks (name TEXT PRIMARY KEY)",
    "no constraint": "DROP INDEX files_place; CREATE INDEX files_place ON files (place) WHERE place IS NOT NULL",
    "an index less": "DROP INDEX files_open",
    "a table more": "CREATE TABLE other (a)",
    "a view": "DROP TABLE marks; CREATE VIEW marks AS SELECT 'listing' AS name",
    "a trigger": "CREATE TRIGGER t AFTER INSERT ON files BEGIN DELETE FROM objects; END",
}


@pytest.mark.parametrize("how", LOOK_ALIKES)
def test_a_schema_that_is_not_exactly_ours_is_refused(path, how):
    rewritten(path, LOOK_ALIKES[how])
    with pytest.raises(StateUnreadable, match="tables"):
        check(path)


def test_the_tables_of_another_program_with_our_names_are_refused(tmp_path):
    path = tmp_path / "other"
    tables = "CREATE TABLE files (a); CREATE TABLE objects (a); CREATE TABLE foreign_files (a); CREATE TABLE marks (a);"
    rewritten(path, f"{tables} PRAGMA user_version = {state_schema.SCHEMA_VERSION}")
    with pytest.raises(StateUnreadable, match="tables"):
        check(path)


def known(path, place, state=FileState.DONE, destination=None):
    return Entry(0, path, place, Format.CSV, 1, 0, None, state, destination=destination)


ASTRAY = {
    "absolute": known("/etc/passwd", "done/x"),
    "absolute place": known("a.csv", "/etc/passwd"),
    "above": known("../a.csv", "done/a.csv"),
    "above in the middle": known("x/../../a.csv", "done/a.csv"),
    "above, done": known("a.csv", "done/../../a.csv"),
    "above, failed": known("a.csv", "failed/../a.csv", FileState.FAILED),
    "no name": known("", "done/"),
    "doubled": known("a//b", "done/a//b"),
    "NUL": known("a\0b", "done/a\0b"),
    "done elsewhere": known("a.csv", "other/a.csv"),
    "done where it arrived": known("a.csv", "a.csv"),
    "failed among the done": known("a.csv", "done/a.csv", FileState.FAILED),
    "pending elsewhere": known("a.csv", "b.csv", FileState.PENDING),
    "into the state's folder": known(".migrator/x", "done/.migrator/x"),
}


@pytest.mark.parametrize("how", ASTRAY)
def test_a_place_that_leads_out_of_source_is_refused(path, how):
    with State(path) as state, state.transaction():
        state.add_known(ASTRAY[how], [])
    with pytest.raises(StateUnreadable, match="nowhere in SOURCE"):
        check(path)


@pytest.mark.parametrize("destination", ["../a.csv", "/a.csv", "done/../../a.csv", "other/a.csv", "failed//a.csv"])
def test_a_destination_that_leads_out_of_source_is_refused(path, destination):
    with State(path) as state, state.transaction():
        state.add_pending([NewFile("a.csv", 1, 1)], "now")
        state.redirect(1, destination)
    with pytest.raises(StateUnreadable, match="nowhere in SOURCE"):
        check(path)


@pytest.mark.parametrize("place", ["../x", "/x", "x", "done/../x"])
def test_a_foreign_place_that_leads_out_of_source_is_refused(path, place):
    with State(path) as state, state.transaction():
        state.remember_foreign(place, 1, 1)
    with pytest.raises(StateUnreadable, match="nowhere in SOURCE"):
        check(path)


def test_every_place_that_the_migrator_writes_is_taken(path):
    names = ["a.csv", "x/a..b", "\udcff/n~2.csv", "a\nb", "...x"[3:], "done.csv", "ä/ö"]
    with State(path) as state, state.transaction():
        for number, name in enumerate(names):
            state.add_known(known(f"{number}/{name}", f"done/{number}~2/{name}"), [])
            state.add_known(known(name, None, FileState.FAILED), [])
        state.add_known(known("f", "failed/f~3", FileState.FAILED), [])
        state.add_pending([NewFile("p/q", 1, 1), NewFile("r", 1, 1), NewFile("s", 1, 1)], "now")
        count = sum(state.counts().values())
        state.redirect(count, "done/s")
        state.redirect(count - 1, "failed/r~2")
        state.remember_foreign("done/theirs", 1, 1)
    check(path)


@pytest.mark.parametrize(
    ("path", "inside"),
    [("a", True), ("a/b.csv", True), ("a..b", True), ("", False), ("/a", False), ("a/", False), ("../a", False),
     ("a/..", False), ("a/./b", False), ("a//b", False), ("a/.b", False), ("a\0", False)],
)  # fmt: skip
def test_a_path_is_inside_by_its_text(path, inside):
    assert names_inside(path) is inside


def test_a_path_through_a_link_is_told(tmp_path):
    (tmp_path / "real/deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real/deep/link").symlink_to(tmp_path)
    for path, through in (("link", False), ("link/x", True), ("real/deep/x", False), ("real/deep/link/x", True),
                          ("none/x/y", False), ("link/deep/x", True)):  # fmt: skip
        assert leads_through_link(str(tmp_path), path) is through, path


@pytest.fixture
def world(tmp_path, monkeypatch, capsys):
    install(monkeypatch, FakeBucket(tmp_path / "bucket"))
    root = tmp_path / "source"
    root.mkdir()
    capsys.readouterr()
    return root


def run(root, *more):
    return main(["run", str(root), "s3://bucket/lake", *more])


def places(root):
    return sorted(str(file.relative_to(root)) for file in root.rglob("*") if not file.is_dir())


@pytest.mark.parametrize("how", ["place", "schema"])
def test_such_a_state_is_set_aside_and_rebuilt(world, tmp_path, capsys, how):
    outside = tmp_path / "outside.csv"
    outside.write_text("1")
    (world / "a.csv").write_text("1")
    assert run(world) == 0
    state = world / STATE
    if how == "schema":
        rewritten(state, LOOK_ALIKES["a trigger"])
    else:
        with State(state) as opened, opened.transaction():
            status = outside.stat()
            opened.add_pending([NewFile("../outside.csv", status.st_size, status.st_mtime_ns)], "now")
    data = state.read_bytes()
    assert main(["status", str(world), "--json"]) == 0
    out, err = capsys.readouterr()
    assert str(state) in err
    assert [file["place"] for file in json.loads(out)["files"]] == ["done/a.csv"]
    assert run(world) == 0
    assert "set aside" in capsys.readouterr().err
    assert state.with_name("state.sqlite3.unreadable-1").read_bytes() == data
    assert outside.exists()
    assert places(world) == [".migrator/lock", f"{STATE}", f"{STATE}.unreadable-1", "done/a.csv"]


def test_a_folder_that_became_a_link_is_not_followed(world, tmp_path, capsys):
    (world / "x").mkdir()
    (world / "x/a.csv").write_text("1")
    assert main(["retry", str(world)]) == 0
    # Known as pending, and then the folder is another's.
    assert {file["path"] for file in listed(world, capsys)} == {"x/a.csv"}
    (world / "x").rename(tmp_path / "elsewhere")
    (world / "x").symlink_to(tmp_path / "elsewhere")
    assert run(world) == 3
    assert (tmp_path / "elsewhere/a.csv").read_text() == "1"
    (file,) = listed(world, capsys)
    assert (file["place"], file["error"]["code"]) == (None, "source-vanished")
    assert run(world) == 0


def listed(root, capsys):
    capsys.readouterr()
    assert main(["status", str(root), "--json"]) == 0
    return json.loads(capsys.readouterr().out)["files"]


def test_retry_puts_nothing_back_through_a_link(world, tmp_path, capsys):
    (world / "x").mkdir()
    (world / "x/a.csv").write_text("bad")
    assert run(world) == 3
    (world / "x").rmdir()
    (tmp_path / "elsewhere").mkdir()
    (world / "x").symlink_to(tmp_path / "elsewhere")
    assert main(["retry", str(world)]) == 0
    assert "stays failed" in capsys.readouterr().err
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert (world / "failed/x/a.csv").exists()


@pytest.mark.parametrize("path", ["../outside.csv", "/outside.csv", "done/../../outside.csv", ".migrator/x"])
def test_a_reason_file_that_tells_of_a_place_outside_is_none_of_ours(world, tmp_path, capsys, path):
    (world / "a.csv").write_text("bad")
    assert run(world) == 3
    reason = world / "failed/a.csv.reason.json"
    told = json.loads(reason.read_text())
    reason.write_text(json.dumps(told | {"path": path}))
    for file in (world / ".migrator").glob("state*"):
        file.unlink()
    assert run(world) == 0
    assert main(["retry", str(world)]) == 0
    assert sorted(tmp_path.iterdir()) == [tmp_path / "bucket", world]
    assert (world / "failed/a.csv").exists()
    assert Folders(world, world).read_reason("failed/a.csv.reason.json") is None


def test_a_link_above_a_place_hides_the_file(world, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/a.csv").write_text("1")
    (world / "done").symlink_to(tmp_path / "elsewhere")
    folders = Folders(world, world)
    assert folders.stat("done/a.csv") is None
    with pytest.raises(OSError, match="Not a directory"):
        folders.make_parents("done/b/c.csv")
    assert places(tmp_path / "elsewhere") == ["a.csv"]
