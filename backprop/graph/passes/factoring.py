"""Move factors to where arrays are small: signs, powers of two; and sums of products to where there are fewest.

A sign or a power of two commutes to the bit with every op that is linear in the operand it stands at (barring overflow
and numbers below the normal range). So `-x`, `x * 2` and the doubling `x + x` are taken out of sums, products and views
and merge or cancel on the way, and are pushed into the smaller operand of a product. The sum of the rows of a product
is the product of the sum of the rows, which saves the product; the sum of x * y over the last axis is one op; the
transpose of a product is the product of the transposes, which spares a copy. The bits of these three differ from those
of what they replace, by the graph alone.

An op is moved past only where nothing else reads its result, so that work never grows. One walk: linear in the nodes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from ...ops.arrays.accumulate import accumulate
from ...ops.arrays.views import expand_to, permute, reshape_to, sum_to
from ...ops.core.op import Op
from ...ops.core.types import ArrayType, ValueType
from ...ops.elementwise.arithmetic import add, divide, multiply, negative, subtract
from ...ops.elementwise.masking import cleared, masked, over, ratio
from ...ops.linear_algebra.products import matmul, row_dot
from ...ops.reductions.reductions import reduce_sum
from ..graph import Graph, Literal, Node, NodeId, literal_node
from ..params import NO_PARAMS, Params
from ..rewrite import Rewrite
from ..subgraph import uses

LONGEST_ROW = 4096
"""Products up to which a row is added up as it comes; longer ones are better added up pairwise."""


class Factor(NamedTuple):
    """A value as a number times another value."""

    number: float
    value: NodeId


def move_factors(graph: Graph) -> Graph:
    """The graph with signs, powers of two and sums of rows where arrays are small."""
    applies = any([node.op in RULES and isinstance(node.type, ArrayType) for node in graph.nodes])
    return _Factors(graph).moved() if applies else graph


class _Factors:
    """A graph in the making, and how often each new id is read."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.rewrite = Rewrite(graph)
        self.uses: dict[NodeId, int] = {}

    def moved(self) -> Graph:
        rewrite, counts = self.rewrite, uses(self.graph)
        for i in self.graph.outputs:
            counts[i] += 1  # it is needed as it is, even where an equal node is made later
        self.uses.update(enumerate(counts[: self.graph.first]))
        for i, node in enumerate(self.graph.nodes, self.graph.first):
            moved = rewrite.moved(node)
            rule = RULES.get(node.op)
            applies = rule is not None and isinstance(node.type, ArrayType) and node.type.dtype.kind == "f"
            new = rule(self, moved) if applies and rule is not None else None
            to = rewrite.add(moved) if new is None else new
            rewrite.to.append(to)
            self.uses[to] = self.uses.get(to, 0) + counts[i]
        return rewrite.done()

    # What is there.

    def sole(self, i: NodeId, op: Op) -> Node | None:
        """The node of an id, if it is of an op and read once."""
        node = self.rewrite.node(i)
        return node if node is not None and node.op is op and self.uses.get(i, 1) < 2 else None

    def size(self, i: NodeId) -> int:
        """How many elements there are to multiply: of a broadcast value, those of what is broadcast."""
        node = self.rewrite.node(i)
        t: Any = self.rewrite.type_of(node.inputs[0] if node is not None and node.op is expand_to else i)
        return int(getattr(t, "size", 1))

    def number(self, i: NodeId) -> float:
        """The power of two that a scalar literal is, 0 where it is none."""
        value = self.rewrite.literals.get(i)
        if not isinstance(value, float) or not math.isfinite(value) or abs(math.frexp(value)[0]) != 0.5:
            return 0.0
        return float(value)

    def split(self, i: NodeId) -> Factor:
        """A value as a number times another, where it is that and nothing else reads it."""
        node = self.rewrite.node(i)
        if node is None or node.op not in (negative, multiply) or self.uses.get(i, 1) > 1:
            return Factor(1.0, i)
        if node.op is negative:
            return Factor(-1.0, node.inputs[0])
        if not self.rewrite.literals.keys().isdisjoint(node.inputs):
            for x, c in (node.inputs, node.inputs[::-1]):
                if self.number(c) and self.rewrite.type_of(x) == node.type:
                    return Factor(self.number(c), x)
        return Factor(1.0, i)

    # What is made.

    def emit(self, like: Node, inputs: tuple[NodeId, ...]) -> NodeId:
        """The new id of a node like another one, on other operands."""
        return self.rewrite.add(Node(like.op, inputs, like.params, like.type, like.source))

    def emit_op(self, op: Op, inputs: tuple[NodeId, ...], t: ValueType[Any], like: Node) -> NodeId:
        """The new id of an op without parameters, for the same line of the user's as another node."""
        return self.rewrite.add(Node(op, inputs, NO_PARAMS, t, like.source))

    def turned(self, i: NodeId, like: Node) -> NodeId:
        """The new id of the transpose of a matrix."""
        node = self.rewrite.node(i)
        if node is not None and node.op is permute and node.params == like.params:
            return node.inputs[0]
        t: Any = self.rewrite.type_of(i)
        return self.rewrite.add(Node(permute, (i,), like.params, ArrayType(t.shape[::-1], t.dtype), like.source))

    def times(self, factor: Factor, like: Node) -> NodeId:
        """The new id of a number times a value, applied where there are the fewest elements."""
        number, i = factor
        if number == 1.0:
            return i
        inner = self.split(i)
        if inner.value != i:
            return self.times(Factor(number * inner.number, inner.value), like)
        return self._inside(number, i, like) or self._applied(number, i, like)

    def _inside(self, number: float, i: NodeId, like: Node) -> NodeId | None:
        if (node := self.sole(i, expand_to)) is not None:
            return self.emit(node, (self.times(Factor(number, node.inputs[0]), like),))
        for op in (multiply, matmul):
            if (node := self.sole(i, op)) is not None:
                x, y = node.inputs
                small, other = (x, y) if self.size(x) <= self.size(y) else (y, x)
                if 2 * self.size(small) <= self.size(i) and isinstance(self.rewrite.type_of(small), ArrayType):
                    moved = self.times(Factor(number, small), like)
                    return self.emit(node, (moved, other) if small == x else (other, moved))
        return None

    def _applied(self, number: float, i: NodeId, like: Node) -> NodeId:
        if like.inputs == (i,) and like.op is negative and number == -1.0:
            return self.rewrite.add(like)
        if like.op is multiply and i in like.inputs and number in map(self.number, like.inputs):
            return self.rewrite.add(like)
        t: Any = self.rewrite.type_of(i)
        if number == -1.0:
            return self.emit_op(negative, (i,), t, like)
        constant = Literal.of(t.dtype.type(number))
        c = self.rewrite.add(literal_node(constant, like.source))
        return self.emit_op(multiply, (i, c), t, like)


