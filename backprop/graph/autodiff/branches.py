"""Equal branches: terms of a sum that do the same with parameters of their own, as the members of an ensemble do.

The derivative of such a term needs nothing of the others, and equal terms have equal derivatives. So each kind of them
is differentiated and optimised once: a graph is taken apart into its terms, and in its joint graph each term is a
`branch`, a node that holds the joint graph of its kind. What depends on no parameter, as data that all terms read,
stays outside of the terms, but for numbers. Linear in the nodes, but for sets of parameters, which are bits of a
number.

Limits: terms that share a parameter stay as they are, as its cotangent is one sum over all uses, in their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...ops.arrays.tuples import taken
from ...ops.core.types import ScalarType, TupleType
from ...ops.elementwise.arithmetic import add
from ..graph import Graph, NodeId, literal
from ..params import Params
from ..rewrite import Rewriter
from ..subgraph import extract, pruned, reach
from ..written import Written
from . import control_flow

LEAST = 100
"""Nodes from which a term is worth a graph of its own."""

MOST_BITS = 1 << 27
"""Parameters by nodes up to which it is looked which of them a node depends on."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A term of a sum.

    Arguments:
        graph: what it computes, a closed graph.
        inputs: the ids of the whole that its inputs stand for.
        nodes: the ids of the whole that its nodes are; the last one is its result.
        wrt: the ids of its own inputs that are parameters.
    """

    graph: Graph
    inputs: tuple[NodeId, ...]
    nodes: tuple[NodeId, ...]
    wrt: tuple[NodeId, ...]


def equal_branches(graph: Graph, wrt: Sequence[NodeId]) -> tuple[Branch, ...]:
    """The terms of the only result of a graph, where there are at least twice as many as kinds of them; otherwise none.

    Arguments:
        graph: a well-formed graph of a scalar result.
        wrt: the ids of its parameters, which it is differentiated by.
    """
    if len(graph.outputs) != 1 or len(graph) < 2 * LEAST or len(wrt) * len(graph) > MOST_BITS:
        return ()
    reached = _parameters(graph, wrt)
    roots = _terms(graph, reached)
    if len(roots) < 2 or min(roots) < graph.first or reached[graph.outputs[0]] != (1 << len(wrt)) - 1:
        return ()
    found = [_branch(graph, root, reached, wrt) for root in roots]
    return tuple(found) if _are_worth_it([branch.graph for branch in found]) else ()


def joined(graph: Graph, wrt: Sequence[NodeId], branches: Sequence[Branch], joints: Sequence[Graph]) -> Graph:
    """The joint graph of a graph, made of those of its branches.

    Arguments:
        graph: the whole.
        wrt: the ids of its parameters.
        branches: the terms of its result.
        joints: for each branch its joint graph; the results are the term and the cotangents of its parameters.
    """
    rewrite, found = Rewriter(graph), dict[NodeId, NodeId]()
    types = {id(joint): TupleType(joint.output_types) for joint in joints}  # one object for equal ones: so is its price
    ends = {branch.nodes[-1]: (branch, joint) for branch, joint in zip(branches, joints, strict=True)}
    inner = {i for branch in branches for i in branch.nodes if graph.node(i).op is not literal}
    for i, node in enumerate(graph.nodes, graph.first):
        if i in ends:
            branch, joint = ends[i]
            term, *cotangents = _called(rewrite, branch, joint, types[id(joint)])
            rewrite.new_ids.append(term)
            found.update(zip([branch.inputs[k] for k in branch.wrt], cotangents, strict=True))
        else:
            rewrite.new_ids.append(-1 if i in inner else rewrite.add(rewrite.remapped(node)))
    outputs = (rewrite.new_ids[graph.outputs[0]], *[found[i] for i in wrt])
    return pruned(Graph(graph.inputs, tuple(rewrite.nodes), outputs, graph.names))


def _called(rewrite: Rewriter, branch: Branch, joint: Graph, types: TupleType) -> list[NodeId]:
    """The new ids of the results of a branch's joint graph.

    Arguments:
        rewrite: the graph in the making.
        branch: the branch.
        joint: its joint graph.
        types: of the results.
    """
    source, inputs = branch.graph.nodes[-1].source, [rewrite.new_ids[i] for i in branch.inputs]
    results = rewrite.emit(control_flow.branch, inputs, Params.of(bodies=(joint,)), types, source)
    return [rewrite.emit(taken, [results], Params.of(index=k), type, source) for k, type in enumerate(types.items)]


def _parameters(graph: Graph, wrt: Sequence[NodeId]) -> list[int]:
    """For each id the parameters that it depends on, be it by a comparison, as bits; 0 for none."""
    reached = [0] * graph.first
    for k, i in enumerate(wrt):
        reached[i] |= 1 << k
    for node in graph.nodes:
        bits = 0
        for j in node.inputs:
            bits |= reached[j]
        reached.append(bits)
    return reached


def _terms(graph: Graph, reached: Sequence[int]) -> list[NodeId]:
    """The ids of the terms of the result: a sum is taken apart where its sides have no parameter in common."""
    stack, terms = [*graph.outputs], list[NodeId]()
    while stack:
        i = stack.pop()
        node = graph.node(i) if i >= graph.first else None
        if node is not None and node.op is add and not reached[node.inputs[0]] & reached[node.inputs[1]]:
            stack += node.inputs
        elif reached[i]:
            terms.append(i)
    return terms


def _branch(graph: Graph, root: NodeId, reached: Sequence[int], wrt: Sequence[NodeId]) -> Branch:
    """The term of an id."""

    def before(i: NodeId) -> list[NodeId]:
        return [j for j in graph.node(i).inputs if reached[j] and j >= graph.first]

    inner = reach([root], before)
    read = dict.fromkeys([j for i in inner for j in graph.node(i).inputs])
    numbers = [j for j in read if _is_number(graph, j)]  # first, as only one of the terms has them where it needs them
    own, parameters = {*inner, *numbers}, set(wrt)
    inputs = tuple([j for j in read if j not in own])
    places = tuple([k for k, j in enumerate(inputs) if j in parameters])
    nodes = (*numbers, *inner)
    return Branch(extract(graph, inputs, nodes, (root,)), inputs, nodes, places)


def _are_worth_it(terms: Sequence[Graph]) -> bool:
    """Whether terms are few kinds, long enough, and of ops that may run anywhere and as often as one likes."""
    kinds = {Written(term) for term in terms}
    is_long = min(map(len, terms)) >= LEAST
    return is_long and 2 * len(kinds) <= len(terms) and not any([n.op.runs_once for k in kinds for n in k.graph.nodes])


def _is_number(graph: Graph, i: NodeId) -> bool:
    return i >= graph.first and graph.node(i).op is literal and isinstance(graph.type_of(i), ScalarType)
