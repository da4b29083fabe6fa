"""Graphs written by hand, for the tests of the scheduler."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprop.errors import Source
from backprop.graph.graph import Graph, Literal, Node, literal
from backprop.graph.params import Params
from backprop.ops.arrays.indexing.items import basic_index
from backprop.ops.arrays.indexing.keys import Slice
from backprop.ops.core.op import Op
from backprop.ops.core.types import ValueType, array_type, type_of
from backprop.ops.elementwise.arithmetic import add, multiply
from backprop.ops.elementwise.trigonometric import sin
from backprop.ops.reductions.reductions import reduce_sum


class Hand:
    """Writes a graph node by node; ids are handed out and taken."""

    def __init__(self, *inputs: ValueType[Any]) -> None:
        self.inputs = inputs
        self.nodes: list[Node] = []

    def type_of(self, i: int) -> ValueType[Any]:
        k = len(self.inputs)
        return self.inputs[i] if i < k else self.nodes[i - k].type

    def __call__(self, op: Op, *inputs: int, source: Source | None = None, **params: Any) -> int:
        t = op.infer(*map(self.type_of, inputs), **params)
        self.nodes.append(Node(op, inputs, Params.of(**params), type=t, source=source))
        return len(self.inputs) + len(self.nodes) - 1

    def literal(self, value: Any) -> int:
        return self(literal, value=Literal.of(value))

    def graph(self, *outputs: int) -> Graph:
        return Graph(self.inputs, tuple(self.nodes), outputs)


def meaning(graph: Graph, *values: Any) -> tuple[Any, ...]:
    """What a graph means: node by node, nothing clever."""
    known = list(values)
    for node in graph.nodes:
        known.append(node.op.compute(*[known[i] for i in node.inputs], **dict(node.params)))
    return tuple(known[i] for i in graph.outputs)


def branches(count: int, length: int, n: int) -> Graph:
    """Independent branches, forward and then back, over one input each, whose results are added up."""
    hand = Hand(*[type_of(np.zeros(n))] * count)
    ends = [_there_and_back(hand, b, length) for b in range(count)]
    total = ends[0]
    for end in ends[1:]:
        total = hand(add, total, end)
    return hand.graph(total)


def _there_and_back(hand: Hand, x: int, length: int) -> int:
    kept = [x]
    for _ in range(length // 2):
        kept.append(hand(sin, kept[-1]))
    g = kept[-1]
    for residual in reversed(kept[:-1]):
        g = hand(multiply, g, residual)
    return g


def shards(count: int, rows: int) -> tuple[Graph, tuple[tuple[int, ...], ...]]:
    """A sum over shards of rows of one input, and groups: one for each of two shards, and one that adds them up."""
    hand = Hand(array_type((count * rows, 4), np.dtype("float64")))
    groups = []
    for k in range(count):
        part = hand(basic_index, 0, key=(Slice(k * rows, (k + 1) * rows, 1),))
        groups.append((hand(reduce_sum, hand(sin, part), axes=(0, 1), keepdims=False),))
    groups = [(i - 1, i) for (i,) in groups]
    total = hand(add, groups[0][1], groups[1][1])
    return hand.graph(total), (*groups, (total,))
