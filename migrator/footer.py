"""The end of a parquet object: how many rows it holds and what its file metadata says.

Format: https://parquet.apache.org/docs/file-format/ (the file ends in the footer, its length as four bytes, `PAR1`).
"""

import io
from dataclasses import dataclass, field

TAIL_BYTES = 64 * 1024
_MAGIC = b"PAR1"
_END_BYTES = 8
_MAX_FOOTER_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Footer:
    """Rows and file metadata; no rows and no texts where the object is no parquet."""

    rows: int | None = None
    texts: dict[str, str] = field(default_factory=dict)


def footer_bytes(tail: bytes, size: int) -> int:
    """How many bytes at an object's end its footer takes, or 0 where it is no parquet.

    Args:
        tail: The object's last bytes, at least eight where it has as many.
        size: The whole object's bytes.
    """
    if len(tail) < _END_BYTES or tail[-len(_MAGIC) :] != _MAGIC:
        return 0
    length = int.from_bytes(tail[-_END_BYTES : -len(_MAGIC)], "little") + _END_BYTES
    return length if length + len(_MAGIC) <= size and length <= _MAX_FOOTER_BYTES else 0


def parse(tail: bytes) -> Footer:
    """The footer that `tail` ends with; `tail` holds at least `footer_bytes` of it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    length = footer_bytes(tail, len(tail) + len(_MAGIC))
    if not length:
        return Footer()
    try:
        metadata = pq.read_metadata(io.BytesIO(_MAGIC + tail[-length:]))
        raw: dict[bytes, bytes] = metadata.metadata or {}
        texts = {
            name.decode(errors="replace"): value.decode(errors="replace")
            for name, value in raw.items()
            if name != b"ARROW:schema"
        }
    except (pa.ArrowException, OSError, ValueError):
        # Something else that happens to end as a parquet file does.
        return Footer()
    return Footer(metadata.num_rows, texts)
