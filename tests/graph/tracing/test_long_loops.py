"""A loop of Python that makes very many nodes is pointed out, once, at its line."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.errors import LongLoopWarning, Source
from backprop.graph.graph import Node
from backprop.graph.params import NO_PARAMS
from backprop.graph.tracing.long_loops import LONG, STEPS, longest_loop
from backprop.ops.core.types import scalar_type
from backprop.ops.elementwise.trigonometric import sin

FLOAT = scalar_type(np.dtype("float64"))


def nodes(*counts: int) -> list[Node | None]:
    """An input, and nodes of so many on each of some lines."""
    sources = [Source("model.py", k, "f") for k in range(len(counts))]
    made = [Node(sin, (k,), NO_PARAMS, FLOAT, sources[k]) for k, count in enumerate(counts) for _ in range(count)]
    return [None, *made]


def test_the_line_that_makes_most_is_found() -> None:
    found = longest_loop(nodes(5, LONG, 7))
    assert found == (Source("model.py", 1, "f"), LONG)


def test_a_short_trace_and_one_of_many_lines_are_none() -> None:
    assert longest_loop(nodes(LONG - 1)) is None
    assert longest_loop(nodes(*[STEPS - 1] * (LONG // STEPS + 100))) is None
    assert longest_loop([None] * (LONG + 1)) is None


def steps(x: Any) -> Any:
    for _ in range(LONG):
        x = x * 1.0001
    return x


def test_the_user_is_told_once_at_the_line_and_what_to_write() -> None:
    bp.clear_caches()
    with pytest.warns(LongLoopWarning, match=r"this line makes 20,0\d\d of the .*bp.scan or bp.fori_loop") as told:
        bp.grad(steps)(1.0)
    (warning,) = told
    assert warning.filename == __file__
    assert (
        inspect.getsourcelines(steps)[0][warning.lineno - inspect.getsourcelines(steps)[1]].strip() == "x = x * 1.0001"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bp.grad(steps)(2.0)


def test_a_loop_that_is_rolled_up_is_none() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert bp.grad(lambda x: bp.fori_loop(0, LONG + 1, lambda _, y: y * 1.0, x))(1.0) == 1.0
