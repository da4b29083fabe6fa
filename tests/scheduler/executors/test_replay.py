from __future__ import annotations

import threading
import weakref
from typing import Any

import numpy as np
import pytest
from dask.callbacks import Callback

import backprop as bp
from backprop.graph.graph import Graph
from backprop.ops.core.op import Op
from backprop.ops.core.types import array_type
from backprop.ops.elementwise.arithmetic import add
from backprop.ops.elementwise.trigonometric import sin
from backprop.scheduler.executors.inline import single_task
from backprop.scheduler.executors.replay import replay
from backprop.scheduler.executors.serial import Serial
from backprop.scheduler.executors.thread_pool import PoolOfEachThread
from backprop.scheduler.executors.threads import Threads
from backprop.scheduler.planning.plan import Plan, PlanInput
from backprop.scheduler.planning.planner import make_plan
from backprop.scheduler.programs.program import compile_program
from tests.scheduler.graphs import Hand

F8 = np.dtype("float64")
X = array_type((4,), F8)


def called(plan: Plan, values: list[Any], workers: int = 2) -> Any:
    runners = [compile_program(task.body, task.name) for task in plan.tasks]
    return replay(plan, runners, workers, 1)(values, PoolOfEachThread())


def node_a_task(graph: Graph) -> Plan:
    return make_plan(graph, tuple((i,) for i in range(graph.first, graph.first + len(graph.nodes))))


def woven(seed: int) -> Graph:
    """A random graph in which each node reads two earlier ones."""
    rng, hand = np.random.default_rng(seed), Hand(X, X)
    for _ in range(30):
        a, b = (int(i) for i in rng.integers(0, 2 + len(hand.nodes), 2))
        hand(add, hand(sin, a), b)
    last = 1 + len(hand.nodes)
    return hand.graph(last, last - 7, 0, last)


def test_a_single_task_that_reads_rows_of_its_inputs_is_called_at_once() -> None:
    x, y = np.arange(12.0).reshape(4, 3), np.linspace(0.1, 1.0, 3)

    def f(x: Any, y: Any) -> Any:
        return np.sin(x[1]) * y + x[2:4], x[1] * y[0]

    plan = bp.compile(f, executor=Serial()).plan(x, y)
    assert any(isinstance(slot, PlanInput) and slot.rows for slot in plan.tasks[0].args)
    single = single_task(plan, 1)
    assert single is not None
    for got, expected in zip(single(Serial(), [x, y]), f(x, y), strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("workers", [2, 3, 5])
def test_any_graph_with_a_task_for_each_node(workers: int) -> None:
    values = [np.arange(4.0), np.ones(4)]
    for seed in range(20):
        plan = node_a_task(woven(seed))
        for a, b in zip(called(plan, values, workers), Serial().run(plan, values), strict=True):
            np.testing.assert_array_equal(a, b)


def test_no_more_tasks_run_at_once_than_there_are_workers() -> None:
    lock, now, most = threading.Lock(), [0], [0]

    def count(x: Any) -> Any:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        threading.Event().wait(0.002)
        with lock:
            now[0] -= 1
        return x + 1

    op = Op("count", lambda t: t, count)
    hand = Hand(X)
    ends = [hand(op, hand(op, 0)) for _ in range(8)]
    called(node_a_task(hand.graph(*ends)), [np.ones(4)], 3)
    assert most[0] == 3


def test_all_workers_are_at_work_when_there_is_work_for_them() -> None:
    barrier = threading.Barrier(3)

    def meet(x: Any) -> Any:
        barrier.wait(5.0)
        return x + 1

    op = Op("meet", lambda t: t, meet)
    hand = Hand(X)
    root = hand(sin, 0)
    ends = [hand(op, hand(op, root)) for _ in range(3)]
    called(node_a_task(hand.graph(*ends)), [np.ones(4)], 3)


def test_an_error_arrives_when_all_is_quiet_and_stops_what_has_not_begun() -> None:
    begun, ended, later = threading.Event(), threading.Event(), []

    def slow(x: Any) -> Any:
        begun.set()
        threading.Event().wait(0.05)
        ended.set()
        return x + 1

    def fail(x: Any) -> Any:
        begun.wait(5.0)
        raise KeyError("mine")

    hand = Hand(X)
    a = hand(Op("slow", lambda t: t, slow), 0)
    b = hand(Op("fail", lambda t: t, fail), 0)
    c = hand(Op("later", lambda t: t, lambda x: later.append(1) or x + 1), a)
    with pytest.raises(KeyError) as caught:
        called(node_a_task(hand.graph(b, c)), [np.ones(4)])
    assert ended.is_set()
    assert not later
    assert "fail(float64[4])" in caught.value.__notes__[0]


def test_results_are_let_go_when_all_have_read_them() -> None:
    seen: list[Any] = []

    def keep(x: Any) -> Any:
        made = x + 1
        seen.append(weakref.ref(made))
        return made

    def look(x: Any) -> Any:
        return x * float(seen[0]() is None)

    hand = Hand(X)
    first = hand(Op("keep", lambda t: t, keep), 0)
    plan = node_a_task(hand.graph(hand(Op("look", lambda t: t, look), hand(sin, hand(sin, first)))))
    (got,) = called(plan, [np.ones(4)])
    assert np.all(got != 0)


def test_from_many_threads_at_once() -> None:
    plan = node_a_task(woven(3))
    bound, values = Threads(2).bound(plan), [np.arange(4.0), np.ones(4)]
    expected, wrong = Serial().run(plan, values), []

    def caller() -> None:
        for _ in range(20):
            if not all(np.array_equal(a, b) for a, b in zip(bound(values), expected, strict=True)):
                wrong.append(1)

    threads = [threading.Thread(target=caller) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20.0)
    assert not wrong


def test_dask_sees_the_tasks_where_it_wants_to() -> None:
    plan = node_a_task(woven(3))
    bound, values = Threads(2).bound(plan), [np.arange(4.0), np.ones(4)]
    seen: list[Any] = []
    bound(values)
    assert not seen
    with Callback(pretask=lambda key, *_: seen.append(key)):
        bound(values)
    assert len(seen) > 10  # Dask leaves out what no result needs
