"""The keywords over faults fail where a migrator gave up late or not at all, or blamed a file for what it met."""

import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from Faults import Faults
from harness import faults, mock_few, mock_folder
from harness.books_bucket import bucket_differences
from harness.exchange import Exchange
from harness.gate_rules import Hold, Rule, Stage
from harness.s3_requests import Act
from harness.truth import State
from paper_world import PaperWorld, balanced_world, pend, version

FAULTS = Faults()
ENDED = datetime(2026, 1, 1, 12, 0, 30, tzinfo=UTC)


@pytest.fixture
def world(tmp_path):
    """A world whose run of 50 s gave up: `a.csv` is pending, `b/c.csv` was done before, `bad.json` is failed."""
    world = balanced_world(tmp_path)
    pend(world, "a.csv")
    world.finished = replace(world.last_run, exit_code=4, seconds=50.0, ended=ENDED)
    return world


def answered(world: PaperWorld, status: int | None, *, before: float, fate: str = "passed") -> None:
    """Let the gate have seen an upload, so many seconds before the run's end."""
    time = (ENDED - timedelta(seconds=before)).isoformat().replace("+00:00", "Z")
    number = len(world.gate.exchanges) + 1
    world.gate.exchanges.append(Exchange(number, time, "PUT", Act.PUT_OBJECT, "key", number, fate, status))


def test_a_run_that_gives_up_within_its_patience_passes(world):
    answered(world, 200, before=21)
    answered(world, 503, before=1)
    FAULTS.migrator_should_have_given_up_in_time(world)


def test_a_run_without_any_success_is_measured_from_its_start(world):
    answered(world, 503, before=1)
    with pytest.raises(AssertionError, match=r"Expected at most 36 s after its last success, seen 50\.0 s"):
        FAULTS.migrator_should_have_given_up_in_time(world)


@pytest.mark.parametrize(("status", "fate"), [(503, "passed"), (200, "answered by the gate"), (None, "passed")])
def test_only_a_good_answer_of_the_server_itself_is_a_success(world, status, fate):
    answered(world, 200, before=49)
    answered(world, status, before=2, fate=fate)
    with pytest.raises(AssertionError, match=r"seen 49\.0 s"):
        FAULTS.migrator_should_have_given_up_in_time(world)


def test_a_run_that_gives_up_before_its_time_is_told(world):
    answered(world, 503, before=2.0, fate="answered by the gate")
    answered(world, 200, before=1.1)
    answered(world, 503, before=1.0, fate="answered by the gate")
    FAULTS.migrator_should_not_have_given_up_before_its_time(world)
    answered(world, 200, before=0.4)
    answered(world, 503, before=0.3, fate="answered by the gate")
    with pytest.raises(AssertionError, match=r"Expected a request sent again .*, seen none in 0\.4 s"):
        FAULTS.migrator_should_not_have_given_up_before_its_time(world)
    answered(world, 503, before=0.2, fate="answered by the gate")
    FAULTS.migrator_should_not_have_given_up_before_its_time(world)


@pytest.mark.parametrize("code", [0, 1, 3, 5])
def test_every_other_exit_code_is_told(world, code):
    answered(world, 200, before=2)
    answered(world, 403, before=2)
    world.finished = replace(world.last_run, exit_code=code)
    for should in (
        FAULTS.migrator_should_have_given_up_in_time,
        FAULTS.migrator_should_have_given_up_at_once,
        FAULTS.migrator_should_have_left_work_pending,
    ):
        with pytest.raises(AssertionError, match=f"Expected exit code 4, seen exit code {code}"):
            should(world)


def test_a_death_by_signal_is_no_exit_code(world):
    world.finished = replace(world.last_run, signal=signal.SIGILL)
    with pytest.raises(AssertionError, match="Expected exit code 4, seen died of SIGILL"):
        FAULTS.migrator_should_have_left_work_pending(world)


def test_a_refusal_is_measured_from_the_first_one(world):
    answered(world, 403, before=19)
    FAULTS.migrator_should_have_given_up_at_once(world)
    answered(world, 404, before=21)
    with pytest.raises(AssertionError, match=r"Expected at most 20 s after the first refusal, seen 21\.0 s"):
        FAULTS.migrator_should_have_given_up_at_once(world)


def test_what_counts_is_when_an_answer_was_sent_not_when_it_was_asked_for(world):
    answered(world, 403, before=45)
    world.gate.exchanges[0].answered = (ENDED - timedelta(seconds=19)).isoformat()
    FAULTS.migrator_should_have_given_up_at_once(world)


