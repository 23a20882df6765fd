"""Bad files whose fault stands at a known line, column or byte, which their reason must tell."""

import codecs
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from harness.mock_archives import gzipped, gzipped_tar, zipped
from harness.mock_made import Recipe, bad

# Numbers that no message holds by chance.
_LINE = 347
_BYTE = 619
_MEMBER_LINE = 283
_LATE_LINE = 700_347


@dataclass(frozen=True)
class Place:
    """A bad file and the numbers of which its message must hold one each.

    Attributes:
        recipe: The file.
        numbers: What each number is, such as "line" → the values that are right.
    """

    recipe: Recipe
    numbers: dict[str, Collection[int]]


def places() -> Iterator[Place]:
    """A file of each code whose place the contract asks for; where a record starts and where its fault is are one."""
    rows = "1,2\n" * (_LINE - 2)
    yield _place("too few fields.csv", f"a,b\n{rows}1\n1,2\n", "malformed-csv", {"line": {_LINE}})
    yield _place("text after a quote.csv", f'a,b\n{rows}1,"x"y\n1,2\n', "malformed-csv", {"line": {_LINE}})
    # In lines that end in another way, and blank ones among them, the numbers are those of an editor.
    blank = "a,b\r\n" + "1,2\r\n\r\n" * (_LINE // 2 - 1) + "1,2\r\n"
    yield _place("blank lines.csv", f"{blank}1\r\n", "malformed-csv", {"line": {_line_of(blank)}})
    # So are they where records and statements go on over several lines.
    record = "a,b\n" + '1,"2\n\n"\n' * (_LINE // 3)
    yield _place("records of many lines.csv", f"{record}1\n1,2\n", "malformed-csv", {"line": {_line_of(record)}})
    statement = "INSERT INTO t (a)\nVALUES ('1\n');\n" * (_LINE // 3)
    row = "INSERT INTO t (a) VALUES (1, 2);\n"
    yield _place("statements of many lines.sql", statement + row, "malformed-sql", {"line": {_line_of(statement)}})
    items = '{"a": 1}\n' * (_LINE - 1)
    column = {"line": {_LINE}, "column": _columns('{"a": }')}
    yield _place("value missing.ndjson", f'{items}{{"a": }}\n{{"a": 2}}\n', "malformed-json", column)
    inside = "".join(f'  {{"a": {row}}},\n' for row in range(_LINE - 2))
    item = '  {"a": 1, "a": 2}'
    # What precedes an item on its line is white space, so that its start is a place too.
    column = {"line": {_LINE}, "column": _columns(item)}
    yield _place("key twice.json", f"[\n{inside}{item},\n  3\n]\n", "malformed-json", column)
    inserts = "INSERT INTO t (a, b) VALUES (1, 2);\n" * (_LINE - 1)
    too_many = "INSERT INTO t (a, b) VALUES (3, 4, 5);\n"
    yield _place("too many values.sql", inserts + too_many, "malformed-sql", {"line": {_LINE}})
    yield _place("closing too many.sql", f"{inserts}SELECT 1);\n", "malformed-sql", {"line": {_LINE}})
    text = b"x" * (_BYTE - 1) + b"\n"
    # Whether the first byte is number 0 or 1 is free.
    yield _place("latin-1.txt", text + b"\xe4\nrest\n", "not-text", {"byte": {_BYTE, _BYTE + 1}})
    letters = b'["' + b"x" * (_BYTE - 3)
    yield _place("latin-1.json", letters + b'\xe4"]\n', "not-text", {"byte": {_BYTE - 1, _BYTE}})
    quoted = b"INSERT INTO t (a) VALUES ('".ljust(_BYTE, b"x")
    yield _place("latin-1.sql", quoted + b"\xe4');\n", "not-text", {"byte": {_BYTE, _BYTE + 1}})
    pairs = codecs.BOM_UTF16_LE + ("x" * _BYTE).encode("utf-16-le")
    half = {len(pairs), len(pairs) + 1}
    yield _place("half a pair.txt", pairs + b"\x3d\xd8x\0\n\0", "not-text", {"byte": half})
    # Far behind what anybody reads at once.
    late = b"1,2\n" * (_LATE_LINE - 2)
    array = "[\n" + '{"a": 1},\n' * (_LATE_LINE - 2)
    column = {"line": {_LATE_LINE}, "column": _columns('{"a": }')}
    yield _place("late fault.json", f'{array}{{"a": }}\n]\n', "malformed-json", column)
    yield _place("late fault.csv", b"a,b\n" + late + b"1\n1,2\n", "malformed-csv", {"line": {_LATE_LINE}})
    before = len(late) + len(b"a,b\n1,")
    yield _place("late latin-1.csv", b"a,b\n" + late + b"1,\xe4\n", "not-text", {"byte": {before, before + 1}})
    member = bad(b"a,b\n" + b"1,2\n" * (_MEMBER_LINE - 2) + b"1\n", "malformed-csv")
    yield Place(Recipe("bad member.zip", zipped({"deep/bad.csv": member})), {"line": {_MEMBER_LINE}})
    faulty = "SELECT 1;\n" * (_MEMBER_LINE - 1) + "SELECT 1);\n"
    yield Place(
        Recipe("bad dump.tar.gz", gzipped_tar({"deep/bad.sql": bad(faulty.encode(), "malformed-sql")})),
        {"line": {_MEMBER_LINE}},
    )
    faulty = '{"a": 1}\n' * (_MEMBER_LINE - 1) + '{"a": }\n'
    yield Place(
        Recipe("bad lines.ndjson.gz", gzipped("bad lines.ndjson", bad(faulty.encode(), "malformed-json"))),
        {"line": {_MEMBER_LINE}, "column": _columns('{"a": }')},
    )


def _place(path: str, data: str | bytes, code: str, numbers: dict[str, Collection[int]]) -> Place:
    raw = data.encode() if isinstance(data, str) else data
    return Place(Recipe(path, bad(raw, code)), numbers)


def _line_of(before: str) -> int:
    """The number of the line that follows a text."""
    return before.count("\n") + 1


def _columns(line: str) -> range:
    """Every column of a line from 1 on, and the one behind its end."""
    return range(1, len(line) + 2)
