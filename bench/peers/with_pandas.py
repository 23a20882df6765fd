"""pandas: a frame in memory, a parquet in memory or beside the source, then boto3."""

import io
from pathlib import Path

import pandas as pd

from bench.peers.common import each, key, main, s3, temporary, upload

_IN_MEMORY = 8 << 20


def _put(frame: pd.DataFrame, path: Path, bucket: str) -> None:
    if path.stat().st_size < _IN_MEMORY:
        made = io.BytesIO()
        frame.to_parquet(made)
        client.put_object(Bucket=bucket, Key=key(path), Body=made.getvalue())
    else:
        frame.to_parquet(temporary(path))
        upload(temporary(path), bucket, key(path), client)


def _csv(path: Path, bucket: str) -> None:
    _put(pd.read_csv(path, engine="pyarrow" if path.stat().st_size > _IN_MEMORY else "c"), path, bucket)


def _json(path: Path, bucket: str) -> None:
    _put(pd.read_json(path, lines=path.suffix == ".ndjson"), path, bucket)


if __name__ == "__main__":
    client = s3()
    main({"csv": each(_csv), "json": each(_json)})
