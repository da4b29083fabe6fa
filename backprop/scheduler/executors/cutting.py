"""How a graph is cut into the tasks of a plan, for what an executor says of itself."""

from __future__ import annotations

from ...graph.graph import Graph
from ...graph.written import by_lines
from ...ops.core.cache import cached
from ..planning.branches import in_fine_pieces
from ..planning.checks import verify_plan
from ..planning.partition import partition
from ..planning.plan import Plan
from ..planning.planner import make_plan
from ..planning.target import Target


@cached(by_lines)
def prepared(graph: Graph, target: Target) -> Plan:
    """The plan of a graph.

    Arguments:
        graph: the graph.
        target: what it is cut for.
    Returns:
        the verified plan.
    """
    return cut(graph, target)


def cut(graph: Graph, target: Target) -> Plan:
    """The plan of a graph, made anew; the arguments are those of `prepared`."""
    pieces = in_fine_pieces(graph, target.workers, target.machine)
    groups = partition(pieces, target.workers, target.overhead, target.machine, target.shares_gil)
    return verify_plan(make_plan(pieces, groups, target.machine))
