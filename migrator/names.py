"""The one place for names: a source's format and kind, its keys, its `source-path`, the next free name in `done/`."""

import hashlib
from enum import StrEnum
from urllib.parse import quote

from migrator.errors import ReasonCode, Refusal

MAX_KEY_BYTES = 1024
MAX_METADATA_PATH_BYTES = 1800
MAX_FILE_NAME_BYTES = 255
REASON_SUFFIX = ".reason.json"
LONGEST_OF_WHOLE_REASON = MAX_FILE_NAME_BYTES - len(REASON_SUFFIX)
"""Bytes of the longest file name whose reason file's name is not cut."""
MEMBER_SEPARATOR = "!"


class Format(StrEnum):
    """What a file's extension says it is."""

    CSV = "csv"
    JSON = "json"
    TXT = "txt"
    SQL = "sql"
    ZIP = "zip"
    TAR = "tar"
    TAR_GZ = "tar.gz"
    GZ = "gz"
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """Whether a file holds other files."""

    REGULAR = "regular"
    ARCHIVE = "archive"


# Longest first, so that `.tar.gz` is found before `.gz`.
_EXTENSIONS = {
    ".tar.gz": Format.TAR_GZ,
    ".ndjson": Format.JSON,
    ".jsonl": Format.JSON,
    ".json": Format.JSON,
    ".csv": Format.CSV,
    ".txt": Format.TXT,
    ".sql": Format.SQL,
    ".zip": Format.ZIP,
    ".tar": Format.TAR,
    ".tgz": Format.TAR_GZ,
    ".gz": Format.GZ,
}
_ARCHIVES = frozenset({Format.ZIP, Format.TAR, Format.TAR_GZ, Format.GZ})


def format_of(name: str) -> Format:
    """The format that a file's or member's name stands for, whatever the case of its extension."""
    extension = _extension(name)
    return _EXTENSIONS[extension.lower()] if extension else Format.UNKNOWN


def kind_of(file_format: Format) -> Kind:
    """Archive or regular."""
    return Kind.ARCHIVE if file_format in _ARCHIVES else Kind.REGULAR


def without_gz(name: str) -> str:
    """The name of what a `.gz` holds: its own without the extension."""
    return name[: -len(".gz")]


def normal_prefix(prefix: str) -> str:
    """A key prefix without its outer slashes; empty where there is none."""
    return prefix.strip("/")


def key_base(prefix: str, path: str) -> str:
    """The key that all objects of the source file at `path` start with."""
    return f"{prefix}/{path}" if prefix else path


def checked_key(key: str) -> str:
    """`key` itself, where S3 can hold it.

    Raises:
        Refusal: `unsupported-name` where it is not UTF-8 or longer than 1,024 bytes.
    """
    try:
        length = len(key.encode())
    except UnicodeEncodeError as error:
        shown = key.encode(errors="backslashreplace").decode()
        raise Refusal(ReasonCode.UNSUPPORTED_NAME, f"the name {shown!r} is not UTF-8; rename the file") from error
    if length > MAX_KEY_BYTES:
        raise Refusal(
            ReasonCode.UNSUPPORTED_NAME, f"the key would be {length} bytes long and S3 allows {MAX_KEY_BYTES}: {key}"
        )
    return key


def table_segment(table: str) -> str:
    """A SQL table's name as a key's last segment, without `.parquet`.

    Raises:
        Refusal: `unsupported-name` where the name is empty, `.` or `..`.
    """
    if table in {"", ".", ".."}:
        raise Refusal(ReasonCode.UNSUPPORTED_NAME, f"a table named {table!r} has no key")
    if table == "_statements":
        return "%5Fstatements"
    return table.replace("%", "%25").replace("/", "%2F")


def encoded_path(*levels: str) -> str:
    """`source-path`: the source's path and, for a member, the path of each archive level, joined by `!`.

    RFC 3986 unreserved characters and `/` stay; everything else is percent-encoded as UTF-8.
    """
    return MEMBER_SEPARATOR.join(quote(level, safe="/", errors="surrogateescape") for level in levels)


def numbered(name: str, number: int) -> str:
    """`name` with `~number` before its extensions: `n~2.csv.gz`, `a.b~2.csv`, `noext~2`."""
    extensions = ""
    rest = name
    while extension := _extension(rest):
        rest = rest[: -len(extension)]
        extensions = extension + extensions
        if _EXTENSIONS[extension.lower()] is not Format.GZ:
            break
    if not extensions:
        stem, dot, last = name.rpartition(".")
        rest, extensions = (stem, dot + last) if stem else (name, "")
    return f"{rest}~{number}{extensions}"


def reason_name(name: str) -> str:
    """The name of a failed file's reason file, cut where a file system could not hold it."""
    whole = name + REASON_SUFFIX
    raw = whole.encode(errors="surrogateescape")
    if len(raw) <= MAX_FILE_NAME_BYTES:
        return whole
    file_name = name.encode(errors="surrogateescape")
    tail = f"~{hashlib.sha256(file_name).hexdigest()[:12]}{REASON_SUFFIX}"
    head = file_name[: MAX_FILE_NAME_BYTES - len(tail)]
    # A cut in the middle of a character would make a name that is not UTF-8 out of one that is.
    head_text = head.decode(errors="ignore") if _is_utf8(file_name) else head.decode(errors="surrogateescape")
    return head_text + tail


def _extension(name: str) -> str:
    """The known extension of `name` as it is written, or the empty text; a name that is all extension has none."""
    lower = name.lower()
    for extension in _EXTENSIONS:
        if lower.endswith(extension) and len(name) > len(extension):
            return name[-len(extension) :]
    return ""


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
