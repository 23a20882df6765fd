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


def cut(file, share):
    os.truncate(file, int(file.stat().st_size * share))


def flip(file):
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0x15
    file.write_bytes(data)


@pytest.fixture(scope="module")
def steps(crash_world):
    """How many there are."""
    with crash_world.case(SMALL) as case:
        return len(case.run(count=True).steps)


DAMAGES = {
    "log lost": lambda state: state("-wal").unlink(),
    "log and index lost": lambda state: [state(suffix).unlink() for suffix in ("-wal", "-shm")],
    "log cut in half": lambda state: cut(state("-wal"), 0.5),
    "log cut by a few bytes": lambda state: cut(state("-wal"), 0.999),
    "log changed": lambda state: flip(state("-wal")),
    "index changed": lambda state: flip(state("-shm")),
    "state lost, log kept": lambda state: state("").unlink(),
    "state cut, log kept": lambda state: cut(state(""), 0.7),
}


@pytest.mark.parametrize("share", [0.4, 0.8] if LONG else [0.8])
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_a_kill_leaves_of_the_state_may_be_damaged(crash_world, steps, damage, share):
    with crash_world.case(SMALL) as case:
        assert case.run(kill_at=int(steps * share)).killed
        folder = case.source / ".migrator"
        DAMAGES[damage](lambda suffix: folder / f"state.sqlite3{suffix}")
        case.heal(f"killed at step {int(steps * share)} of {steps}, then {damage}", refused=True)
