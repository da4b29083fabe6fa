from __future__ import annotations

import numpy as np
import pytest

from backprop.errors import PlanError
from backprop.ops.arrays.views import permute
from backprop.ops.core.types import array_type
from backprop.ops.elementwise.arithmetic import add
from backprop.ops.elementwise.trigonometric import sin
from backprop.scheduler.planning.checks import verify_plan
from backprop.scheduler.planning.plan import PlanInput, TaskOutput
from backprop.scheduler.planning.planner import make_plan
from tests.scheduler.graphs import Hand

F8 = np.dtype("float64")
MATRIX = array_type((6, 4), F8)


def test_views_are_copied_into_the_tasks_that_read_them() -> None:
    hand = Hand(MATRIX)
    base = hand(sin, 0)
    view = hand(permute, base, axes=(1, 0))
    one, two = hand(sin, view), hand(add, view, view)
    plan = verify_plan(make_plan(hand.graph(one, two), ((base,), (one,), (two,))))
    assert [task.args for task in plan.tasks] == [(PlanInput(0),), (TaskOutput(0, 0),), (TaskOutput(0, 0),)]
    assert [node.op.name for node in plan.tasks[1].body.nodes] == ["permute", "sin"]


def test_a_view_that_is_a_result_belongs_to_the_task_of_its_base() -> None:
    hand = Hand(MATRIX)
    base = hand(sin, 0)
    view = hand(permute, base, axes=(1, 0))
    other = hand(sin, 0)
    plan = verify_plan(make_plan(hand.graph(view, other), ((base,), (other,))))
    assert plan.outputs == (TaskOutput(0, 0), TaskOutput(1, 0))
    assert len(plan.tasks[0].body.output_types) == 1


def test_inputs_literals_and_views_of_inputs_as_results() -> None:
    hand = Hand(MATRIX)
    graph = hand.graph(0, hand.literal(np.ones(2)), hand(permute, 0, axes=(1, 0)))
    plan = verify_plan(make_plan(graph, ()))
    assert plan.outputs == (PlanInput(0), TaskOutput(0, 0), TaskOutput(0, 1))


def test_a_node_in_no_group_is_an_error() -> None:
    hand = Hand(MATRIX)
    with pytest.raises(PlanError, match="is in no group"):
        make_plan(hand.graph(hand(sin, hand(sin, 0))), ((2,),))


def test_groups_out_of_order_are_an_error() -> None:
    hand = Hand(MATRIX)
    with pytest.raises(PlanError, match="group 0 reads node 1 of group 1"):
        make_plan(hand.graph(hand(sin, hand(sin, 0))), ((2,), (1,)))


def test_a_graph_in_one_group_is_the_body_of_its_task() -> None:
    hand = Hand(MATRIX)
    graph = hand.graph(hand(sin, hand(sin, 0)))
    assert make_plan(graph, ((1, 2),)).tasks[0].body is graph


def test_dead_nodes_and_unwanted_inputs_are_in_no_body() -> None:
    hand = Hand(MATRIX, MATRIX)
    hand(sin, 0)
    graph = hand.graph(hand(sin, 1))
    (task,) = make_plan(graph, ((3,),)).tasks
    assert (len(task.body), task.args) == (1, (PlanInput(1),))


def test_results_that_are_inputs_or_alike_leave_a_single_task_once() -> None:
    hand = Hand(MATRIX)
    last = hand(sin, 0)
    plan = verify_plan(make_plan(hand.graph(last, 0, last), ((1,),)))
    assert plan.outputs == (TaskOutput(0, 0), PlanInput(0), TaskOutput(0, 0))
