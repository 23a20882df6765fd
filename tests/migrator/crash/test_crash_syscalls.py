"""System calls that fail or kill: the n-th write, sync, rename of a whole migrator, by strace's fault injection.

This reaches what no hook in Python sees, such as a kill between two pages of one commit. Few of the points in a short
run; each of them where TEST_LONG is set.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter

import pytest

from tests.migrator.crash.crash_world import ROOT
from tests.migrator.crash.migration import SMALL

LONG = bool(os.environ.get("TEST_LONG"))
CALLS = ("pwrite64", "fdatasync", "fsync", "ftruncate", "renameat2", "rename", "unlink", "unlinkat", "mkdir", "rmdir")
ERRORS = {
    "pwrite64": "ENOSPC", "ftruncate": "ENOSPC", "mkdir": "ENOSPC", "renameat2": "EIO", "fsync": "EIO",
    "fdatasync": "EIO", "fallocate": "ENOSPC",
}  # fmt: skip
LIMIT_SECONDS = 120


def traced(case, *options, log=os.devnull):
    """Run the migrator under strace; its return code and stderr."""
    paths = os.pathsep.join(str(ROOT / path) for path in ("", "libraries"))
    own = {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    told = subprocess.run(
        [
            "strace",
            "--follow-forks",
            "--seccomp-bpf",
            "-qq",
            "-o",
            log,
            *options,
            sys.executable,
            "-m",
            "migrator",
            *case.command,
        ],
        check=False,
        capture_output=True,
        cwd=case.world.migrators.work,
        env={**os.environ, **case.world.migrators.environment, **own},
        timeout=LIMIT_SECONDS,
    )
    return told.returncode, told.stderr.decode(errors="replace")


def counted(case, calls):
    """How often the thread that does so most makes each call."""
    log = case.source.parent / "calls"
    code, stderr = traced(case, "-e", f"trace={','.join(calls)}", log=log)
    if code == 1 and "ptrace" in stderr:
        pytest.skip(f"processes may not be traced here: {stderr.strip()}")
    assert code == case.migration.exit_code, stderr
    found = Counter(re.findall(r"^(\d+) +(\w+)\(", log.read_text(), re.MULTILINE))
    log.unlink()
    highest = Counter()
    for (_, call), count in found.items():
        highest[call] = max(highest[call], count)
    return highest


def points(highest, few):
    every = [(call, number) for call in sorted(highest) for number in range(1, highest[call] + 1)]
    return every if LONG else every[len(every) // (2 * few) :: max(1, len(every) // few)]


needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")


@needs_strace
def test_a_kill_at_any_system_call_heals(crash_world):
    with crash_world.case(SMALL) as case:
        highest = counted(case, CALLS)
        case.heal("traced")
    assert sum(highest.values()) > 60
    for call, number in points(highest, 3):
        with crash_world.case(SMALL) as case:
            code, stderr = traced(case, "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}")
            assert code in {-signal.SIGKILL, 128 + signal.SIGKILL, SMALL.exit_code}, stderr
            case.heal(f"killed at {call} {number} of {highest[call]}")


@needs_strace
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
def test_any_call_that_fails_leaves_work_pending_and_nothing_torn(crash_world, lasting):
    with crash_world.case(SMALL) as case:
        highest = counted(case, ERRORS)
    for call, number in points(highest, 2):
        with crash_world.case(SMALL) as case:
            when = f"{number}+" if lasting else f"{number}"
            code, stderr = traced(case, "-e", f"trace={call}", "-e", f"inject={call}:error={ERRORS[call]}:when={when}")
            where = f"{call} {when} of {highest[call]} fails with {ERRORS[call]}"
            assert code in {4, SMALL.exit_code}, f"{where}: {code}: {stderr}"
            assert "Traceback" not in stderr, f"{where}: {stderr}"
            case.heal(where)
