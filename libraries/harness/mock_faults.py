"""Every way in which a file is bad, by the reason code that it must fail with: alone, and in each kind of archive."""

import codecs
import tarfile
from collections.abc import Iterable, Mapping
from functools import cache

from harness.archives import AES, PPMD, TarMember, ZipMember, gzip_bytes, gzip_run, tar_bytes, zip_bytes
from harness.mock_archives import gzipped, packed, tarred, zipped
from harness.mock_made import Made, Recipe, bad
from harness.mock_text import csv, txt

DEEPEST = 8
"""How many archives may lie in one another, the source being the first."""

_GOOD_CSV = csv(["a", "b"], ["1", "x"], ["2", "y"])
_NEIGHBOURS = {"good.csv": _GOOD_CSV, "folder/good.txt": txt("good\n")}
_OLD_DOS_NAME = "b\xe4d.csv".encode("cp437")

Faults = Mapping[str, Mapping[str, Made]]
"""Reason code → file name → the file."""


def alone(codes: Iterable[str] | None = None) -> tuple[Recipe, ...]:
    """Each bad file by itself, in a folder named after its reason code; all codes by default."""
    return tuple(
        Recipe(f"{code}/{name}", made)
        for code in (faults() if codes is None else codes)
        for name, made in faults()[code].items()
    )


def inside(how: str, codes: Iterable[str] | None = None) -> tuple[Recipe, ...]:
    """Each bad file as a member of an archive of one kind, beside good ones where that kind holds several.

    Args:
        how: The extension of the archive: zip, tar, tar.gz, tgz, gz.
        codes: The reason codes to make; all by default.
    """
    return tuple(
        Recipe(f"{code} in {how}/{name}.{how}", _wrapped(how, name, made))
        for code in (faults() if codes is None else codes)
        for name, made in faults()[code].items()
    )


def _wrapped(how: str, name: str, made: Made) -> Made:
    return packed(how, {name: made} if how == "gz" else {**_NEIGHBOURS, f"folder/{name}": made})


def bomb(how: str, unpacked: int) -> Recipe:
    """An archive whose member is `unpacked` bytes long and packed about a thousand times smaller.

    It must fail as unsafe where `unpacked` is more than `--unpack-limit`.
    """
    inner = bad(gzip_run(unpacked), "unsafe-archive")
    if how == "gz":
        return Recipe("bomb.txt.gz", inner)
    return Recipe(f"bomb.{how}", packed(how, {**_NEIGHBOURS, "bomb.txt.gz": inner}))


def matryoshka(levels: int) -> Recipe:
    """A csv in so many archives: unsafe where there are more than eight."""
    name, made = "doll.csv", _GOOD_CSV
    for level in range(levels):
        # A gz never goes around a tar: the two would be one level, a tar.gz.
        how = ("zip", "gz", "tar")[level % 3]
        made = packed(how, {name: made})
        name = f"{name}.gz" if how == "gz" else f"doll{level}.{how}"
    return Recipe(name, bad(made.data, "unsafe-archive") if levels > DEEPEST else made)


def _of(code: str, **files: bytes | str) -> dict[str, Made]:
    """Files of one code; the last underscore of an argument's name stands for the dot (`_csv_gz` for `.csv.gz`)."""
    made = {}
    for argument, data in files.items():
        ending = next((each for each in ("_csv_gz",) if argument.endswith(each)), "_" + argument.rpartition("_")[2])
        stem, extension = argument.removesuffix(ending), ending[1:].replace("_", ".")
        raw = data.encode() if isinstance(data, str) else data
        made[f"{stem.replace('_', ' ')}.{extension}"] = bad(raw, code)
    return made


