"""One product for a weight that is used in many steps, as in a recurrent net.

The gradient of such a weight is a sum over steps of x_t.T @ g_t, and of its bias one of the sums of the rows of g_t.
With the x_t and the g_t below each other, as X and G, these are X.T @ G and the sum of the rows of G: one large product
in the place of many small ones, their sums, and the memory of all terms. The pieces of X and G are written in place by
the ops that make them (see scheduler/programs/memory/arena.py), so that putting them together costs nothing.

Only steps that depend on one another are joined: where the terms are independent, as of the shards of a batch, each
belongs to its branch. The cost is linear in the nodes for each weight.

Source: J. Appleyard, T. Kocisky, P. Blunsom, Optimizing performance of recurrent neural networks on GPUs,
arXiv:1604.01946, 2016.
Limits: products whose rows are more than twice as many as those of the weight stay apart, as G would take more memory
than the terms; so do large products.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from ...ops.arrays.accumulate import accumulate
from ...ops.arrays.indexing.items import basic_index
from ...ops.arrays.indexing.keys import Slice
from ...ops.arrays.joins import concat_along
from ...ops.arrays.views import permute, reshape_to, sum_to
from ...ops.core.op import Kind
from ...ops.core.types import ArrayType
from ...ops.linear_algebra.products import matmul
from ..graph import Graph, Node, NodeId
from ..params import NO_PARAMS, Params
from ..rewrite import Rewriter
from ..subgraph import uses

LEAST = 4
"""Terms from which they are joined."""

LARGEST = 1 << 17
"""Elements of a term's operands up to which it is joined; larger products are as quick by themselves."""


class RowBlock(NamedTuple):
    """A value as rows: itself, or a vector as one row."""

    id: NodeId
    shape: tuple[int, int]


class Step(NamedTuple):
    """A term x.T @ g of a sum, or the sum of the rows of g.

    Arguments:
        x: rows of what the weight was multiplied by; None for the sum of the rows of g.
        g: rows of cotangents.
    """

    x: RowBlock | None
    g: RowBlock


class Sum(NamedTuple):
    """A sum of which some terms are joined.

    Arguments:
        steps: the terms that are joined, group by group.
        rest: the other terms.
    """

    steps: list[list[Step]]
    rest: list[NodeId]


def batch_products(graph: Graph) -> Graph:
    """The graph with one product in the place of the sum of those of many steps."""
    sums = any([node.op is accumulate and len(node.inputs) >= LEAST for node in graph.nodes])
    terms = sum([node.op is matmul or node.op is sum_to for node in graph.nodes])
    return _Joiner(graph).joined() if sums and terms >= LEAST else graph


