"""Whole csv files of random shape, held against Python's own reader for what stands in them and exact rules for types.

A file and its truth are made together from a seed: quotes, nulls, types that break late, encodings, line ends, faults.
Blocks are so small that every rule is met at a block's bound too.
"""

import csv as python_csv
import io
import os
import random
from dataclasses import dataclass, field

import pyarrow as pa
import pytest

from migrator.errors import ReasonCode, Refusal
from migrator.formats import column_few, csv, csv_parse, csv_split
from migrator.formats.columns import FLOAT
from tests.migrator.formats.fakes import MemorySink, MemorySource
from tests.migrator.formats.test_columns import TREACHEROUS, expected

SEEDS = range(4_000 if os.environ.get("TEST_LONG") else 100)
BIG_SEEDS = range(12 if os.environ.get("TEST_LONG") else 2)
TEXTS = [
    "", "x", "it's", " x", "x ", "NULL", "NA", "ä", "日本", "😀", "\ufeff", "\0", "a,b", "a;b", "a\tb", "a|b", 'a"b',
    '"', '""', "a\nb", "a\r\nb", "\r", "\n", ",", "true ", "0", "-", "'", "\\", "\\N", "=1+1", "x" * 40,
]  # fmt: skip


@dataclass
class Made:
    """A file, and what it says: the header's names, and a text or None for each field."""

    text: str
    names: list
    rows: list
    delimiter: str
    lines: list = field(default_factory=list)


def number(rng):
    return rng.choice([rng.randrange(10), rng.randrange(-5000, 5000), rng.randrange(-(2**63), 2**63)])


def decimal(rng):
    plain = f"{rng.randrange(-9999, 9999)}.{rng.randrange(1000):0{rng.randrange(3, 6)}}"
    return rng.choice(
        [plain, f"{rng.random():.6f}", repr(rng.random()), repr(rng.uniform(-1e300, 1e300)), "1e5", "7", ".5"]
    )


def day(rng):
    return f"{rng.randrange(1, 9999):04}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"


def moment(rng):
    clock = f"{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}"
    return day(rng) + rng.choice(" T") + clock + rng.choice(["", "", f".{rng.randrange(10**6)}"])


KINDS = [
    lambda rng: str(number(rng)),
    lambda rng: str(rng.randrange(100)),
    decimal,
    lambda rng: rng.choice(["true", "false"]),
    day,
    moment,
    lambda rng: moment(rng) + "Z",
    lambda rng: rng.choice(TEXTS),
    lambda rng: f"word {rng.randrange(50)}",
]


def column(rng, count):
    """A column's values: of one kind, with nulls, and maybe one that breaks it."""
    kind = rng.choice(KINDS)
    nulls = rng.choice([0, 0, 0.1, 0.9, 1])
    values = [None if rng.random() < nulls else kind(rng) for _ in range(count)]
    if count and rng.random() < 0.3:
        values[rng.choice([count - 1, rng.randrange(count)])] = rng.choice([*TREACHEROUS, *TEXTS])
    return values


def written(rng, value, delimiter, habit):
    """A field as one may write it."""
    if value is None:
        return ""
    needed = value == "" or value.startswith('"') or any(sign in value for sign in delimiter + "\r\n")
    if (
        needed
        or habit == "always"
        or (habit == "sometimes" and rng.random() < 0.5)
        or (habit == "text" and not value[0].isdigit())
    ):
        return '"' + value.replace('"', '""') + '"'
    return value


def made(rng, count, width):
    """A file without a fault."""
    delimiter = rng.choice(",,;\t|") if width > 1 else ","
    names = [f"c{index}" for index in range(width)]
    columns = [column(rng, count) for _ in names]
    rows = [list(row) for row in zip(*columns, strict=True)]
    habits = [rng.choice(["needed", "needed", "always", "sometimes", "text"]) for _ in names]
    line_end = rng.choice(["\n", "\n", "\r\n", "\r"])
    blank = 0.05 if rng.random() < 0.3 and width > 1 else 0
    parts = [delimiter.join(names) + line_end]
    for row in rows:
        parts.append(
            delimiter.join(written(rng, *cell, habits[n]) for n, cell in enumerate((v, delimiter) for v in row))
        )
        parts[-1] += line_end
        if rng.random() < blank:
            parts.append(line_end)
    if rows and (width > 1 or rows[-1][0] is not None) and parts[-1] != line_end and rng.random() < 0.3:
        parts[-1] = parts[-1].removesuffix(line_end)
    text = "".join(parts)
    assert read_by_python(text, delimiter, width) == [[cell or "" for cell in row] for row in [names, *rows]]
    return Made(text, names, rows, delimiter, parts)


