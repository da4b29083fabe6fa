"""What lies on a cluster stays there, and what is sent is sent once: counted by the bytes that Dask sends."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dask.array
import numpy as np
import pytest
from dask.delayed import delayed

import backprop as bp
from backprop.graph.handle import fetched
from backprop.ops.core.cache import LIMIT
from backprop.scheduler.events import Recorder
from backprop.scheduler.executors.cluster.data.homes import ClientHome
from backprop.scheduler.executors.cluster.executor import Cluster
from tests.traffic import sent_by

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore:Sending large graph")]  # of from_array

RNG = np.random.default_rng(7)
W = RNG.normal(size=200)
X = RNG.normal(size=(40_000, 200))  # 64 MB
Y = RNG.normal(size=40_000)
MB = 1 << 20
QUIET = MB // 4
"""Bytes below which a call has sent no data: messages about tasks alone."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(n_workers=2) as cluster:
        yield cluster


def loss(w: Any, x: Any, y: Any) -> Any:
    return np.mean((x @ w - y) ** 2)


SHARDED = bp.minibatch(loss, (1, 2))
GRADIENT = bp.grad(loss)(W, X, Y)


def traffic(cluster: Cluster, call: Callable[[], Any]) -> int:
    """The bytes that are sent while something is called, once that has settled.

    It is the least of some calls, up to the first quiet one: Dask copies a part to another worker, once, where the one
    that holds it is busy.
    """
    least = sent_by(cluster, call)
    for _ in range(9):
        if least < QUIET:
            break
        least = min(least, sent_by(cluster, call))
    return least


def spread(cluster: Cluster, whole: np.ndarray[Any, Any], count: int = 4) -> list[Any]:
    """Futures of the parts of an array, on all workers."""
    workers = list(cluster.client.nthreads())
    parts = np.array_split(whole, count)
    homes = [workers[k % len(workers)] for k in range(count)]
    return [cluster.client.scatter(p, workers=[w], hash=False) for p, w in zip(parts, homes, strict=True)]


def test_the_gradient_over_futures_moves_no_data(cluster: Cluster) -> None:
    x, y = spread(cluster, X), spread(cluster, Y)
    gradient = bp.grad(SHARDED, executor=cluster)
    np.testing.assert_allclose(gradient(W, x, y), GRADIENT, rtol=1e-10)
    assert traffic(cluster, lambda: gradient(W, x, y)) < MB // 2


def test_the_bits_are_those_of_serial(cluster: Cluster) -> None:
    x, y = spread(cluster, X), spread(cluster, Y)
    serial = bp.grad(SHARDED, executor=bp.Serial())(W, list(x), list(y))
    remote = bp.grad(SHARDED, executor=cluster)(W, x, y)
    assert serial.tobytes() == remote.tobytes()
    compiled = bp.compile(bp.grad(SHARDED), executor=cluster)
    for _ in range(2):
        assert compiled(W, x, y).tobytes() == serial.tobytes()


def scattered(cluster: Cluster, values: Sequence[Any], home: str) -> tuple[Any, ...]:
    """Futures of values that lie on one worker."""
    return tuple(cluster.client.scatter(list(values), workers=[home], hash=False))


def in_turn(w: Any, parts: Any) -> Any:
    """A loss that adds up over a list, forward and back independently."""
    return sum([np.mean((np.tanh(x @ w) - y) ** 2) for x, y in parts])


def of_all(w: Any, parts: Any) -> Any:
    """A loss that goes back into each part only after it has seen all."""
    return np.sqrt(np.mean(np.stack([np.mean((np.tanh(x @ w) - y) ** 2) for x, y in parts])))


@pytest.mark.parametrize("order", [(0, 1, 0, 1), (0, 0, 1, 1)], ids=str)
@pytest.mark.parametrize("f", [in_turn, of_all])
def test_each_branch_over_a_list_runs_where_its_future_is(
    cluster: Cluster, f: Callable[..., Any], order: tuple[int, ...]
) -> None:
    homes = [sorted(cluster.client.nthreads())[k] for k in order]
    parts = list(zip(np.array_split(X, 4), np.array_split(Y, 4), strict=True))
    scatter = lambda: [scattered(cluster, part, home) for part, home in zip(parts, homes, strict=True)]  # noqa: E731
    serial = bp.grad(f, executor=bp.Serial())(W, parts)

    def stay(held: list[Any]) -> bool:
        assert bp.grad(f, executor=cluster)(W, held).tobytes() == serial.tobytes()
        where = cluster.client.who_has([x for x, _ in held])
        return [where[x.key] for x, _ in held] == [(home,) for home in homes]

    assert any(stay(scatter()) for _ in range(3))  # Dask may steal a task from a worker that is slow, once in a while
    compiled, held = bp.compile(bp.grad(f), executor=cluster), scatter()
    for _ in range(2):
        assert compiled(W, held).tobytes() == serial.tobytes()
    assert traffic(cluster, lambda: compiled(W, held)) < MB // 2


