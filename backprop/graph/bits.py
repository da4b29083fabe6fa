"""Which nodes have bits that the passes decide: where one of them stands, a graph runs after all passes or not at all.

Passes may fix an order of additions, join products, and add up rows of products in one op; what that depends on lies
all over a graph. A graph without such nodes means the same to the bit before the passes and after
them: equal nodes become one, constants are folded, signs go where they cost nothing, long sums become trees.
"""

from __future__ import annotations

from ..ops.arrays.accumulate import accumulate
from ..ops.arrays.views import sum_to
from ..ops.core.types import NumericType, ValueType
from ..ops.linear_algebra.products import matmul
from .graph import Graph, Node, bodies

LIMIT = 1 << 17
"""Bytes from which values are so large that moved factors and blocks pay, which change bits."""

WIDTH = 4
"""Terms of a sum above which it becomes a tree."""


LARGE = 4096
"""Elements of a term from which pairs are added: an n-ary sum goes through memory as often."""


def width(type: ValueType[object]) -> int:
    """The terms of a sum of values of a type above which it becomes a tree."""
    return 2 if isinstance(type, NumericType) and type.size >= LARGE else WIDTH


def decides_bits(node: Node, types: tuple[ValueType[object], ...]) -> bool:
    """Whether passes may change the bits of what is computed with a node.

    Arguments:
        node: the node.
        types: of its operands.
    """
    if max([t.nbytes for t in (*types, node.type)]) >= LIMIT or node.op is matmul:
        return True
    if node.op is accumulate:
        return len(node.inputs) > width(node.type)
    return node.op is sum_to and _axes(types[0]) == 2 and _axes(node.type) == 1


def keeps_bits(graph: Graph) -> bool:
    """Whether no value is large, no products of matrices are among them, and no node holds a graph."""
    return all([node.type.nbytes < LIMIT and node.op is not matmul and not bodies(node) for node in graph.nodes])


def _axes(type: ValueType[object]) -> int:
    return len(type.shape) if isinstance(type, NumericType) else 0
