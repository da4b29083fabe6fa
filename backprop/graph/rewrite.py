"""Rewrite: a copy of a graph in the making, to which passes add nodes under new ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import Source
from ..ops.op import Op
from ..ops.types import ValueType
from .graph import Graph, Node, NodeId, Params


class Rewrite:
    """Nodes of a new graph with the inputs of an old one; `to` says where each old id went."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.to: list[NodeId] = list(range(graph.first))
        self.nodes: list[Node] = []

    def moved(self, node: Node) -> Node:
        """The node with its operands under their new ids."""
        inputs = tuple([self.to[i] for i in node.inputs])
        if inputs == node.inputs:
            return node
        return Node(node.op, inputs, node.params, type=node.type, source=node.source)

    def add(self, node: Node) -> NodeId:
        """The new id of a node whose operands are new ids."""
        self.nodes.append(node)
        return self.graph.first + len(self.nodes) - 1

    def emit(
        self, op: Op, inputs: Sequence[NodeId], params: Params, type: ValueType[Any], source: Source | None
    ) -> NodeId:
        """The new id of an op applied to new ids."""
        return self.add(Node(op, tuple(inputs), params, type=type, source=source))

    def node(self, i: NodeId) -> Node | None:
        """The new node of a new id; None for an input."""
        first = self.graph.first
        return self.nodes[i - first] if i >= first else None

    def type_of(self, i: NodeId) -> ValueType[Any]:
        """The type of a new id."""
        node = self.node(i)
        return self.graph.inputs[i] if node is None else node.type

    def done(self) -> Graph:
        """The new graph."""
        outputs = tuple(self.to[i] for i in self.graph.outputs)
        return Graph(self.graph.inputs, tuple(self.nodes), outputs, self.graph.names)
