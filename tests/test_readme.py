"""The README's examples run, in order, and its links lead somewhere; both styles of the page to start with agree."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.graph.tracing.trace import trace

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
START = (ROOT / "docs" / "start.md").read_text(encoding="utf-8").partition("## Two styles")[2]
STYLES = ["import numpy as np\nimport backprop as bp\n", *re.findall(r"```python\n(.*?)```", START, re.DOTALL)]
CLUSTER = next(k for k, block in enumerate(BLOCKS) if "Client(" in block)


def run(blocks: list[str]) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    return names


def test_both_styles_give_the_same_graph_and_the_same_gradient() -> None:
    names = run(STYLES)
    traced = trace(names["squared_error"], (*names["params"], names["x"], names["target"]), {}, None)
    assert traced.graph == names["graph"]
    assert len(names["gradient"]) == len(names["explicit"]) == 4
    for implicit, explicit in zip(names["gradient"], names["explicit"], strict=True):
        assert np.array_equal(implicit, explicit)
        assert np.any(implicit != 0)


def test_the_gradient_is_that_of_the_finite_differences() -> None:
    names = run(STYLES[:2])
    f, params, rest = names["squared_error"], names["params"], (names["x"], names["target"])
    for k, gradient in enumerate(names["gradient"]):
        step = np.zeros_like(params[k])
        step.flat[1] = 1e-6
        up, down = ((*params[:k], params[k] + s, *params[k + 1 :], *rest) for s in (step, -step))
        assert (f(*up) - f(*down)) / 2e-6 == pytest.approx(gradient.flat[1], rel=1e-4, abs=1e-8)


def test_all_but_the_cluster_run(capsys: pytest.CaptureFixture[str]) -> None:
    names = run(BLOCKS[:CLUSTER] + BLOCKS[CLUSTER + 1 :])
    assert all(np.array_equal(names["serial"][name], names["threads"][name]) for name in names["params"])
    printed = capsys.readouterr().out
    assert "matmul" in printed
    assert "README.md:" in printed
    assert issubclass(bp.errors.ShapeError, ValueError)


@pytest.mark.cluster
def test_the_cluster_gives_the_same_bits() -> None:
    names = run(BLOCKS[: CLUSTER + 1])
    assert all(np.array_equal(names["serial"][name], names["remote"][name]) for name in names["params"])


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)]+)\)", TEXT))
def test_a_link_leads_to_a_file(link: str) -> None:
    assert (ROOT / link).exists()


def test_every_page_is_linked() -> None:
    pages = {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")}
    assert pages <= set(re.findall(r"\]\(([^)]+)\)", TEXT))


def test_it_is_two_screens_at_most() -> None:
    assert len(TEXT.splitlines()) <= 2 * 60
