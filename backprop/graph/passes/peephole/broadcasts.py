"""Leave out a broadcast before an op that broadcasts by itself: x + broadcast_to(y, shape) is x + y.

NumPy's ufuncs read a broadcast operand in place, so that the view is of no use. The bits are the same.
"""

from __future__ import annotations

from ....errors import BackpropError
from ....ops.arrays.accumulate import accumulate
from ....ops.arrays.views import expand_to, reshape_to
from ....ops.core.op import Op
from ....ops.core.types import ArrayType, NumericType
from ....ops.elementwise.arithmetic import add, divide, multiply, subtract
from ....ops.elementwise.masking import cleared, masked, over, ratio, scale
from ...graph import Node, NodeId
from ...params import NO_PARAMS
from ...rewrite import Rewriter

OPS = frozenset({add, subtract, multiply, divide, masked, cleared, over, ratio, scale})


def drop_broadcast(rewrite: Rewriter, node: Node) -> NodeId | None:
    """The node on operands that are not broadcast yet, if there are such."""
    op = add if node.op is accumulate and len(node.inputs) == 2 else node.op
    if op not in OPS or not isinstance(node.type, ArrayType):
        return None
    for k, i in enumerate(node.inputs):
        small = _unexpanded(rewrite, i)
        if small != i:
            inputs = (*node.inputs[:k], small, *node.inputs[k + 1 :])
            if _gives(rewrite, op, inputs, node):
                return rewrite.add(Node(op, inputs, NO_PARAMS, node.type, node.source))
    return None


def _unexpanded(rewrite: Rewriter, i: NodeId) -> NodeId:
    """What a value is broadcast from: of one number the number itself."""
    node = rewrite.node(i)
    if node is None or node.op is not expand_to:
        return i
    inner = rewrite.node(node.inputs[0])
    if inner is not None and inner.op is reshape_to and _is_number(rewrite, inner.inputs[0]):
        return inner.inputs[0]
    return node.inputs[0]


def _is_number(rewrite: Rewriter, i: NodeId) -> bool:
    t = rewrite.type_of(i)
    return isinstance(t, NumericType) and t.shape == () and not t.weak


def _gives(rewrite: Rewriter, op: Op, inputs: tuple[NodeId, ...], node: Node) -> bool:
    try:
        return bool(op.infer(*map(rewrite.type_of, inputs)) == node.type)
    except BackpropError:
        return False
