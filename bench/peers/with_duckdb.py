"""DuckDB: COPY to a parquet file, then boto3."""

from pathlib import Path

import duckdb

from bench.peers.common import each, key, main, s3, temporary, upload

_READERS = {"csv": "read_csv", "json": "read_json"}


def _all(kind: str) -> None:
    connection = duckdb.connect()
    client = s3()

    def migrate(path: Path, bucket: str) -> None:
        made = temporary(path)
        rows = f"SELECT * FROM {_READERS[kind]}('{path}')"  # noqa: S608 - the bench's own paths
        connection.execute(f"COPY ({rows}) TO '{made}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)")
        upload(made, bucket, key(path), client)

    main({kind: each(migrate)})


if __name__ == "__main__":
    import sys

    _all(sys.argv[1])
