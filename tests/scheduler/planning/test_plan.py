from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from backprop.errors import PlanError
from backprop.graph.graph import Graph
from backprop.ops.arrays.indexing import Slice, basic_index
from backprop.ops.arrays.shapes import permute
from backprop.ops.core.types import array_type
from backprop.ops.elementwise.arithmetic import add
from backprop.ops.elementwise.trigonometric import sin
from backprop.ops.reductions.reductions import reduce_sum
from backprop.scheduler.planning.checks import verify_plan
from backprop.scheduler.planning.plan import Plan, PlanInput, Task, TaskOutput
from backprop.scheduler.planning.planner import make_plan
from tests.scheduler.graphs import Hand

F8 = np.dtype("float64")
MATRIX = array_type((6, 4), F8)


def shards(count: int, rows: int) -> tuple[Graph, tuple[tuple[int, ...], ...]]:
    hand = Hand(array_type((count * rows, 4), F8))
    groups = []
    for k in range(count):
        part = hand(basic_index, 0, key=(Slice(k * rows, (k + 1) * rows, 1),))
        groups.append((hand(reduce_sum, hand(sin, part), axes=(0, 1), keepdims=False),))
    groups = [(i - 1, i) for (i,) in groups]
    total = hand(add, groups[0][1], groups[1][1])
    return hand.graph(total), (*groups, (total,))


def test_a_shard_gets_its_rows_and_shards_have_equal_bodies() -> None:
    plan = verify_plan(make_plan(*shards(2, 3)))
    assert plan.tasks[0].args == (PlanInput(0, (0, 3)),)
    assert plan.tasks[1].args == (PlanInput(0, (3, 6)),)
    assert plan.tasks[0].body == plan.tasks[1].body
    assert plan.tasks[2].args == (TaskOutput(0, 0), TaskOutput(1, 0))
    assert plan.outputs == (TaskOutput(2, 0),)


def test_work_span_and_parallelism() -> None:
    plan = make_plan(*shards(2, 3))
    a, b, c = (task.seconds for task in plan.tasks)
    assert plan.work == pytest.approx(a + b + c)
    assert plan.span == pytest.approx(a + c)
    assert plan.parallelism == pytest.approx(plan.work / plan.span)


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


def test_one_row_and_a_part_of_each_row_are_cut() -> None:
    hand = Hand(MATRIX)
    row = hand(basic_index, 0, key=(2,))
    part = hand(basic_index, 0, key=(Slice(1, 3, 1), Slice(0, 2, 1)))
    strided = hand(basic_index, 0, key=(Slice(0, 6, 2),))
    ids = [hand(sin, i) for i in (row, part, strided)]
    plan = verify_plan(make_plan(hand.graph(*ids), (tuple(ids),)))
    assert plan.tasks[0].args == (PlanInput(0, (2, 3)), PlanInput(0, (1, 3)), PlanInput(0))
    keys = [node.param("key") for node in plan.tasks[0].body.nodes if node.op is basic_index]
    assert keys == [(0,), (Slice(0, 2, 1), Slice(0, 2, 1)), (Slice(0, 6, 2),)]


def test_a_node_in_no_group_is_an_error() -> None:
    hand = Hand(MATRIX)
    with pytest.raises(PlanError, match="is in no group"):
        make_plan(hand.graph(hand(sin, hand(sin, 0))), ((2,),))


def test_groups_out_of_order_are_an_error() -> None:
    hand = Hand(MATRIX)
    with pytest.raises(PlanError, match="group 0 reads node 1 of group 1"):
        make_plan(hand.graph(hand(sin, hand(sin, 0))), ((2,), (1,)))


def with_args(plan: Plan, index: int, *args: PlanInput | TaskOutput) -> Plan:
    tasks = list(plan.tasks)
    tasks[index] = replace(tasks[index], args=args)
    return Plan(tuple(tasks), plan.inputs, plan.outputs)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((TaskOutput(2, 0), TaskOutput(1, 0)), "reads task 2, which does not come before it"),
        ((TaskOutput(0, 1), TaskOutput(1, 0)), "reads result 1 of task 0: there is none"),
        ((PlanInput(3), TaskOutput(1, 0)), "reads input 3, which does not exist"),
        ((PlanInput(0, (5, 9)), TaskOutput(1, 0)), r"reads rows \(5, 9\) of input 0"),
        ((PlanInput(0), TaskOutput(1, 0)), "takes float64, but"),
        ((TaskOutput(1, 0),), "another number of inputs"),
    ],
)
def test_ill_formed_plans_are_found(args: tuple[PlanInput | TaskOutput, ...], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        verify_plan(with_args(make_plan(*shards(2, 3)), 2, *args))


def test_tasks_are_values() -> None:
    one, two = make_plan(*shards(2, 3)), make_plan(*shards(2, 3))
    assert one.tasks == two.tasks
    assert isinstance(one.tasks[0], Task)


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


def test_a_plan_prints_as_a_line_for_itself_and_one_for_each_task() -> None:
    whole, *tasks = repr(make_plan(*shards(2, 3))).splitlines()
    assert whole.startswith("Plan(3 tasks, 1 inputs, 1 outputs; work ")
    assert [line.split(", ")[0] for line in tasks] == ["  0: bp-0", "  1: bp-1", "  2: bp-2"]
    assert tasks[1].endswith("reads input 0[3:6]")
    assert tasks[2].endswith("reads task 0.0, task 1.0")


def test_a_long_plan_prints_cut() -> None:
    hand = Hand(*[MATRIX] * 50)
    ids = [hand(sin, k) for k in range(50)]
    text = repr(make_plan(hand.graph(*ids), tuple((i,) for i in ids)))
    assert len(text.splitlines()) == 42
    assert text.endswith("... and 10 more")
