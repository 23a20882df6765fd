"""What the repository says of itself, held against itself: tags, ids, links, targets, one version."""

import re
import subprocess
from pathlib import Path

import pytest
from robot.api import TestSuite as Suite

import migrator
from report.specification import specification

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "resources" / "GLOSSARY.md"])
NUMBERED = re.compile(r"([a-z]+-)(\d+)")


@pytest.fixture(scope="module")
def tests():
    return list(Suite.from_file_system(ROOT / "acceptance").all_tests)


@pytest.fixture(scope="module")
def explained():
    """The tags of the README's table; `us-1` … `us-4` explains those between, too."""
    text = (ROOT / "README.md").read_text()
    table = re.search(r"^\| tag \|.*?\n\n", text, re.DOTALL | re.MULTILINE)[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line]
    tags = {tag for cell in cells for tag in re.findall(r"`([^`]+)`", cell)}
    for first, last in re.findall(r"`([a-z]+-\d+)` … `([a-z]+-\d+)`", table):
        stem, begin = NUMBERED.fullmatch(first).groups()
        end = NUMBERED.fullmatch(last)[2]
        tags |= {f"{stem}{number:0{len(begin)}}" for number in range(int(begin), int(end) + 1)}
    return tags


def test_every_tag_in_use_is_explained_in_the_readme(tests, explained):
    used = {tag for test in tests for tag in test.tags if not tag.startswith("robot:")}
    assert sorted(used - explained) == []


def test_every_tag_that_the_readme_explains_is_in_use(tests, explained):
    used = {tag for test in tests for tag in test.tags}
    assert sorted(explained - used) == []


def test_every_tag_in_use_is_an_id_or_a_word_of_the_specification(tests):
    known = specification()
    assert sorted({tag for test in tests for tag in test.tags if not known.knows_tag(tag)}) == []


def test_every_id_of_the_specification_has_a_test(tests):
    known = specification()
    found = {identifier for test in tests for identifier in known.ids_of(test.name, frozenset(test.tags))}
    assert [claim.id for claim in known.claims if claim.id not in found] == []


def test_no_two_scenarios_have_one_name(tests):
    names = [test.name for test in tests]
    assert sorted({name for name in names if names.count(name) > 1}) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page):
    links = re.findall(r"\]\(([^)#\s]+)[^)\s]*\)", page.read_text())
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_that_a_page_names_exists(page):
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"(?:`|^    )make ([a-z][\w-]*)", page.read_text(), re.MULTILINE)
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


def test_the_version_stands_in_one_place_and_the_changelog_begins_with_it():
    newest = re.search(r"^## \[([^]]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest[1] == migrator.__version__
    assert re.search(r"^version\s*=\s*\"", (ROOT / "pyproject.toml").read_text(), re.MULTILINE) is None
    command = ["git", "grep", "--fixed-strings", "--files-with-matches", f'"{migrator.__version__}"']
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    assert [file for file in found if not file.startswith("tests/")] == ["migrator/__init__.py"]


def test_the_licence_is_the_one_that_the_package_names():
    assert 'license = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text()
    assert "Apache License" in (ROOT / "LICENSE").read_text()


def test_the_hooks_before_a_commit_are_the_tools_of_make_test():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    pinned = (ROOT / "requirements-dev.txt").read_text()
    for tool, package in (("ruff", "ruff"), ("robocop", "robotframework-robocop")):
        assert f".venv/bin/{tool}" in hooks
        assert f"{package}==" in pinned
