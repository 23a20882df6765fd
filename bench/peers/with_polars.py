"""polars: a lazy frame streamed into the bucket by its own writer."""

from pathlib import Path

import polars as pl

from bench.peers.common import each, endpoint, key, main


def _sink(frame: pl.LazyFrame, path: Path, bucket: str) -> None:
    options = {"aws_endpoint_url": endpoint(), "aws_allow_http": "true"}
    frame.sink_parquet(f"s3://{bucket}/{key(path)}", storage_options=options)


def _csv(path: Path, bucket: str) -> None:
    _sink(pl.scan_csv(path, try_parse_dates=True), path, bucket)


def _json(path: Path, bucket: str) -> None:
    if path.suffix == ".ndjson":
        _sink(pl.scan_ndjson(path), path, bucket)
    else:
        _sink(pl.read_json(path).lazy(), path, bucket)


if __name__ == "__main__":
    main({"csv": each(_csv), "json": each(_json)})
