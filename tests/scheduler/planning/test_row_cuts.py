from __future__ import annotations

import numpy as np

from backprop.ops.arrays.indexing.items import basic_index
from backprop.ops.arrays.indexing.keys import Slice
from backprop.ops.core.types import array_type
from backprop.ops.elementwise.trigonometric import sin
from backprop.scheduler.planning.checks import verify_plan
from backprop.scheduler.planning.plan import PlanInput, TaskOutput
from backprop.scheduler.planning.planner import make_plan
from tests.scheduler.graphs import Hand, shards

F8 = np.dtype("float64")
MATRIX = array_type((6, 4), F8)


def test_a_shard_gets_its_rows_and_shards_have_equal_bodies() -> None:
    plan = verify_plan(make_plan(*shards(2, 3)))
    assert plan.tasks[0].args == (PlanInput(0, (0, 3)),)
    assert plan.tasks[1].args == (PlanInput(0, (3, 6)),)
    assert plan.tasks[0].body == plan.tasks[1].body
    assert plan.tasks[2].args == (TaskOutput(0, 0), TaskOutput(1, 0))
    assert plan.outputs == (TaskOutput(2, 0),)


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
