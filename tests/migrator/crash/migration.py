"""Small migrations for the crash tests: their files, and what must have become of them in the end."""

import base64
import hashlib
import io
import os
import random
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

MTIME_NS = 1_700_000_000_123_456_789
MODE = 0o640
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Migration:
    """Files, and the truth about them.

    Attributes:
        before: Files that are done before the run that is killed.
        files: Files that arrive after that.
        exit_code: How a run ends that has seen all of them.
        places: Where each file must be: place → its bytes.
        reasons: Place of a failed file → its reason code.
        objects: Key without the prefix → its rows.
        paths: Place → where the file arrived, if not at the same name.
    """

    before: Mapping[str, bytes]
    files: Mapping[str, bytes]
    exit_code: int
    places: Mapping[str, bytes]
    reasons: Mapping[str, str]
    objects: Mapping[str, Rows]
    paths: Mapping[str, str] = field(default_factory=dict)


def arrive(source: Path, files: Mapping[str, bytes]) -> None:
    """Put files into `source`, with a mode and time to be kept."""
    for path, data in files.items():
        file = source / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        file.chmod(MODE)
        os.utime(file, ns=(MTIME_NS, MTIME_NS))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _zip(members: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return packed.getvalue()


_SQL = b"INSERT INTO t VALUES (1);\nINSERT INTO u (n) VALUES ('x'), ('y');\nSET a = 1;\n"
_PACK = _zip({"m/one.csv": b"a\n1\n", "two.txt": b"first\nsecond\n"})
_AGAIN, _FIRST, _OTHER = b"k\nsame\n", b"k\nfirst\n", b"k\nother\n"

SMALL = Migration(
    before={"again.csv": _AGAIN, "taken.csv": _FIRST},
    files={
        "a/one.csv": b"n,t\n1,x\n2,\n",
        "two.sql": _SQL,
        "pack.zip": _PACK,
        "bad.csv": b"a,b\n1\n",
        "nothing.sql": b"-- nothing\n",
        "again.csv": _AGAIN,
        "taken.csv": _OTHER,
    },
    exit_code=3,
    places={
        "done/again.csv": _AGAIN,
        "done/again~2.csv": _AGAIN,
        "done/taken.csv": _FIRST,
        "done/a/one.csv": b"n,t\n1,x\n2,\n",
        "done/two.sql": _SQL,
        "done/pack.zip": _PACK,
        "done/nothing.sql": b"-- nothing\n",
        "failed/bad.csv": b"a,b\n1\n",
        "failed/taken.csv": _OTHER,
    },
    reasons={"failed/bad.csv": "malformed-csv", "failed/taken.csv": "name-taken"},
    objects={
        "again.csv.parquet": [{"k": "same"}],
        "taken.csv.parquet": [{"k": "first"}],
        "a/one.csv.parquet": [{"n": 1, "t": "x"}, {"n": 2, "t": None}],
        "two.sql/t.parquet": [{"column_1": 1}],
        "two.sql/u.parquet": [{"n": "x"}, {"n": "y"}],
        "two.sql/_statements.parquet": [{"statement_number": 3, "kind": "SET", "statement": "SET a = 1"}],
        "pack.zip/m/one.csv.parquet": [{"a": 1}],
        "pack.zip/two.txt.parquet": [{"line_number": 1, "line": "first"}, {"line_number": 2, "line": "second"}],
    },
    paths={"done/again~2.csv": "again.csv"},
)
"""Every kind of ending: several objects, one, none, an archive, a failure, the same path again, changed or not."""

_NEW = SMALL.files.keys() - SMALL.before.keys()

ENDED = replace(
    SMALL,
    before={path: SMALL.files[path] for path in sorted(_NEW)},
    files={},
    places={place: data for place, data in SMALL.places.items() if place.partition("/")[2] in _NEW},
    reasons={"failed/bad.csv": "malformed-csv"},
    objects={key: rows for key, rows in SMALL.objects.items() if not key.startswith(("again", "taken"))},
)
"""A migration that has ended, each path of it once."""


def large(size: int = 9 << 20) -> Migration:
    """One file whose object of at least `size` bytes goes up in two parts, as compression finds nothing to save."""
    dice = random.Random(4)  # noqa: S311 (the same bytes each time)
    line_bytes = 1 << 16
    lines = [base64.b85encode(dice.randbytes(line_bytes)).decode() for _ in range(-(-size // line_bytes))]
    data = "".join(f"{line}\n" for line in lines).encode()
    return Migration(
        before={},
        files={"large.txt": data},
        exit_code=0,
        places={"done/large.txt": data},
        reasons={},
        objects={"large.txt.parquet": [{"line_number": n, "line": line} for n, line in enumerate(lines, 1)]},
    )
