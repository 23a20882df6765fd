"""pyarrow, the plain script: a big file streams through a parquet beside it, small ones go in 8 threads."""

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv, json

from bench.peers.common import key, main, s3, temporary, upload

_THREADS = 8
_IN_MEMORY = 8 << 20


def _csv(paths: list[Path], bucket: str) -> None:
    def small(path: Path) -> None:
        made = io.BytesIO()
        pq.write_table(csv.read_csv(path), made)
        client.put_object(Bucket=bucket, Key=key(path), Body=made.getvalue())

    big = [path for path in paths if path.stat().st_size > _IN_MEMORY]
    for path in big:
        _stream(csv.open_csv(path), path, bucket)
    with ThreadPoolExecutor(_THREADS) as pool:
        # What went wrong is raised where the results are asked for.
        list(pool.map(small, (path for path in paths if path not in big)))


def _json(paths: list[Path], bucket: str) -> None:
    for path in paths:
        _stream(json.open_json(path), path, bucket)


def _stream(reader: pa.RecordBatchReader, path: Path, bucket: str) -> None:
    with reader, pq.ParquetWriter(temporary(path), reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
    upload(temporary(path), bucket, key(path), client)


if __name__ == "__main__":
    client = s3()
    main({"csv": _csv, "json": _json})
