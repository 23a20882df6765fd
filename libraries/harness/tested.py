"""What is tested, and where: the migrator with its version, the seed, the commit, the machine."""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.process import Launch

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 20.0
"""Seconds that a program has to tell its version."""


def facts(migrator: str, seed: str) -> dict[str, str]:
    """What the report's metadata tell of this run.

    Args:
        migrator: The command under test, or "built-in".
        seed: What the mock data are made from.
    """
    return {
        "Migrator": migrator,
        "Migrator version": version_of(migrator),
        "Seed": seed,
        "Commit": commit(),
        "Host": f"{platform.node()}, {os.cpu_count()} cores, {platform.platform()}",
    }


def version_of(migrator: str) -> str:
    """What the migrator answers to `--version`, which the contract does not ask of it."""
    launch = Launch.of(migrator, {}, ROOT, ROOT)
    return _first_line([*launch.words, "--version"], launch.environment) or "it tells none"


def commit() -> str:
    """The suite's commit, with a word on changes that are not in it; CI's variables where there is no git."""
    told = _first_line(["git", "-C", str(ROOT), "describe", "--always", "--dirty=, with uncommitted changes"], {})
    return told or os.environ.get("GITHUB_SHA") or os.environ.get("CI_COMMIT_SHA") or "unknown"


def _first_line(command: Sequence[str], environment: Mapping[str, str]) -> str | None:
    # In an empty folder and without a user's accounts, for nobody knows what an unknown program does.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with tempfile.TemporaryDirectory() as folder:
        try:
            told = subprocess.run(
                command,
                env={**inherited, **environment},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=LIMIT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
    lines = told.stdout.strip().splitlines()
    return lines[0] if told.returncode == 0 and lines else None
