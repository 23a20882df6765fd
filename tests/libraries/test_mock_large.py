"""Large files of other formats: what others read of them is their truth, and neither is ever in memory whole."""

import io
import json
import re
import tracemalloc
import zipfile

import pyarrow as pa
import pytest

from harness import contents, mock_folder
from harness.archives import ZipMember, deflated_again_and_again, zip_bytes
from harness.mock_large import large_dump, large_json, large_zip

MIB = 1 << 20


def made(tmp_path, recipe):
    tracemalloc.start()
    mock = mock_folder.write(tmp_path / "test-data", [recipe], 0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6 * MIB
    [file] = mock.files
    [expected] = file.objects
    return tmp_path / "test-data" / file.path, file, expected


def test_json_holds_its_truth(tmp_path):
    place, file, expected = made(tmp_path, large_json("large.json", 8 * MIB))
    assert 8 * MIB <= file.size < 9 * MIB
    read = pa.Table.from_pylist(json.loads(place.read_bytes()))
    assert contents.difference(expected, read) is None
    assert "seen 1" in contents.difference(expected, read.slice(0, 1))


def test_a_dump_holds_its_truth(tmp_path):
    place, file, expected = made(tmp_path, large_dump("large.sql", 8 * MIB))
    assert 8 * MIB <= file.size < 9 * MIB
    assert expected.key == "large.sql/big.parquet"
    text = place.read_text()
    rows = re.findall(r"^(?:INSERT INTO big \(id, code\) VALUES )?\((\d+), '(\d+)'\)[,;]$", text, re.MULTILINE)
    assert len(rows) == text.count("\n")
    assert text.count("INSERT") > len(rows) // 1000
    read = pa.table({"id": [row[0] for row in rows], "code": [row[1] for row in rows]})
    assert contents.difference(expected, read) is None


def test_a_zip_holds_its_truth_and_is_much_smaller(tmp_path):
    place, file, expected = made(tmp_path, large_zip("large.zip", 8 * MIB))
    assert file.size < MIB
    assert expected.key == "large.zip/large.txt.parquet"
    with zipfile.ZipFile(place) as archive:
        [info] = archive.infolist()
        # Far from what is refused as a bomb.
        assert 8 * MIB <= info.file_size < 150 * file.size
        assert archive.testzip() is None
        lines = archive.read("large.txt").decode().splitlines()
    read = pa.table({"line_number": range(1, len(lines) + 1), "line": lines})
    assert contents.difference(expected, read) is None
    with pytest.raises(IndexError):
        expected.columns[1].values[expected.rows]


@pytest.mark.parametrize("times", [0, 1, 3])
def test_a_block_that_is_deflated_once_comes_back_as_often_as_it_was_asked_for(times):
    block = b"a,b\n1,2\n" * 10
    data = zip_bytes([ZipMember("a.csv", deflated_again_and_again(block, times))])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.read("a.csv") == block * times
