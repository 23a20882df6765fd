"""What workers of a cluster are asked and do, in this process."""

from dataclasses import replace

import pytest

from migrator import cluster_work
from migrator.cluster_place import check, here_of
from migrator.errors import ExitCode, TargetUnavailable
from migrator.outcomes import Converted, Kept, Left, Stored
from tests.migrator.s3_fake import Fault
from tests.migrator.workplaces import new_place, sent, task_of


@pytest.fixture
def place(tmp_path, s3):
    return new_place(tmp_path, s3.endpoint_url)


# ---- a worker is asked ----


def test_a_worker_that_is_fit_lacks_nothing(place):
    assert check(place) is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"token": "another"}, "is another folder there"),
        ({"source": "/nowhere"}, "cannot read /nowhere/.migrator"),
        ({"versions": (("pyarrow", "1.0"),)}, "where the coordinator has 1.0"),
        ({"versions": (("migrator", "99"),)}, "where the coordinator has 99"),
    ],
)
def test_a_worker_that_is_not_fit_says_what_it_lacks(place, change, told):
    lack = check(replace(place, **change))
    assert lack is not None
    assert (lack.code, told in lack.words) == (ExitCode.USAGE, True), lack.words


def test_a_worker_without_credentials_says_so(place, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    lack = check(place)
    assert lack is not None
    assert (lack.code, "no credentials" in lack.words) == (ExitCode.WORK_PENDING, True), lack.words


def test_a_worker_whose_credentials_the_target_refuses_says_so_without_telling_them(place, s3):
    s3.fail(Fault(status=403, code="InvalidAccessKeyId", message="hush is wrong"), method="GET", times=9)
    lack = check(place)
    assert lack is not None
    assert (lack.code, "hush" in lack.words) == (ExitCode.WORK_PENDING, False), lack.words


def test_a_worker_that_may_not_see_which_keys_there_are_is_fit(place, s3):
    s3.fail(Fault(status=403, code="AccessDenied"), method="GET", times=9)
    assert check(place) is None


def test_a_worker_whose_environment_leads_to_another_server_says_so(place, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    lack = check(replace(place, endpoint=None))
    assert lack is not None
    assert (lack.code, "http://127.0.0.1:9" in lack.words) == (ExitCode.USAGE, True), lack.words


# ---- a worker works ----


def test_a_batch_is_converted_told_and_committed_and_can_be_pickled(place, s3):
    tasks = (task_of(place, 1), task_of(place, 2))
    batch = cluster_work.begin(place, tasks)
    told, wrote = sent(cluster_work.tell(batch))
    assert [(type(each), each.keys) for each in told] == [
        (Kept, ("lake/1.csv.parquet",)), (Kept, ("lake/2.csv.parquet",)),
    ]  # fmt: skip
    assert (wrote, s3.objects) == (False, {})
    told, wrote = sent(cluster_work.commit(batch, (2,)))
    assert [type(each) for each in told] == [Stored]
    assert (wrote, list(s3.objects)) == (True, ["lake/2.csv.parquet"])
    told, _ = cluster_work.discard(batch, (1,))
    assert [type(each) for each in told] == [Left]
    assert list(s3.objects) == ["lake/2.csv.parquet"]


def test_a_batch_that_is_moved_is_converted_anew_and_what_is_stored_is_adopted(place, s3):
    batch = cluster_work.begin(place, (task_of(place, 1),))
    ((first,), _) = cluster_work.commit(batch, (1,))
    moved = sent(batch)
    ((again,), _) = cluster_work.commit(moved, (1,))
    assert isinstance(again, Stored)
    assert again.objects == first.objects
    assert len(s3.objects) == 1


def test_a_step_that_is_carried_out_twice_is_done_once(place, s3):
    batch = cluster_work.begin(place, (task_of(place, 1),))
    assert cluster_work.commit(batch, (1,)) == cluster_work.commit(batch, (1,))
    assert sum(request.method == "PUT" for request in s3.requests) == 1


def test_when_the_run_is_over_nothing_is_begun_any_more(place, s3):
    here = here_of(place)
    place.token_file.unlink()
    here.over._next = 0.0
    ((outcome,), _) = cluster_work.tell(cluster_work.begin(place, (task_of(place, 1),)))
    assert (type(outcome), outcome.error) == (Left, None)
    assert s3.requests == []


def test_an_outage_is_told_with_the_workers_name(place, s3, monkeypatch):
    monkeypatch.setattr(cluster_work, "_address", lambda: "tcp://worker:1")
    s3.fail(Fault(status=503, code="SlowDown"), times=99)
    ((outcome,), _) = cluster_work.commit(cluster_work.begin(place, (task_of(place, 1),)), (1,))
    told = sent(outcome)
    assert (type(told.error), str(told.error).startswith("worker tcp://worker:1: ")) == (TargetUnavailable, True)


def test_a_defect_of_a_worker_can_be_sent_and_tells_where_it_was(place, monkeypatch):
    class Unsendable(Exception):
        def __reduce__(self):
            raise TypeError("cannot be pickled")

    def fail(_):
        raise Unsendable("a hush in it")

    monkeypatch.setattr(cluster_work, "_address", lambda: "tcp://worker:1")
    monkeypatch.setattr(here_of(place).workshop, "_convert", fail)
    outcome = cluster_work.tell(cluster_work.begin(place, (task_of(place, 1),)))[0][0]
    told = str(sent(outcome).error)
    assert "Unsendable" in told
    assert "test_cluster_work.py" in told
    assert "hush" not in told


def test_a_converted_file_and_what_is_told_of_it_have_the_same_keys(place):
    batch = cluster_work.begin(place, (task_of(place, 1),))
    (converted,) = batch._outcomes.values()
    ((told,), _) = cluster_work.tell(batch)
    assert isinstance(converted, Converted)
    assert (told.sha256, told.keys) == (converted.sha256, converted.keys)
