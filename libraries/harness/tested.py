"""What is tested, and where: the migrator with its version, the seed, the commit, the machine."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path

from harness.process import Launch

ROOT = Path(__file__).resolve().parents[2]
_LIMIT = 10


def facts(migrator: str, seed: str) -> dict[str, str]:
    """What the report's metadata tell of this run.

    Args:
        migrator: The command under test, or "built-in".
        seed: What the mock data are made from.
    """
    launch = Launch.of(migrator, {}, ROOT, ROOT)
    return {
        "Migrator": migrator,
        "Migrator version": _first_line([*launch.words, "--version"], launch.environment) or "it tells none",
        "Seed": seed,
        "Commit": commit(),
        "Host": f"{platform.node()}, {os.cpu_count()} cores, {platform.platform()}",
    }


def commit() -> str:
    """The suite's commit, with a word on changes that are not in it; CI's variables where there is no git."""
    told = _first_line(["git", "-C", str(ROOT), "describe", "--always", "--dirty=, with uncommitted changes"], {})
    return told or os.environ.get("GITHUB_SHA") or os.environ.get("CI_COMMIT_SHA") or "unknown"


def _first_line(command: list[str], environment: Mapping[str, str]) -> str | None:
    try:
        told = subprocess.run(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = told.stdout.strip().splitlines()
    return lines[0] if told.returncode == 0 and lines else None
