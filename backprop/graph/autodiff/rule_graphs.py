"""The rule of one node as a graph of its own: what `differentiate` would emit for it, from types alone.

    (operands, result, cotangent of the result) -> (cotangents of the operands that have one)

A rule sees its operands' types and never their values, so that nodes of equal op, parameters and types are pulled back
by equal nodes. Who differentiates a graph that runs once need not write these nodes down again and again, and who does
write them down copies them from the second node of a kind on.

Limits: what the neighbours of a node decide is not in it. A node with a shortcut, a cotangent with a mask, and an op on
other values than arrays and numbers are for `differentiate`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ...errors import BackpropError
from ...ops.core.op import Kind, Op
from ...ops.core.types import NumericType, ValueType
from ...ops.linear_algebra.products import matmul
from ..graph import Graph, Node, NodeId, literal
from ..subgraph import needed
from ..tracing.builder import Builder
from ..tracing.var import Var
from .masking.mask_flow import MAKERS, Part, part_of
from .masking.pulling import SUMS
from .reverse_pass import ReversePass
from .shortcuts.pairs import shortcut


class RuleGraph(NamedTuple):
    """A rule as a graph.

    Arguments:
        graph: its inputs are the operands, the result, and the cotangent of the result.
        positions: for each output, the operand whose cotangent it is.
        masked: for each output, whether it may have a mask, which the rule of what comes next has to know of.
        parts: for each output, where it lies among zeros, if that is all of its mask.
    """

    graph: Graph
    positions: tuple[int, ...]
    masked: tuple[bool, ...]
    parts: tuple[Part | None, ...]


def rule_graph(
    node: Node, types: tuple[ValueType[object], ...], active: tuple[bool, ...], cotangent: ValueType[object]
) -> RuleGraph | None:
    """The rule of a node as a graph; None where there is none.

    Arguments:
        node: the node; its ids do not count.
        types: of its operands.
        active: for each operand, whether its cotangent is wanted.
        cotangent: the type of the cotangent of its result.
    """
    if not all([isinstance(t, NumericType) for t in (*types, node.type, cotangent)]):
        return None
    count = len(types)
    alone = node.reading(tuple(range(count)))
    builder = Builder()
    for type in types:
        builder.input(type)
    builder.extend([alone])
    reverse = ReversePass(Graph(types, (alone,), (count,)), builder, [*active, True])
    try:
        reverse.contribute(count, builder.input(cotangent))
        reverse.pull(count, alone)
    except BackpropError:
        return None  # `differentiate` says what is wrong, and where
    found = sorted(reverse.contributions)
    graph, _ = builder.build([reverse.contributions[k][0].id for k in found], range(count + 2))
    masked = [False] * graph.first
    for made in graph.nodes:
        masked.append(made.op in MAKERS or any([masked[i] for i in made.inputs]))
    parts = [_part(graph, i) if masked[i] else None for i in graph.outputs]
    return RuleGraph(graph, tuple(found), tuple([masked[i] for i in graph.outputs]), tuple(parts))


def _part(graph: Graph, i: int) -> Part | None:
    """Where an output lies among zeros, if that is all of its mask."""
    inner = needed(graph, graph.node(i).inputs)
    is_bare = not any([graph.node(j).op in MAKERS for j in inner if j >= graph.first])
    return part_of(graph.node(i)) if is_bare else None


class ByRepeatedRules(ReversePass):
    """A reverse pass that copies the rule of a node whose kind it has met before, as running rules takes most of it."""

    def __init__(self, graph: Graph, builder: Builder, active: list[bool]) -> None:
        super().__init__(graph, builder, active)
        self.met: set[Any] = set()  # kinds of nodes
        self.rules: dict[Any, RuleGraph | None] = {}  # of those met again; None where a rule is not to be copied

    def hand_on(self, i: NodeId, node: Node, g: Var[Any]) -> None:
        """Send a cotangent on to the inputs of its node; the arguments are those of `ReversePass.hand_on`."""
        rule = self.rule(node, g.type) if is_copied(node.op) and shortcut(self.graph, node) is None else None
        if rule is not None and self.masks.of(g).is_empty:
            self.copy(rule, node, (*node.inputs, i, g.id))
        else:
            super().hand_on(i, node, g)

    def rule(self, node: Node, cotangent: ValueType[Any]) -> RuleGraph | None:
        """The rule of a node, where its kind was met before and its rule makes no mask."""
        operands = tuple([self.builder.types[j] for j in node.inputs])
        active = tuple([self.active[j] for j in node.inputs])
        kind = (node.op, node.params, active, id(cotangent), *map(id, operands))
        if kind not in self.met:
            self.met.add(kind)
            return None
        if kind not in self.rules:
            found = rule_graph(node, operands, active, cotangent)
            self.rules[kind] = None if found is None or any(found.masked) else found
        return self.rules[kind]

    def copy(self, rule: RuleGraph, node: Node, ids: tuple[NodeId, ...]) -> None:
        """Write a rule down for a node.

        Arguments:
            rule: the rule.
            node: the node.
            ids: of its operands, its result, and the cotangent of that.
        """
        builder, to, source = self.builder, list(ids), self.derivative_of(node.source)
        for op, inputs, params, type, _ in rule.graph.nodes:
            if op is literal:
                to.append(builder.literal(params.get("value").value).id)
            else:
                made = tuple.__new__(Node, (op, tuple([to[j] for j in inputs]), params, type, source))
                to.append(builder.append(made).id)
        for position, j in zip(rule.positions, rule.graph.outputs, strict=True):
            self.contribute(node.inputs[position], builder.var(to[j]))


def is_copied(op: Op) -> bool:
    """Whether the rule of an op does not look beyond its arguments."""
    return op.is_built_in and (op.is_elementwise or op.kind is Kind.VIEW or op in SUMS or op is matmul)
