"""How a `Should` keyword speaks, and that each of them does."""

import ast
from pathlib import Path

import pytest

import verdicts
from harness.tables import Row

LIBRARIES = Path(__file__).resolve().parents[2] / "libraries"
SPEAKING = {"judge", "show", "hold"}


@pytest.fixture
def told(monkeypatch):
    messages = []
    monkeypatch.setattr(verdicts.logger, "info", lambda text, html: messages.append(text))
    return messages


def test_a_table_is_logged_whether_it_is_right_or_wrong(told):
    verdicts.hold("Title", [Row("a", "1", "1", right=True)])
    with pytest.raises(AssertionError, match=r"^Expected 2, seen 3, at b\.$"):
        verdicts.hold("Title", [Row("a", "1", "1", right=True), Row("b", "2", "3", right=False)])
    assert [text.count("<table>") for text in told] == [1, 1]
    assert "1 right, 1 wrong" in told[1]


def should_keywords():
    """Each `Should` keyword with what the functions of its class call, by name."""
    for file in sorted(LIBRARIES.glob("*.py")):
        for made in ast.parse(file.read_text()).body:
            if isinstance(made, ast.ClassDef):
                functions = [each for each in made.body if isinstance(each, ast.FunctionDef)]
                calls = {each.name: set(called(each)) for each in functions}
                yield from (pytest.param(name, calls, id=f"{made.name}.{name}") for name in calls if "_should_" in name)


def called(function):
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            yield node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


@pytest.mark.parametrize(("keyword", "calls"), list(should_keywords()))
def test_every_should_keyword_logs_a_table(keyword, calls):
    reached, new = set(), {keyword}
    while new:
        reached |= new
        new = {name for each in new for name in calls.get(each, ())} - reached
    assert reached & SPEAKING
