"""What every executor must do, with the same plan of several tasks for all of them."""

from __future__ import annotations

import pickle
import threading
from typing import Any

import numpy as np
import pytest

from backprop.errors import PlanError, Source
from backprop.graph.graph import Graph
from backprop.ops.arrays.indexing.items import basic_index
from backprop.ops.arrays.indexing.keys import Slice
from backprop.ops.arrays.views import permute
from backprop.ops.core.op import Op
from backprop.ops.core.types import array_type, scalar_type
from backprop.ops.elementwise.arithmetic import add, multiply
from backprop.ops.elementwise.trigonometric import sin
from backprop.ops.linear_algebra.products import matmul
from backprop.ops.reductions.reductions import reduce_sum
from backprop.scheduler.entry import entered
from backprop.scheduler.events import Recorder
from backprop.scheduler.executors.base import AbstractExecutor
from backprop.scheduler.executors.cluster.executor import Cluster
from backprop.scheduler.executors.serial import Serial
from backprop.scheduler.executors.threads import Threads
from backprop.scheduler.planning.checks import verify_plan
from backprop.scheduler.planning.partition import partition
from backprop.scheduler.planning.plan import Plan
from backprop.scheduler.planning.planner import make_plan
from tests.scheduler.graphs import Hand, branches

F8 = np.dtype("float64")
ROWS, WIDTH = 16, 24


def always_fails(x: Any) -> Any:
    raise ZeroDivisionError("on purpose")


FAIL = Op("always_fails", lambda t: t, always_fails)


def model() -> tuple[Graph, tuple[tuple[int, ...], ...]]:
    """Two shards, each with a product, and what both give; float32, so that an order of additions shows."""
    f4 = np.dtype("float32")
    hand = Hand(array_type((2 * ROWS, WIDTH), f4), array_type((WIDTH, WIDTH), f4), scalar_type(np.dtype(float), True))
    groups = []
    for k in range(2):
        x = hand(basic_index, 0, key=(Slice(k * ROWS, (k + 1) * ROWS, 1),))
        y = hand(sin, hand(matmul, x, hand(permute, 1, axes=(1, 0))))
        z = hand(multiply, hand(matmul, hand(permute, y, axes=(1, 0)), x), 2)
        groups.append((y - 1, y, z - 1, z))
    total = hand(add, groups[0][-1], groups[1][-1])
    summed = hand(reduce_sum, total, axes=(0, 1), keepdims=False)
    return hand.graph(summed, hand(permute, total, axes=(1, 0)), 1, groups[0][-1]), (*groups, (total, summed))


def model_values() -> list[Any]:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((2 * ROWS, WIDTH)).astype(np.float32)
    return [np.asfortranarray(x), rng.standard_normal((WIDTH, WIDTH)).astype(np.float32), 0.5]


def failing() -> Plan:
    hand = Hand(array_type((4,), F8))
    good = hand(sin, 0)
    bad = hand(FAIL, 0, source=Source("user.py", 7, "loss"))
    total = hand(add, good, bad)
    return verify_plan(make_plan(hand.graph(total), ((good,), (bad,), (total,))))


def test_the_bits_are_those_of_serial(executor: AbstractExecutor) -> None:
    graph, groups = model()
    serial = Serial()
    want = serial.run(serial.prepare(graph), model_values())
    got = executor.run(verify_plan(make_plan(graph, groups)), model_values())
    assert [np.asarray(a).tobytes() for a in got] == [np.asarray(b).tobytes() for b in want]
    assert [type(a) for a in got] == [type(b) for b in want]
    assert all(a.flags.c_contiguous for a in got if isinstance(a, np.ndarray))


def test_the_bits_do_not_depend_on_the_layout_of_inputs(executor: AbstractExecutor) -> None:
    x = np.random.default_rng(2).standard_normal((40, 50)).astype(np.float32)
    assert np.sum(x) != np.sum(np.asfortranarray(x))  # which NumPy adds up in another order
    hand = Hand(array_type(x.shape, x.dtype))
    sums = [hand(reduce_sum, 0, axes=axes, keepdims=False) for axes in ((0, 1), (1,))]
    plan = make_plan(hand.graph(*sums), tuple((i,) for i in sums))
    want = executor.run(plan, [x])
    for layout in (np.asfortranarray(x), np.repeat(x, 2, axis=1)[:, ::2]):
        for a, b in zip(executor.run(plan, [layout]), want, strict=True):
            assert a.tobytes() == b.tobytes()


def test_a_prepared_graph(executor: AbstractExecutor) -> None:
    graph = branches(4, 40, 20_000)
    values = [np.linspace(0.0, k, 20_000) for k in range(4)]
    want = Serial().run(Serial().prepare(graph), values)
    groups = partition(graph, 4, 1e-6)
    assert len(groups) > 1
    for plan in (executor.prepare(graph), make_plan(graph, groups)):
        (got,) = executor.run(plan, values)
        assert got.tobytes() == want[0].tobytes()
    assert executor.prepare(graph) is executor.prepare(graph)


