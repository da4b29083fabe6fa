"""A matrix plus or minus a multiple of a rank-one product becomes one op, as in a step of gradient descent.

`w - rate * (x @ y)` for a column x and a row y reads and writes the matrix three times; `rank_one_added` does so once.
The bits differ from those of the three ops, by the graph alone. One walk: linear in the nodes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...errors import BackpropError
from ...ops.arrays.accumulate import accumulate
from ...ops.elementwise.arithmetic import add, multiply, negative, subtract
from ...ops.linear_algebra.products import matmul
from ...ops.linear_algebra.rank_one import rank_one_added
from ..graph import Graph, Node, NodeId
from ..params import Params
from ..rewrite import Rewriter
from ..subgraph import pruned, uses

SMALLEST = 1 << 12
"""Elements from which the one op is quicker than the others."""


class Term(NamedTuple):
    """A multiple of a rank-one product.

    Arguments:
        by: the number.
        x, y: the column and the row.
    """

    by: float
    x: NodeId
    y: NodeId


def fuse_rank_one(graph: Graph) -> Graph:
    """The graph with one op in the place of a sum with a rank-one product that nothing else reads."""
    if not any(node.op is matmul and graph.type_of(node.inputs[0]).shape[1:] == (1,) for node in graph.nodes):  # type: ignore[attr-defined]
        return graph
    rewrite, counts = Rewriter(graph), uses(graph)
    for node in graph.nodes:
        moved = rewrite.remapped(node)
        new = _added(rewrite, node, moved, counts) if node.op in (add, subtract, accumulate) else None
        rewrite.new_ids.append(rewrite.add(moved) if new is None else new)
    return pruned(rewrite.build())


def _added(rewrite: Rewriter, node: Node, moved: Node, counts: list[int]) -> NodeId | None:
    if len(node.inputs) != 2 or getattr(node.type, "size", 0) < SMALLEST:
        return None
    sign = -1.0 if node.op is subtract else 1.0
    for k in (1,) if node.op is subtract else (1, 0):
        term = _term(rewrite, counts, node.inputs[k], sign)
        if term is not None:
            inputs = (moved.inputs[1 - k], rewrite.new_ids[term.x], rewrite.new_ids[term.y])
            if _fits(rewrite, inputs, node, term.by):
                return rewrite.emit(rank_one_added, inputs, Params.of(by=term.by), node.type, node.source)
    return None


def _fits(rewrite: Rewriter, inputs: tuple[NodeId, ...], node: Node, by: float) -> bool:
    try:
        return bool(rank_one_added.infer(*map(rewrite.type_of, inputs), by=by) == node.type)
    except BackpropError:
        return False


def _term(rewrite: Rewriter, counts: list[int], i: NodeId, by: float) -> Term | None:
    """A value as a multiple of a rank-one product, if it is one that nothing else reads."""
    graph = rewrite.graph
    while i >= graph.first and counts[i] == 1:
        node = graph.node(i)
        if node.op is matmul:
            return Term(by, *node.inputs)
        numbers = [_number(rewrite, j) for j in node.inputs]
        if node.op is negative:
            by, i = -by, node.inputs[0]
        elif node.op is multiply and numbers.count(None) == 1:
            by *= next(number for number in numbers if number is not None)
            i = node.inputs[numbers.index(None)]
        else:
            return None
    return None


def _number(rewrite: Rewriter, i: NodeId) -> float | None:
    value = rewrite.literals.get(rewrite.new_ids[i])
    return float(value) if isinstance(value, float | np.floating) else None
