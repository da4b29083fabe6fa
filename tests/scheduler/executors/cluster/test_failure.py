"""Workers that end, data that is lost, interrupts: the right answer, or one error that says what happened."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import distributed
import numpy as np
import pytest

import backprop as bp
from backprop.errors import NoWorkersError, WorkerLostError
from backprop.scheduler.executors.cluster import waiting
from backprop.scheduler.executors.cluster.executor import Cluster

pytestmark = pytest.mark.cluster

W = np.linspace(0.0, 1.0, 300_000)  # 2.4 MB, so that it is sent ahead
RNG = np.random.default_rng(5)
X = RNG.normal(size=(8, 300_000))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(n_workers=2, patience=60.0) as cluster:
        yield cluster


def wait(x: Any, y: Any) -> Any:
    time.sleep(0.01)  # is work, and does not synchronise anything
    return x * y


slow = bp.op(wait, vjp=lambda g, out, x, y: (g * y, g * x), like=0, seconds=0.5)


def loss(w: Any, xs: Any) -> Any:
    return sum(np.sum(slow(w, x) ** 2) for x in xs)


def kill_one(cluster: Cluster) -> None:
    pids = [info["pid"] for info in cluster.client.run(lambda: {"pid": os.getpid()}).values()]
    os.kill(pids[0], signal.SIGKILL)


def test_a_worker_that_is_killed_between_runs(cluster: Cluster) -> None:
    gradient = bp.grad(loss, executor=cluster)
    expected = bp.grad(loss, executor=bp.Serial())(W, list(X))
    for _ in range(2):
        assert gradient(W, list(X)).tobytes() == expected.tobytes()
        kill_one(cluster)
    assert gradient(W, list(X)).tobytes() == expected.tobytes()


def test_a_worker_that_is_killed_during_a_run(cluster: Cluster) -> None:
    expected = bp.grad(loss, executor=bp.Serial())(W, list(X))
    for after in (0.02, 0.1):
        killer = threading.Timer(after, kill_one, (cluster,))
        killer.start()
        assert bp.grad(loss, executor=cluster)(W, list(X)).tobytes() == expected.tobytes()
        killer.join()


def end(x: Any) -> Any:
    if multiprocessing_child():
        os._exit(3)
    return x


def multiprocessing_child() -> bool:
    try:
        distributed.get_worker()
    except ValueError:
        return False
    return True


ends = bp.op(end, vjp=lambda g, out, x: g, like=0, name="ends", seconds=1.0)


def test_an_op_that_ends_its_process_is_named(cluster: Cluster) -> None:
    with pytest.raises(WorkerLostError, match="ends") as caught:
        bp.grad(lambda w: np.sum(ends(w)), executor=cluster)(W)
    assert "test_failure.py" in str(caught.value.where)
    expected = bp.grad(loss, executor=bp.Serial())(W, list(X))
    assert bp.grad(loss, executor=cluster)(W, list(X)).tobytes() == expected.tobytes()


def again_and_again(gradient: Any, timer: threading.Timer) -> None:
    timer.start()  # which may be interrupted itself
    while True:
        gradient(W, list(X))


def test_an_interrupt_stops_a_run_and_the_next_one_is_right(cluster: Cluster) -> None:
    gradient = bp.grad(loss, executor=cluster)
    expected = gradient(W, list(X))
    for after in (0.01, 0.05):
        timer = threading.Timer(after, os.kill, (os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            again_and_again(gradient, timer)
        timer.join()
        assert gradient(W, list(X)).tobytes() == expected.tobytes()


def bare_cluster() -> Any:
    return distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=None)  # type: ignore[no-untyped-call]


def test_a_cluster_without_workers_is_an_error_in_time() -> None:
    with bare_cluster() as bare, Cluster(bare, patience=0.2) as cluster:
        with pytest.raises(NoWorkersError, match="no worker has joined") as caught:
            bp.grad(loss, executor=cluster)(W, list(X))
        assert "patience" in caught.value.fix


def test_workers_that_stay_paused_are_an_error_and_those_that_go_on_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "SILENCE", 0.1)
    monkeypatch.setattr(waiting, "STALLED", 0.5)
    expected = bp.grad(loss, executor=bp.Serial())(W, list(X))
    local = distributed.LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=1, processes=False, dashboard_address=None, memory_limit=None
    )  # without a limit Dask does not look at the memory, and so does not resume the worker by itself
    with local, Cluster(local, patience=60.0) as cluster:
        gradient = bp.grad(loss, executor=cluster)
        assert gradient(W, list(X)).tobytes() == expected.tobytes()
        (worker,) = local.workers.values()
        worker.status = distributed.core.Status.paused
        until_told(cluster, "paused")
        with pytest.raises(NoWorkersError, match="paused, as their memory is nearly full") as caught:
            gradient(W + 1.0, list(X))
        assert "memory_limit" in caught.value.fix
        worker.status = distributed.core.Status.running
        until_told(cluster, "running")
        assert gradient(W, list(X)).tobytes() == expected.tobytes()


def until_told(cluster: Cluster, status: str) -> None:
    """Return when the scheduler has heard of the status of the only worker."""
    while [worker["status"] for worker in cluster.client.scheduler_info()["workers"].values()] != [status]:
        threading.Event().wait(0.05)


def test_workers_may_come_later() -> None:
    with bare_cluster() as bare, Cluster(bare, patience=60.0) as cluster:
        timer = threading.Timer(0.2, bare.scale, (1,))
        timer.start()
        found = bp.grad(loss, executor=cluster)(W, list(X))
        timer.join()
    assert found.tobytes() == bp.grad(loss, executor=bp.Serial())(W, list(X)).tobytes()
