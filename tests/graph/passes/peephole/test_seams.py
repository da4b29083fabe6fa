"""Seams: a slice of a concatenation is one of the part that has it, to the bit; others stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.graph.evaluate import evaluate
from backprop.graph.graph import Graph
from backprop.graph.passes.dead_code import drop_dead_code
from backprop.graph.passes.peephole.simplify import simplify
from backprop.graph.verify import verify

A, B = np.arange(12.0).reshape(4, 3), -np.arange(6.0).reshape(2, 3)


def graph_of(f: Any) -> Graph:
    builder = bp.GraphBuilder()
    builder.output(f(builder.input("a", bp.ArrayType((4, 3))), builder.input("b", bp.ArrayType((2, 3)))))
    return builder.build()


def after(f: Any) -> list[str]:
    """The ops that are left; the values are as before."""
    graph = graph_of(f)
    simpler = drop_dead_code(verify(simplify(graph)))
    assert evaluate(simpler, [A, B])[0].tobytes() == evaluate(graph, [A, B])[0].tobytes()
    return [node.op.name for node in simpler.nodes if node.op is not None]


@pytest.mark.parametrize("rows", [slice(0, 4), slice(1, 3), slice(4, 6), slice(5, 6)])
def test_a_slice_within_a_part_is_one_of_that_part(rows: slice) -> None:
    assert after(lambda a, b: np.concatenate([a, b])[rows]) == ["basic_index"]
    assert after(lambda a, b: np.concatenate([a, b])[rows, 1]) == ["basic_index"]


@pytest.mark.parametrize("key", [slice(3, 5), slice(0, 4, 2), slice(None, None, -1), 1, (Ellipsis, slice(0, 2))])
def test_others_stay(key: Any) -> None:
    assert after(lambda a, b: np.concatenate([a, b])[key]) == ["concat_along", "basic_index"]


def test_a_part_that_is_cast_stays() -> None:
    assert "concat_along" in after(lambda a, b: np.concatenate([a.astype(np.float32), b])[0:2])


def test_parts_side_by_side_stay() -> None:
    assert "concat_along" in after(lambda a, b: np.concatenate([a[:2], b], axis=1)[:, 3:5])
