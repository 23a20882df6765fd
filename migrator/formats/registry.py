"""Which reader reads a format. Readers are imported when first used, so that a start costs what its source needs."""

import importlib
from typing import TYPE_CHECKING, cast

from migrator.errors import ReasonCode, Refusal
from migrator.formats.interface import Reader
from migrator.names import Format

if TYPE_CHECKING:
    from migrator.formats.archive import Unpacking

_MODULES = {
    Format.CSV: "migrator.formats.csv_small",
    Format.JSON: "migrator.formats.json",
    Format.TXT: "migrator.formats.txt",
    Format.SQL: "migrator.formats.sql",
}


def reader_of(file_format: Format, unpacking: "Unpacking | None" = None) -> Reader:
    """The function that reads a source of `file_format`.

    Args:
        file_format: What the name says the source is.
        unpacking: For archives and what is in them: the limits, shared by all levels of one source file.

    Raises:
        Refusal: `unsupported-format` where there is none.
    """
    if file_format in _MODULES:
        return cast("Reader", importlib.import_module(_MODULES[file_format]).read)
    if file_format is Format.UNKNOWN:
        raise Refusal(
            ReasonCode.UNSUPPORTED_FORMAT,
            "its extension is none of csv, json, ndjson, jsonl, txt, sql, zip, tar, tar.gz, tgz, gz",
        )
    if unpacking is None:
        raise ValueError(f"{file_format} is not read without limits")
    from migrator.formats.archive import archive_reader

    return archive_reader(file_format, unpacking, reader_of)
