"""The examples of the pages in docs/ run, each page from its beginning."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.graph.wire.frame import MAGIC, PRELUDE, VERSION

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(path for path in DOCS.glob("*.md") if "```python" in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_the_examples_of_a_page_run(page: Path) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    text = page.read_text(encoding="utf-8")
    ran = 0
    for block in re.finditer(r"```python\n(.*?)```", text, re.DOTALL):
        line = text.count("\n", 0, block.start(1))
        exec(compile("\n" * line + block[1], str(page), "exec", dont_inherit=True), names)
        ran += 1
    assert ran == text.count("```python\n") > 0


def test_a_page_that_fails_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\nx = 1\n```\n\n```python\nassert x == 2\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError):
        test_the_examples_of_a_page_run(page)


ROOT = DOCS.parent
TEXTS = sorted([*DOCS.glob("*.md"), *ROOT.glob("*.md"), *(ROOT / "backprop").rglob("*.md")])
MADE = {"learned.json", "results.json", "results.md", "openapi.json"}
"""Files that are named and stand in no folder of ours, as they are made when something runs."""


FILES = [
    path.relative_to(ROOT).as_posix()
    for folder in ("backprop", "tests", "docs", "benchmarks", "examples")
    for path in (ROOT / folder).rglob("*.*")
] + [path.name for path in ROOT.glob("*.*")]


def unknown_files(text: str) -> list[str]:
    """The files of the project that a text names by a path, or by its end, and that are not there."""
    named = re.findall(r"`([\w./-]+\.(?:py|pyi|md|json|html))(?:::\w+)?`", text)
    return [
        name
        for name in named
        if Path(name).name not in MADE and not any(f"/{path}".endswith(f"/{name}") for path in FILES)
    ]


@pytest.mark.parametrize("page", TEXTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_files_that_a_page_names_are_there(page: Path) -> None:
    assert unknown_files(page.read_text(encoding="utf-8")) == []


def test_a_file_that_has_moved_is_found() -> None:
    assert unknown_files("see `graph/graph.py`, `tests/test_pages.py` and `graph/nowhere.py`") == ["graph/nowhere.py"]


def test_there_are_pages() -> None:
    assert "values.md" in [page.name for page in PAGES]


def test_the_graph_of_the_page_on_wire_is_one() -> None:
    text = (DOCS / "wire.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"\n\n((?:    .*\n)+)", text)
    text = json.dumps(json.loads(block))
    graph = bp.Graph.from_bytes(PRELUDE.pack(MAGIC, VERSION, len(text)) + text.encode())
    x = np.arange(3.0)
    assert bp.evaluate(graph)(x) == np.sum(np.sin(x))
    assert graph.names == ("x",)
    assert str(graph.node(1).source) == "user.py:7 in loss"
