"""Rewriter: a copy of a graph in the making, to which passes add nodes under new ids; equal nodes become one.

Merging equal nodes (common subexpressions) is sound since ops have no effects: nodes of equal op, operands and params
have equal values. Ops that are not pure, and host-pinned ops, whose context may have a state, are left apart. Literals
compare by their bytes, so 0.0 and -0.0 stay apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from ..errors import Source
from ..ops.core.op import Op
from ..ops.core.types import ValueType
from .graph import Graph, Node, NodeId, literal, same_nodes
from .params import Params
from .subgraph import remapped


class Rewriter:
    """Nodes of a new graph with the inputs of an old one; `new_ids` says where each old id went."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.first = graph.first
        self.new_ids: list[NodeId] = list(range(graph.first))
        self.nodes: list[Node] = []
        self.literals: dict[NodeId, Any] = {}  # values of new ids
        self._seen: dict[int, NodeId] = {}  # by hash: small, and nodes whose hashes collide just stay apart

    def remapped(self, node: Node) -> Node:
        """The node with its operands under their new ids."""
        return remapped(node, self.new_ids)

    def add(self, node: Node) -> NodeId:
        """The new id of a node whose operands are new ids: that of an equal node, if there is one."""
        nodes, op, what = self.nodes, node.op, node[:3]
        new = self.first + len(nodes)
        if not op.runs_once:
            i = self._seen.setdefault(hash(what), new)
            if i != new and nodes[i - self.first][:3] == what:
                return i
        nodes.append(node)
        if op is literal:
            self.literals[new] = op.compute(**dict(node.params))
        return new

    def emit(
        self, op: Op, inputs: Sequence[NodeId], params: Params, type: ValueType[Any], source: Source | None
    ) -> NodeId:
        """The new id of an op applied to new ids.

        Arguments:
            op: the op.
            inputs: new ids.
            params: its parameters.
            type: the type of its result.
            source: the user's line that it belongs to.
        """
        return self.add(Node(op, tuple(inputs), params, type, source))

    def node(self, i: NodeId) -> Node | None:
        """The new node of a new id; None for an input."""
        return self.nodes[i - self.first] if i >= self.first else None

    def type_of(self, i: NodeId) -> ValueType[Any]:
        """The type of a new id."""
        node = self.node(i)
        return self.graph.inputs[i] if node is None else node.type

    def build(self) -> Graph:
        """The new graph: the old one itself where nothing has changed."""
        graph = self.graph
        outputs = tuple([self.new_ids[i] for i in graph.outputs])
        if outputs == graph.outputs and same_nodes(self.nodes, graph.nodes):
            return graph
        return Graph(graph.inputs, tuple(self.nodes), outputs, graph.names)


Rule: TypeAlias = Callable[[Rewriter, Node], NodeId | None]
"""From a node of new operands to the new id that takes its place, None where the rule does not apply."""


def rewritten(graph: Graph, *rules: Rule) -> Graph:
    """The graph after one walk, in which the first rule that applies to a node decides what becomes of it.

    Arguments:
        graph: a well-formed graph.
        rules: tried in order.
    """
    rewrite = Rewriter(graph)
    for node in graph.nodes:
        rewrite.new_ids.append(_placed(rewrite, rewrite.remapped(node), rules))
    return rewrite.build()


def _placed(rewrite: Rewriter, node: Node, rules: Sequence[Rule]) -> NodeId:
    for rule in rules:
        i = rule(rewrite, node)
        if i is not None:
            return i
    return rewrite.add(node)
