"""Archives as other programs write them: in pieces, to a pipe, with a comment, with headers that speak of the whole."""

import io
import tarfile
import zipfile

from harness.archives import STAMP, gzip_bytes
from harness.mock_archives import Members, gzipped, gzipped_tar, holding, tar_members, tarred, zipped
from harness.mock_json import Form, json_file
from harness.mock_made import Made
from harness.mock_sql import Insert, dump, number
from harness.mock_text import UTF16, csv, txt

_DATE = (2024, 2, 29, 12, 34, 0)


def rare_archives() -> dict[str, Made]:
    """All of them by path."""
    table = csv(["a", "b"], ["1", "x"], ["2", "ä"])
    return {
        "archives/in pieces.csv.gz": holding(_in_pieces(table.data), {"in pieces.csv": table}),
        "archives/in pieces.tar.gz": holding(_in_pieces(tarred(_members()).data), _members()),
        "archives/once named.csv.gz": holding(_named(table.data), {"once named.csv": table}),
        "archives/packed twice.zip.gz": gzipped("packed twice.zip", zipped({"n.csv": table})),
        "archives/packed twice.csv.gz.gz": gzipped("packed twice.csv.gz", gzipped("packed twice.csv", table)),
        "archives/to a pipe.zip": holding(_to_a_pipe(_members()), _members()),
        "archives/commented.zip": holding(_commented(_members()), _members()),
        "archives/ustar.tar": tarred({f"{'long ' * 20}/{'name ' * 18}.csv": table}, tarfile.USTAR_FORMAT),
        "archives/of a commit.tar": holding(_of_a_commit(_members()), _members()),
        "archives/hidden deeper.zip": zipped(
            {
                "in.tar.gz": gzipped_tar(
                    {"./._n.csv": txt("passed over"), ".x/n.csv": txt("passed over"), "n.csv": table}
                )
            }
        ),
    }


def _members() -> Members:
    """Text of every encoding, which a member may have as a file may."""
    return {
        "m/utf16.csv": csv(["ä"], ["😀"], encoding=UTF16),
        "m/mark.CSV": csv(["a"], ["x"], encoding="utf-8-sig"),
        "m/returns.csv": csv(["a", "b"], ["1", None], ["", "y"], end="\r", delimiter="\t"),
        "m/lines.JSONL": json_file(Form.LINES, {"a": 1}, {"a": "1"}),
        "m/big.json": json_file(Form.ARRAY, {"ä": [1, {"b": None}]}, encoding="utf-16-be"),
        "m/notes.txt": txt("one\r\ntwo\r\n\r\n", "utf-16-be"),
        "m/dump.sql": dump(Insert("s.t", "s.t", ("n",), ((number("1"),),)), encoding=UTF16),
    }


def _in_pieces(data: bytes) -> bytes:
    """Members of gzip one after the other, as `cat` and programs that append leave them (RFC 1952, 2.2)."""
    middle = len(data) // 2
    return gzip_bytes(data[:middle]) + gzip_bytes(data[middle:])


def _named(data: bytes) -> bytes:
    """A gzip member that tells the name that its file once had (RFC 1952, FNAME)."""
    packed = gzip_bytes(data)
    return packed[:3] + b"\x08" + packed[4:10] + b"another.txt\0" + packed[10:]


class _Pipe:
    """What can be written to and nothing else."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)

    def flush(self) -> None:
        pass


def _to_a_pipe(members: Members) -> bytes:
    """A zip whose sizes and checksums stand behind the members, and whose headers leave room for great sizes."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w") as file:  # type: ignore[call-overload] # zipfile asks no more of what it writes to
        for name, made in members.items():
            with file.open(zipfile.ZipInfo(name, _DATE), "w", force_zip64=name.endswith("csv")) as member:
                member.write(made.data if made else b"")
    return bytes(pipe.data)


def _commented(members: Members) -> bytes:
    """A zip with a comment, and room for great sizes in its headers."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.comment = b"made by somebody"
        for name, made in members.items():
            with file.open(zipfile.ZipInfo(name, _DATE), "w", force_zip64=True) as member:
                member.write(made.data if made else b"")
    return out.getvalue()


def _of_a_commit(members: Members) -> bytes:
    """A tar that begins with a header for all of its members, as `git archive` makes it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "0" * 40}) as tar:
        for member in tar_members(members):
            info = tarfile.TarInfo(member.name)
            info.size, info.mtime = len(member.data), STAMP
            tar.addfile(info, io.BytesIO(member.data))
    return out.getvalue()
