"""The kind of machine and the versions that figures were measured with; nothing that tells which machine it was."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path

_PACKAGES = (
    "pyarrow",
    "obstore",
    "isal",
    "orjson",
    "boto3",
    "distributed",
    "duckdb",
    "polars",
    "pandas",
    "awswrangler",
)


def kind() -> str:
    """Cores, memory, system."""
    facts = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    models = {line.partition(":")[2].strip() for line in facts.splitlines() if line.startswith("model name")}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    cores = len(os.sched_getaffinity(0))
    model = ", ".join(sorted(models)) or platform.machine()
    return f"{cores} cores ({model}), {memory:.0f} GiB of memory, Linux {platform.release()}"


def versions() -> str:
    """Python and the packages that matter, as far as they are here."""
    return ", ".join([f"Python {platform.python_version()}", *_packages()])


def _packages() -> Iterator[str]:
    for name in _PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            yield f"{name} {metadata.version(name)}"
