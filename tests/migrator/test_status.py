"""What `status` tells."""

import json

import pytest

from migrator import state_copy, status
from migrator.cli import main
from migrator.entries import FileState, NewFile
from migrator.errors import StateUnusable
from migrator.folders import Folders
from migrator.reconcile import open_state


def told(tmp_path, capsys, *more):
    assert main(["status", str(tmp_path), *more]) == 0
    return capsys.readouterr().out


@pytest.fixture
def known(tmp_path):
    """A state with a done file, three failed ones and a pending one; another file has just arrived."""
    (tmp_path / ".migrator").mkdir()
    for path in ("b.csv", "new.csv"):
        (tmp_path / path).write_text("n\n1\n")
    with open_state(tmp_path / ".migrator" / "state.sqlite3") as state, state.transaction():
        state.add_pending([NewFile(path, 4, 0) for path in ("a.csv", "b.csv", "x.csv", "y.csv", "z.csv")], "2026")
        state.finish(1, FileState.DONE, "done/a.csv", "2026")
        for number, path in ((3, "x.csv"), (4, "y.csv"), (5, "z.csv")):
            state.record_failure(number, None, "empty-file", "it is empty", f"failed/{path}")
            state.finish(number, FileState.FAILED, f"failed/{path}", "2026")
    return tmp_path


def test_a_folder_that_was_never_run_is_listed_as_pending_and_stays_as_it_is(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("n\n1\n")
    files = json.loads(told(tmp_path, capsys, "--json"))["files"]
    assert [(file["path"], file["state"], file["attempts"]) for file in files] == [("a.csv", "pending", 0)]
    assert files[0]["discovered_at"] is None
    assert [each.name for each in tmp_path.iterdir()] == ["a.csv"]


def test_a_file_in_place_of_the_migrators_folder_is_no_obstacle(tmp_path, capsys):
    (tmp_path / ".migrator").touch()
    assert json.loads(told(tmp_path, capsys, "--json"))["counts"]["total"] == 0


def test_a_folder_that_does_not_tell_of_its_files_is_no_obstacle_where_there_is_no_state(tmp_path, capsys, monkeypatch):
    for place in ("done/a.csv", "done/x/b.csv", "failed/x/c.csv", "failed/x/c.csv.reason.json"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).touch()
    stat = Folders.stat

    def told_but_in_x(folders, place):
        if "/x/" in place:
            raise StateUnusable(f"cannot look at {place}: Permission denied")
        return stat(folders, place)

    monkeypatch.setattr(Folders, "stat", told_but_in_x)
    assert main(["status", str(tmp_path), "--json"]) == 0
    captured = capsys.readouterr()
    assert [file["place"] for file in json.loads(captured.out)["files"]] == ["done/a.csv"]
    assert "cannot look at done/x/b.csv" in captured.err


def test_what_has_just_arrived_stands_behind_what_the_state_knows(known, capsys):
    printed = json.loads(told(known, capsys, "--json"))
    assert printed["counts"] == {"pending": 2, "in_progress": 0, "done": 1, "failed": 3, "total": 6}
    assert [file["path"] for file in printed["files"]] == ["a.csv", "b.csv", "x.csv", "y.csv", "z.csv", "new.csv"]


def test_of_few_files_each_is_printed(known, capsys):
    assert told(known, capsys).splitlines() == [
        "done         a.csv",
        "pending      b.csv",
        "failed       x.csv  empty-file: it is empty",
        "failed       y.csv  empty-file: it is empty",
        "failed       z.csv  empty-file: it is empty",
        "pending      new.csv",
        "2 pending, 0 in progress, 1 done, 3 failed, 6 total",
    ]


def test_of_many_files_the_first_failures_are_printed_and_how_many_are_not(known, capsys, monkeypatch):
    monkeypatch.setattr(status, "MOST_FILES", 5)
    monkeypatch.setattr(status, "MOST_FAILURES", 2)
    assert told(known, capsys).splitlines() == [
        "failed       x.csv  empty-file: it is empty",
        "failed       y.csv  empty-file: it is empty",
        "2 pending, 0 in progress, 1 done, 3 failed, 6 total",
        "4 files are not shown (1 of them failed); --json tells of each",
    ]


def test_without_a_state_the_folders_tell_whatever_stands_in_the_reasons(tmp_path, capsys):
    (tmp_path / "failed").mkdir()
    long = "n" * 250
    reasons = {
        "a.csv": {"path": "a.csv", "code": "empty-file", "message": "m", "attempts": "many", "sha256": 1},
        "b.csv": {"path": "b.csv", "code": "empty-file", "message": "half a character: \ud83d", "attempts": 2},
        "c.csv": {"path": "c.csv", "code": "empty-file", "message": "m", "attempts": 2, "failed_at": "2026"},
        long: {"path": long, "code": "unsupported-format", "message": "m", "attempts": 1},
    }
    for name, reason in reasons.items():
        (tmp_path / "failed" / name).touch()
        (tmp_path / status_reason(name)).write_text(json.dumps(reason))
    files = json.loads(told(tmp_path, capsys, "--json"))["files"]
    assert [(file["path"], file["attempts"], file["error"]["code"]) for file in files] == [
        ("a.csv", None, "empty-file"),
        ("b.csv", None, None),
        ("c.csv", 2, "empty-file"),
        (long, 1, "unsupported-format"),
    ]


def status_reason(name):
    from migrator.folders import reason_place

    return reason_place(f"failed/{name}")


def test_where_no_folder_has_room_for_a_copy_memory_takes_it(known, capsys, monkeypatch):
    expected = told(known, capsys, "--json")
    connection = state_copy._connection

    def without_room(where):
        made = connection(where)
        if where == state_copy.ON_DISK:
            made.execute("PRAGMA max_page_count = 1")
        return made

    monkeypatch.setattr(state_copy, "_connection", without_room)
    assert main(["status", str(known), "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.out == expected
    assert "no room for a copy of the state" in printed.err
