"""Plain text: a row for each line."""

from contextlib import closing

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from migrator.formats.interface import Sink, Source
from migrator.formats.text import open_text

BLOCK = 2 << 20
_COLUMNS: list[tuple[str, pa.DataType]] = [("line_number", pa.int64()), ("line", pa.string())]
SCHEMA = pa.schema(_COLUMNS)


def read(source: Source, sink: Sink) -> None:
    r"""Read a text into `line_number`, from 1, and `line`, without the `\n` or `\r\n` that ends it.

    Nothing else is stripped or splits a line. A line end at the very end begins no further line.

    Raises:
        Refusal: `not-text` with the byte, `empty-file`.
        OSError: The source cannot be read.
    """
    following = 1
    parts: list[bytes] = []
    with closing(open_text(source)) as stream:
        table = sink.table(SCHEMA)
        while chunk := stream.read(BLOCK):
            end = chunk.rfind(b"\n") + 1
            if end == 0:
                parts.append(chunk)
                continue
            rows = _rows(b"".join([*parts, chunk[:end]]), following)
            table.write(rows)
            following += rows.num_rows
            parts = [chunk[end:]]
    if rest := b"".join(parts):
        table.write(_rows(rest, following))
    table.close()


def _rows(data: bytes, first: int) -> pa.RecordBatch:
    # A `\r` belongs to the line end only right before a `\n`, and of several only the last.
    text = data.replace(b"\r\n", b"\n").removesuffix(b"\n")
    lines = pc.list_flatten(pc.split_pattern(pa.array([text], pa.string()), "\n"))
    numbers = pa.array(np.arange(first, first + len(lines), dtype=np.int64))
    return pa.RecordBatch.from_arrays([numbers, lines], schema=SCHEMA)
