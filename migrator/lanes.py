"""What the two ways to the server have in common.

The fast lane (obstore) takes small objects with ordinary keys, the plain lane (botocore) everything else.
"""

from dataclasses import dataclass

CONTENT_TYPE = "application/vnd.apache.parquet"
CONNECT_SECONDS = 5
# An attempt that hangs is given up after 15 s; what is left is for noticing it.
ANSWER_SECONDS = 14


@dataclass(frozen=True)
class Stored:
    """An object as the server named it: ETag without quotes, version where the bucket is versioned."""

    etag: str
    version: str | None


@dataclass(frozen=True)
class Tail:
    """An object's last bytes, with the whole object's size."""

    data: bytes
    size: int
    stored: Stored


def bare(etag: str | None) -> str:
    """An ETag without its quotes."""
    return (etag or "").removeprefix("W/").strip('"')
