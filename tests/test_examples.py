"""Every example runs, is short, and ends in asserts of its own."""

from __future__ import annotations

import ast
import runpy
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "examples"
TOOLS = {"make_sample.py"}
EXAMPLES = sorted(path for path in FOLDER.glob("*.py") if path.name not in TOOLS)
MARKS = {"cluster.py": [pytest.mark.cluster]}
LINES = 60


def cases() -> list[object]:
    return [pytest.param(path, id=path.stem, marks=MARKS.get(path.name, [])) for path in EXAMPLES]


@pytest.mark.parametrize("path", cases())
def test_an_example_runs(path: Path) -> None:
    names = runpy.run_path(str(path), run_name="__main__")
    assert names["__doc__"] == ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")), clean=False)  # to its end


@pytest.mark.parametrize("path", cases())
def test_an_example_is_short_and_checks_itself(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert len(text.splitlines()) <= LINES
    assert ast.get_docstring(tree)
    assert any(isinstance(node, ast.Assert) for node in ast.walk(tree))
    assert path.name in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 8
