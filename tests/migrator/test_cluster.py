"""A run on a cluster: a real scheduler and real workers, which are killed, starved and misled."""

import json
import os
import signal
import time

import pytest

from tests.migrator.on_cluster import CREDENTIALS, LIMIT, PATHS, SECRET, Place, all_done


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path)
    yield place
    place.close()


def test_two_workers_migrate_everything_once_and_nobody_tells_a_secret(place):
    place.write(70)
    (place.source / "bad.json").write_text("{")
    cluster = place.cluster()
    workers = [cluster.add_worker(ready=False) for _ in range(2)]
    for worker in workers:
        cluster.wait_until_ready(worker)
    code, told = place.run(cluster.address, "--log-format", "json")
    assert code == 3, told
    assert place.status() == {"pending": 0, "in_progress": 0, "done": 70, "failed": 1, "total": 71}
    assert sum(request.method == "PUT" for request in place.s3.requests) == 70
    assert len(place.s3.objects) == 70
    assert all("message" in json.loads(line) for line in told.splitlines())
    assert "2 workers of" in told
    for text in (told, cluster.scheduler.told, *(worker.told for worker in workers)):
        assert SECRET not in text
    code, told = place.run(cluster.address)
    assert (code, "workers of" in told) == (3, False), "a run with nothing to do asks no cluster"


@pytest.mark.parametrize("stored", [False, True], ids=["before-it-is-stored", "after-it-is-stored"])
def test_what_a_killed_worker_had_goes_to_another_one_and_nothing_is_stored_twice(place, stored):
    place.write(12)
    cluster = place.cluster()
    first = cluster.add_worker()
    place.hold(5, stored=stored)
    run = place.start(cluster.address)
    place.wait_until_held(run)
    second = cluster.add_worker()
    first.kill()
    place.release()
    code, told = place.end(run)
    assert code == 0, told
    all_done(place, 12)
    assert second.address


def test_a_file_that_four_workers_died_of_stays_pending_with_the_reason_and_the_others_are_done(place):
    place.write(1)
    cluster = place.cluster()
    worker = cluster.add_worker()
    place.hold(1)
    run = place.start(cluster.address)
    for number in range(4):
        place.wait_until_held(run)
        following = cluster.add_worker() if number < 3 else None
        place.hold(1)
        worker.kill()
        worker = following or worker
    code, told = place.end(run)
    assert code == 4, told
    assert "4 workers died or were lost while they had it" in told
    assert place.status() == {"pending": 1, "in_progress": 0, "done": 0, "failed": 0, "total": 1}
    place.s3.rules.clear()
    cluster.add_worker()
    assert place.run(cluster.address)[0] == 0
    all_done(place, 1)


def test_a_worker_that_hangs_is_given_up_by_the_scheduler_and_its_file_goes_to_another_one(place):
    place.write(3)
    cluster = place.cluster(DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL="30s")
    first = cluster.add_worker()
    place.hold(1)
    run = place.start(cluster.address)
    place.wait_until_held(run)
    first.send(signal.SIGSTOP)
    cluster.add_worker()
    code, told = place.end(run)
    assert code == 0, told
    all_done(place, 3)


def test_parts_that_a_killed_worker_left_are_taken_away_by_the_same_run(place):
    rows = "".join(f"{number},{os.urandom(40).hex()}\n" for number in range(250_000))
    (place.source / "big.csv").write_text("a,b\n" + rows)
    cluster = place.cluster()
    first = cluster.add_worker()
    place.hold(2)
    run = place.start(cluster.address)
    place.wait_until_held(run)
    assert place.s3.uploads
    cluster.add_worker()
    first.kill()
    code, told = place.end(run)
    assert code == 0, told
    assert sorted(place.s3.objects) == ["lake/big.csv.parquet"]
    assert place.s3.uploads == {}


def test_without_its_scheduler_a_run_leaves_all_pending_and_the_next_one_goes_on(place):
    place.write(8)
    cluster = place.cluster()
    cluster.add_worker()
    place.hold(3)
    run = place.start(cluster.address)
    place.wait_until_held(run)
    cluster.scheduler.kill()
    code, told = place.end(run)
    assert code == 4, told
    assert f"the scheduler {cluster.address} is gone" in told
    counts = place.status()
    assert (counts["in_progress"], counts["failed"], counts["total"]) == (0, 0, 8)
    assert counts["pending"] > 0
    cluster.close()
    place.release()
    place.s3.rules.clear()
    anew = place.cluster()
    anew.add_worker()
    assert place.run(anew.address)[0] == 0
    all_done(place, 8)


def test_a_stop_ends_within_its_grace_although_an_upload_hangs_on_a_worker(place):
    place.write(8)
    cluster = place.cluster()
    cluster.add_worker()
    place.hold(3)
    run = place.start(cluster.address, "--grace", "4")
    place.wait_until_held(run)
    begun = time.monotonic()
    run.send_signal(signal.SIGTERM)
    code, told = place.end(run)
    assert code == 143, told
    # The upload hangs for LIMIT: whoever waits for it is seen, however busy the machine.
    assert time.monotonic() - begun < LIMIT / 2
    assert place.status()["in_progress"] == 0
    assert sorted(file.name for file in (place.source / ".migrator").iterdir()) == ["lock", "state.sqlite3"]


@pytest.mark.parametrize(
    ("environment", "code", "lack"),
    [
        ({**PATHS}, 4, "no credentials for the target"),
        ({**CREDENTIALS, "PYTHONPATH": ""}, 2, "No module named 'migrator'"),
    ],
    ids=["credentials", "migrator"],
)
def test_what_a_worker_lacks_is_told_before_anything_is_done(place, environment, code, lack):
    place.write(2)
    cluster = place.cluster()
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    cluster.add_worker()
    worker = cluster.add_worker({**environment, **nowhere, "AWS_EC2_METADATA_DISABLED": "true"})
    got, told = place.run(cluster.address)
    assert got == code, told
    assert f"worker {worker.address}: " in told
    assert lack in told
    assert place.s3.objects == {}
    assert place.status()["pending"] == 2
    assert sorted(file.name for file in (place.source / ".migrator").iterdir()) == ["lock", "state.sqlite3"]


def test_a_worker_that_hangs_before_the_work_is_named(place):
    place.write(1)
    cluster = place.cluster()
    hanging = cluster.add_worker()
    cluster.add_worker()
    hanging.send(signal.SIGSTOP)
    code, told = place.run(cluster.address, "--retry-for", "1")
    assert code == 4, told
    assert f"the one longest silent is {hanging.address}" in told
    assert (place.status()["pending"], place.s3.objects) == (1, {})


def test_a_scheduler_that_is_not_there_or_has_no_workers_leaves_all_pending(place):
    place.write(1)
    cluster = place.cluster()
    code, told = place.run(cluster.address, "--retry-for", "1")
    assert (code, "has no workers" in told) == (4, True), told
    cluster.scheduler.kill()
    code, told = place.run(cluster.address, "--retry-for", "1")
    assert (code, "does not answer" in told) == (4, True), told
    assert place.status()["pending"] == 1
