"""What the migrator imports, held against what `pyproject.toml` declares for it: the package runs by that alone."""

import ast
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
NEEDED = set(PROJECT["project"]["dependencies"])
CLUSTER = set(PROJECT["project"]["optional-dependencies"]["cluster"])


def packages(text):
    """The packages of others whose modules the text of a module imports when it runs, wherever in it."""
    for node in running(ast.parse(text)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
        yield from {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"migrator"}


def running(node):
    """The node and all below it, without what only the checker of types sees."""
    yield node
    hidden = node.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" else []
    for child in ast.iter_child_nodes(node):
        if child not in hidden:
            yield from running(child)


IMPORTED = {
    file.relative_to(ROOT / "migrator").with_suffix("").as_posix(): set(packages(file.read_text()))
    for file in sorted((ROOT / "migrator").rglob("*.py"))
}


def test_every_package_that_is_imported_is_declared():
    undeclared = {module: names - NEEDED - CLUSTER for module, names in IMPORTED.items()}
    assert {module: names for module, names in undeclared.items() if names} == {}


def test_every_package_that_is_declared_is_imported():
    assert (NEEDED | CLUSTER) - set().union(*IMPORTED.values()) == set()


def test_what_is_optional_is_imported_by_the_cluster_alone():
    assert [module for module, names in IMPORTED.items() if names & CLUSTER and "cluster" not in module] == []
    assert not NEEDED & CLUSTER


def test_every_package_of_modules_is_installed():
    folders = {file.parent.relative_to(ROOT).as_posix().replace("/", ".") for file in (ROOT / "migrator").rglob("*.py")}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == folders


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import os, boto3.session", {"boto3"}),
        ("def later():\n    from pandas.core import frame", {"pandas"}),
        ("if TYPE_CHECKING:\n    import mypy_boto3_s3\nelse:\n    import numpy as np", {"numpy"}),
        ("from migrator.errors import Stopped\nfrom . import errors\nimport json.decoder", set()),
    ],
)
def test_imports_are_found_wherever_they_stand(text, found):
    assert set(packages(text)) == found
