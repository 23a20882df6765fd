"""What somebody sees who opens an object with pandas, as most who use the bucket will."""

from io import BytesIO

from harness.truth import ExpectedObject


def difference(expected: ExpectedObject, data: bytes) -> str | None:
    """What a data frame of the object lacks or has too much: rows, columns, their order; None where nothing does."""
    # Half a second to import, which a process that opens no data frame need not spend.
    import pandas

    try:
        frame = pandas.read_parquet(BytesIO(data))
    except (ValueError, OSError) as error:
        return f"pandas cannot read it: {error}"
    if len(frame) != expected.rows:
        return f"{len(frame)} rows where {expected.rows} were expected"
    names = None if expected.columns is None else [column.name for column in expected.columns]
    if names is not None and list(frame.columns) != names:
        return f"the columns {list(frame.columns)} where {names} were expected"
    return None
