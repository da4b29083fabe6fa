"""Errors of ops say what to write instead, each of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from backprop import errors, ops

FILES = sorted(Path(ops.__file__).parent.rglob("*.py"))
OURS = {name for name, cls in vars(errors).items() if isinstance(cls, type) and issubclass(cls, errors.BackpropError)}


def made(tree: ast.AST) -> Iterator[ast.Call]:
    """The places where an error of ours is made."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return (call for call in calls if isinstance(call.func, ast.Name) and call.func.id in OURS)


def has_fix(call: ast.Call) -> bool:
    return len(call.args) > 2 or any(keyword.arg == "fix" for keyword in call.keywords)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_error_says_what_to_write_instead(path: Path) -> None:
    lacking = [call.lineno for call in made(ast.parse(path.read_text(encoding="utf-8"))) if not has_fix(call)]
    assert not lacking, f"{path.name}: the errors of the lines {lacking} have no fix"


def test_an_error_without_a_fix_is_found() -> None:
    tree = ast.parse('ShapeError("a"); ShapeError("a", fix="b"); ShapeError("a", None, "b"); ValueError("a")')
    assert [has_fix(call) for call in made(tree)] == [False, True, True]