def test_what_the_machine_took_of_the_time_is_granted(world):
    answered(world, 403, before=24)
    world.finished = replace(world.last_run, kept_waiting=4.04)
    FAULTS.migrator_should_have_given_up_at_once(world)
    world.finished = replace(world.last_run, kept_waiting=3.0)
    with pytest.raises(AssertionError, match=r"Expected at most 23 s after the first refusal, seen 24\.0 s"):
        FAULTS.migrator_should_have_given_up_at_once(world)


def test_a_refusal_of_an_earlier_run_does_not_count(world):
    answered(world, 403, before=51)
    answered(world, 403, before=2)
    FAULTS.migrator_should_have_given_up_at_once(world)


def test_a_run_that_met_no_refusal_has_not_given_up_for_one(world):
    answered(world, 200, before=9)
    with pytest.raises(AssertionError, match="Expected a request that the target refuses, seen none"):
        FAULTS.migrator_should_have_given_up_at_once(world)


def hung(world: PaperWorld, key: str, *, after: float | None, again: float | None = None) -> None:
    """Let the gate have held an upload that the client gave up after so many seconds, or tried again beside it."""
    first, *others = (
        (ENDED - timedelta(seconds=40 - later)).isoformat().replace("+00:00", "Z")
        for later in (0, *([after] if after is not None else ()), *([again] if again is not None else ()))
    )
    number = len(world.gate.exchanges) + 1
    exchange = Exchange(number, first, "PUT", Act.PUT_OBJECT, key, number, "held before it reaches the server")
    world.gate.exchanges.append(exchange)
    if after is not None:
        exchange.hung_up = others[0]
    if again is not None:
        world.gate.exchanges.append(Exchange(number + 1, others[-1], "PUT", Act.PUT_OBJECT, key, number + 1, "passed"))


class Run:
    """A migrator that ends when it is waited for, or is given up on."""

    def __init__(self, told: list, finished) -> None:
        self._told = told
        self._finished = finished

    def ends_within(self, span):
        self._told.append(f"out for {span.total_seconds():g} s")
        return False

    def wait(self, _):
        self._told.append("waited for")
        return self._finished


def test_an_outage_is_over_before_the_run_is_waited_for(world):
    told: list[str] = []
    world.process, world.hold = Run(told, world.last_run), Rule(Hold())
    world.gate.begin_outage = lambda answer: told.append(f"{answer.status}")
    world.gate.lift_holds = lambda: told.append("let go")
    world.gate.lift_all = lambda: told.append("over")
    FAULTS.bear_an_outage(world, timedelta(seconds=5))
    assert told == ["503", "let go", "out for 5 s", "over", "waited for"]
    with pytest.raises(AssertionError, match="the Given that holds one is missing"):
        FAULTS.bear_an_outage(world, timedelta(seconds=5))


def test_scratch_that_a_run_left_when_it_gave_up_is_told(world):
    FAULTS.no_file_should_bear_the_blame(world)
    for name in ("state.sqlite3", "state.sqlite3-wal", "lock", "scratch"):
        (world.source / ".migrator" / name).mkdir(parents=True)
    (world.source / ".migrator/lock").rmdir()
    (world.source / ".migrator/lock").touch()
    with pytest.raises(AssertionError, match=r"Expected state and lock alone .*, at \.migrator/scratch\."):
        FAULTS.no_file_should_bear_the_blame(world)


SMALL, LARGE = "lake/pair.zip/a.csv.parquet", f"lake/{mock_few.LARGE}.parquet"


def test_uploads_that_hang_are_given_up_when_the_client_hangs_up_or_tries_again(world):
    hung(world, SMALL, after=15)
    hung(world, LARGE, after=None, again=14)
    FAULTS.hanging_uploads_should_have_been_given_up(world)


@pytest.mark.parametrize(("after", "again", "seen"), [(31, None, 31), (39, 38, 38), (None, None, 40)])
def test_an_upload_that_hangs_for_long_is_told(world, after, again, seen):
    hung(world, LARGE, after=1)
    hung(world, SMALL, after=after, again=again)
    with pytest.raises(AssertionError, match=rf"Expected given up at most 30 s after .*, seen {seen}\.0 s, at {SMALL}"):
        FAULTS.hanging_uploads_should_have_been_given_up(world)


def test_uploads_of_which_none_hung_are_told(world):
    hung(world, SMALL, after=1)
    with pytest.raises(AssertionError, match=f"Expected an attempt that hangs, seen 0 uploads.*, at {LARGE}"):
        FAULTS.hanging_uploads_should_have_been_given_up(world)