def read_by_python(text, delimiter, width):
    reader = python_csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    return [record or [""] for record in reader if record or width == 1]


def encoded(rng, text):
    encoding = rng.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"])
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    return mark + text.encode(encoding)


def read(data, step):
    sink = MemorySink()
    csv.read(MemorySource(data, step=step), sink)
    (table,) = sink.tables
    return table


def assert_says(table, names, rows):
    assert table.column_names == names
    assert table.num_rows == len(rows)
    for index, name in enumerate(names):
        found = table.column(name)
        values = [row[index] for row in rows]
        data_type, typed = expected(values)
        if found.type != data_type:
            # Text is lossless too.
            assert found.type == pa.string(), (name, found.type, data_type)
            assert is_seen_late(values, data_type), (name, data_type, values)
            assert found.to_pylist() == values
        else:
            assert found.to_pylist() == typed, name


def is_seen_late(values, data_type):
    """Whether a first block may not tell the type: it has no value, or integers that a float does not hold."""
    return values[0] is None or data_type == FLOAT


@pytest.fixture
def narrow(monkeypatch):
    """Blocks of some bytes; `narrow(rng)` says how many."""

    def choose(rng):
        monkeypatch.setattr(csv, "BLOCK", rng.choice([8, 30, 100, 1000]))
        monkeypatch.setattr(csv, "_BYTES_A_COLUMN", 1)
        monkeypatch.setattr(csv, "_SUSPICIOUS_RECORD", 64)
        for name in ("SMALL", "SMALL_WITH_QUOTES"):
            monkeypatch.setattr(csv_parse, name, rng.choice([0, 0, 16 * 1024]))
        monkeypatch.setattr(csv, "SMALL", 0)
        monkeypatch.setattr(csv_split, "LEAST_ROWS", rng.choice([0, 0, 5, 512]))
        monkeypatch.setattr(column_few, "FEW", rng.choice([0, 0, 256]))

    return choose


@pytest.mark.parametrize("seed", SEEDS)
def test_any_file_says_what_python_reads_in_it_with_the_types_that_hold(seed, narrow):
    rng = random.Random(seed)  # noqa: S311
    narrow(rng)
    file = made(rng, rng.choice([0, 1, 2, 5, 20, 60]), rng.choice([1, 2, 3, 6]))
    table = read(encoded(rng, file.text), rng.choice([1, 7, 64, 1 << 20]))
    assert_says(table, file.names, file.rows)


def with_a_fault(rng, file):
    """The text with one fault, and the lines of the first record that it may be told of."""
    at = rng.randrange(1, len(file.lines) + 1)
    ahead = "".join(file.lines[:at])
    if not ahead.endswith(("\n", "\r")):
        ahead += "\n"
    fields = ["1"] * len(file.names)
    fault = rng.choice(["few", "many", "open", "behind"])
    if fault == "few" and len(fields) > 2:
        record = file.delimiter.join(fields[:-1]) + "\n"
    elif fault == "open":
        record = file.delimiter.join(['"1', *fields[1:]]) + "\n"
    elif fault == "behind":
        record = file.delimiter.join(['"1"2', *fields[1:]]) + "\n"
    else:
        record = file.delimiter.join([*fields, "1"]) + "\n"
    rest = "" if fault == "open" else "".join(file.lines[at:])
    line = len(ahead.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    return ahead + record + rest, line


@pytest.mark.parametrize("seed", SEEDS)
def test_any_fault_is_refused_with_its_line(seed, narrow):
    rng = random.Random(seed)  # noqa: S311
    narrow(rng)
    text, line = with_a_fault(rng, made(rng, rng.choice([0, 1, 5, 20]), rng.choice([1, 2, 3, 6])))
    with pytest.raises(Refusal) as caught:
        read(encoded(rng, text), rng.choice([1, 7, 64, 1 << 20]))
    assert caught.value.code is ReasonCode.MALFORMED_CSV
    assert caught.value.message.startswith(f"line {line}: "), (line, caught.value.message, text)


@pytest.mark.parametrize("seed", BIG_SEEDS)
def test_files_of_several_blocks_say_what_python_reads_in_them(seed):
    rng = random.Random(seed)  # noqa: S311
    file = made(rng, 70_000, 8)
    assert_says(read(encoded(rng, file.text), 1 << 20), file.names, file.rows)
