"""How each contender is started: a command for a folder and a bucket."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

OWN = "migrator"
ALONE = "alone"
"""The migrator, where the contender beside it has a cluster."""
Command = Callable[[Path, str, str], list[str]]
"""From the folder, the bucket and the server's address."""

# What nothing listens at: a port that only root could take.
_NOWHERE = "http://127.0.0.1:1"
_FORMATS = {"csv": "csv", "csv_gz": "csv", "small": "csv", "ndjson": "json", "array": "json"}


def _migrator(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "migrator", *arguments]


ACTS: dict[str, Command] = {
    "run": lambda folder, bucket, url: _migrator("run", str(folder), f"s3://{bucket}/lake", "--endpoint-url", url),
    "rerun": lambda folder, bucket, url: _migrator("run", str(folder), f"s3://{bucket}/lake", "--endpoint-url", url),
    "inventory": lambda folder, bucket, _: _migrator(
        "run", str(folder), f"s3://{bucket}/lake", "--endpoint-url", _NOWHERE, "--retry-for", "0"
    ),
    "status": lambda folder, *_: _migrator("status", str(folder)),
    "status_json": lambda folder, *_: _migrator("status", str(folder), "--json"),
    "verify": lambda folder, bucket, url: _migrator(
        "verify", str(folder), f"s3://{bucket}/lake", "--endpoint-url", url
    ),
    "recover": lambda folder, bucket, url: _migrator(
        "recover", str(folder), f"s3://{bucket}/lake", "--endpoint-url", url
    ),
}
"""What the migrator itself is asked for."""

EXIT_CODES = {"inventory": 4}
"""Where another exit code than 0 is the right one."""

SUITE = {
    "acceptance": ("harness.acceptance",),
    "stories": ("harness.acceptance", "--include", "us-?"),
    "environment": ("bench.environment",),
}
"""What is asked of the suite itself: a module and its arguments."""

RUNS = frozenset({"acceptance", "stories"})
"""What of that carries out scenarios."""

IN_PLACE = frozenset({"rerun", "status", "status_json", "verify", "inventory"})
"""What leaves the files where they are, so that no copy of the folder is needed."""

PEERS = {
    "duckdb": "DuckDB → file → boto3",
    "polars": "polars `sink_parquet` to S3",
    "pandas": "pandas + boto3",
    "awswrangler": "awswrangler",
    "pyarrow": "pyarrow + boto3",
    ALONE: "one process without a cluster",
}


def title(name: str, act: str = "run") -> str:
    """What the report calls a contender, by what is done."""
    return PEERS.get(name, "**suite**" if act in SUITE else "**migrator**")


def command(name: str, act: str, kind: str) -> Command:
    """How a contender does a case."""
    if name in {OWN, ALONE}:
        return ACTS[act]
    module = f"bench.peers.with_{name}"
    return lambda folder, bucket, _: [sys.executable, "-m", module, _FORMATS[kind], str(folder), bucket]
