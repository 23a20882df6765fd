"""Which reader reads a format. Readers are imported when first used, so that a start costs what its source needs."""

import importlib
from typing import cast

from migrator.errors import ReasonCode, Refusal
from migrator.formats.archive import Unpacking, archive_reader
from migrator.formats.interface import Reader
from migrator.names import Format, Kind, kind_of

_MODULES = {
    Format.CSV: "migrator.formats.csv_small",
    Format.JSON: "migrator.formats.json",
    Format.TXT: "migrator.formats.txt",
    Format.SQL: "migrator.formats.sql",
}


def reader_of(file_format: Format, unpacking: Unpacking) -> Reader:
    """The function that reads a source of `file_format`.

    Args:
        file_format: What the name says the source is.
        unpacking: The limits for archives, shared by all levels of one source file.

    Raises:
        Refusal: `unsupported-format` where there is none.
    """
    if kind_of(file_format) is Kind.ARCHIVE:
        return archive_reader(file_format, unpacking, reader_of)
    if file_format not in _MODULES:
        raise Refusal(
            ReasonCode.UNSUPPORTED_FORMAT,
            "its extension is none of csv, json, ndjson, jsonl, txt, sql, zip, tar, tar.gz, tgz, gz",
        )
    return cast("Reader", importlib.import_module(_MODULES[file_format]).read)
