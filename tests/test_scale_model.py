"""The model of docs/scale.md: what it must say whatever the costs are."""

from pathlib import Path

import pytest

from bench.model import PUTS_PER_PREFIX, Costs, on_a_cluster, on_one_machine
from bench.results import costs

COSTS = Costs(file=0.003, byte=1e-8, locked=0.5, coordinator=0.0005, server=0.001, start=0.0)


def test_one_worker_waits_for_nobody():
    told = on_one_machine(COSTS, 1000, 0, workers=1, cores=8)
    assert told.seconds == pytest.approx(1000 * (COSTS.file + COSTS.server))


def test_many_workers_are_as_fast_as_the_busiest_station():
    told = on_one_machine(COSTS, 1000, 0, workers=200, cores=64)
    assert told.seconds == pytest.approx(1000 * COSTS.file * COSTS.locked, rel=0.01)
    assert told.limit == "the interpreter"


def test_nothing_is_faster_than_the_cores_allow():
    told = on_one_machine(COSTS, 1000, 0, workers=200, cores=1)
    assert told.seconds == pytest.approx(1000 * (COSTS.file + COSTS.server))
    assert told.limit == "the cores"


@pytest.mark.parametrize(
    ("workers", "size", "coordinator", "limit"),
    [
        (1, 0, 0.0005, "the workers' CPU"),
        (1000, 0, 0.0005, "the coordinator"),
        (1000, 0, 0.5 / PUTS_PER_PREFIX, "S3's requests for a prefix"),
        (1000, 16 << 20, 0.0005, "the shared file system"),
    ],
)
def test_what_limits_first(workers, size, coordinator, limit):
    told = on_a_cluster(Costs(0.003, 1e-9, 0.5, coordinator, 0.001, 0.0), 10_000, size, workers)
    assert told.limit == limit


def test_more_workers_never_take_longer():
    seconds = [on_a_cluster(COSTS, 10_000, 4096, workers).seconds for workers in (1, 2, 5, 10, 100, 1000)]
    assert seconds == sorted(seconds, reverse=True)


def test_the_costs_are_those_of_the_results():
    results = (Path(__file__).parents[1] / "bench" / "RESULTS.md").read_text()
    found = costs(results, 0.0005)
    assert 0.0005 < found.file < 0.1
    assert 0 < found.byte < 1e-6
    assert 0 < found.locked <= 1
    assert 0 < found.server < 0.1
    with pytest.raises(SystemExit, match="CASES=csv"):
        costs(results.replace("`csv`: ", "`other`: "), 0.0005)
