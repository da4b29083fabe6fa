"""Compute now what depends on literals alone.

Sound since ops are pure; floating-point warnings are silenced here, as the value would be the same at run time. Only
results of at most LARGEST elements become literals, so that folding never makes a graph heavier to ship. One walk.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...ops.op import Kind
from ...ops.shape import filled
from ...ops.types import ArrayType, NumericType
from ..graph import Graph, Literal, Node, literal
from ..rewrite import Rewrite

LARGEST = 64  # elements


def fold_constants(graph: Graph) -> Graph:
    """The graph with literals in the place of nodes that read literals only."""
    rewrite = Rewrite(graph)
    for node in graph.nodes:
        moved = rewrite.moved(node)
        value = _value(rewrite, moved)
        rewrite.to.append(rewrite.add(moved) if value is None else rewrite.add(_literal(moved, value)))
    return rewrite.done()


def _value(rewrite: Rewrite, node: Node) -> Any:
    if not isinstance(node.type, NumericType) or node.type.size > LARGEST or node.op.kind is Kind.LOCAL:
        return None
    if not node.inputs and node.op is not filled:
        return None
    operands = [rewrite.node(i) for i in node.inputs]
    if any(operand is None or operand.op is not literal for operand in operands):
        return None
    values = [dict(operand.params)["value"].value for operand in operands if operand is not None]
    try:
        with np.errstate(all="ignore"):
            return node.op.compute(*values, **dict(node.params))
    except Exception:  # it would raise at run time, where the user sees it with the line
        return None


def _literal(node: Node, value: Any) -> Node:
    constant = Literal.of(np.array(value) if isinstance(node.type, ArrayType) else value)
    return Node(literal, (), (("value", constant),), type=node.type, source=node.source)
