"""Every example runs, is short, and checks what it says: each of its asserts is reached, and none holds of itself."""

from __future__ import annotations

import ast
import runpy
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "examples"
TOOLS = {"make_sample.py"}
EXAMPLES = sorted(path for path in FOLDER.rglob("*.py") if path.name not in TOOLS)
MARKS = {"cluster.py": [pytest.mark.cluster]}
LINES = 60


def cases() -> list[object]:
    return [pytest.param(path, id=path.stem, marks=MARKS.get(path.name, [])) for path in EXAMPLES]


class Recording(ast.NodeTransformer):
    """Behind each assert, a call of `held` with its line."""

    def __init__(self) -> None:
        self.lines: list[int] = []

    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        self.lines.append(node.lineno)
        return [node, *ast.parse(f"held({node.lineno})").body]


def run_recorded(source: str, folder: Path) -> tuple[list[int], set[int]]:
    """Run a program; give the lines of its asserts, and those of them that were reached and held."""
    recording, held = Recording(), set[int]()
    tree = ast.fix_missing_locations(recording.visit(ast.parse(source)))
    path = folder / "recorded.py"
    path.write_text(ast.unparse(tree), encoding="utf-8")
    runpy.run_path(str(path), {"held": held.add}, run_name="__main__")
    return recording.lines, held


@pytest.mark.parametrize("path", cases())
def test_each_check_of_an_example_is_reached(path: Path, tmp_path: Path) -> None:
    lines, held = run_recorded(path.read_text(encoding="utf-8"), tmp_path)
    assert held == set(lines)


@pytest.mark.parametrize("path", cases())
def test_an_example_is_short_and_checks_what_it_computes(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert len(text.splitlines()) <= LINES
    assert ast.get_docstring(tree)
    checks = [node.test for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    assert checks
    assert all(any(isinstance(part, ast.Name) for part in ast.walk(check)) for check in checks)
    assert path.name in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 8


def test_a_check_that_fails_is_seen(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        run_recorded("x = 1\nassert x == 2", tmp_path)


def test_a_check_that_is_never_reached_is_seen(tmp_path: Path) -> None:
    source = "def main():\n    assert len('a') == 1\nif __name__ == '__main__':\n    assert main"
    assert run_recorded(source, tmp_path) == ([2, 4], {4})
