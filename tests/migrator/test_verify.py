"""Folder, state and bucket held against each other."""

import hashlib
import json

import pytest

from migrator import options
from migrator.entries import Entry, FileState, Intent, StoredObject
from migrator.errors import StateUnusable
from migrator.listing import Listed
from migrator.names import Format
from migrator.target import Found
from migrator.verify import verify
from migrator.verify_differences import differences
from migrator.verify_pending import PendingObjects
from migrator.verify_tables import Bucket
from tests.migrator.s3_fake import BUCKET


def sha(data):
    return hashlib.sha256(data).hexdigest()


class Files:
    """A folder that is a mapping from place to bytes."""

    def __init__(self, files):
        self.files = files

    def size(self, place):
        return len(self.files[place]) if place in self.files else None

    def sha256(self, place):
        return sha(self.files[place])

    def same(self, place, other):
        return self.files.get(place) is self.files.get(other)

    def reason_of(self, place):
        reason = self.files.get(f"{place}.reason.json")
        return None if reason is None else reason.decode()

    def put_away(self):
        return [place for place in self.files if place.startswith(("done/", "failed/"))]

    def arrivals(self):
        return [place for place in self.files if not place.startswith(("done/", "failed/"))]


def entry(path, state, data=b"data", place=None, **more):
    place = place or {FileState.DONE: f"done/{path}", FileState.FAILED: f"failed/{path}"}.get(state, path)
    return Entry(1, path, place, Format.CSV, len(data), 0, more.pop("sha256", sha(data)), state, **more)


STORED = StoredObject("lake/a.csv.parquet", 1, 10, "etag")
HELD = {STORED.key: Listed(STORED.key, 10, "etag")}
DONE = (entry("a.csv", FileState.DONE), (STORED,))
FAILED = (entry("b.csv", FileState.FAILED), ())
PENDING = (entry("c.csv", FileState.PENDING, sha256=None), ())
TREE = {"done/a.csv": b"data", "failed/b.csv": b"data", "failed/b.csv.reason.json": b"{}", "c.csv": b"data"}


def found(known=(DONE, FAILED, PENDING), bucket=HELD, tree=TREE, pending=lambda _: False):
    told = differences(lambda: known, Bucket(bucket.values()), Files(tree), pending)
    return [(each.difference.value, each.path, each.key) for each in told]


def without(place):
    return {name: data for name, data in TREE.items() if name != place}


def test_what_agrees_has_no_difference():
    assert found() == []


def test_an_object_that_is_gone_is_missing():
    assert found(bucket={}) == [("missing-object", "a.csv", STORED.key)]


@pytest.mark.parametrize("held", [Listed(STORED.key, 11, "etag"), Listed(STORED.key, 10, "other")])
def test_an_object_of_another_size_or_etag_is_changed(held):
    assert found(bucket={STORED.key: held}) == [("changed-object", "a.csv", STORED.key)]


def test_an_object_that_belongs_to_no_file_is_unknown():
    extra = Listed("lake/x", 1, "e")
    assert found(bucket=HELD | {"lake/x": extra}) == [("unknown-object", None, "lake/x")]
    assert found(bucket=HELD | {"lake/x": extra}, pending=lambda key: key == "lake/x") == []


def test_an_object_of_a_failed_file_is_unknown():
    known = ((entry("b.csv", FileState.FAILED), (STORED,)),)
    tree = {"failed/b.csv": b"data", "failed/b.csv.reason.json": b"{}"}
    assert found(known, tree=tree) == [("unknown-object", None, STORED.key)]


@pytest.mark.parametrize(("place", "path"), [("done/a.csv", "a.csv"), ("failed/b.csv", "b.csv"), ("c.csv", "c.csv")])
def test_a_file_that_is_gone_is_missing(place, path):
    assert ("missing-file", path, None) in found(tree=without(place))


def test_a_reason_file_that_is_gone_is_a_missing_file():
    assert found(tree=without("failed/b.csv.reason.json")) == [("missing-file", "b.csv", None)]


@pytest.mark.parametrize("data", [b"DATA", b"longer than it was"])
@pytest.mark.parametrize(("place", "path"), [("done/a.csv", "a.csv"), ("failed/b.csv", "b.csv")])
def test_a_file_with_other_bytes_is_changed(place, path, data):
    assert found(tree=TREE | {place: data}) == [("changed-file", path, None)]


