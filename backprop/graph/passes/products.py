"""One product for a weight that is used in many steps, as in a recurrent net.

The gradient of such a weight is a sum over steps of x_t.T @ g_t, and of its bias one of the sums of the rows of g_t.
With the x_t and the g_t below each other, as X and G, these are X.T @ G and the sum of the rows of G: one large product
in the place of many small ones, their sums, and the memory of all terms. The pieces of X and G are written in place by
the ops that make them (see scheduler/memory.py), so that putting them together costs nothing.

Only steps that depend on one another are joined: where the terms are independent, as of the shards of a batch, each
belongs to its branch. Linear in the nodes, for each weight.

Source: J. Appleyard, T. Kocisky, P. Blunsom, Optimizing performance of recurrent neural networks on GPUs,
arXiv:1604.01946, 2016.
Limits: products whose rows are more than twice as many as those of the weight stay apart, as G would take more memory
than the terms; so do large products.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from ...ops.accumulate import accumulate
from ...ops.contract import matmul
from ...ops.op import Kind
from ...ops.shape import concat_along, permute, reshape_to, sum_to
from ...ops.types import ArrayType
from ..graph import Graph, Node, NodeId
from ..rewrite import Rewrite

LEAST = 4
"""Terms from which they are joined."""

LARGEST = 1 << 17
"""Elements of a term's operands up to which it is joined; larger products are as quick by themselves."""


class Rows(NamedTuple):
    """A value as rows: itself, or a vector as one row."""

    id: NodeId
    shape: tuple[int, int]


class Step(NamedTuple):
    """A term x.T @ g of a sum, or the sum of the rows of g.

    Arguments:
        x: rows of what the weight was multiplied by; None for the sum of the rows of g.
        g: rows of cotangents.
    """

    x: Rows | None
    g: Rows


def join_products(graph: Graph) -> Graph:
    """The graph with one product in the place of the sum of those of many steps."""
    if not any(node.op is accumulate and len(node.inputs) >= LEAST for node in graph.nodes):
        return graph
    return _Joiner(graph).joined()


