"""The example of docs/your_migrator.md keeps what the page says of it, before the suite as any other migrator."""

import os
import subprocess
import sys
from pathlib import Path

from robot.api import ExecutionResult

ROOT = Path(__file__).resolve().parents[1]
SUITES = ("us1_environment.robot", "us2_migration.robot")
VARIABLES = ("S3_SERVER", "S3_IMAGE", "S3_ENDPOINT_URL")


def test_the_smallest_migrator_passes_us_1_and_us_2(tmp_path):
    variables = [f"--variable={name}:{os.environ[name]}" for name in VARIABLES if os.environ.get(name)]
    migrator = f"--variable=MIGRATOR:{sys.executable} {ROOT / 'docs' / 'smallest_migrator.py'}"
    chosen = ["--include", "us-1", "--include", "us-2", *(f"acceptance/{suite}" for suite in SUITES)]
    options = ["--outputdir", tmp_path, "--log", "NONE", "--report", "NONE", "--console", "quiet"]
    subprocess.run(
        [sys.executable, "-m", "robot", *options, migrator, *variables, *chosen],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "S3_ACCEPTANCE_PAGES": "none"},
        check=False,
        timeout=900,
    )
    seen = {test.name: (test.status, test.message) for test in ExecutionResult(tmp_path / "output.xml").suite.all_tests}
    assert {name: told for name, told in seen.items() if told[0] != "PASS"} == {}
    assert len(seen) == 7
