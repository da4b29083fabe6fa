"""Move factors to where arrays are small: signs, powers of two; and sums of products to where there are fewest.

A sign or a power of two commutes to the bit with every op that is linear in the operand it stands at (barring overflow
and numbers below the normal range). So `-x`, `x * 2` and the doubling `x + x` are taken out of sums, products and views
and merge or cancel on the way, and are pushed into the smaller operand of a product. The sum of the rows of a product
is the product of the sum of the rows, which saves the product; the sum of x * y over the last axis is one op; the
transpose of a product is the product of the transposes, which spares a copy. These three give other bits than what they
replace, which depends on the graph alone, so that all executors agree.

An op is moved past only where nothing else reads its result, so that work never grows. One walk: linear in the nodes.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from ....ops.arrays.accumulate import accumulate
from ....ops.arrays.views import permute, reshape_to, sum_to
from ....ops.core.types import ArrayType
from ....ops.elementwise.arithmetic import add, divide, multiply, negative, subtract
from ....ops.elementwise.masking import cleared, masked, over, ratio
from ....ops.linear_algebra.products import matmul, row_dot
from ....ops.reductions.reductions import reduce_sum
from ...bits import keeps_bits
from ...graph import Graph, Node, NodeId
from ...params import Params
from .factors import Factor, Factors, Rules

LONGEST_ROW = 4096
"""Products up to which a row is added up as it comes; longer ones are better added up pairwise."""


def move_factors(graph: Graph) -> Graph:
    """The graph with signs, powers of two and sums of rows where arrays are small."""
    return _moved(graph, RULES)


def settle_factors(graph: Graph) -> Graph:
    """The graph after `move_factors`; where its bits are to stay what they are, only with signs at their sums."""
    return _moved(graph, SIGNS if keeps_bits(graph) else RULES)


def _moved(graph: Graph, rules: Rules) -> Graph:
    applies = any([node.op in rules and isinstance(node.type, ArrayType) for node in graph.nodes])
    return Factors(graph, rules).moved() if applies else graph


# Rules: from a node to the new id that takes its place, None where nothing moves.


def _of_number(factors: Factors, node: Node) -> NodeId | None:
    """-x, x * 2, 2 * x."""
    if node.op is negative:
        return factors.times(Factor(-1.0, node.inputs[0]), node)
    if not factors.rewrite.literals.keys().isdisjoint(node.inputs):
        for x, c in (node.inputs, node.inputs[::-1]):
            if factors.number(c) and factors.rewrite.type_of(x) == node.type:
                return factors.times(Factor(factors.number(c), x), node)
    return _of_product(factors, node)


def _of_product(factors: Factors, node: Node) -> NodeId | None:
    (m, x), (n, y) = factors.split(node.inputs[0]), factors.split(node.inputs[1])
    if m * n == 1.0 and m == 1.0:
        return None
    return factors.times(Factor(m * n, factors.emit(node, (x, y))), node)


def _of_first(factors: Factors, node: Node) -> NodeId | None:
    """Ops that are linear in their first operand."""
    number, x = factors.split(node.inputs[0])
    return None if number == 1.0 else factors.times(Factor(number, factors.emit(node, (x, *node.inputs[1:]))), node)


def _of_turned(factors: Factors, node: Node) -> NodeId | None:
    """The transpose of a product as the product of the transposes, which is made in the layout that is wanted."""
    product = factors.sole(node.inputs[0], matmul)
    if product is None or node.param("axes") != (1, 0):
        return _of_first(factors, node)
    x, y = product.inputs
    if getattr(factors.rewrite.type_of(x), "ndim", 0) != 2 or getattr(factors.rewrite.type_of(y), "ndim", 0) != 2:
        return None
    return factors.emit_op(matmul, (factors.turned(y, node), factors.turned(x, node)), node.type, product)


def _of_sum(factors: Factors, node: Node) -> NodeId | None:
    number, x = factors.split(node.inputs[0])
    summed = _rows_summed(factors, node, x) or _products_summed(factors, node, x)
    if summed is None:
        if number == 1.0:
            return None
        summed = factors.emit(node, (x,))
    return factors.times(Factor(number, summed), node)


def _products_summed(factors: Factors, node: Node, i: NodeId) -> NodeId | None:
    """The sum of x * y over the last axis, as one op that makes no array of the products."""
    product, params = factors.sole(i, multiply), dict(node.params)
    if product is None or node.op is not reduce_sum or params["keepdims"]:
        return None
    x, y = product.inputs
    t: Any = factors.rewrite.type_of(x)
    if t != factors.rewrite.type_of(y) or params["axes"] != (t.ndim - 1,) or t.shape[-1] > LONGEST_ROW:
        return None
    return factors.emit_op(row_dot, product.inputs, node.type, node)


def _rows_summed(factors: Factors, node: Node, i: NodeId) -> NodeId | None:
    """The sum over the rows of x @ y, as the sum over the rows of x, times y."""
    product = factors.sole(i, matmul)
    if product is None:
        return None
    x, y = (factors.rewrite.type_of(i) for i in product.inputs)
    t, whole = node.type, product.type
    assert isinstance(t, ArrayType)
    assert isinstance(whole, ArrayType)
    if not isinstance(x, ArrayType) or not isinstance(y, ArrayType) or min(x.ndim, y.ndim) < 2:
        return None
    rows, kept = whole.shape[-2], (*whole.shape[:-2], 1, whole.shape[-1])
    flat = whole.ndim == 2 and t.shape == whole.shape[1:]
    if rows < 2 or x.shape[:-2] != whole.shape[:-2] or t.shape not in ((kept, whole.shape[1:]) if flat else (kept,)):
        return None
    if node.op is reduce_sum and node.param("axes") != (whole.ndim - 2,):
        return None
    shape = x.shape[1:] if flat else (*x.shape[:-2], 1, x.shape[-1])
    small = Node(sum_to, product.inputs[:1], Params.of(shape=shape), ArrayType(shape, x.dtype), node.source)
    return factors.emit_op(matmul, (factors.rewrite.add(small), product.inputs[1]), t, product)


def _of_terms(factors: Factors, node: Node) -> NodeId | None:
    """x + x, x + -y, and sums of terms with one factor."""
    if len(node.inputs) != 2:
        return None
    if node.inputs[0] == node.inputs[1]:
        factors.uses[node.inputs[0]] -= 1  # from now on it is read here once
        return factors.times(Factor(2.0, node.inputs[0]), node)
    (m, x), (n, y) = factors.split(node.inputs[0]), factors.split(node.inputs[1])
    if m == n != 1.0:
        return factors.times(Factor(m, factors.emit(node, (x, y))), node)
    return _of_signs(factors, node)


def _of_signs(factors: Factors, node: Node) -> NodeId | None:
    """x + -y, which is x - y."""
    if len(node.inputs) != 2:
        return None
    (m, x), (n, y) = factors.split(node.inputs[0]), factors.split(node.inputs[1])
    if n == -1.0:
        return factors.emit_op(subtract, (node.inputs[0], y), node.type, node)
    if m == -1.0:
        return factors.emit_op(subtract, (node.inputs[1], x), node.type, node)
    return None


def _of_difference(factors: Factors, node: Node) -> NodeId | None:
    number, y = factors.split(node.inputs[1])
    return factors.emit_op(add, (node.inputs[0], y), node.type, node) if number == -1.0 else None


RULES: Rules = MappingProxyType(
    {
        negative: _of_number,
        multiply: _of_number,
        matmul: _of_product,
        divide: _of_first,
        masked: _of_first,
        cleared: _of_first,
        over: _of_first,
        ratio: _of_first,
        reshape_to: _of_first,
        permute: _of_turned,
        sum_to: _of_sum,
        reduce_sum: _of_sum,
        accumulate: _of_terms,
        add: _of_terms,
        subtract: _of_difference,
    }
)


def _of_negated(factors: Factors, node: Node) -> NodeId | None:
    """-(c x), which is (-c) x."""
    number, x = factors.split(node.inputs[0])
    return None if number in (1.0, -1.0) else factors.applied(-number, x, node)


SIGNS: Rules = MappingProxyType(
    {negative: _of_negated, add: _of_signs, accumulate: _of_signs, subtract: _of_difference}
)
"""Rules that change no bit, for graphs of small values: factors that move may change the sign of a zero, overflow or
underflow, and where arrays are small they save next to nothing."""
