"""Random archives, held against an oracle that knows only the contract.

Some in a short run, many where TEST_LONG is set. The seed of a case that fails is in its message.
"""

import os

import pytest

from migrator.convert import ConvertOptions, SourceFile, convert
from migrator.errors import Refusal
from migrator.names import format_of
from tests.migrator.formats.archive_oracle import PREFIX, source
from tests.migrator.formats.archive_plan import LIMIT, Dice
from tests.migrator.staged import MemoryStage

CASES = int(os.environ.get("ARCHIVE_CASES", "4000" if os.environ.get("TEST_LONG") else "200"))
FIRST = int(os.environ.get("ARCHIVE_CASES_FROM", "0"))
SHARES = 2


def converted(folder, name, data):
    """Key → rows and source-path, or the reason code."""
    file = folder / name
    file.write_bytes(data)
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    facts = file.stat()
    stage = MemoryStage()
    given = SourceFile(folder, name, facts.st_size, facts.st_mtime_ns, format_of(name))
    try:
        made = convert(given, stage, ConvertOptions(PREFIX, LIMIT, scratch, lambda: False))
    except Refusal as refusal:
        assert stage.left == []
        return refusal.code.value, refusal.message
    finally:
        assert list(scratch.iterdir()) == []
        file.unlink()
    paths = {upload.key: upload.metadata["source-path"] for upload in stage.left}
    return {staged.key: (staged.rows, paths[staged.key]) for staged in made.objects}, ""


@pytest.mark.parametrize("share", range(SHARES))
def test_archives_become_what_the_contract_says(tmp_path, share):
    refused = 0
    for seed in range(FIRST + share, FIRST + CASES, SHARES):
        name, data, expected = source(Dice(seed))
        found, told = converted(tmp_path, name, data)
        if expected.reasons:
            refused += 1
            why = f"seed {seed}: {name}: expected {sorted(expected.reasons)}, seen {found}: {told}"
            assert isinstance(found, str) and found in expected.reasons, why
        else:
            assert found == expected.objects, f"seed {seed}: {name}: {told}"
    # An oracle that refuses everything, or nothing, would show nothing.
    assert CASES // SHARES // 10 < refused < CASES // SHARES // 10 * 9
