"""awswrangler: pandas reads, it writes into the bucket."""

from pathlib import Path

import awswrangler as wr
import pandas as pd

from bench.peers.common import each, endpoint, key, main


def _csv(path: Path, bucket: str) -> None:
    wr.s3.to_parquet(pd.read_csv(path, engine="pyarrow"), f"s3://{bucket}/{key(path)}")


if __name__ == "__main__":
    wr.config.s3_endpoint_url = endpoint()
    main({"csv": each(_csv)})
