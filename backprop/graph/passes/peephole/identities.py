"""Drop ops that return their operand: x * 1, x / 1, a cast to the dtype it has, an item of a tuple just made.

Sound to the bit: multiplying by one changes no finite number, infinity or NaN. One walk: linear in the nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from ....ops.arrays.tuples import item, make_tuple, taken
from ....ops.arrays.views import sum_to
from ....ops.core.op import Op
from ....ops.elementwise.arithmetic import divide, multiply, negative
from ....ops.elementwise.conversion import cast
from ...graph import Node, NodeId
from ...rewrite import Rewriter
from ...verify import same_type


def drop_identity(rewrite: Rewriter, node: Node) -> NodeId | None:
    """The operand that a node's value equals, if there is one."""
    candidates = CANDIDATES.get(node.op)
    if candidates is not None:
        for i in candidates(rewrite, node):
            if same_type(rewrite.type_of(i), node.type):
                return i
    return None


Ids = tuple[NodeId, ...]


def _factor(rewrite: Rewriter, node: Node) -> Ids:
    x, y = node.inputs
    return (y,) * _is_one(rewrite, x) + (x,) * _is_one(rewrite, y)


def _numerator(rewrite: Rewriter, node: Node) -> Ids:
    return node.inputs[:1] * _is_one(rewrite, node.inputs[1])


def _is_one(rewrite: Rewriter, i: NodeId) -> bool:
    return i in rewrite.literals and np.ndim(rewrite.literals[i]) == 0 and bool(rewrite.literals[i] == 1)


def _operand(rewrite: Rewriter, node: Node) -> Ids:
    return node.inputs


def _part(rewrite: Rewriter, node: Node) -> Ids:
    whole = rewrite.node(node.inputs[0])
    return () if whole is None or whole.op is not make_tuple else (whole.inputs[node.param("index")],)


def _negated_twice(rewrite: Rewriter, node: Node) -> Ids:
    inner = rewrite.node(node.inputs[0])
    return inner.inputs if inner is not None and inner.op is negative else ()


CANDIDATES: Mapping[Op, Callable[[Rewriter, Node], Ids]] = MappingProxyType(
    {
        multiply: _factor,
        divide: _numerator,
        cast: _operand,
        sum_to: _operand,
        item: _part,
        taken: _part,
        negative: _negated_twice,
    }
)
"""Where an op's result may be a value that is there already."""
