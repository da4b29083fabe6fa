"""Results of nodes with bodies: keep all that a rule may ask for while nodes are merged, then drop what nobody reads.

`keep_histories` makes each scan keep the carries before each step, so that a scan and the same scan that a rule emitted
for the sake of its carries become one node in the next rewriting. `drop_unused_results` then drops results that nobody
reads, what the bodies do for them only, and operands that no body reads any more. The values that are left are the
same, as bodies have no effects. Linear in the nodes, bodies included, but for a carry that depends on another one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from ...ops.arrays.tuples import item, taken
from ..autodiff.control_flow import branch, switch
from ..autodiff.loop import Loop
from ..autodiff.loops import scan
from ..graph import Graph, Node, NodeId, bodies, with_params
from ..rewrite import Rewriter
from ..subgraph import needed, restricted

Change: TypeAlias = tuple[Node, dict[int, int]]
"""A node, and where the results that are left are among its results."""

Part: TypeAlias = tuple[Graph, Sequence[int]]
"""What is left of a body, and which of its inputs it reads."""


def keep_histories(graph: Graph) -> Graph:
    """The graph with scans that keep all their carries."""
    return _changed(graph, lambda i, node: _keeping(node) if node.op is scan else None)


def drop_unused_results(graph: Graph) -> Graph:
    """The graph without the results of bodies that nobody reads."""
    read, shared = _read(graph), dict[tuple[int, ...], Part]()

    def narrowed(i: NodeId, node: Node) -> Change | None:
        wanted = sorted(read.get(i, ()))
        if not wanted or node.op not in (switch, scan, branch):
            return None
        if node.op is branch:
            return _narrow_branch(node, wanted, shared)
        return _narrow_switch(node, wanted) if node.op is switch else _narrow_scan(node, wanted)

    return _changed(graph, narrowed)


def _changed(graph: Graph, change: Callable[[NodeId, Node], Change | None]) -> Graph:
    """The graph with some nodes changed, and the items that are taken of them moved."""
    if not any(map(bodies, graph.nodes)):
        return graph
    rewrite = Rewriter(graph)
    moves: dict[NodeId, dict[int, int]] = {}
    for i, node in enumerate(graph.nodes, graph.first):
        changed = change(i, node) if bodies(node) else None
        if changed is not None:
            node, moves[i] = _typed(graph, changed[0]), changed[1]
        elif node.op in (item, taken) and node.inputs[0] in moves:
            node = with_params(node, index=moves[node.inputs[0]][node.param("index")])
        rewrite.new_ids.append(rewrite.add(rewrite.remapped(node)))
    return rewrite.build()


def _read(graph: Graph) -> dict[NodeId, set[int]]:
    """Which results of each node with bodies are read; of one that is read as a whole, none are listed."""
    read: dict[NodeId, set[int]] = {i: set() for i, node in enumerate(graph.nodes, graph.first) if bodies(node)}
    if not read:
        return read
    for node in graph.nodes:
        for j in node.inputs:
            if j in read and node.op in (item, taken):
                read[j].add(node.param("index"))
            else:
                read.pop(j, None)
    for j in graph.outputs:
        read.pop(j, None)
    return read


def _typed(graph: Graph, node: Node) -> Node:
    type = node.op.infer(*(graph.type_of(j) for j in node.inputs), **dict(node.params))
    return Node(node.op, node.inputs, node.params, type=type, source=node.source)


def _keeping(node: Node) -> Change:
    loop: Loop = node.param("loop")
    results = len(bodies(node)[0].outputs)
    moves = {k: k for k in range(results)} | {results + place: results + k for place, k in enumerate(loop.kept)}
    return with_params(node, loop=replace(loop, kept=tuple(range(loop.carries)))), moves


def _narrow_switch(node: Node, wanted: list[int]) -> Change:
    graphs = [(body, [body.outputs[k] for k in wanted]) for body in bodies(node)]
    used = sorted({i for body, outputs in graphs for i in needed(body, outputs) if i < body.first})
    cut = tuple(restricted(body, used, outputs) for body, outputs in graphs)
    inputs = (node.inputs[0], *(node.inputs[1 + k] for k in used))
    return _with_inputs(with_params(node, bodies=cut), inputs), {k: place for place, k in enumerate(wanted)}


def _narrow_branch(node: Node, wanted: list[int], shared: dict[tuple[int, ...], Part]) -> Change:
    """Only what is wanted of a branch.

    Arguments:
        node: the branch.
        wanted: which of its results are read.
        shared: by body and results what is left of it, so that branches that shared a body go on doing so.
    """
    (body,) = bodies(node)
    key = (id(body), *wanted)
    if key not in shared:
        outputs = [body.outputs[k] for k in wanted]
        read = [i for i in needed(body, outputs) if i < body.first]
        shared[key] = restricted(body, read, outputs), read
    cut, used = shared[key]
    changed = _with_inputs(with_params(node, bodies=(cut,)), [node.inputs[k] for k in used])
    return changed, {k: place for place, k in enumerate(wanted)}


def _narrow_scan(node: Node, wanted: list[int]) -> Change:
    loop: Loop = node.param("loop")
    (body,) = bodies(node)
    results = len(body.outputs)
    stacked = [k for k in wanted if loop.carries <= k < results]
    kept = [k - results for k in wanted if k >= results]
    carries = _carries(body, loop, {k for k in wanted if k < loop.carries} | {loop.kept[k] for k in kept}, stacked)
    outputs = [body.outputs[k] for k in (*carries, *stacked)]
    others = [i for i in needed(body, outputs) if loop.carries <= i < body.first]
    rows = sum(i < loop.carries + loop.rows for i in others)
    used = [*carries, *others]
    places = {k: place for place, k in enumerate(carries)}
    new = Loop(len(carries), rows, loop.length, loop.backwards, tuple(places[loop.kept[k]] for k in kept))
    order = [*carries, *stacked, *(results + k for k in kept)]
    cut = with_params(node, bodies=(restricted(body, used, outputs),), loop=new)
    return _with_inputs(cut, [node.inputs[k] for k in used]), {k: place for place, k in enumerate(order)}


def _carries(body: Graph, loop: Loop, wanted: set[int], stacked: list[int]) -> list[int]:
    """The carries that are wanted, and those that these or wanted results depend on."""
    while True:
        outputs = [body.outputs[k] for k in (*wanted, *stacked)]
        grown = wanted | {i for i in needed(body, outputs) if i < loop.carries}
        if grown == wanted:
            return sorted(wanted)
        wanted = grown


def _with_inputs(node: Node, inputs: Sequence[NodeId]) -> Node:
    return Node(node.op, tuple(inputs), node.params, type=node.type, source=node.source)
