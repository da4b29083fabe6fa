"""The kernel of a node, which is what is called to compute it, and where its result can go."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ...graph.graph import Graph, Node, NodeId
from ...ops.arrays.accumulate import accumulate
from ...ops.core.cache import cached
from ...ops.core.op import Kind
from ...ops.core.types import ArrayType

# What computes a node, and whether that takes a buffer.


def kernel_of(graph: Graph, node: Node) -> Callable[..., Any]:
    """What to call for a node: the op's kernel for the types of its operands, or its compute."""
    if node.op.kernel is None:
        return node.op.compute
    return node.op.kernel(*[graph.type_of(j) for j in node.inputs], **dict(node.params))


@cached()
def takes_out(kernel: Callable[..., Any]) -> bool:
    """Whether a kernel takes `out=`."""
    if isinstance(kernel, np.ufunc) or kernel is np.dot or kernel is np.matmul:
        return True
    try:
        return "out" in inspect.signature(kernel).parameters
    except (TypeError, ValueError):
        return False


def is_buffered(node: Node, kernel: Callable[..., Any]) -> bool:
    """Whether the result of a node can be written to a buffer that is given."""
    t = node.type
    fits = isinstance(t, ArrayType) and bool(t.shape) and t.size > 0
    return fits and node.op.kind in (Kind.ELEMENTWISE, Kind.INTO) and takes_out(kernel)


def overwritable(node: Node, kernel: Callable[..., Any]) -> tuple[NodeId, ...]:
    """The operands that a result may be written over: of a ufunc any, as element meets element; of a sum of several
    terms the first, which is read before anything is written, and not again.

    Arguments:
        node: the node.
        kernel: what is called to compute it.
    """
    if node.op.is_elementwise and isinstance(kernel, np.ufunc):
        return node.inputs
    return node.inputs[:1] if node.op is accumulate and node.inputs.count(node.inputs[0]) == 1 else ()
