"""Put the nodes in the order of branches: what has been begun is finished first, so that few values live at a time.

A joint graph as `differentiate` makes it computes all branches forward before any goes back, and keeps the residuals of
all. Here nodes are walked depth first from the results, the one that takes the longest chain first; of the operands of
a node too the one with the longest chain comes first, so that a value is made right before it is read. So a branch goes
forward and back before the next one starts. What is ready comes at once where it is near a result, as the gradient of a
weight is, or leads to something much smaller, as the loss of a shard does. Nothing waits for views of inputs, for what
joins them, and for what is made of literals alone: these come right before their first reader. Host-pinned ops, whose
context may have a state, stay in their order. Linear in the nodes, but for sorting operands.

Source: R. Sethi, J. D. Ullman, The generation of optimal code for arithmetic expressions, JACM 17(4), 1970.
Limits: a heuristic; the order of least memory is NP-hard to find.
"""

from __future__ import annotations

from ...ops.arrays.joins import concat_along
from ...ops.core.op import Kind
from ...ops.core.types import NumericType, ValueType
from ..graph import Graph, NodeId
from ..subgraph import reordered

NEAR = 6
"""Nodes to a result up to which a node is computed as soon as it can be."""

SMALLER = 16
"""How many times smaller a value has to be than what it is made of to be made at once."""

STEPS = 3
"""Nodes, at most, that lead to such a value, each read by the next one alone."""


def order_by_branch(graph: Graph) -> Graph:
    """The graph with its nodes in the order of branches, without those that no result needs."""
    return reordered(graph, _Walk(graph).order())


class _Walk:
    """A walk through a graph, from its results."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.before = _before(graph)
        self.depths = [0] * len(self.before)
        for i in range(graph.first, len(self.before)):
            self.depths[i] = 1 + max([self.depths[j] for j in self.before[i]], default=0)
        self.heights = _heights(self.before, graph)
        self.at_hand = _at_hand(graph, self.before)
        self.missing = [sum([not self.at_hand[j] for j in set(before)]) for before in self.before]
        self.readers: list[list[NodeId]] = [[] for _ in self.before]
        for i, before in enumerate(self.before):
            for j in set(before):
                self.readers[j].append(i)
        self.falls = _falls(graph, self.readers)
        self.done = bytearray(len(self.before))
        self.placed: list[NodeId] = []

    def order(self) -> list[NodeId]:
        self.done[: self.graph.first] = b"\x01" * self.graph.first
        for output in sorted(self.graph.outputs, key=lambda i: -self.depths[i]):
            self._reach(output)
        return self.placed

    def _reach(self, output: NodeId) -> None:
        """Place a node behind all that it needs."""
        stack = [output]
        while stack:
            i = stack[-1]
            if self.done[i]:
                stack.pop()
            elif not self.missing[i]:
                stack.pop()
                self._place(i)
            else:
                pending = [j for j in self.before[i] if not self.done[j]]
                if len(pending) > 1:
                    pending = sorted(reversed(pending), key=self.depths.__getitem__)
                stack += pending

    def _place(self, i: NodeId) -> None:
        """Place a node that is ready, and with it what is ready then and near a result or much smaller soon."""
        ready = [i]
        while ready:
            i = ready.pop()
            if self.done[i]:
                continue
            self._append(i)
            for j in self.readers[i]:
                self.missing[j] -= not self.at_hand[i]
                if not self.missing[j] and (0 < self.heights[j] <= NEAR or (self.heights[j] and self.falls[j])):
                    ready.append(j)

    def _append(self, i: NodeId) -> None:
        """Append a node, behind what is at hand for it."""
        stack = [i]
        while stack:
            waiting = [j for j in self.before[stack[-1]] if not self.done[j]]
            if waiting:
                stack += waiting
            else:
                j = stack.pop()
                if not self.done[j]:
                    self.done[j] = 1
                    self.placed.append(j)


def _at_hand(graph: Graph, before: list[tuple[NodeId, ...]]) -> bytearray:
    """For each id whether nothing waits for it: inputs, views and copies of them, what is made of literals alone."""
    at_hand = bytearray(b"\x01" * graph.first)
    constant = bytearray(graph.first)
    for node, needed in zip(graph.nodes, before[graph.first :], strict=True):
        is_pinned = node.op.kind is Kind.HOST_PINNED
        constant.append(not is_pinned and all([constant[j] for j in needed]))
        is_view_or_copy = node.op.kind is Kind.VIEW or node.op is concat_along
        at_hand.append(constant[-1] or (is_view_or_copy and all([at_hand[j] for j in needed])))
    return at_hand


def _before(graph: Graph) -> list[tuple[NodeId, ...]]:
    """For each id what has to come before it: its operands, and for a host-pinned op the one before it."""
    before: list[tuple[NodeId, ...]] = [()] * graph.first
    pinned = -1
    for i, node in enumerate(graph.nodes, graph.first):
        if node.op.kind is Kind.HOST_PINNED:
            before.append(node.inputs if pinned < 0 else (*node.inputs, pinned))
            pinned = i
        else:
            before.append(node.inputs)
    return before


def _heights(before: list[tuple[NodeId, ...]], graph: Graph) -> list[int]:
    """For each id the number of nodes on the longest way from it to a result, itself included; 0 where it is dead."""
    heights = [0] * len(before)
    for i in graph.outputs:
        heights[i] = 1
    for i in range(len(before) - 1, graph.first - 1, -1):
        if heights[i]:
            for j in before[i]:
                heights[j] = max(heights[j], heights[i] + 1)
    return heights


def _falls(graph: Graph, readers: list[list[NodeId]]) -> list[int]:
    """For each id the number of nodes from it to a value that is much smaller than it, where others read none of them;
    0 where there is no such value.
    """
    falls = [0] * len(readers)
    for i in range(len(readers) - 1, graph.first - 1, -1):
        node = graph.node(i)
        if _elements(node.type) * SMALLER <= max([_elements(graph.type_of(j)) for j in node.inputs], default=0):
            falls[i] = 1
        elif len(readers[i]) == 1 and 0 < falls[readers[i][0]] < STEPS:
            falls[i] = falls[readers[i][0]] + 1
    return falls


def _elements(type: ValueType[object]) -> int:
    return type.size if isinstance(type, NumericType) else 1
