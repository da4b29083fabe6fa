"""Replays of compiled functions by resident runners: the bits of tasks, less traffic, and tasks where one fails."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import dask.array
import numpy as np
import pytest

import backprop as bp
from backprop.scheduler.events import Recorder
from backprop.scheduler.executors.cluster.executor import Cluster
from backprop.scheduler.executors.cluster.session import Session
from tests.traffic import sent_by

pytestmark = pytest.mark.cluster

RNG = np.random.default_rng(13)
W = RNG.normal(size=300)
X = RNG.normal(size=(20_000, 300))  # 48 MB
Y = RNG.normal(size=20_000)
MB = 1 << 20


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(n_workers=2, patience=60.0) as cluster:
        yield cluster


heavy = bp.op(np.tanh, vjp=lambda g, out, x: g * (1 - out * out), like=0, name="heavy", seconds=0.5)


def loss(w: Any, x: Any, y: Any) -> Any:
    return np.mean((heavy(x @ w) - y) ** 2)


SHARDED = bp.value_and_grad(bp.minibatch(loss, (1, 2), shards=4))


def bits(result: Any) -> bytes:
    return b"".join(np.asarray(leaf).tobytes() for leaf in result)


def threads_of(recorder: Recorder) -> list[str]:
    return [event.worker for event in recorder.finished]


def test_the_second_call_is_made_by_runners_and_has_the_same_bits(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = bits(bp.compile(SHARDED, executor=bp.Serial())(W, X, Y))
    compiled = bp.compile(SHARDED, executor=cluster)
    recorder = Recorder()
    monkeypatch.setattr(cluster, "recorder", recorder)
    assert bits(compiled(W, X, Y)) == expected
    assert not any("backprop_" in worker for worker in threads_of(recorder))
    for _ in range(3):
        recorder.clear()
        assert bits(compiled(W, X, Y)) == expected
        assert all("backprop_" in worker for worker in threads_of(recorder))
        assert len({worker.split(" ")[0] for worker in threads_of(recorder)}) == 2
    changed = 1.5 * W
    assert bits(compiled(changed, X, Y)) == bits(bp.compile(SHARDED, executor=bp.Serial())(changed, X, Y))


@pytest.mark.filterwarnings("ignore:Sending large graph")  # of from_array
def test_persisted_dask_arrays_are_replayed_by_runners(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    chunks = dask.array.from_array(X, (10_000, 300)), dask.array.from_array(Y, 10_000)
    held = cluster.client.persist(chunks)
    compiled = bp.compile(bp.value_and_grad(bp.minibatch(loss, (1, 2))), executor=cluster)
    first = bits(compiled(W, *held))
    assert first == bits(bp.compile(bp.value_and_grad(bp.minibatch(loss, (1, 2))), executor=bp.Serial())(W, *held))
    assert bits(compiled(W, *held)) == first  # now it is known where chunks lie that were still to be made at first
    recorder = Recorder()
    monkeypatch.setattr(cluster, "recorder", recorder)
    assert bits(compiled(W, *held)) == first
    assert threads_of(recorder)
    assert all("backprop_" in worker for worker in threads_of(recorder))


def test_a_batch_that_was_seen_before_does_not_travel_again(cluster: Cluster) -> None:
    compiled = bp.compile(SHARDED, executor=cluster)
    for _ in range(3):
        compiled(W, X, Y)
    assert min(sent_by(cluster, lambda: compiled(W, X, Y)) for _ in range(3)) < MB
    X[0, 0] += 1.0
    again = compiled(W, X, Y)
    X[0, 0] -= 1.0
    assert bits(again) != bits(compiled(W, X, Y))
    assert bits(compiled(W, X, Y)) == bits(bp.compile(SHARDED, executor=bp.Serial())(W, X, Y))


def test_shards_are_computed_where_they_lie(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    workers = sorted(cluster.client.nthreads())
    scatter = cluster.client.scatter
    x, y = (
        [scatter(part, workers=[workers[k % 2]], hash=False) for k, part in enumerate(np.split(whole, 4))]
        for whole in (X, Y)
    )
    plain = bp.value_and_grad(bp.minibatch(loss, (1, 2)))
    compiled = bp.compile(plain, executor=cluster)
    expected = bits(bp.compile(plain, executor=bp.Serial())(W, x, y))
    compiled(W, x, y)
    recorder = Recorder()
    monkeypatch.setattr(cluster, "recorder", recorder)
    assert bits(compiled(W, x, y)) == expected
    assert all("backprop_" in worker for worker in threads_of(recorder))
    assert min(sent_by(cluster, lambda: compiled(W, x, y)) for _ in range(10)) < MB
    w = scatter(W, workers=[workers[0]], hash=False)  # the other worker takes it from there
    for _ in range(2):
        assert bits(compiled(w, x, y)) == expected


def test_a_plan_is_fitted_to_its_data_once_a_call(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = ([cluster.client.scatter(part, hash=False) for part in np.split(whole, 4)] for whole in (X, Y))
    compiled = bp.compile(bp.value_and_grad(bp.minibatch(loss, (1, 2))), executor=cluster)
    fitted, plans = Session.fitted, []
    monkeypatch.setattr(Session, "fitted", lambda *given: plans.append(given) or fitted(*given))
    for count in (1, 2, 3):  # by tasks, then by runners
        compiled(W, x, y)
        assert len(plans) == count


def test_several_steps_are_one_run(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def steps(w: Any, x: Any, y: Any) -> Any:
        losses = []
        for _ in range(3):
            value, gradient = SHARDED(w, x, y)
            losses.append(value)
            w = w - 0.1 * gradient
        return (w, *losses)

    compiled = bp.compile(steps, executor=cluster)
    expected = bits(bp.compile(steps, executor=bp.Serial())(W, X, Y))
    recorder = Recorder()
    compiled(W, X, Y)
    monkeypatch.setattr(cluster, "recorder", recorder)
    assert bits(compiled(W, X, Y)) == expected
    assert len(recorder.finished) == len(compiled.plan(W, X, Y).tasks) > 6
    assert len({worker.split(" ")[0] for worker in threads_of(recorder)}) == 2


def raises_at_zero(x: Any) -> Any:
    if x[0] == 0.0:
        raise ZeroDivisionError("the first is zero")
    return x + 1.0


strict = bp.op(raises_at_zero, vjp=lambda g, out, x: g, like=0, name="strict", seconds=0.5)


def test_an_error_of_an_op_arrives_with_its_note(cluster: Cluster) -> None:
    compiled = bp.compile(lambda x: np.sum(strict(x)) + np.sum(heavy(x)), executor=cluster)
    for _ in range(2):
        assert np.isfinite(compiled(W))
    zero = W.copy()
    zero[0] = 0.0
    with pytest.raises(ZeroDivisionError, match="the first is zero") as caught:
        compiled(zero)
    assert "strict" in caught.value.__notes__[0]
    assert "test_calls.py" in caught.value.__notes__[0]
    assert np.isfinite(compiled(W))


def test_error_states_and_warnings_hold(cluster: Cluster) -> None:
    compiled = bp.compile(lambda x: np.sum(np.log(heavy(x))), executor=cluster)
    assert np.isfinite(compiled(abs(W)))
    for _ in range(2):
        with pytest.warns(RuntimeWarning, match="invalid value"):
            compiled(W)
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        compiled(W)


def test_an_interrupt_stops_the_run(cluster: Cluster) -> None:
    compiled = bp.compile(SHARDED, executor=cluster)
    expected = bits(compiled(W, X, Y))
    compiled(W, X, Y)
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        again_and_again(compiled, timer)
    timer.join()
    assert bits(compiled(W, X, Y)) == expected


def again_and_again(compiled: Any, timer: threading.Timer) -> None:
    timer.start()  # which may be interrupted itself
    while True:
        compiled(W, X, Y)


def test_a_worker_that_is_killed_sends_the_plan_the_way_of_tasks(cluster: Cluster) -> None:
    compiled = bp.compile(SHARDED, executor=cluster)
    expected = bits(compiled(W, X, Y))
    assert bits(compiled(W, X, Y)) == expected
    pids = cluster.client.run(os.getpid)
    os.kill(min(pids.values()), signal.SIGKILL)
    for _ in range(3):
        assert bits(compiled(W, X, Y)) == expected
    timer = threading.Timer(0.02, kill_one, (cluster,))
    timer.start()
    for _ in range(5):
        assert bits(compiled(W, X, Y)) == expected
    timer.join()


def test_a_worker_that_is_ending_sends_the_plan_the_way_of_tasks() -> None:
    with Cluster(n_workers=2, processes=False) as near:
        compiled = bp.compile(SHARDED, executor=near)
        expected = [bits(compiled(W, X, Y)) for _ in range(6)][-1]
        near.client.run(refuse)
        assert bits(compiled(W, X, Y)) == expected


def refuse(dask_worker: Any) -> None:
    """Let a runner take nothing more, as one does whose worker ends."""
    dask_worker.plugins["backprop-runner"]._pool.shutdown(wait=False)


def kill_one(cluster: Cluster) -> None:
    os.kill(min(cluster.client.run(os.getpid).values()), signal.SIGKILL)


def test_arrays_of_the_caller_are_not_kept_where_workers_are_threads() -> None:
    with Cluster(n_workers=2, processes=False) as near:
        compiled = bp.compile(SHARDED, executor=near)
        x = X.copy()
        for _ in range(4):
            first = compiled(W, x, Y)
        kept = x[0, 0]
        x[0, 0] = 100.0
        compiled(W, x, Y)
        assert bits(compiled(W, np.where(x == 100.0, kept, x), Y)) == bits(first)
