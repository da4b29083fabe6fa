"""Put the body of each `call` in its place, and in time that of each `branch`.

A call marks what is to be recomputed in the reverse pass, and that is settled once the graph is differentiated: the
copy that the rule made reads its operands through `after`, so that no pass merges it with the first run, and it cannot
run before the cotangents are there. Flat, its nodes are branches like any other. A branch stays one node until tasks
are made, as it shares its body with others. Linear in the nodes.
"""

from __future__ import annotations

from ...ops.arrays.tuples import item, make_tuple, taken
from ...ops.core.op import Op
from ..autodiff.control_flow import branch, call
from ..graph import Graph, Node, NodeId, bodies
from ..params import NO_PARAMS
from ..rewrite import Rewriter


def inline_calls(graph: Graph) -> Graph:
    """The graph with the nodes of bodies in the place of calls."""
    return _inlined(graph, call)


def inline_branches(graph: Graph) -> Graph:
    """The graph with the nodes of bodies in the place of branches."""
    return _inlined(graph, branch)


def _inlined(graph: Graph, op: Op) -> Graph:
    """The graph with the nodes of bodies in the place of nodes of an op."""
    if not any([node.op is op for node in graph.nodes]):
        return graph
    rewrite = Rewriter(graph)
    results: dict[NodeId, list[NodeId]] = {}
    for i, node in enumerate(graph.nodes, graph.first):
        if node.op is op:
            results[i] = _copied(rewrite, node)
            rewrite.new_ids.append(rewrite.emit(make_tuple, results[i], NO_PARAMS, node.type, node.source))
        elif node.op in (item, taken) and node.inputs[0] in results:
            rewrite.new_ids.append(results[node.inputs[0]][node.param("index")])
        else:
            rewrite.new_ids.append(rewrite.add(rewrite.remapped(node)))
    return rewrite.build()


def _copied(rewrite: Rewriter, node: Node) -> list[NodeId]:
    """The ids of the results of a node's body, copied into the new graph."""
    (body,) = bodies(node)
    to = [rewrite.new_ids[i] for i in node.inputs]
    for inner in body.nodes:
        to.append(rewrite.emit(inner.op, [to[i] for i in inner.inputs], inner.params, inner.type, inner.source))
    return [to[i] for i in body.outputs]
