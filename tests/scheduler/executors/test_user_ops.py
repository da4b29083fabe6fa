"""Ops of the user's own on every executor: a context that stays with the client, residuals that travel."""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np

import backprop as bp
from backprop.api.preparing.graphs import joint
from backprop.graph.tracing.trace import trace
from backprop.scheduler.executors.base import AbstractExecutor
from backprop.scheduler.executors.serial import Serial
from backprop.scheduler.executors.threads import Threads
from backprop.scheduler.machine.cost import free_nodes
from backprop.scheduler.planning.checks import verify_plan
from backprop.scheduler.planning.planner import make_plan

A = np.array([[2.0, 1.0], [0.5, 3.0]])
B = np.array([1.0, -2.0])


class Solver:
    """Something that cannot leave its process."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int, int]] = []

    def __reduce__(self) -> Any:
        raise TypeError("a solver cannot be sent away")

    def double(self, x: Any, name: str) -> Any:
        self.calls.append((name, os.getpid(), threading.get_ident()))
        return 2 * x


def with_context(solver: Solver) -> Any:
    """A loss with heavy branches around calls of a solver."""
    there = bp.op(lambda x, name: solver.double(x, name), like=0, local=True)
    there.defvjp(lambda g, out, x, name: (there(g, f"{name}'"), None))

    def loss(x: Any) -> Any:
        a, b = x, x
        for _ in range(4):
            a, b = np.sin(a), np.cos(b)
        first = there(a, "first") * b
        second = there(first, "second") + there(a, "again") + there(a, "again")
        return np.sum(np.sin(second) * b)

    return loss


def test_a_local_op_stays_with_the_client_in_order_and_runs_once_each(executor: AbstractExecutor) -> None:
    solver = Solver()
    x = np.linspace(0.0, 1.0, 200_000)
    value, gradient = bp.value_and_grad(with_context(solver), executor=executor)(x)
    assert {call[1:] for call in solver.calls} == {(os.getpid(), threading.get_ident())}
    assert [call[0] for call in solver.calls] == [
        "first",
        "second",
        "again",
        "again",
        "again'",
        "again'",
        "second'",
        "first'",
    ]
    want = bp.value_and_grad(with_context(Solver()), executor=Serial())(x)
    assert value == want[0]
    assert gradient.tobytes() == want[1].tobytes()


def test_local_work_leaves_the_rest_in_parallel() -> None:
    x = np.linspace(0.0, 1.0, 400_000)
    plan = bp.compile(with_context(Solver()), executor=Threads(2)).plan(x)
    assert len(plan.tasks) > 5
    assert plan.parallelism > 1.1


def forward(a: Any, b: Any) -> Any:
    x = np.linalg.solve(a, b)
    return x, {"a": a, "x": x}


def backward(residuals: Any, g: Any) -> Any:
    h = np.linalg.solve(residuals["a"].T, g)
    return -np.outer(h, residuals["x"]), h


solved = bp.op(forward, backward, like=1)


@bp.op
def cube(x: Any) -> Any:
    return x**3


@cube.defvjp
def cube_rule(g: Any, out: Any, x: Any) -> Any:
    return 3 * g * x**2


def test_residuals_cross_the_borders_of_tasks(executor: AbstractExecutor) -> None:
    def loss(a: Any, b: Any) -> Any:
        return np.sum(solved(a, b)) + np.sum(cube(solved(a, 2 * b)))

    graph = joint(trace(loss, (A, B), {}, None).graph, (0, 1))
    groups = tuple((i,) for i in range(graph.first, graph.first + len(graph)) if not free_nodes(graph)[i])
    plan = verify_plan(make_plan(graph, groups))
    got = executor.run(plan, [A, B])
    want = Serial().run(plan, [A, B])
    assert [np.asarray(a).tobytes() for a in got] == [np.asarray(b).tobytes() for b in want]
    np.testing.assert_allclose(got[1], bp.grad(loss)(A, B))


def test_an_op_that_was_made_in_a_function_travels_by_value(executor: AbstractExecutor) -> None:
    shift = 2.0
    shifted = bp.op(lambda x: x + shift, vjp=lambda g, out, x: g * shift)
    np.testing.assert_array_equal(bp.grad(lambda x: np.sum(shifted(x)), executor=executor)(B), [2.0, 2.0])
