"""Put the body of each `call` in its place.

A call marks what is to be recomputed in the reverse pass, and that is settled once the graph is differentiated: the
copy that the rule made reads its operands through `after`, so that no pass merges it with the first run, and it cannot
run before the cotangents are there. Flat, its nodes are branches like any other. Linear in the nodes.
"""

from __future__ import annotations

from ...ops.arrays.tuples import item, make_tuple
from ..autodiff.control_flow import call
from ..graph import Graph, Node, NodeId, bodies
from ..params import NO_PARAMS
from ..rewrite import Rewriter


def inline_calls(graph: Graph) -> Graph:
    """The graph with the nodes of bodies in the place of calls."""
    if not any(map(bodies, graph.nodes)):
        return graph
    rewrite = Rewriter(graph)
    results: dict[NodeId, list[NodeId]] = {}
    for i, node in enumerate(graph.nodes, graph.first):
        if node.op is call:
            results[i] = _copied(rewrite, node)
            rewrite.new_ids.append(rewrite.emit(make_tuple, results[i], NO_PARAMS, node.type, node.source))
        elif node.op is item and node.inputs[0] in results:
            rewrite.new_ids.append(results[node.inputs[0]][node.param("index")])
        else:
            rewrite.new_ids.append(rewrite.add(rewrite.remapped(node)))
    return rewrite.build()


def _copied(rewrite: Rewriter, node: Node) -> list[NodeId]:
    """The ids of the results of a call's body, copied into the new graph."""
    (body,) = bodies(node)
    to = [rewrite.new_ids[i] for i in node.inputs]
    for inner in body.nodes:
        to.append(rewrite.emit(inner.op, [to[i] for i in inner.inputs], inner.params, inner.type, inner.source))
    return [to[i] for i in body.outputs]
