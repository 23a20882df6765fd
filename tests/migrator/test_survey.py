"""State and folders held against each other."""

import pytest

from migrator.entries import FileState, NewFile
from migrator.folders import Folders, reason_place
from migrator.names import reason_name
from migrator.progress import Progress
from migrator.reconcile import open_state
from migrator.survey import survey

LONG = "n" * 250 + ".csv"


@pytest.fixture
def state(tmp_path):
    (tmp_path / ".migrator").mkdir()
    with open_state(tmp_path / ".migrator" / "state.sqlite3") as opened:
        yield opened


def put(root, *places):
    for place in places:
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_text(place)


def fail(state, root, *names):
    """Failed files of these names, with their reasons."""
    for name in names:
        place = f"failed/{name}"
        with state.transaction():
            state.add_pending([NewFile(name, len(place), 0)], "2026")
            entry = state.at(name)
            state.record_failure(entry.id, None, "empty-file", "m", place)
            state.finish(entry.id, FileState.FAILED, place, "2026")
        put(root, place, reason_place(place))


def looked(state, root):
    return survey(state, Folders(root, root), (), Progress(live=False))


def test_what_arrived_is_entered_and_what_changed_is_noted(state, tmp_path):
    put(tmp_path, "a.csv", "done0", "failed.csv", "z/b.csv")
    looked(state, tmp_path)
    put(tmp_path, "b.csv")
    (tmp_path / "done0").write_text("longer than it was")
    found = looked(state, tmp_path)
    assert [entry.path for entry in state.pending(0, 10)] == ["a.csv", "done0", "failed.csv", "z/b.csv", "b.csv"]
    assert state.at("done0").size == len("longer than it was")
    assert (found.unknown_done, found.unknown_failed, found.unreadable) == ([], [], {})


def test_reasons_are_known_by_whose_they_are_also_where_their_names_are_cut(state, tmp_path):
    assert reason_name(LONG) != f"{LONG}.reason.json"
    fail(state, tmp_path, "a.csv", LONG)
    put(tmp_path, "failed/b.csv.reason.json", "failed/x", f"failed/{'m' * 220}~0123456789ab.reason.json")
    assert looked(state, tmp_path).unknown_failed == [
        "failed/b.csv.reason.json",
        f"failed/{'m' * 220}~0123456789ab.reason.json",
        "failed/x",
    ]


def test_a_failed_file_that_was_taken_out_is_forgotten_with_its_reason(state, tmp_path):
    fail(state, tmp_path, "a.csv", "b.csv")
    (tmp_path / "failed/a.csv").unlink()
    (tmp_path / "failed/a.csv.reason.json").write_text(
        '{"path": "a.csv", "code": "empty-file", "message": "m", "size": 1}'
    )
    looked(state, tmp_path)
    assert [entry.path for entry in state.failed()] == ["b.csv"]
    assert sorted(each.name for each in (tmp_path / "failed").iterdir()) == ["b.csv", "b.csv.reason.json"]


def test_somebody_elses_file_is_told_once_until_it_changes(state, tmp_path):
    put(tmp_path, "done/a", "done/b", "failed/c")
    found = looked(state, tmp_path)
    assert (found.unknown_done, found.unknown_failed) == (["done/a", "done/b"], ["failed/c"])
    with state.transaction():
        for place in ("done/a", "done/b", "failed/c"):
            status = (tmp_path / place).stat()
            state.remember_foreign(place, status.st_size, status.st_mtime_ns)
    assert (looked(state, tmp_path).unknown_done, looked(state, tmp_path).unknown_failed) == ([], [])
    (tmp_path / "done/a").write_text("something else now")
    (tmp_path / "done/b").unlink()
    assert looked(state, tmp_path).unknown_done == ["done/a"]
    assert list(state.foreign("done")) == []
    assert [each.place for each in state.foreign("failed")] == [b"failed/c"]


def test_pages_end_anywhere(state, tmp_path, monkeypatch):
    monkeypatch.setattr("migrator.state_queries._PAGE", 2)
    monkeypatch.setattr("migrator.survey._BATCH", 3)
    put(tmp_path, *(f"{number}.csv" for number in range(7)))
    looked(state, tmp_path)
    put(tmp_path, "55.csv")
    looked(state, tmp_path)
    assert sorted(entry.path for entry in state.pending(0, 10)) == [
        *("0.csv", "1.csv", "2.csv", "3.csv", "4.csv", "5.csv", "55.csv", "6.csv")
    ]
