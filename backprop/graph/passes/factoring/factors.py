"""A graph in the making whose factors move: what there is to see, and what can be emitted."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from ....ops.arrays.views import expand_to, permute
from ....ops.core.op import Op
from ....ops.core.types import ArrayType, ValueType
from ....ops.elementwise.arithmetic import multiply, negative
from ....ops.linear_algebra.products import matmul
from ...graph import Graph, Literal, Node, NodeId, literal_node
from ...params import NO_PARAMS
from ...rewrite import Rewriter
from ...subgraph import uses


class Factor(NamedTuple):
    """A value as a number times another value."""

    number: float
    value: NodeId


Rules: TypeAlias = "Mapping[Op, Callable[[Factors, Node], NodeId | None]]"
"""By op, from a node to the new id that takes its place, None where nothing moves."""


class Factors:
    """A graph in the making, and how often each new id is read."""

    def __init__(self, graph: Graph, rules: Rules) -> None:
        self.graph = graph
        self.rules = rules
        self.rewrite = Rewriter(graph)
        self.uses: dict[NodeId, int] = {}

    def moved(self) -> Graph:
        """The new graph."""
        rewrite, counts = self.rewrite, uses(self.graph)
        for i in self.graph.outputs:
            counts[i] += 1  # it is needed as it is, even where an equal node is made later
        self.uses.update(enumerate(counts[: self.graph.first]))
        for i, node in enumerate(self.graph.nodes, self.graph.first):
            moved = rewrite.remapped(node)
            rule = self.rules.get(node.op)
            applies = rule is not None and isinstance(node.type, ArrayType) and node.type.dtype.kind == "f"
            new = rule(self, moved) if applies and rule is not None else None
            to = rewrite.add(moved) if new is None else new
            rewrite.new_ids.append(to)
            self.uses[to] = self.uses.get(to, 0) + counts[i]
        return rewrite.build()

    # What is there.

    def sole(self, i: NodeId, op: Op) -> Node | None:
        """The node of an id, if it is of an op and read once."""
        node = self.rewrite.node(i)
        return node if node is not None and node.op is op and self.uses.get(i, 1) < 2 else None

    def size(self, i: NodeId) -> int:
        """How many elements a factor would be multiplied with; of a broadcast value, those of what is broadcast."""
        node = self.rewrite.node(i)
        t: Any = self.rewrite.type_of(node.inputs[0] if node is not None and node.op is expand_to else i)
        return int(getattr(t, "size", 1))

    def number(self, i: NodeId) -> float:
        """The value of a scalar literal that is a power of two or its negative; 0 where it is neither."""
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
        """The new id of an op without parameters, for the same line of the user's as another node.

        Arguments:
            op: the op.
            inputs: ids of its operands, in the new graph.
            t: the type of its value.
            like: a node of the same line of the user's.
        """
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
        return self._inside(number, i, like) or self.applied(number, i, like)

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

    def applied(self, number: float, i: NodeId, like: Node) -> NodeId:
        """The new id of a number times a value, multiplied here; where that is the node it came from, as it was.

        Arguments:
            number: the factor.
            i: the id of the value, in the new graph.
            like: the node that the factor came from.
        """
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