def test_a_small_upload_hangs_before_the_server_and_a_large_one_behind_it(world):
    rules = []
    world.gate.obey = rules.append
    FAULTS.let_uploads_hang_once(world)
    assert [(rule.effect.stage, rule.count, rule.key) for rule in rules] == [
        (Stage.REQUEST, 1, SMALL),
        (Stage.ANSWER, 1, LARGE),
    ]


def test_pending_and_done_files_bear_no_blame(world):
    FAULTS.no_file_should_bear_the_blame(world)


def test_before_the_first_upload_a_done_file_is_told(world):
    with pytest.raises(AssertionError, match=r"Expected pending, seen done, at b/c\.csv"):
        FAULTS.every_file_should_be_pending(world)
    pend(world, "b/c.csv")
    FAULTS.every_file_should_be_pending(world)


@pytest.mark.parametrize("state", ["failed", "in_progress"])
def test_a_file_that_is_blamed_or_left_under_way_is_told(world, state):
    world.record("a.csv")["state"] = state
    with pytest.raises(AssertionError, match=rf"Expected pending or done, seen {state}, at a\.csv"):
        FAULTS.no_file_should_bear_the_blame(world)


def test_a_file_that_the_state_forgot_is_told(world):
    world.document["files"].remove(world.record("a.csv"))
    with pytest.raises(AssertionError, match=r"Expected pending or done, seen not in the state, at a\.csv"):
        FAULTS.no_file_should_bear_the_blame(world)


def test_work_that_is_all_done_is_not_pending(tmp_path):
    with pytest.raises(AssertionError, match="Expected at least one pending file, seen 0"):
        FAULTS.no_file_should_bear_the_blame(balanced_world(tmp_path))


def test_a_bad_file_may_wait_for_the_server(world):
    (world.source / "failed/bad.json").rename(world.source / "bad.json")
    world.record("bad.json").update(state="pending", place="bad.json", error=None, finished_at=None)
    FAULTS.no_file_should_bear_the_blame(world)


def test_a_pending_file_that_was_moved_is_told(world):
    (world.source / "failed/a.csv").write_bytes((world.source / "a.csv").read_bytes())
    with pytest.raises(AssertionError, match=r"Expected a\.csv, as it is pending, seen a\.csv and failed/a\.csv"):
        FAULTS.no_file_should_bear_the_blame(world)
    for each in ("a.csv", "failed/a.csv"):
        (world.source / each).unlink()
    with pytest.raises(AssertionError, match=r"Expected a\.csv, as it is pending, seen it nowhere"):
        FAULTS.no_file_should_bear_the_blame(world)


def test_a_rejected_file_must_fail_and_leave_no_object(world):
    FAULTS.expect_rejection(world, "a.csv")
    file = world.truth.file("a.csv")
    assert (file.state, file.codes, file.objects) == (State.FAILED, frozenset({"upload-rejected"}), ())
    assert world.truth.file("b/c.csv").state is State.DONE


@pytest.mark.parametrize("taken_back", [True, False])
def test_an_object_of_a_rejected_file_must_be_taken_back_and_its_versions_may_stay(tmp_path, taken_back):
    world = balanced_world(tmp_path)
    FAULTS.expect_rejection(world, "a.csv")
    if taken_back:
        gone = version("lake/a.csv.parquet", b"", number=2, delete_marker=True)
        world.bucket.extra_versions.append(gone)
    world.record("a.csv")["state"] = "failed"
    rows = [each for each in bucket_differences(world.books(), ended=True) if each.where == "lake/a.csv.parquet"]
    assert [each.expected for each in rows] == ([] if taken_back else ["no such object in the bucket"])


def test_a_file_that_is_not_there_cannot_be_rejected(world):
    with pytest.raises(KeyError, match=r"no mock file is named 'c\.csv'"):
        FAULTS.expect_rejection(world, "c.csv")


@pytest.mark.parametrize("act", [FAULTS.start_migrator_with_little_patience, FAULTS.let_go_and_wait_for_the_end])
def test_a_when_without_its_given_says_so(world, act):
    with pytest.raises(AssertionError, match="the Given .*is missing"):
        act(world)


def test_nobody_listens_at_an_address_for_as_long_as_it_is_reserved():
    import socket

    with faults.unheard_address() as address, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=60)


def test_a_few_files_have_what_the_faults_aim_at(tmp_path):
    made = mock_folder.write(tmp_path / "few", [*mock_few.few_files(), mock_few.large_file()], 0)
    assert {f"{mock_few.ARCHIVE}/a.csv.parquet", f"{mock_few.DUMP}/first.parquet"} <= made.keys
    assert made.file(mock_few.LARGE).size > 16 << 20
    assert [file.path for file in made.ending("failed")] == [mock_few.BAD]
