"""The makers for single questions: faults alone and in archives, many files, a large one, odd names."""

import io
import tracemalloc

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pytest

from harness import contents, mock_faults, mock_folder, truth
from harness.mock_archives import PACKERS
from harness.mock_makers import large_csv, many_small, names_at_the_limits, odd_names
from harness.mock_rare_faults import rare_faults
from harness.mock_rare_files import rare_files
from harness.truth import State

CODES = {
    *("malformed-csv", "malformed-json", "malformed-sql", "not-text", "empty-file", "unsupported-format"),
    *("corrupt-archive", "encrypted-archive", "unsafe-archive", "unsupported-name", "name-taken"),
}


def _files(recipes):
    return [recipe.write(io.BytesIO()) for recipe in recipes]


def test_every_code_has_faults_that_fail_with_it():
    assert set(mock_faults.faults()) == CODES
    for file in _files(mock_faults.alone()):
        assert file.state is State.FAILED
        assert file.codes == {file.path.partition("/")[0]}
        assert not file.objects


@pytest.mark.parametrize("how", PACKERS)
def test_every_code_is_kept_within_an_archive(how):
    files = _files(mock_faults.inside(how))
    assert {code for file in files for code in file.codes} == CODES
    assert len({file.path for file in files}) == len(files)
    for file in files:
        assert file.codes == {file.path.partition(" in ")[0]}
        assert file.format in {"tgz": {"tar.gz"}, "gz": {"gz", "tar.gz"}}.get(how, {how})


def test_codes_may_be_chosen():
    assert {code for file in _files(mock_faults.inside("zip", ["not-text"])) for code in file.codes} == {"not-text"}
    assert {code for file in _files(mock_faults.alone(["not-text"])) for code in file.codes} == {"not-text"}


@pytest.mark.parametrize("how", PACKERS)
def test_a_bomb_is_small_and_unsafe(how):
    [file] = _files([mock_faults.bomb(how, 5_000_000)])
    assert file.codes == {"unsafe-archive"}
    assert file.size < 20_000
    assert file.format == truth.format_of(f"any.{how}")


def test_eight_archives_in_one_another_are_allowed_and_nine_are_not():
    eight, nine = _files([mock_faults.matryoshka(8), mock_faults.matryoshka(9)])
    assert eight.state is State.DONE
    assert eight.objects[0].source_path.count("!") == 8
    assert nine.codes == {"unsafe-archive"}


def test_many_files_differ_from_one_another(tmp_path):
    mock = mock_folder.write(tmp_path / "many", many_small(250), 0)
    assert len(mock.files) == 250
    assert len({file.sha256 for file in mock.files}) == 250
    assert len(list((tmp_path / "many/many").iterdir())) == 3


def test_a_large_file_is_made_in_bounded_memory_and_its_truth_too(tmp_path):
    recipe = large_csv("large.csv", 8 << 20)
    tracemalloc.start()
    mock = mock_folder.write(tmp_path / "test-data", [recipe], 0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20
    [file] = mock.files
    assert 8 << 20 <= file.size < 9 << 20
    [each] = file.objects
    kinds = {name: pa.string() for name in ("id", "moment", "price", "code", "text")}
    read = arrow_csv.read_csv(
        tmp_path / "test-data/large.csv", convert_options=arrow_csv.ConvertOptions(column_types=kinds)
    )
    assert contents.difference(each, read) is None
    short = read.slice(0, read.num_rows - 1)
    assert f"expected {each.rows} rows, seen {each.rows - 1}" in contents.difference(each, short)


def test_odd_names_hold_every_byte_that_a_name_may_hold(tmp_path):
    mock = mock_folder.write(tmp_path / "test-data", odd_names(), 0)
    raw = b"".join(file.path.encode(errors="surrogateescape") for file in mock.files)
    assert set(raw) == set(range(1, 256))
    assert not [row for row in mock_folder.rows(mock.root, mock) if not row.right]


def test_odd_names_end_as_the_contract_says():
    files = _files(odd_names())
    assert {file.state for file in files} == set(State)
    for file in files:
        raw = file.path.encode(errors="surrogateescape")
        if file.state is State.FAILED:
            assert file.codes == {"unsupported-name"}
        elif file.state is State.EITHER:
            assert file.codes == {"upload-rejected"}
            assert file.objects
        else:
            assert file.objects[0].key == f"{raw.decode()}.parquet"


def test_names_at_the_limits_are_within_one_and_beyond_it_by_one():
    within, beyond, few_letters, whole, left_out = _files(names_at_the_limits("lake"))
    assert [len(f"lake/{file.path}.parquet".encode()) for file in (within, beyond)] == [1024, 1025]
    assert (within.state, beyond.codes, few_letters.codes) == (State.EITHER, *[{"unsupported-name"}] * 2)
    assert len(few_letters.path) < 1024 < len(few_letters.path.encode())
    assert [len(file.objects[0].source_path) for file in (whole, left_out)] == [1800, 1801]


def test_rare_faults_fail_with_their_code():
    for code, files in rare_faults().items():
        for path, made in files.items():
            assert made.codes == {code}, path


def test_rare_files_are_done_and_lie_in_places_of_their_own(tmp_path):
    mock = mock_folder.write(tmp_path / "test-data", rare_files(), 0)
    assert {file.state for file in mock.files} == {State.DONE}
    assert len(mock.keys) == len(mock.objects)


def test_names_that_are_no_utf8_are_percent_encoded_byte_by_byte():
    assert truth.source_path("\udcff") == "%FF"
    assert any(file.path.startswith("odd/ff ") for file in _files(odd_names()))
