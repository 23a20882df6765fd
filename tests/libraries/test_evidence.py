"""What is kept of a world, also of one whose server is gone."""

import json

import pytest

from harness import evidence
from harness.diary import Deed
from harness.process import Launch
from paper_world import balanced_world


def saved(world):
    world.process = object()
    missing = evidence.save(world)
    kept = {file.name: file.read_text() for file in world.evidence.iterdir() if file.is_file()}
    return missing, {name: json.loads(text) for name, text in kept.items() if name.endswith(".json")}


def with_log(world):
    world.gate.save_log = lambda file: file.write_text("")
    return world


def test_the_books_are_kept_with_the_truth_and_their_differences(tmp_path):
    missing, kept = saved(with_log(balanced_world(tmp_path)))
    assert not missing
    assert {entry["path"] for entry in kept["truth.json"]} == {"a.csv", "b/c.csv", "bad.json"}
    assert kept["status.json"]["counts"]["done"] == 2
    assert "done/a.csv" in kept["folders.json"]
    assert len(kept["bucket.json"]) == 2
    assert kept["differences.json"] == []


def test_a_difference_is_named(tmp_path):
    world = with_log(balanced_world(tmp_path))
    del world.bucket.objects["lake/a.csv.parquet"]
    _, kept = saved(world)
    assert kept["differences.json"][0]["where"] == "lake/a.csv.parquet"


def test_what_cannot_be_had_is_named_and_the_rest_is_kept(tmp_path):
    world = with_log(balanced_world(tmp_path))

    def gone():
        raise ConnectionError("the server is gone")

    world.bucket.versions = gone
    missing, kept = saved(world)
    assert any(each.startswith("bucket.json: the server is gone") for each in missing)
    assert kept["status.json"]["counts"]["total"] == 3
    assert "bucket.json" not in kept


def test_a_moment_that_was_remembered_is_kept_as_the_status_before(tmp_path):
    world = with_log(balanced_world(tmp_path))
    world.before = type("Snapshot", (), {"status": world.status()})
    _, kept = saved(world)
    assert kept["status-before.json"]["counts"]["total"] == 3


def test_outages_that_the_server_had_in_this_worlds_time_are_in_its_diary(tmp_path):
    world = with_log(balanced_world(tmp_path))
    world.opened = "2026-01-02T00:00:00.000Z"

    class Container:
        diary = (
            evidence.diary.Entry("2026-01-01T00:00:00.000Z", Deed.SERVER_AWAY, "frozen"),
            evidence.diary.Entry("2026-01-03T00:00:00.000Z", Deed.SERVER_AWAY, "stopped"),
        )

        def save_log(self, file, since):
            file.write_text(f"since {since}")

    world.server = type("Server", (), {"container": Container()})
    saved(world)
    told = (world.evidence / "timeline.jsonl").read_text()
    assert "stopped" in told
    assert "frozen" not in told
    assert (world.evidence / "server.log").read_text() == "since 2026-01-02T00:00:00.000Z"


def test_what_the_gate_did_is_in_the_diary(tmp_path):
    world = with_log(balanced_world(tmp_path))
    world.gate.diary.append(evidence.diary.Entry.now(Deed.FAULT, "PutObject: held"))
    saved(world)
    assert "PutObject: held" in (world.evidence / "timeline.jsonl").read_text()


def test_the_last_look_at_the_books_will_do_as_long_as_nothing_has_happened(tmp_path):
    world = with_log(balanced_world(tmp_path))
    world.launch = Launch(("migrator",), {}, tmp_path, tmp_path)
    first = world.books()
    (tmp_path / "02-status.stderr.log").touch()
    assert world.books_again() is first


def _a_request(world, folder):
    world.gate.upload("lake/a.csv.parquet")


def _a_run(world, folder):
    (folder / "03-run.stderr.log").touch()


def _a_file(world, folder):
    (world.source / "new.csv").write_text("a\n1\n")


@pytest.mark.parametrize("happens", [_a_request, _a_run, _a_file])
def test_whatever_happens_asks_for_a_new_look(tmp_path, happens):
    world = with_log(balanced_world(tmp_path))
    world.launch = Launch(("migrator",), {}, tmp_path, tmp_path)
    first = world.books()
    happens(world, tmp_path)
    assert world.books_again() is not first
    assert world.books_again() is world.seen[1]


def test_the_state_of_a_red_scenario_is_kept_byte_for_byte(tmp_path, monkeypatch):
    world = with_log(balanced_world(tmp_path))
    state = world.source / ".migrator"
    state.mkdir(exist_ok=True)
    (state / "state.sqlite3-wal").write_bytes(b"\xff\x00")
    assert not evidence.save(world, looked=True)
    assert not (world.evidence / "state").exists()
    assert not evidence.save(world)
    assert (world.evidence / "state" / "state.sqlite3-wal").read_bytes() == b"\xff\x00"
    monkeypatch.setattr(evidence, "_STATE_MOST", 1)
    assert evidence.save(world) == ["state: state.sqlite3-wal is left out, as all of it would be over 0 MiB"]
