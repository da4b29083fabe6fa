"""Equal branches in plans: one task each where that is fine enough, with one body for all that are equal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.api.preparing import joint
from backprop.graph.autodiff.control_flow import branch
from backprop.graph.graph import Graph
from backprop.graph.tracing.trace import trace
from backprop.scheduler.executors.cutting import cut
from backprop.scheduler.machine.cost import Machine
from backprop.scheduler.planning.branches import each_apart, in_fine_pieces
from backprop.scheduler.planning.plan import Plan, before
from backprop.scheduler.planning.target import Target

X = np.random.default_rng(5).normal(size=(100, 100))


def net(w: Any, x: Any) -> Any:
    for _ in range(60):
        x = np.tanh(x @ w)
    return np.mean(x**2)


def ensemble(weights: Sequence[Any], x: Any) -> Any:
    return sum(net(w, x) for w in weights)


def weights(count: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(count)
    return tuple(rng.normal(size=(100, 100)) / 8 for _ in range(count))


def graph_of(count: int) -> Graph:
    """The joint graph of an ensemble, each net a branch."""
    graph = trace(ensemble, (weights(count), X), {}, None).graph
    return joint(graph, tuple(range(count)))


def plan_of(count: int, workers: int, overhead: float = 1e-4) -> Plan:
    return cut(graph_of(count), Target(workers, overhead, Machine(), shares_gil=True))


@pytest.mark.parametrize(("workers", "overhead"), [(1, 0.0), (2, 1e-4), (3, 1e-4)])
def test_equal_branches_are_tasks_with_one_body(workers: int, overhead: float) -> None:
    plan = plan_of(7, workers, overhead)
    bodies = [task.body for task in plan.tasks if len(task.body) > 100]
    assert len(bodies) == 7
    assert len({id(body) for body in bodies}) <= 2  # the first task may hold what is added to the sum
    assert not any(node.op is branch for body in bodies for node in body.nodes)


def test_branches_that_are_not_worth_tasks_are_one() -> None:
    assert len(plan_of(7, 1).tasks) == 1  # as on threads that were seen to slow each other down
    small = trace(ensemble, ([w[:3, :3] for w in weights(4)], X[:3, :3]), {}, None).graph
    for target in (Target(1, 0.0, Machine()), Target(2, 1e-4, Machine())):
        assert len(cut(joint(small, tuple(range(4))), target).tasks) == 1


def test_a_task_gives_its_results_one_by_one() -> None:
    plan = plan_of(7, 2)
    assert not any(type.nbytes > X.nbytes for task in plan.tasks for type in task.body.output_types)
    assert sum(bool(before(task)) for task in plan.tasks) == 1  # what adds the terms


def test_branches_that_are_too_long_for_the_workers_are_looked_into() -> None:
    graph = graph_of(4)
    assert in_fine_pieces(graph, 2, Machine()) is graph
    flat = in_fine_pieces(graph, 4, Machine())
    assert not any(node.op is branch for node in flat.nodes)
    assert len(flat) > 10 * len(graph)


def test_branches_that_read_each_other_stay_together() -> None:
    def twice(first: Any, second: Any, x: Any) -> Any:
        """The second gradient is taken where the first one leads."""
        return bp.grad(ensemble)(second, np.tanh(sum(bp.grad(ensemble)(first, x))))

    graph = bp.compile(twice).graph(weights(4), weights(4), X)
    ids = [i for i, node in enumerate(graph.nodes, graph.first) if node.op is branch]
    assert len(ids) == 8
    assert len(each_apart(graph, ids)) == 1
    assert len(each_apart(graph, ids[:4])) > 1


def test_results_that_nobody_reads_are_dropped_from_all_alike() -> None:
    graph = bp.compile(bp.grad(ensemble)).graph(weights(4), X)
    held = [node.params.get("bodies")[0] for node in graph.nodes if node.op is branch]
    assert len({id(body) for body in held}) == 1
    assert [len(body.outputs) for body in held] == [1] * 4  # the cotangent, without the term


@pytest.mark.parametrize("executor", [bp.Serial(), bp.Threads(2), bp.Threads(5)], ids=str)
def test_all_ways_give_the_same_bits(executor: Any) -> None:
    params = weights(4)
    expected = bp.grad(ensemble, executor=bp.Serial())(params, X)
    compiled = bp.compile(bp.grad(ensemble), executor=executor)
    for found in (bp.grad(ensemble, executor=executor)(params, X), *[compiled(params, X) for _ in range(7)]):
        assert all(map(np.array_equal, found, expected))


def test_what_goes_wrong_names_the_line_within() -> None:
    def factors(weights: Sequence[Any], x: Any) -> Any:
        return sum(np.sum(np.linalg.cholesky(np.diag(np.diag(net(w, x) * w)))) for w in weights)

    with pytest.raises(np.linalg.LinAlgError) as caught:
        bp.grad(factors)(weights(4), X)
    assert "lower_cholesky" in caught.value.__notes__[0]
    assert "test_branches.py" in caught.value.__notes__[0]


def test_debug_names_the_op_within() -> None:
    def logs(weights: Sequence[Any], x: Any) -> Any:
        return sum(np.log(net(w, x) - 10.0) for w in weights)

    with np.errstate(all="ignore"), bp.debug(nans=True), pytest.raises(bp.errors.NotFiniteError, match="log"):
        bp.grad(logs)(weights(4), X)
