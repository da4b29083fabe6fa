"""Drop ops that return their operand: x * 1, x / 1, a cast to the dtype it has, a sum of one axis of length one.

Sound to the bit: multiplying by one changes no finite number, infinity or NaN. One walk: linear in the nodes.
"""

from __future__ import annotations

import numpy as np

from ...ops.elementwise import cast, divide, multiply, negative
from ...ops.shape import sum_to
from ..graph import Graph, Node, NodeId, literal
from ..rewrite import Rewrite
from ..verify import same_type


def drop_identities(graph: Graph) -> Graph:
    """The graph without ops whose result is one of their operands."""
    rewrite = Rewrite(graph)
    for node in graph.nodes:
        moved = rewrite.moved(node)
        same = _operand(rewrite, moved)
        rewrite.to.append(rewrite.add(moved) if same is None else same)
    return rewrite.done()


def _operand(rewrite: Rewrite, node: Node) -> NodeId | None:
    """The operand that a node's value equals, if there is one."""
    for i in _candidates(rewrite, node):
        if same_type(rewrite.type_of(i), node.type):
            return i
    return None


def _candidates(rewrite: Rewrite, node: Node) -> tuple[NodeId, ...]:
    if node.op is multiply:
        x, y = node.inputs
        return (y,) * _is_one(rewrite, x) + (x,) * _is_one(rewrite, y)
    if node.op is divide:
        return node.inputs[:1] * _is_one(rewrite, node.inputs[1])
    if node.op is cast or node.op is sum_to:
        return node.inputs
    if node.op is negative:
        inner = rewrite.node(node.inputs[0])
        return inner.inputs if inner is not None and inner.op is negative else ()
    return ()


def _is_one(rewrite: Rewrite, i: NodeId) -> bool:
    node = rewrite.node(i)
    if node is None or node.op is not literal:
        return False
    value = dict(node.params)["value"].value
    return np.ndim(value) == 0 and bool(value == 1)