def test_inputs_are_left_alone(executor: AbstractExecutor) -> None:
    graph, groups = model()
    values = model_values()
    executor.run(make_plan(graph, groups), values)
    for value, before in zip(values, model_values(), strict=True):
        np.testing.assert_array_equal(value, before)


def test_an_exception_is_the_users_with_a_note(executor: AbstractExecutor) -> None:
    with pytest.raises(ZeroDivisionError, match="on purpose") as caught:
        executor.run(failing(), [np.ones(4)])
    notes = "\n".join(caught.value.__notes__)
    assert "always_fails(float64[4])" in notes
    assert "user.py:7 in loss" in notes
    assert "bp-1" in notes


def test_after_an_exception_the_executor_goes_on(executor: AbstractExecutor) -> None:
    with pytest.raises(ZeroDivisionError):
        executor.run(failing(), [np.ones(4)])
    graph, groups = model()
    assert len(executor.run(make_plan(graph, groups), model_values())) == 4


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (0, np.zeros((3, 3), np.float32), r"input 0 is float32\[3, 3\], but the plan was made for float32\[32, 24\]"),
        (1, np.zeros((WIDTH, WIDTH)), r"input 1 is float64\[24, 24\]"),
        (1, [[1.0]], "input 1 is a list"),
        (2, "half", "input 2 is a str"),
        (2, 1, "input 2 is a int"),
    ],
)
def test_a_value_that_does_not_fit_is_named(executor: AbstractExecutor, place: int, value: Any, message: str) -> None:
    values = model_values()
    values[place] = value
    with pytest.raises(PlanError, match=message):
        executor.run(make_plan(*model()), values)


def test_the_number_of_values_is_checked(executor: AbstractExecutor) -> None:
    with pytest.raises(PlanError, match="takes 3 values, but 1 were given"):
        executor.run(make_plan(*model()), model_values()[:1])


def test_a_plan_without_tasks(executor: AbstractExecutor) -> None:
    x = np.ones(3)
    (got,) = executor.run(make_plan(Graph((array_type((3,), F8),), (), (0,)), ()), [x])
    np.testing.assert_array_equal(got, x)


def test_a_plan_that_is_bound_gives_the_same_bits_at_every_call(executor: AbstractExecutor) -> None:
    plan = make_plan(*model())
    values = entered(plan, model_values())
    expected = Serial().run(plan, values)
    bound = executor.bound(plan)
    for _ in range(5):
        for a, b in zip(bound(values), expected, strict=True):
            np.testing.assert_array_equal(a, b)


def test_threads_are_quiet_after_an_error() -> None:
    begun, ended = threading.Event(), threading.Event()

    def slow(x: Any) -> Any:
        begun.set()
        threading.Event().wait(0.05)
        ended.set()
        return x + 1

    def fail(x: Any) -> Any:
        begun.wait(5)
        raise ValueError("now")

    hand = Hand(array_type((4,), F8))
    a, b = hand(Op("slow", lambda t: t, slow), 0), hand(Op("fail", lambda t: t, fail), 0)
    plan = make_plan(hand.graph(a, b), ((a,), (b,)))
    with pytest.raises(ValueError, match="now"):
        Threads(2).run(plan, [np.ones(4)])
    assert ended.is_set()


def test_a_recorder_sees_each_task(executor: AbstractExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    for each in (executor, *vars(executor).values()):
        if isinstance(each, AbstractExecutor):
            monkeypatch.setattr(each, "recorder", recorder)
    executor.run(make_plan(*model()), model_values())
    assert sorted(event.task for event in recorder.finished) == [0, 1, 2]
    assert len(recorder.events) == 6
    assert all(event.seconds >= 0.0 and event.worker for event in recorder.finished)


@pytest.mark.cluster
def test_large_inputs_reach_a_cluster(clusters: dict[str, AbstractExecutor]) -> None:
    hand = Hand(array_type((40_000,), F8))
    a, b = hand(sin, 0), hand(multiply, 0, 0)
    for cluster in clusters.values():
        x = np.linspace(0.0, 1.0, 40_000)
        got = cluster.run(make_plan(hand.graph(a, b), ((a,), (b,))), [x])
        np.testing.assert_array_equal(got[0], np.sin(x))


@pytest.mark.cluster
def test_a_cluster_takes_a_client_or_an_address(clusters: dict[str, AbstractExecutor]) -> None:
    for cluster in clusters.values():
        if not isinstance(cluster, Cluster):
            continue
        for where in (cluster.client, cluster.address):
            with Cluster(where, security=cluster.security) as other:
                assert other.workers == cluster.workers
        with pickle.loads(pickle.dumps(cluster)) as other:
            assert other.address == cluster.address
        assert cluster.client.status == "running"