def test_a_pending_file_with_other_bytes_is_no_difference():
    assert found(tree=TREE | {"c.csv": b"longer than it was", "new.csv": b""}) == []


@pytest.mark.parametrize("elsewhere", ["a.csv", "failed/a.csv", "done/renamed.csv"])
def test_a_file_in_another_place_is_misplaced(elsewhere):
    tree = without("done/a.csv") | {elsewhere: b"data"}
    assert found(tree=tree) == [("misplaced-file", "a.csv", None)]


def test_a_pending_file_that_somebody_put_away_is_misplaced():
    assert found(tree=without("c.csv") | {"done/c.csv": b"data"}) == [("misplaced-file", "c.csv", None)]


def test_one_file_stands_in_for_one_only():
    known = [(entry(name, FileState.DONE), ()) for name in ("1.csv", "2.csv")]
    kinds = sorted(kind for kind, _, _ in found(known, bucket={}, tree={"done/x.csv": b"data"}))
    assert kinds == ["misplaced-file", "missing-file"]


def test_a_file_that_the_state_does_not_know_is_unknown():
    tree = TREE | {"done/x": b"", "failed/y.csv.reason.json": b"{}", "new": b""}
    assert found(tree=tree) == [
        ("unknown-file", "done/x", None),
        ("unknown-file", "failed/y.csv.reason.json", None),
    ]


LINKED = bytes(bytearray(b"data"))
"""One file under two names, to the folder above."""


@pytest.mark.parametrize(
    "tree",
    [{"done/a.csv": b"data"}, {"a.csv": LINKED, "done/a.csv": LINKED}, {"a.csv": b"data"}],
    ids=["moved", "linked, not unlinked", "not moved"],
)
def test_a_done_file_on_its_way_is_no_difference(tree):
    moving = entry("a.csv", FileState.IN_PROGRESS, destination="done/a.csv")
    # Before the move it is pending, and its object is known by what was intended.
    pending = "done/a.csv" not in tree
    assert found([(moving, (STORED,))], HELD, tree, pending=lambda key: pending and key == STORED.key) == []


def test_what_a_moved_file_was_recorded_with_must_be_in_the_bucket():
    moving = entry("a.csv", FileState.IN_PROGRESS, destination="done/a.csv")
    tree = {"done/a.csv": b"data"}
    assert found([(moving, (STORED,))], {}, tree) == [("missing-object", "a.csv", STORED.key)]
    # One that was not moved may have changed, and then its objects are taken back.
    assert found([(moving, (STORED,))], {}, {"a.csv": b"data"}) == []


@pytest.mark.parametrize(
    "tree",
    [
        {"b.csv": b"data"},
        {"b.csv": b"data", "failed/b.csv.reason.json": b"b.csv"},
        {"b.csv": LINKED, "failed/b.csv": LINKED, "failed/b.csv.reason.json": b"b.csv"},
        {"failed/b.csv": b"data", "failed/b.csv.reason.json": b"b.csv"},
    ],
    ids=["recorded", "reason written", "linked, not unlinked", "moved"],
)
def test_a_failed_file_on_its_way_is_no_difference(tree):
    moving = entry("b.csv", FileState.IN_PROGRESS, destination="failed/b.csv", error_code="malformed-csv")
    assert found([(moving, ())], {}, tree) == []


@pytest.mark.parametrize(
    "tree",
    [
        {"failed/b.csv": b"data", "failed/b.csv.reason.json": b"b.csv"},
        {"b.csv": b"data", "failed/b.csv.reason.json": b"b.csv"},
        {"b.csv": b"data"},
    ],
    ids=["recorded", "moved back", "reason removed"],
)
def test_a_file_on_its_way_back_is_no_difference(tree):
    moving = entry("b.csv", FileState.FAILED, destination="b.csv", error_code="malformed-csv")
    assert found([(moving, ())], {}, tree) == []