class _Joiner:
    """A graph in the making."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.rewrite = Rewriter(graph)
        self.uses = uses(graph)
        self.sums = self._sums()
        self.wholes = self._wholes()

    def joined(self) -> Graph:
        if not self.sums:
            return self.graph
        for i, node in enumerate(self.graph.nodes, self.graph.first):
            self.rewrite.new_ids.append(self._joined(node, self.sums[i]) if i in self.sums else self._moved(node))
        return self.rewrite.build()

    def _moved(self, node: Node) -> NodeId:
        return self.rewrite.add(self.rewrite.remapped(node))

    def _joined(self, node: Node, found: Sum) -> NodeId:
        terms = [self.rewrite.new_ids[i] for i in found.rest] + [self._product(node, steps) for steps in found.steps]
        return terms[0] if len(terms) == 1 else self.rewrite.emit(accumulate, terms, NO_PARAMS, node.type, node.source)

    # What is joined.

    def _sums(self) -> dict[NodeId, Sum]:
        found = {i: self._sum(node) for i, node in enumerate(self.graph.nodes, self.graph.first) if _is_long(node)}
        return {i: part for i, part in found.items() if part.steps}

    def _sum(self, node: Node) -> Sum:
        groups: dict[object, list[tuple[NodeId, Step]]] = {}
        rest: list[NodeId] = []
        for i in node.inputs:
            step = self._step(i)
            if step is None:
                rest.append(i)
            else:
                groups.setdefault((step.x and step.x.shape[1], step.g.shape[1]), []).append((i, step))
        joined: list[list[Step]] = []
        for group in groups.values():
            steps = [step for _, step in group]
            if len(steps) >= LEAST and self._follow_one_another(steps):
                joined.append(steps)
            else:
                rest += [i for i, _ in group]
        return Sum(joined, rest)

    def _wholes(self) -> dict[RowBlock, tuple[Sequence[RowBlock], int]]:
        """For each block of rows the longest sequence with it, and its place there; shorter ones are parts of it."""
        sequences = [rows for found in self.sums.values() for steps in found.steps for rows in _sequences(steps)]
        wholes: dict[RowBlock, tuple[Sequence[RowBlock], int]] = {}
        for rows in sorted(sequences, key=len, reverse=True):
            for place, part in enumerate(rows):
                wholes.setdefault(part, (rows, place))
        return wholes

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
        if x is None:
            return None
        rows, columns = x.shape[0], max(x.shape[1], g.shape[1])
        return Step(x, g) if rows <= 2 * columns and rows * columns <= LARGEST else None

    def _rows(self, i: NodeId) -> RowBlock | None:
        t = self.graph.type_of(i)
        return RowBlock(i, (t.shape[0], t.shape[1])) if isinstance(t, ArrayType) and t.ndim == 2 else None

    def _column(self, node: Node) -> RowBlock | None:
        """A vector that was made a column, as a row."""
        t = node.type
        is_column = node.op is reshape_to and isinstance(t, ArrayType) and t.ndim == 2 and t.shape[1] == 1
        return RowBlock(node.inputs[0], (1, t.shape[0])) if is_column and isinstance(t, ArrayType) else None

    def _follow_one_another(self, steps: Sequence[Step]) -> bool:
        """Whether each block of rows depends on the one that was made before it."""
        return self._is_chain([step.g for step in steps]) or self._is_chain([step.x for step in steps if step.x])

    def _is_chain(self, rows: Sequence[RowBlock]) -> bool:
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
            shape = Params.of(shape=steps[0].g.shape[1:])
            return self.rewrite.emit(sum_to, (g,), shape, node.type, node.source)
        x = self._below_each_other(node, [step.x for step in steps if step.x is not None])
        t = self.rewrite.type_of(x)
        assert isinstance(t, ArrayType)
        turned = ArrayType(t.shape[::-1], t.dtype)
        left = self.rewrite.emit(permute, (x,), Params.of(axes=(1, 0)), turned, node.source)
        return self.rewrite.emit(matmul, (left, g), NO_PARAMS, node.type, node.source)

    def _below_each_other(self, node: Node, rows: Sequence[RowBlock]) -> NodeId:
        """The id of an array of blocks of rows below each other: a part of what was made for a longer sequence."""
        whole, place = self.wholes[rows[0]]
        if whole[place : place + len(rows)] != rows:
            return self._concatenated(node, rows)
        i = self._concatenated(node, whole)
        start = sum([part.shape[0] for part in whole[:place]])
        stop = start + sum([part.shape[0] for part in rows])
        key = (Slice(start, stop, 1),)
        t = basic_index.infer(self.rewrite.type_of(i), key=key)
        return (
            i if len(whole) == len(rows) else self.rewrite.emit(basic_index, (i,), Params.of(key=key), t, node.source)
        )

    def _concatenated(self, node: Node, rows: Sequence[RowBlock]) -> NodeId:
        ids = [self._as_rows(part, node) for part in rows]
        t = concat_along.infer(*map(self.rewrite.type_of, ids), axis=0)
        return self.rewrite.emit(concat_along, ids, Params.of(axis=0), t, node.source)

    def _as_rows(self, part: RowBlock, node: Node) -> NodeId:
        i, t = self.rewrite.new_ids[part.id], self.graph.type_of(part.id)
        assert isinstance(t, ArrayType)
        if t.shape == part.shape:
            return i
        shape = Params.of(shape=part.shape)
        return self.rewrite.emit(reshape_to, (i,), shape, ArrayType(part.shape, t.dtype), node.source)


def _is_long(node: Node) -> bool:
    return node.op is accumulate and len(node.inputs) >= LEAST and isinstance(node.type, ArrayType)


def _sequences(steps: Sequence[Step]) -> list[list[RowBlock]]:
    """The rows that are put below each other for the product of some steps."""
    return [rows for rows in ([step.g for step in steps], [step.x for step in steps if step.x is not None]) if rows]