def test_what_map_gives_is_a_batch(cluster: Cluster) -> None:
    held = cluster.client.map(loaded, range(4), pure=False)
    expected = [loaded(seed) for seed in range(4)]
    found = bp.grad(in_turn, executor=cluster)(W, held)
    np.testing.assert_allclose(found, bp.grad(in_turn)(W, expected), rtol=1e-10)


def loaded(seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(10_000, 200)), rng.normal(size=10_000)


@dataclass
class Model:
    scale: Any
    parts: dict[str, Any]


def model_loss(model: Model, x: Any, y: Any) -> Any:
    return loss(model.parts["w"] * model.scale, x, y)


def test_futures_and_delayed_objects_are_parameters_in_containers(cluster: Cluster) -> None:
    local = Model(2.0, {"w": W})
    remote = Model(2.0, {"w": cluster.client.scatter(W, hash=False)})
    lazy = Model(2.0, {"w": delayed(np.multiply)(W, 1.0)})
    whole = cluster.client.submit(lambda w: Model(2.0, {"w": w}), remote.parts["w"])
    expected = bp.grad(model_loss)(local, X, Y)
    for model in (remote, lazy, whole):
        for executor in (cluster, bp.Serial(), bp.Threads(2)):
            found = bp.grad(model_loss, executor=executor)(model, X, Y)
            np.testing.assert_allclose(found.parts["w"], expected.parts["w"], rtol=1e-10)
            np.testing.assert_allclose(found.scale, expected.scale, rtol=1e-10)


def test_a_future_of_all_parameters_carries_what_is_static(cluster: Cluster) -> None:
    params = cluster.client.submit(lambda: {"w": np.arange(3.0), "power": 2})
    gradient = bp.grad(lambda p: np.sum(p["w"] ** p["power"]), executor=cluster)(params)
    np.testing.assert_array_equal(gradient["w"], [0.0, 2.0, 4.0])
    assert gradient["power"] is None


@pytest.mark.parametrize("chunks", [(10_000, 200), (10_000, 50), (40_000, 40)], ids=str)
def test_dask_arrays_in_chunks_along_any_axis(cluster: Cluster, chunks: tuple[int, int]) -> None:
    x, y = dask.array.from_array(X, chunks), dask.array.from_array(Y, chunks[0])
    held = cluster.client.persist([x, y])
    for given in ((x, y), held):
        for f in (loss, SHARDED):
            np.testing.assert_allclose(bp.grad(f, executor=cluster)(W, *given), GRADIENT, rtol=1e-10)
    np.testing.assert_allclose(bp.grad(loss, executor=bp.Serial())(W, x, y), GRADIENT, rtol=1e-10)


def test_chunks_of_a_persisted_array_are_handles_of_its_futures(cluster: Cluster) -> None:
    """A block of such an array is an alias of Dask, which it would be a task to follow at each call."""
    rows = dask.array.arange(24, chunks=12, dtype=float)
    for array in (rows, rows.reshape(24, 1)):
        (found,) = cluster.located([cluster.client.persist(array)])
        assert [type(part.home) for part in found.parts] == [ClientHome, ClientHome]
        np.testing.assert_array_equal(np.concatenate(fetched(found.parts)), np.arange(24.0).reshape(array.shape))


@pytest.mark.parametrize("executor", ["serial", "threads:2"])
def test_what_was_persisted_is_fetched_from_its_cluster_which_need_not_be_the_default_of_dask(
    cluster: Cluster, executor: str
) -> None:
    x, part = dask.array.ones((8, 4), chunks=(4, 2)), delayed(np.ones)((8, 4))
    whole, made = cluster.client.persist([x, part])
    gradient = bp.grad(lambda w, x: np.sum((x @ w) ** 2), executor=executor)
    for given, each in ((whole, 64.0), (whole[:6] + 1.0, 192.0), (made, 64.0)):
        np.testing.assert_array_equal(gradient(np.ones(4), given), np.full(4, each))


