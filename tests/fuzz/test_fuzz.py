"""A coverage-guided run over every parser: the same few inputs in a short run, minutes of new ones with TEST_LONG.

What was ever found stays as a case under `tests/migrator/formats/cases/TARGET/`.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests/migrator/formats/cases"
LONG = bool(os.environ.get("TEST_LONG"))
AMOUNT = ("-max_total_time=180",) if LONG else ("-runs=200", "-seed=1")
# A process takes longer to begin than a short run.
SHARES = [list(TARGETS)[share::2] for share in range(2)] if LONG else [list(TARGETS)]


@pytest.mark.skipif(not importlib.util.find_spec("atheris"), reason="atheris has no package for this Python")
@pytest.mark.parametrize("share", SHARES, ids=",".join)
def test_nothing_but_what_the_rules_say_comes_out(tmp_path, share):
    paths = os.pathsep.join(str(ROOT / path) for path in ("", "libraries", "tests/libraries"))
    options = (*AMOUNT, "-print_final_stats=1", f"-artifact_prefix={tmp_path}/", "-timeout=20")
    told = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.run", ",".join(share), *options],
        check=False,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths, "TMPDIR": str(tmp_path)},
    )
    findings = {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()}
    words = told.stderr.decode(errors="replace")
    assert not findings, f"keep these as cases below {CASES}: {findings}\n{words[-3000:]}"
    assert told.returncode == 0, words[-3000:]
    assert words.count("stat::number_of_executed_units") == len(share), words[-3000:]


@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_passes(name):
    for seed in TARGETS[name].seeds:
        TARGETS[name].check(seed)


@pytest.mark.parametrize("case", sorted(CASES.glob("*/*")), ids=lambda case: f"{case.parent.name}/{case.name}")
def test_a_finding_stays_fixed(case):
    TARGETS[case.parent.name].check(case.read_bytes())