# Rules: from a node to the new id that takes its place, None where nothing moves.


def _of_number(factors: _Factors, node: Node) -> NodeId | None:
    """-x, x * 2, 2 * x."""
    if node.op is negative:
        return factors.times(Factor(-1.0, node.inputs[0]), node)
    if not factors.rewrite.literals.keys().isdisjoint(node.inputs):
        for x, c in (node.inputs, node.inputs[::-1]):
            if factors.number(c) and factors.rewrite.type_of(x) == node.type:
                return factors.times(Factor(factors.number(c), x), node)
    return _of_product(factors, node)


def _of_product(factors: _Factors, node: Node) -> NodeId | None:
    (m, x), (n, y) = factors.split(node.inputs[0]), factors.split(node.inputs[1])
    if m * n == 1.0 and m == 1.0:
        return None
    return factors.times(Factor(m * n, factors.emit(node, (x, y))), node)


def _of_first(factors: _Factors, node: Node) -> NodeId | None:
    """Ops that are linear in their first operand."""
    number, x = factors.split(node.inputs[0])
    return None if number == 1.0 else factors.times(Factor(number, factors.emit(node, (x, *node.inputs[1:]))), node)


def _of_turned(factors: _Factors, node: Node) -> NodeId | None:
    """The transpose of a product as the product of the transposes, which is made in the layout that is wanted."""
    product = factors.sole(node.inputs[0], matmul)
    if product is None or node.param("axes") != (1, 0):
        return _of_first(factors, node)
    x, y = product.inputs
    if getattr(factors.rewrite.type_of(x), "ndim", 0) != 2 or getattr(factors.rewrite.type_of(y), "ndim", 0) != 2:
        return None
    return factors.emit_op(matmul, (factors.turned(y, node), factors.turned(x, node)), node.type, product)


def _of_sum(factors: _Factors, node: Node) -> NodeId | None:
    number, x = factors.split(node.inputs[0])
    summed = _rows_summed(factors, node, x) or _products_summed(factors, node, x)
    if summed is None:
        if number == 1.0:
            return None
        summed = factors.emit(node, (x,))
    return factors.times(Factor(number, summed), node)


def _products_summed(factors: _Factors, node: Node, i: NodeId) -> NodeId | None:
    """The sum of x * y over the last axis, as one op that makes no array of the products."""
    product, params = factors.sole(i, multiply), dict(node.params)
    if product is None or node.op is not reduce_sum or params["keepdims"]:
        return None
    x, y = product.inputs
    t: Any = factors.rewrite.type_of(x)
    if t != factors.rewrite.type_of(y) or params["axes"] != (t.ndim - 1,) or t.shape[-1] > LONGEST_ROW:
        return None
    return factors.emit_op(row_dot, product.inputs, node.type, node)


def _rows_summed(factors: _Factors, node: Node, i: NodeId) -> NodeId | None:
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


def _of_terms(factors: _Factors, node: Node) -> NodeId | None:
    """x + x, x + -y, and sums of terms with one factor."""
    if len(node.inputs) != 2:
        return None
    if node.inputs[0] == node.inputs[1]:
        factors.uses[node.inputs[0]] -= 1  # from now on it is read here once
        return factors.times(Factor(2.0, node.inputs[0]), node)
    (m, x), (n, y) = factors.split(node.inputs[0]), factors.split(node.inputs[1])
    if m == n != 1.0:
        return factors.times(Factor(m, factors.emit(node, (x, y))), node)
    if n == -1.0:
        return factors.emit_op(subtract, (node.inputs[0], y), node.type, node)
    if m == -1.0:
        return factors.emit_op(subtract, (node.inputs[1], x), node.type, node)
    return None


def _of_difference(factors: _Factors, node: Node) -> NodeId | None:
    number, y = factors.split(node.inputs[1])
    return factors.emit_op(add, (node.inputs[0], y), node.type, node) if number == -1.0 else None


RULES: Mapping[Op, Callable[[_Factors, Node], NodeId | None]] = MappingProxyType(
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
