"""Parts of graphs: what is used and reached, and graphs of some of the nodes."""

from __future__ import annotations

import pytest

from backprop import ops
from backprop.graph.graph import Graph, Node
from backprop.graph.params import NO_PARAMS
from backprop.graph.subgraph import extract, live, needed, pruned, reach, renumber, reordered, restricted, uses
from backprop.ops.core.op import Op
from backprop.ops.core.types import ArrayType

X = ArrayType(2)


def node(op: Op, *inputs: int) -> Node:
    return Node(op, inputs, NO_PARAMS, X)


# Inputs 0 and 1; of the nodes 2 .. 5, 4 is dead.
GRAPH = Graph(
    (X, X),
    (node(ops.sin, 0), node(ops.cos, 1), node(ops.exp, 2), node(ops.add, 3, 2)),
    (5, 2),
    ("x", "y"),
)


def test_uses_count_operands_and_outputs() -> None:
    assert uses(GRAPH) == [1, 1, 3, 1, 0, 1]


def test_what_no_output_depends_on_is_not_live() -> None:
    assert list(live(GRAPH)) == [1, 1, 1, 1, 0, 1]


def test_needed_are_the_ids_with_all_that_they_depend_on() -> None:
    assert needed(GRAPH, [4]) == [0, 2, 4]
    assert needed(GRAPH, [5]) == [0, 1, 2, 3, 5]


def test_a_walk_stops_where_nothing_is_before() -> None:
    assert reach([5], lambda i: () if i in (2, 3) else GRAPH.node(i).inputs) == [2, 3, 5]


def test_renumbered_nodes_follow_the_ids_that_are_taken() -> None:
    to = {2: 0}
    made = renumber([(4, GRAPH.node(4))], to)
    assert made[0].inputs == (0,)
    assert to == {2: 0, 4: 1}


def test_a_node_whose_operands_keep_their_ids_is_not_copied() -> None:
    made = renumber([(2, GRAPH.node(2))], {0: 0, 1: 1})
    assert made[0] is GRAPH.node(2)


def test_extracted_nodes_read_the_new_inputs() -> None:
    part = extract(GRAPH, [2, 1], [3, 5], [5, 2])
    assert part == Graph((X, X), (node(ops.cos, 1), node(ops.add, 2, 0)), (3, 0))


def test_extracted_nodes_may_not_read_anything_else() -> None:
    with pytest.raises(KeyError):
        extract(GRAPH, [0], [3], [3])


def test_a_restriction_computes_only_what_is_asked_for() -> None:
    assert restricted(GRAPH, [0], [4]) == Graph((X,), (node(ops.sin, 0), node(ops.exp, 1)), (2,))


def test_an_order_keeps_inputs_and_names() -> None:
    turned = reordered(GRAPH, [3, 2, 5])
    assert turned == Graph((X, X), (node(ops.cos, 1), node(ops.sin, 0), node(ops.add, 2, 3)), (4, 3))
    assert turned.names == GRAPH.names
    assert reordered(GRAPH, [2, 3, 4, 5]) is GRAPH


def test_pruning_takes_out_what_is_dead() -> None:
    assert [n.op.name for n in pruned(GRAPH).nodes] == ["sin", "cos", "add"]
    whole = pruned(GRAPH)
    assert pruned(whole) is whole
