"""A run that is killed while any one of its requests is on its way, or the answer to it, is healed by the next."""

import os

import pytest

from harness.gate_rules import Hold, Rule, Stage
from harness.s3_requests import Act
from tests.migrator.crash.migration import SMALL, large

LONG = bool(os.environ.get("TEST_LONG"))
EVERY = frozenset(Act)
MIGRATIONS = {"small": SMALL, "in parts": large()}


def points(total: int) -> range:
    return range(1, total + 1, 1 if LONG else 4)


@pytest.mark.parametrize("stage", Stage, ids=["request", "answer"])
@pytest.mark.parametrize("name", MIGRATIONS)
def test_a_kill_at_every_request_heals(crash_world, name, stage):
    migration, gate = MIGRATIONS[name], crash_world.gate
    with crash_world.case(migration) as case:
        seen = len(gate.exchanges)
        assert case.run().code == migration.exit_code
        acts = [exchange.act for exchange in gate.exchanges[seen:]]
        case.heal("undisturbed")
    assert len(acts) >= 5
    for point in points(len(acts)):
        with crash_world.case(migration) as case:
            held = gate.obey(Rule(Hold(stage), EVERY, first=point, count=1))
            seen = len(gate.exchanges)

            def is_held(seen=seen):
                return any(each.fate == f"held {stage}" for each in gate.exchanges[seen:])

            migrator = case.start()
            what = f"{name}: request {point} of {len(acts)} to be held {stage}, or the run's end"
            # A request that was tried again may have been among those that were counted, and is not made this time.
            case.wait_until(what, lambda is_held=is_held, migrator=migrator: is_held() or migrator.ended)
            migrator.kill()
            ended = migrator.wait()
            assert ended.killed or (ended.code == migration.exit_code and not is_held()), ended.stderr
            # A body that the gate has not read hides that its sender is gone: then the server is given the beginning.
            case.comes_true(lambda: not is_held(), within=0.3)
            gate.lift(held)
            case.wait_until("the gate to let go of the request", lambda: not is_held())
            case.heal(f"{name}: killed while request {point} of {len(acts)} ({acts[point - 1]}) was held {stage}")