def _text_faults() -> dict[str, dict[str, Made]]:
    return {
        "malformed-csv": _of(
            "malformed-csv",
            too_few_fields_csv="a,b,c\n1,2,3\n4,5\n",
            too_many_fields_csv="a,b\n1,2\n3,4,5\n6,7\n",
            late_fault_csv="a,b\n" + "1,2\n" * 50_000 + "1\n",
            open_quote_csv='a,b\n1,"open\n2,3\n',
            text_after_quote_csv='a,b\n1,"x"y\n2,3\n',
            no_header_csv="\n\n\n",
        ),
        "malformed-json": _of(
            "malformed-json",
            truncated_json='[{"a": 1}, {"a": 2',
            trailing_comma_json='[{"a": 1},]',
            trailing_comma_in_an_object_json='[{"a": 1,}]',
            not_a_number_json='[{"a": NaN}]',
            key_twice_json='[{"a": 1, "a": 2}]',
            half_a_pair_json='[{"a": "\\ud83d"}]',
            second_half_alone_json='[{"a": "\\udc00"}]',
            half_a_pair_in_a_key_json='[{"\\ud83d": 1}]',
            form_feed_json="[1,\f2]",
            single_quotes_json="{'a': 1}",
            leading_zero_json='[{"a": 01}]',
            control_character_json='["a\nb"]',
            more_after_it_json='[{"a": 1}] x',
            two_on_a_line_ndjson='{"a": 1}\n{"a": 2} {"a": 3}\n',
            late_fault_ndjson='{"a": 1}\n' * 20_000 + '{"a": }\n',
        ),
        "malformed-sql": _of(
            "malformed-sql",
            open_string_sql="INSERT INTO t VALUES (1, 'open);\n",
            open_parenthesis_sql="INSERT INTO t VALUES (1, 2;\n",
            closing_too_many_sql="INSERT INTO t VALUES (1, 2));\n",
            open_comment_sql="INSERT INTO t VALUES (1);\n/* open\n",
            too_many_values_sql="INSERT INTO t (a, b) VALUES (1, 2), (3, 4, 5);\n",
            column_twice_sql="INSERT INTO t (a, a) VALUES (1, 2);\n",
            no_end_of_copy_sql="COPY t (a, b) FROM stdin;\n1\t2\n",
            short_row_of_copy_sql="COPY t (a, b) FROM stdin;\n1\n\\.\n",
            copy_of_csv_sql='COPY t (a) FROM stdin WITH (FORMAT csv);\n"x"\n\\.\n',
            too_few_values_sql="INSERT INTO t (a, b) VALUES (1, 2), (3);\n",
        ),
        "not-text": _of(
            "not-text",
            latin1_csv="name,city\nJürgen,Köln\n".encode("latin-1"),
            cut_character_txt="gut\nschö".encode()[:-1],
            surrogate_json=b'["\xed\xa0\x80"]',
            utf32_txt=codecs.BOM_UTF32_BE + "text\n".encode("utf-32-be"),
            utf32_little_txt=codecs.BOM_UTF32_LE + "text\n".encode("utf-32-le"),
            odd_utf16_csv=codecs.BOM_UTF16_LE + "a,b\n1,2\n".encode("utf-16-le") + b"x",
            picture_csv=b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01",
            latin1_sql=b"INSERT INTO t VALUES ('\xe4');\n",
        ),
        "empty-file": _of(
            "empty-file", nothing_csv=b"", nothing_json=b"", nothing_sql=b"", only_mark_txt=codecs.BOM_UTF8
        ),
        "unsupported-format": _of(
            "unsupported-format",
            picture_png=b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            table_parquet=b"PAR1 not really",
            page_html="<p>a</p>",
        ),
        "unsupported-name": _of(
            "unsupported-name",
            no_table_sql="INSERT INTO `` VALUES (1);\n",
            parent_table_sql="CREATE TABLE t (a int);\nINSERT INTO `..` VALUES (1);\n",
        ),
    }