class _Joiner:
    """A graph in the making."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.rewrite = Rewrite(graph)
        self.uses = [0] * (graph.first + len(graph.nodes))
        for node in graph.nodes:
            for i in node.inputs:
                self.uses[i] += 1
        for i in graph.outputs:
            self.uses[i] += 1

    def joined(self) -> Graph:
        for node in self.graph.nodes:
            self.rewrite.to.append(self._placed(node))
        return self.rewrite.done()

    def _placed(self, node: Node) -> NodeId:
        if node.op is accumulate and len(node.inputs) >= LEAST and isinstance(node.type, ArrayType):
            terms = self._terms(node)
            if len(terms) < len(node.inputs):
                return terms[0] if len(terms) == 1 else self._emit(node, terms)
        return self.rewrite.add(self.rewrite.moved(node))

    def _terms(self, node: Node) -> list[NodeId]:
        """The terms of a sum under their new ids, those of many steps as one."""
        groups: dict[object, list[Step]] = {}
        terms: list[NodeId] = []
        for i in node.inputs:
            step = self._step(i)
            if step is None:
                terms.append(self.rewrite.to[i])
            else:
                groups.setdefault((step.x and step.x.shape[1], step.g.shape[1]), []).append(step)
        for steps in groups.values():
            if len(steps) >= LEAST and self._follow_one_another(steps):
                terms.append(self._product(node, steps))
            else:
                return list(map(self.rewrite.to.__getitem__, node.inputs))
        return terms

    # What is there.

    def _step(self, i: NodeId) -> Step | None:
        node = self._node(i)
        if node is None or self.uses[i] > 1:
            return None
        if node.op is sum_to:
            return self._sum_of_rows(node)
        return self._product_of_rows(node) if node.op is matmul else None

    def _node(self, i: NodeId) -> Node | None:
        return self.graph.node(i) if i >= self.graph.first else None

    def _sum_of_rows(self, node: Node) -> Step | None:
        g = self._rows(node.inputs[0])
        t = node.type
        return Step(None, g) if g is not None and isinstance(t, ArrayType) and t.shape == g.shape[1:] else None

    def _product_of_rows(self, node: Node) -> Step | None:
        left, g = self._node(node.inputs[0]), self._rows(node.inputs[1])
        if left is None or g is None:
            return None
        x = self._rows(left.inputs[0]) if left.op is permute else self._column(left)
        small = x is not None and x.shape[0] <= 2 * x.shape[1] and x.shape[0] * max(x.shape[1], g.shape[1]) <= LARGEST
        return Step(x, g) if small else None

    def _rows(self, i: NodeId) -> Rows | None:
        t = self.graph.type_of(i)
        return Rows(i, (t.shape[0], t.shape[1])) if isinstance(t, ArrayType) and t.ndim == 2 else None

    def _column(self, node: Node) -> Rows | None:
        """A vector that was made a column, as a row."""
        t = node.type
        is_column = node.op is reshape_to and isinstance(t, ArrayType) and t.ndim == 2 and t.shape[1] == 1
        return Rows(node.inputs[0], (1, t.shape[0])) if is_column and isinstance(t, ArrayType) else None

    def _follow_one_another(self, steps: Sequence[Step]) -> bool:
        """Whether the cotangents, or what the weight was multiplied by, depend each on the one made before it."""
        return self._is_chain([step.g for step in steps]) or self._is_chain([step.x for step in steps if step.x])

    def _is_chain(self, rows: Sequence[Rows]) -> bool:
        made = sorted([self._viewed(part.id) for part in rows])
        return bool(made) and all(self._depends(late, early) for early, late in pairwise(made))

    def _viewed(self, i: NodeId) -> NodeId:
        """What a value is a view of."""
        while (node := self._node(i)) is not None and node.op.kind is Kind.VIEW:
            i = node.inputs[0]
        return i

    def _depends(self, late: NodeId, early: NodeId) -> bool:
        """Whether a value depends on an earlier one; only nodes between the two are looked at."""
        reached = {early}
        for i in range(max(early + 1, self.graph.first), late + 1):
            if not reached.isdisjoint(self.graph.node(i).inputs):
                reached.add(i)
        return early != late and late in reached

    # What is made.

    def _product(self, node: Node, steps: Sequence[Step]) -> NodeId:
        g = self._below_each_other(node, [step.g for step in steps])
        if steps[0].x is None:
            shape = (("shape", steps[0].g.shape[1:]),)
            return self.rewrite.emit(sum_to, (g,), shape, node.type, node.source)
        x = self._below_each_other(node, [step.x for step in steps if step.x is not None])
        t = self.rewrite.type_of(x)
        assert isinstance(t, ArrayType)
        turned = ArrayType(t.shape[::-1], t.dtype)
        left = self.rewrite.emit(permute, (x,), (("axes", (1, 0)),), turned, node.source)
        return self.rewrite.emit(matmul, (left, g), (), node.type, node.source)

    def _below_each_other(self, node: Node, rows: Sequence[Rows]) -> NodeId:
        ids = [self._as_rows(part, node) for part in rows]
        t = concat_along.infer(*map(self.rewrite.type_of, ids), axis=0)
        return self.rewrite.emit(concat_along, ids, (("axis", 0),), t, node.source)

    def _as_rows(self, part: Rows, node: Node) -> NodeId:
        i, t = self.rewrite.to[part.id], self.graph.type_of(part.id)
        assert isinstance(t, ArrayType)
        if t.shape == part.shape:
            return i
        shape = (("shape", part.shape),)
        return self.rewrite.emit(reshape_to, (i,), shape, ArrayType(part.shape, t.dtype), node.source)

    def _emit(self, node: Node, terms: Sequence[NodeId]) -> NodeId:
        return self.rewrite.emit(accumulate, terms, (), node.type, node.source)
