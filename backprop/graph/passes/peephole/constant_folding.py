"""Compute now what depends on literals alone.

Ops that are not pure are left alone. Floating-point warnings are silenced here, as the value would be the same at run
time. Only results of at most LARGEST elements become literals, so that folding never makes a graph heavier to ship. One
walk.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ....ops.arrays.creation import filled
from ....ops.core.types import ArrayType, NumericType
from ...graph import Literal, Node, NodeId, literal
from ...params import Params
from ...rewrite import Rewriter

LARGEST = 64  # elements


def fold_constants(rewrite: Rewriter, node: Node) -> NodeId | None:
    """The literal in the place of a node that reads literals only."""
    for i in node.inputs:
        if i not in rewrite.literals:
            return None
    if not node.inputs and node.op is not filled:
        return None
    value = _value(node, [rewrite.literals[i] for i in node.inputs])
    return None if value is None else rewrite.add(_literal(node, value))


def _value(node: Node, values: list[Any]) -> Any:
    if not isinstance(node.type, NumericType) or node.type.size > LARGEST or node.op.runs_once:
        return None
    try:
        with np.errstate(all="ignore"):
            return node.op.compute(*values, **dict(node.params))
    except Exception:  # it would raise at run time, where the user sees it with the line
        return None


def _literal(node: Node, value: Any) -> Node:
    constant = Literal.of(np.array(value) if isinstance(node.type, ArrayType) else value)
    return Node(literal, (), Params.of(value=constant), node.type, node.source)
