"""Long graphs that run once: the bits of a program, the same notes on errors, and no value kept longer than needed."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from backprop.errors import Source
from backprop.graph.evaluate import evaluate
from backprop.ops.arrays.views import permute
from backprop.ops.core.op import Op
from backprop.ops.core.types import array_type
from backprop.ops.elementwise.arithmetic import add
from backprop.ops.elementwise.trigonometric import sin
from backprop.scheduler.programs.interpreter import LateProgram, interpreter, runner_of
from backprop.scheduler.programs.limits import LONGEST
from backprop.scheduler.programs.program import Program
from tests.scheduler.graphs import Hand
from tests.strategies import Program as Case
from tests.strategies import programs

VECTOR = array_type((3,), np.dtype("float64"))


@given(programs())
def test_interpreting_gives_the_bits_of_evaluate(case: Case) -> None:
    found, expected = interpreter(case.graph)(*case.values), evaluate(case.graph, case.values)
    assert [np.asarray(x).tobytes() for x in found] == [np.asarray(x).tobytes() for x in expected]


def test_results_are_contiguous() -> None:
    hand = Hand(array_type((2, 3), np.dtype("float64")))
    (result,) = interpreter(hand.graph(hand(permute, 0, axes=(1, 0))))(np.arange(6.0).reshape(2, 3))
    assert result.flags.c_contiguous


def test_a_value_is_dropped_after_its_last_use() -> None:
    made: list[weakref.ref[Any]] = []
    alive: list[int] = []

    def compute(x: Any) -> Any:
        alive.append(sum(ref() is not None for ref in made))
        result = np.sin(x)
        made.append(weakref.ref(result))
        return result

    op = Op("observed", lambda t: t, compute)
    hand = Hand(VECTOR)
    last = 0
    for _ in range(10):
        last = hand(op, last)
    interpreter(hand.graph(last))(np.ones(3))
    assert max(alive) <= 2


def test_an_exception_names_the_op_the_line_and_the_task() -> None:
    def fail(x: Any) -> Any:
        raise ZeroDivisionError("here")

    hand = Hand(VECTOR)
    bad = hand(Op("failing", lambda t: t, fail), hand(sin, 0), source=Source("user.py", 7, "f"))
    with pytest.raises(ZeroDivisionError, match="here") as caught:
        interpreter(hand.graph(hand(sin, bad)), "bp-3")(np.ones(3))
    (note,) = caught.value.__notes__
    assert "failing(float64[3])" in note
    assert "user.py:7" in note
    assert "bp-3" in note


def test_only_long_graphs_wait_for_their_second_run() -> None:
    hand = Hand(VECTOR)
    last = hand(sin, 0)
    assert isinstance(runner_of(hand.graph(last)), Program)
    assert isinstance(runner_of(hand.graph(last), seconds=1.0), Program)
    assert isinstance(runner_of(hand.graph(last), seconds=1e-9), LateProgram)
    for _ in range(LONGEST):
        last = hand(add, last, 0)
    graph = hand.graph(last)
    late = runner_of(graph)
    assert isinstance(late, LateProgram)
    first, second = late(np.ones(3)), late(np.ones(3))
    assert late.has_run
    assert first[0].tobytes() == second[0].tobytes() == evaluate(graph, [np.ones(3)])[0].tobytes()
