"""Bad files of the rarer sort, by the reason code that they must fail with; they come alone, not in archives too."""

import codecs
import tarfile

from harness.archives import TarMember, ZipMember, gzip_bytes, tar_bytes, zip_bytes
from harness.mock_archives import tarred
from harness.mock_faults import Faults
from harness.mock_made import bad
from harness.mock_text import csv

_GOOD = csv(["a", "b"], ["1", "x"])
_HALF_A_PAIR = "\ud83d".encode("utf-16-le", "surrogatepass")
_CHECKSUM_AT = 148


def rare_faults() -> Faults:
    """All of them: reason code → file name → the file."""
    texts = {"malformed-csv": _CSV, "malformed-json": _JSON, "malformed-sql": _SQL, "unsupported-name": _NAMES}
    raw = {"not-text": _NOT_TEXT, "empty-file": _EMPTY, "unsupported-format": _FORMATS}
    made = {code: {name: bad(text.encode(), code) for name, text in files.items()} for code, files in texts.items()}
    made |= {code: {name: bad(data, code) for name, data in files.items()} for code, files in raw.items()}
    for code, files in _archives().items():
        made.setdefault(code, {}).update({name: bad(data, code) for name, data in files.items()})
    return made


_CSV = {
    "blank after a quote.csv": 'a,b\n"x" ,1\n',
    "open quote in the header.csv": 'a,"b\n1,2\n',
    "text after a quote in the header.csv": '"a"b,c\n1,2\n',
    "open quote at the end.csv": 'a,b\n1,2\n3,"',
    "two columns and a lone field.csv": "a\tb\n1\t2\n3\n",
    "one column and two fields.csv": 'a\n1\n"2",3\n',
}

_JSON = {
    "key twice inside.json": '[{"a": {"b": 1, "c": 2, "b": 3}}]',
    "key twice on a line.ndjson": '{"a": 1, "b": 2}\n{"a": 1, "b": 2, "a": 3}\n',
    "key twice by its number.json": '[{"a": 1, "\\u0061": 2}]',
    "comment.json": "[1, /* two */ 2]",
    "odd escape.json": '["\\x41"]',
    "plus.json": "[+1]",
    "nothing behind the point.json": "[1.]",
    "nothing before the point.json": "[.5]",
    "nothing between commas.json": "[1,,2]",
    "no comma.json": "[1 2]",
    "one bracket too many.json": "[1]]",
    "capital.json": "[True]",
    "infinity.json": "[-Infinity]",
    "key without quotes.json": "{a: 1}",
    "two objects on a line.json": '{"a": 1}{"a": 2}',
    "cut off.ndjson": '{"a": 1}\n{"a": ',
    "a value on two lines.ndjson": '{"a": 1}\n{"a":\n2}\n',
    "after a printed value.json": '{\n"a": 1\n}\n{\n"a": 2\n}\n',
}

_SQL = {
    "too few for the table.sql": "CREATE TABLE t (a int, b int);\nINSERT INTO t VALUES (1);\n",
    "too many for the table.sql": "INSERT INTO t VALUES (1, 2, 3);\nCREATE TABLE t (a int, b int);\n",
    "rows of two widths.sql": "INSERT INTO t VALUES (1, 2), (3);\n",
    "long row of copy.sql": "COPY t (a, b) FROM stdin;\n1\t2\n3\t4\t5\n\\.\n",
    "column of copy twice.sql": "COPY t (a, a) FROM stdin;\n1\t2\n\\.\n",
    "copy of bytes.sql": "COPY t (a) FROM stdin WITH (FORMAT binary);\nx\n\\.\n",
    "open dollar quote.sql": "SELECT 1;\nDO $a$ BEGIN; END $b$;\n",
    "open name.sql": 'INSERT INTO "t (a) VALUES (1);\n',
    "open after an escape.sql": "-- MySQL dump\nINSERT INTO `t` VALUES ('open\\');\n",
    "closing before opening.sql": "SELECT 1) + (2;\n",
}

_NAMES = {
    "dot for a table.sql": 'INSERT INTO "." (a) VALUES (1);\n',
    "table in copy without a name.sql": 'COPY "" (a) FROM stdin;\n1\n\\.\n',
}

_NOT_TEXT = {
    "half a pair.csv": codecs.BOM_UTF16_LE + "a,b\n1,".encode("utf-16-le") + _HALF_A_PAIR + "x\n".encode("utf-16-le"),
    "half a pair at the end.txt": codecs.BOM_UTF16_LE + "a".encode("utf-16-le") + _HALF_A_PAIR,
    "too long a form.csv": b"a,b\n1,\xc0\x80\n",
    "beyond Unicode.txt": b"a\xf4\x90\x80\x80\n",
    "latin1.json": '["\u00e4"]'.encode("latin-1"),
    "late latin1.txt": b"text\n" * 700_000 + b"\xe4\n",
}

_EMPTY = {
    "only a mark of 16 bits.txt": codecs.BOM_UTF16_BE,
    "only a mark.csv": codecs.BOM_UTF8,
    "only a mark.sql": codecs.BOM_UTF8,
    "only a mark.json": codecs.BOM_UTF16_LE,
}

_FORMATS = {"table.csv.bz2": b"BZh9", "table.tsv": b"a\tb\n", "csv": b"a,b\n", "page.csv.": b"a,b\n"}


def _archives() -> dict[str, dict[str, bytes]]:
    tar = tarred({"a.csv": _GOOD}).data
    packed = gzip_bytes(tar)
    other = bytearray(tar)
    other[_CHECKSUM_AT : _CHECKSUM_AT + 6] = b"001234"
    out = [TarMember("folder/", kind=tarfile.DIRTYPE), TarMember("folder/../inside.csv", _GOOD.data)]
    return {
        "corrupt-archive": {
            # Whoever stops at the end of the tar does not come to what says that it is whole.
            "checksum.tar.gz": packed[:-8] + bytes(4) + packed[-4:],
            "no trailer.tar.gz": packed[:-8],
            "half a trailer.tgz": packed[:-3],
            "second piece cut.csv.gz": gzip_bytes(b"a\n1\n") + gzip_bytes(b"2\n")[:-9],
            "header.tar": bytes(other),
            "header.tar.gz": gzip_bytes(bytes(other)),
        },
        "unsafe-archive": {
            "way out that stays inside.tar": tar_bytes(out),
            "way out that stays inside.zip": zip_bytes([ZipMember("folder/../inside.csv", _GOOD.data)]),
            "same path otherwise.zip": zip_bytes([ZipMember("f/a.csv", b"a\n1\n"), ZipMember("f//./a.csv", b"a\n2\n")]),
        },
        "empty-file": {
            "nothing but hidden.zip": zip_bytes([ZipMember(".a.csv", b"a\n1\n"), ZipMember("__MACOSX/b.csv", b"b\n")]),
            "nothing but hidden.tar": tar_bytes([TarMember("./.git/a.csv", b"a\n1\n")]),
            "nothing in a member.zip": zip_bytes(
                [ZipMember("a.csv", _GOOD.data), ZipMember("b.txt", b"", stored=True)]
            ),
        },
    }
