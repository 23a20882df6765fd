"""What the peers share: the command line, the files, the upload."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Migrate = Callable[[Path, str], None]


def main(ways: dict[str, Callable[[list[Path], str], None]]) -> None:
    """Run the way for KIND over the files of FOLDER."""
    kind, folder, bucket = sys.argv[1:]
    ways[kind](sorted(path for path in Path(folder).rglob("*") if path.is_file()), bucket)


def each(migrate: Migrate) -> Callable[[list[Path], str], None]:
    """One file after another."""

    def all_of(paths: list[Path], bucket: str) -> None:
        for path in paths:
            migrate(path, bucket)

    return all_of


def s3() -> Any:
    """boto3's client."""
    import boto3
    from botocore.config import Config

    return boto3.client("s3", config=Config(s3={"addressing_style": "path"}, max_pool_connections=10))


def key(path: Path) -> str:
    """Where a file's parquet goes."""
    return f"{path.parent.name}/{path.name}.parquet"


def temporary(path: Path) -> Path:
    """A parquet file beside the source, for those that cannot write into the bucket."""
    return path.with_name(f"{path.name}.parquet")


def upload(path: Path, bucket: str, name: str, client: Any = None) -> None:
    """Upload a file and remove it."""
    (client or s3()).upload_file(str(path), bucket, name)
    path.unlink()


def endpoint() -> str:
    """The server's address."""
    return os.environ["AWS_ENDPOINT_URL"]
