"""The picture in docs/architecture.md against what the files import."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("acceptance", "resources", "libraries", "shards", "report", "harness", "migrator", "mutants", "bench", "docs")


def part_of(file):
    folders = file.relative_to(ROOT).parts[:-1]
    return next(folder for folder in reversed(folders) if folder in PARTS)


def python_files():
    folders = ("libraries", "migrator", "mutants", "bench", "docs")
    return [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]


def module_name(file):
    relative = file.relative_to(ROOT / "libraries" if (ROOT / "libraries") in file.parents else ROOT)
    return ".".join(part for part in relative.with_suffix("").parts if part != "__init__")


MODULES = {module_name(file): file for file in python_files()}


def imported(file):
    """The module and the name of each import of our own."""
    for node in ast.walk(ast.parse(file.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}: a relative import, which is not looked into here"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                names.append((inner, "") if inner in MODULES else (node.module, alias.name))
        yield from ((module, name) for module, name in names if module in MODULES)


def robot_arrows():
    for file in [*sorted((ROOT / "acceptance").glob("*.robot")), *sorted((ROOT / "resources").glob("*.resource"))]:
        settings = file.read_text().split("*** Variables ***")[0].split("*** Test Cases ***")[0]
        for name in re.findall(r"^(?:Resource|Library|Variables) +(\S+)", settings, re.MULTILINE):
            if "/" in name or name.endswith(".resource"):
                yield part_of(file), part_of((file.parent / name).resolve())


def python_arrows():
    for module, file in MODULES.items():
        for other, _ in imported(file):
            if other != module:
                yield part_of(file), part_of(MODULES[other])


def drawn():
    page = (ROOT / "docs" / "architecture.md").read_text()
    picture = re.search(r"```mermaid\n(.*?)```", page, re.DOTALL)[1]
    return set(re.findall(r"^ *(\w+) --> (\w+)$", picture, re.MULTILINE))


def test_the_picture_has_exactly_the_arrows_that_the_imports_make():
    seen = {(one, other) for one, other in [*robot_arrows(), *python_arrows()] if one != other}
    assert drawn() == seen


def test_the_layers_point_down_and_the_migrator_stands_alone():
    arrows = drawn()
    down = [("acceptance", "resources"), ("resources", "libraries"), ("libraries", "harness")]
    assert set(down) <= arrows
    assert [arrow for arrow in arrows if arrow[0] == "migrator"] == []
    assert {one for one, other in arrows if other == "migrator"} <= {"bench", "docs"}
    assert list(TopologicalSorter({part: {b for a, b in arrows if a == part} for part in PARTS}).static_order())


def test_no_module_imports_itself_by_a_circle():
    graph = {name: {other for other, _ in imported(file)} - {name} for name, file in MODULES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_nobody_imports_a_private_name():
    private = [
        f"{module}: {other}.{name}"
        for module, file in MODULES.items()
        for other, name in imported(file)
        if name.startswith("_") and not name.startswith("__")
    ]
    assert private == []


def test_the_harness_knows_no_robot():
    knowing = [name for name, file in MODULES.items() if name.startswith("harness") and imports_robot(file)]
    assert knowing == []


def imports_robot(file):
    for node in ast.walk(ast.parse(file.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if any(name.split(".")[0] == "robot" for name in names):
            return True
    return False


@pytest.mark.parametrize("word", ["harness", "acceptance", "robot", "pytest", "test", "mock"])
def test_the_migrator_does_not_know_that_it_is_tested(word):
    names = [name for name in MODULES if name.split(".")[0] == "migrator" and word in name.split(".")[-1].split("_")]
    assert names == []


def test_nothing_above_names_a_module_of_the_migrator():
    """A start of `-m migrator` is a process; `migrator.state` or an import by name would be knowledge of its inside."""
    inside = re.compile(r"\bmigrator\.(?!sqlite3)(?:formats|state|run|target|names|errors|convert|cli)\b")
    files = [file for file in python_files() if part_of(file) in {"libraries", "harness", "report"}]
    assert [file.name for file in files if inside.search(file.read_text())] == []
