"""Equal branches in a graph that is planned: each is one node, which holds the graph of its kind.

Where branches are small beside what a worker gets, the cut takes each as one piece of work. The body of a task has
their nodes in their place: equal tasks share one body, and so one program. Where a worker would wait for a single
branch, its nodes come into its place before the graph is cut.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...graph.autodiff.control_flow import branch
from ...graph.graph import Graph, NodeId
from ...graph.passes.inlining import inline_branches
from ...graph.subgraph import needed
from ..machine.cost import Machine, costs
from .host_pinned import Groups

PIECES = 2
"""Branches for each worker, at least, where the cut does not look into them."""


def in_fine_pieces(graph: Graph, workers: int, machine: Machine) -> Graph:
    """The graph itself, or with the nodes of branches in their place where these are too long for so many workers.

    Arguments:
        graph: the graph.
        workers: how many tasks can run at once.
        machine: the rates that costs are estimated with.
    """
    if not any([node.op is branch for node in graph.nodes]):
        return graph
    seconds = [price.seconds for price in costs(graph, machine)]
    longest = max([s for s, node in zip(seconds, graph.nodes, strict=True) if node.op is branch])
    return graph if PIECES * workers * longest <= sum(seconds) else inline_branches(graph)


def with_results(graph: Graph, groups: Groups) -> Groups:
    """The groups with each result that is taken out of a branch beside it, so that no task gives all in a tuple.

    Arguments:
        graph: the graph.
        groups: of its nodes, in topological order.
    """
    branches = {i for i, node in enumerate(graph.nodes, graph.first) if node.op is branch}
    if not branches or len(groups) == 1:
        return groups
    home = {i: g for g, group in enumerate(groups) for i in group}
    moved: list[list[NodeId]] = [[] for _ in groups]
    for i in sorted(home):
        inputs = graph.node(i).inputs
        is_result = len(inputs) == 1 and inputs[0] in branches
        moved[home[inputs[0] if is_result else i]].append(i)
    return tuple([tuple(group) for group in moved if group])


def each_apart(graph: Graph, nodes: Sequence[NodeId]) -> Groups:
    """The nodes of a graph whose tasks run one after the other: each branch is one, as equal ones share a program.

    Arguments:
        graph: the graph.
        nodes: the ids of its nodes that cost something.
    Returns:
        what the branches read, each branch, and the rest; a single group where branches read each other, or are none.
    """
    branches = [i for i in nodes if graph.node(i).op is branch]
    before = set(needed(graph, [j for i in branches for j in graph.node(i).inputs]))
    if not branches or not before.isdisjoint(branches):
        return (tuple(nodes),)
    first = [i for i in nodes if i in before]
    rest = [i for i in nodes if i not in before and graph.node(i).op is not branch]
    return with_results(graph, tuple(map(tuple, filter(None, [first, *[[i] for i in branches], rest]))))
