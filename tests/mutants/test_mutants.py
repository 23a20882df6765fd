"""Each mutant still fits the migrator, still compiles, and names a test that there is."""

import ast
import shutil
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from robot.api import TestSuite as Suite

from mutants.mutant import PACKAGE, ROOT, BadMutant, Mutant, Patch, load

MUTANTS = load()
FEWEST = 60


@pytest.fixture(scope="module")
def test_names():
    return [test.name for test in Suite.from_file_system(ROOT / "acceptance").all_tests]


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """A folder for each mutant that holds the files which it changes, changed."""
    folder = tmp_path_factory.mktemp("broken")
    for mutant in MUTANTS:
        for name in mutant.files:
            text = (ROOT / PACKAGE / name).read_text(encoding="utf-8")
            for patch in mutant.patches:
                if patch.file == name:
                    text = patch.applied(text)
            file = folder / mutant.name / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    yield folder
    shutil.rmtree(folder)


def test_there_are_enough_of_them():
    assert len(MUTANTS) >= FEWEST


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_mutant_fits_changes_something_and_compiles(mutant, broken):
    for name in mutant.files:
        whole = (ROOT / PACKAGE / name).read_text(encoding="utf-8")
        changed = (broken / mutant.name / name).read_text(encoding="utf-8")
        assert ast.dump(ast.parse(whole)) != ast.dump(ast.parse(changed))


def test_no_mutant_uses_a_name_that_is_not_there(broken):
    # Such a mutant would end as a defect with a traceback, which no suite needs to be good to find.
    rules = ["--isolated", "--no-cache", "--select", "F821,F823", "--output-format", "concise"]
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", *rules, str(broken)], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_test_is_named_that_should_catch_it(mutant, test_names):
    for pattern in mutant.caught_by:
        assert any(fnmatchcase(name, pattern) for name in test_names), pattern


def test_every_mutant_says_in_one_sentence_what_a_user_would_lose():
    assert [mutant.name for mutant in MUTANTS if not mutant.lost.endswith(".") or "\n" in mutant.lost] == []


TEXT = """\
def f():
    if x:

        return 1
    return 2
"""


def test_a_patch_keeps_the_indentation_of_where_it_goes():
    patch = Patch("f.py", "if x:\n\n    return 1\n", "while x:\n\n    y()\n")
    assert patch.applied(TEXT) == "def f():\n    while x:\n\n        y()\n    return 2\n"


def test_a_patch_without_new_lines_takes_the_old_ones_away():
    assert Patch("f.py", "return 2", "").applied(TEXT) == TEXT.removesuffix("    return 2\n")


def test_a_patch_matches_whole_lines_only():
    with pytest.raises(BadMutant, match="expected once, seen 0 times"):
        Patch("f.py", "return", "pass").applied(TEXT)


def test_a_patch_that_would_fit_twice_is_refused():
    with pytest.raises(BadMutant, match="expected once, seen 2 times"):
        Patch("f.py", "x = 1", "x = 2").applied("x = 1\nx = 1\n")


def test_a_mutant_is_written_as_a_package_without_stale_compiled_modules(tmp_path):
    package = tmp_path / "root" / PACKAGE
    (package / "__pycache__").mkdir(parents=True)
    (package / "a.py").write_text("x = 1\n")
    for name in ("a", "b"):
        (package / "__pycache__" / f"{name}.cpython-313.pyc").write_bytes(b"")
    mutant = Mutant("m", "All.", ("*",), (Patch("a.py", "x = 1", "x = 2"),))
    mutant.write(tmp_path / "copy", tmp_path / "root")
    assert (tmp_path / "copy" / PACKAGE / "a.py").read_text() == "x = 2\n"
    assert [file.name for file in (tmp_path / "copy").rglob("*.pyc")] == ["b.cpython-313.pyc"]


def test_a_patch_of_a_file_that_is_not_there_is_told_with_the_mutants_name(tmp_path):
    (tmp_path / "root" / PACKAGE).mkdir(parents=True)
    mutant = Mutant("m", "All.", ("*",), (Patch("gone.py", "x", "y"),))
    with pytest.raises(BadMutant, match=r"m: there is no file migrator/gone\.py"):
        mutant.write(tmp_path / "copy", tmp_path / "root")


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ("lost: All.\n", "expected the entries"),
        ("lost: All.\ncaught by: []\npatches: []\n", "may be empty"),
        ("lost: All.\ncaught by: [x]\npatches: [{file: a, old: '', new: ''}]\n", "of each patch"),
    ],
)
def test_a_file_that_is_no_mutant_is_refused(told, wrong, tmp_path):
    (tmp_path / "m.yaml").write_text(told)
    with pytest.raises(BadMutant, match=wrong):
        load(folder=tmp_path)


def test_an_unknown_name_is_refused(tmp_path):
    with pytest.raises(BadMutant, match="no mutant is named 'x'"):
        load(["x"], Path(tmp_path))