def _archive_faults() -> dict[str, dict[str, Made]]:
    whole_zip = zipped(_NEIGHBOURS).data
    whole_tar = tarred(_NEIGHBOURS).data
    blocks = tarfile.BLOCKSIZE
    last = max(at for at in range(0, len(whole_tar), blocks) if any(whole_tar[at : at + blocks]))
    whole_gz = gzip_bytes(_GOOD_CSV.data)
    return {
        "corrupt-archive": _of(
            "corrupt-archive",
            truncated_zip=whole_zip[: len(whole_zip) // 2],
            no_archive_zip=b"this is no zip file at all\n" * 20,
            checksum_zip=zip_bytes([ZipMember("a.csv", b"a\n1\n", crc=1), ZipMember("b.csv", b"b\n2\n")]),
            truncated_tar=whole_tar[: last + 3],
            no_end_tar=whole_tar[: last + blocks],
            no_archive_tar=b"this is no tar file at all\n" * 50,
            truncated_csv_gz=whole_gz[:-9],
            no_trailer_csv_gz=whole_gz[:-8],
            checksum_csv_gz=whole_gz[:-8] + bytes(4) + whole_gz[-4:],
            no_archive_csv_gz=b"a,b\n1,2\n",
        ),
        "encrypted-archive": _of(
            "encrypted-archive",
            password_zip=zip_bytes([ZipMember("open.csv", b"a\n1\n"), ZipMember("a.csv", b"a\n1\n", encrypted=True)]),
            aes_zip=zip_bytes([ZipMember("a.csv", b"a\n1\n", encrypted=True, method=AES)]),
        ),
        "unsafe-archive": _unsafe(),
        "empty-file": {
            "folders only.zip": bad(zip_bytes([ZipMember("folder/", b"", stored=True)]), "empty-file"),
            "nothing in it.tar": bad(tar_bytes([]), "empty-file"),
        },
        "unsupported-format": {
            "unread method.zip": bad(zip_bytes([ZipMember("a.csv", b"a\n1\n", method=PPMD)]), "unsupported-format"),
        },
        "unsupported-name": {
            "old name.zip": bad(zip_bytes([ZipMember(_OLD_DOS_NAME, b"a\n1\n")]), "unsupported-name"),
        },
        "name-taken": {"one key for two.zip": _one_key_for_two()},
    }


def _one_key_for_two() -> Made:
    """A table of a dump and a csv beside it that would both be `d.sql/x.csv.parquet`."""
    members = [ZipMember("d.sql", b'INSERT INTO "x.csv" (a) VALUES (1);\n'), ZipMember("d.sql/x.csv", b"a\n1\n")]
    return bad(zip_bytes(members), "name-taken")


def _unsafe() -> dict[str, Made]:
    good = _GOOD_CSV.data
    links = {
        "symbolic link": TarMember("link.csv", kind=tarfile.SYMTYPE, target="good.csv"),
        "hard link": TarMember("link.csv", kind=tarfile.LNKTYPE, target="good.csv"),
        "device": TarMember("device.csv", kind=tarfile.CHRTYPE),
        "fifo": TarMember("fifo.csv", kind=tarfile.FIFOTYPE),
        "outside": TarMember("folder/../../outside.csv", good),
        "absolute": TarMember("/absolute.csv", good),
        "hidden outside": TarMember("../.hidden", good),
        "twice": TarMember("./good.csv", good),
    }
    first = TarMember("good.csv", good)
    made = {f"{name}.tar": bad(tar_bytes([first, member]), "unsafe-archive") for name, member in links.items()}
    zips = {
        "outside": ZipMember("../outside.csv", good),
        "absolute": ZipMember("/absolute.csv", good),
        "twice": ZipMember("good.csv", good),
        "symbolic link": ZipMember("link.csv", b"good.csv", stored=True, unix_mode=0o120777),
    }
    good_zip = ZipMember("good.csv", good)
    made |= {f"{name}.zip": bad(zip_bytes([good_zip, member]), "unsafe-archive") for name, member in zips.items()}
    too_deep = matryoshka(DEEPEST + 2)
    made[too_deep.path] = too_deep.made
    return made


def _merged(*parts: Faults) -> dict[str, dict[str, Made]]:
    merged: dict[str, dict[str, Made]] = {}
    for part in parts:
        for code, files in part.items():
            merged.setdefault(code, {}).update(files)
    return merged


@cache
def faults() -> Faults:
    """All of them."""
    return _merged(_text_faults(), _archive_faults())


def standard_faults() -> dict[str, Made]:
    """The bad files of the test data by path: one code at least each, some alone and some within a good archive."""
    chosen = {
        "broken/fields missing.csv": ("malformed-csv", "too few fields.csv"),
        "broken/late.csv": ("malformed-csv", "late fault.csv"),
        "broken/cut off.json": ("malformed-json", "truncated.json"),
        "broken/not a number.json": ("malformed-json", "not a number.json"),
        "broken/open string.sql": ("malformed-sql", "open string.sql"),
        "broken/latin-1.csv": ("not-text", "latin1.csv"),
        "broken/empty.csv": ("empty-file", "nothing.csv"),
        "broken/picture.png": ("unsupported-format", "picture.png"),
        "broken/cut off.zip": ("corrupt-archive", "truncated.zip"),
        "broken/checksum.csv.gz": ("corrupt-archive", "checksum.csv.gz"),
        "broken/no end.tar": ("corrupt-archive", "no end.tar"),
        "broken/password.zip": ("encrypted-archive", "password.zip"),
        "broken/traversal.tar": ("unsafe-archive", "outside.tar"),
        "broken/link.zip": ("unsafe-archive", "symbolic link.zip"),
        "broken/old name.zip": ("unsupported-name", "old name.zip"),
        "broken/one key for two.zip": ("name-taken", "one key for two.zip"),
        f"broken/{'x' * 240}.json": ("malformed-json", "trailing comma.json"),
    }
    files = {path: faults()[code][name] for path, (code, name) in chosen.items()}
    return files | {
        "broken/bad member.zip": _wrapped("zip", "bad.csv", faults()["malformed-csv"]["open quote.csv"]),
        "broken/bad member.tar.gz": _wrapped("tar.gz", "bad.json", faults()["malformed-json"]["key twice.json"]),
        "broken/picture within.tar": _wrapped("tar", "picture.png", faults()["unsupported-format"]["picture.png"]),
        "broken/member.csv.gz": gzipped("member.csv", faults()["not-text"]["latin1.csv"]),
        "broken/empty member.tgz": _wrapped("tgz", "nothing.csv", faults()["empty-file"]["nothing.csv"]),
    }
