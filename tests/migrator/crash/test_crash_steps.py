"""A run that is killed just before any one of its durable steps is healed by the next.

Some of the steps in a short run; each of them, with and without its state, where TEST_LONG is set.
"""

import os

import pytest

from tests.migrator.crash.migration import SMALL

LONG = bool(os.environ.get("TEST_LONG"))
SHARES = 2
STRIDE = 1 if LONG else 11


def points(share: int, total: int) -> range:
    return range(1 + share * STRIDE, total + 1, SHARES * STRIDE)


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("renameat2", [True, False], ids=["renameat2", "link and unlink"])
@pytest.mark.parametrize("survives", [True, False], ids=["state kept", "state lost"])
def test_every_crash_point_heals(crash_world, renameat2, survives, share):
    with crash_world.case(SMALL) as case:
        counted = case.run(count=True, renameat2=renameat2)
        assert counted.code == SMALL.exit_code, counted.stderr
        labels = counted.steps
        case.heal("undisturbed")
    assert len(labels) > 60
    for point in points(share, len(labels)):
        with crash_world.case(SMALL) as case:
            ended = case.run(kill_at=point, renameat2=renameat2)
            assert ended.killed or ended.code == SMALL.exit_code, ended.stderr
            if not survives:
                case.lose_state()
            case.heal(f"killed at step {point} of {len(labels)}, {labels[point - 1]!r}")