def test_somebody_elses_file_where_one_was_going_is_a_difference():
    moving = entry("a.csv", FileState.IN_PROGRESS, place="a.csv", destination="done/a.csv")
    failing = entry("b.csv", FileState.IN_PROGRESS, destination="failed/b.csv", error_code="malformed-csv")
    tree = {"a.csv": b"data", "done/a.csv": b"atad", "b.csv": b"data", "failed/b.csv.reason.json": b"other"}
    assert found([(moving, ()), (failing, ())], {}, tree) == [
        ("unknown-file", "done/a.csv", None),
        ("unknown-file", "failed/b.csv.reason.json", None),
    ]
    assert found([(moving, ())], {}, {"done/a.csv": b"longer"}) == [
        ("missing-file", "a.csv", None),
        ("unknown-file", "done/a.csv", None),
    ]


def test_a_file_that_vanished_once_is_no_difference():
    gone = Entry(1, "a.csv", None, Format.CSV, 1, 0, None, FileState.FAILED)
    assert found([(gone, ())], bucket={}, tree={}) == []


class Footers:
    """A target that knows footers."""

    def __init__(self, **footers):
        self.footers = footers

    def find(self, key):
        return Found(key, 1, "e", None, 1, self.footers) if self.footers else None


@pytest.mark.parametrize(
    ("key", "path", "source", "digest", "belongs"),
    [
        ("lake/a.csv.parquet", "a.csv", "a.csv", sha(b"x"), True),
        ("lake/d/x.zip/m/n.csv.parquet", "d/x.zip", "d/x.zip!m/n.csv", sha(b"x"), True),
        ("lake/a.csv.parquet", "a.csv", "a.csv", sha(b"other"), False),
        ("lake/a.csv.parquet", "a.csv", "b.csv", sha(b"x"), False),
        ("lake/b.csv.parquet", "a.csv", "a.csv", sha(b"x"), False),
    ],
)
def test_an_object_of_a_pending_file_is_known_by_its_footer(key, path, source, digest, belongs):
    target = Footers(**{"source-path": source, "source-sha256": digest})
    assert PendingObjects(target, "lake", {path}.__contains__, lambda _: sha(b"x"))(key) is belongs


@pytest.mark.parametrize(
    ("digest", "belongs"), [(sha(b"now"), True), (sha(b"before"), True), (None, False), (sha(b"?"), False)]
)
def test_an_object_that_was_intended_belongs_to_the_file_also_after_it_changed(digest, belongs):
    footer = {"source-path": "a.csv", "source-sha256": digest} if digest else {"rows": "none of ours"}

    def intents(key):
        return [("a.csv", Intent(key, sha(b"before")))] if key == "lake/a.csv.parquet" else []

    pending = PendingObjects(Footers(**footer), "lake", {"a.csv"}.__contains__, lambda _: sha(b"now"), intents)
    assert pending("lake/a.csv.parquet") is belongs
    vanished = PendingObjects(Footers(**footer), "lake", set().__contains__, lambda _: None, intents)
    assert vanished("lake/a.csv.parquet") is (belongs and digest == sha(b"before"))


def run(source, s3, *more):
    arguments = ["verify", str(source), f"s3://{BUCKET}/lake", "--endpoint-url", s3.endpoint_url, *more]
    return verify(options.parse(arguments))


def test_the_command_prints_every_difference_and_changes_nothing(s3, tmp_path, capsys):
    (tmp_path / "done").mkdir()
    (tmp_path / "done" / "x\udcff").write_text("x")
    (tmp_path / "new.csv").write_text("a\n1\n")
    s3.objects |= {"lake/what": b"x", "lakes/else": b"x"}
    assert run(tmp_path, s3, "--json") == 3
    printed = json.loads(capsys.readouterr().out)["differences"]
    assert [(each["difference"], each["path"], each["key"]) for each in printed] == [
        ("unknown-object", None, "lake/what"),
        ("unknown-file", "done/x\udcff", None),
    ]
    assert all(each["detail"] for each in printed)
    assert run(tmp_path, s3) == 3
    assert "unknown-object lake/what" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["done", "new.csv"]


def test_the_command_ends_with_nothing_to_tell(s3, tmp_path, capsys):
    (tmp_path / "new.csv").write_text("a\n1\n")
    assert run(tmp_path, s3, "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"differences": []}


def test_a_state_that_cannot_be_read_is_told_with_the_remedy(s3, tmp_path):
    (tmp_path / ".migrator").mkdir()
    (tmp_path / ".migrator" / "state.sqlite3").write_bytes(b"no state")
    with pytest.raises(StateUnusable, match="recover"):
        run(tmp_path, s3)