def test_unknown_chunks_are_asked_of_the_workers(cluster: Cluster) -> None:
    x = dask.array.from_array(X, (10_000, 200))
    some = x[x[:, 0] > 0]
    assert np.isnan(some.shape[0])
    rows = X[X[:, 0] > 0]
    found = bp.grad(lambda w, x: np.sum((x @ w) ** 2), executor=cluster)(W, some)
    np.testing.assert_allclose(found, bp.grad(lambda w, x: np.sum((x @ w) ** 2))(W, rows), rtol=1e-9)


def test_the_gradient_by_a_dask_array_is_one(cluster: Cluster) -> None:
    x = dask.array.from_array(X, (10_000, 200))
    gradient = bp.grad(SHARDED, 1, executor=cluster)(W, x, dask.array.from_array(Y, 10_000))
    assert gradient.chunks == x.chunks
    np.testing.assert_allclose(gradient.compute(), bp.grad(loss, 1)(W, X, Y), rtol=1e-8, atol=1e-12)


def test_generated_data_larger_than_a_share_of_it_passes_no_client(cluster: Cluster) -> None:
    x = dask.array.random.default_rng(0).normal(size=(40_000, 200), chunks=(5_000, 200))  # made where it is read
    y = dask.array.zeros(40_000, chunks=5_000)
    gradient = bp.grad(SHARDED, executor=cluster)
    assert traffic(cluster, lambda: gradient(W, x, y)) < 2 * MB
    np.testing.assert_allclose(gradient(W, x, y), bp.grad(loss)(W, x.compute(), np.zeros(40_000)), rtol=1e-9)


def test_a_captured_array_travels_once(cluster: Cluster) -> None:
    table = RNG.normal(size=(1_000, 2_000))  # 16 MB

    def captured(w: Any) -> Any:
        return np.sum((table @ w) ** 2)

    w = RNG.normal(size=2_000)
    plain, compiled = bp.grad(captured, executor=cluster), bp.compile(bp.grad(captured), executor=cluster)
    first = sent_by(cluster, lambda: plain(w))
    assert 15 * MB < first < 2 * table.nbytes + MB  # once to each of two workers, at most, and not by the scheduler
    for again in (plain, compiled, compiled):
        assert traffic(cluster, lambda again=again: again(w)) < MB
    table[0, 0] += 1.0  # is another array now, in plain calls
    np.testing.assert_allclose(plain(w), bp.grad(captured)(w), rtol=1e-10)


def test_data_inside_an_op_travels_once_and_without_a_warning(cluster: Cluster) -> None:
    table = RNG.normal(size=(1_400, 1_400))  # 16 MB
    op = bp.op(lambda w: table @ w, vjp=lambda g, out, w: table.T @ g, like=0, name="held")
    gradient = bp.grad(lambda w: np.sum(op(w) ** 2), executor=cluster)
    w = RNG.normal(size=1_400)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Dask warns of large graphs
        found = gradient(w)
    assert traffic(cluster, lambda: gradient(w)) < MB
    np.testing.assert_allclose(found, 2.0 * table.T @ (table @ w), rtol=1e-10)


def test_ops_that_are_made_anew_with_data_at_each_step_leave_nothing_on_the_workers(cluster: Cluster) -> None:
    def step(k: int) -> None:
        table = np.full(500_000, float(k))  # 4 MB
        op = bp.op(lambda w: table * w, vjp=lambda g, out, w: table * g, like=0, name="anew", seconds=0.01)
        gradient = bp.grad(lambda w: np.sum(op(w)), executor=cluster)
        assert gradient(np.ones(500_000))[0] == k

    bp.clear_caches(limit=32 * MB)  # a step is 12 MB with its arguments and results
    try:
        for k in range(20):
            step(k)
        assert held(cluster) < 120 * MB  # 20 of them would be 240 MB
    finally:
        bp.clear_caches(limit=LIMIT)


def held(cluster: Cluster) -> int:
    """The bytes of all that lies on the workers."""
    count = cluster.client.run_on_scheduler(_held)
    return int(count)


def _held(dask_scheduler: Any) -> int:
    return sum(max(task.nbytes, 0) for task in dask_scheduler.tasks.values() if task.state == "memory")


def test_questions_about_small_values_are_answered_here(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def steered(x: Any) -> Any:
        for _ in range(20):
            if x > 1.0:
                x = x / 2
        return x * x

    recorder = Recorder()
    monkeypatch.setattr(cluster, "recorder", recorder)
    assert bp.grad(steered, executor=cluster)(100.0) == bp.grad(steered)(100.0)
    assert len(recorder.finished) > 20
    assert not [event for event in recorder.finished if "://" in event.worker]
