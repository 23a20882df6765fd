"""What a dump takes of memory is bounded over all its tables, by the kernel's own high-water mark."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MIB = 1 << 20


def write_dump(path, tables, rows, rounds, columns=100):
    """Values of one digit, which take eight bytes and more in memory, in turns for each table."""
    lines = (b"\t".join([b"7"] * columns) + b"\n") * rows
    with path.open("wb") as dump:
        for _ in range(rounds):
            for table in range(tables):
                dump.write(b"COPY t%d FROM stdin;\n%b\\.\n" % (table, lines))


def growths(*paths):
    """How much each dump in turn raises the mark of one process of its own."""
    program = [sys.executable, "-m", "tests.migrator.discarding", *map(str, paths)]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True, timeout=600)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_many_tables_of_short_values_take_hardly_more_than_one(tmp_path):
    one, many = tmp_path / "one.sql", tmp_path / "many.sql"
    write_dump(one, 1, 3200, 3)
    write_dump(many, 100, 400, 3)
    first, second = growths(one, many)
    assert (first["tables"], second["tables"], second["rows"]) == (1, 100, 120_000)
    # What may wait and be encoded at a time fits in well; with all values, of eight bytes each, it would not.
    assert second["growth"] < 140 * MIB
