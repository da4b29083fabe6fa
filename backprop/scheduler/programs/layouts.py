"""Which values are known to be C-contiguous before anything runs, and which results have to be made so.

Layout rule: every value of an op that is no view is C-contiguous, and so is every result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...graph.graph import Graph, Node
from ...graph.ownership import contiguous
from ...ops.core.op import Kind
from ...ops.core.types import NumericType, TupleType

# Layout, statically.


def keeps_layout(node: Node) -> bool:
    """Whether a view of C-contiguous operands is C-contiguous whatever its shape."""
    keeps = node.op.keeps_layout
    return keeps is not None and keeps(**dict(node.params))


def layouts(graph: Graph) -> list[bool]:
    """For each id, whether its value is known to be C-contiguous under the layout rule."""
    is_contiguous = [True] * graph.first
    for node in graph.nodes:
        if node.op.kind is not Kind.VIEW:
            is_contiguous.append(True)
        else:
            is_contiguous.append(keeps_layout(node) and all([is_contiguous[i] for i in node.inputs]))
    return is_contiguous


Wrap = Callable[[Any], Any]


def wrap_of(node: Node, is_contiguous: list[bool]) -> Wrap | None:
    """What the result of a node goes through where it has no buffer: `contiguous` or nothing."""
    if node.op.kind is Kind.VIEW:
        return None
    if isinstance(node.type, TupleType):
        return contiguous
    if isinstance(node.type, NumericType) and len(node.type.shape) < 2:
        strided = node.op.kind in (Kind.PLAIN, Kind.HOST_PINNED) and node.type.shape
        return contiguous if strided else None
    fresh = node.op.kind in (Kind.ELEMENTWISE, Kind.INTO)
    return None if fresh and all([is_contiguous[i] for i in node.inputs]) else contiguous
