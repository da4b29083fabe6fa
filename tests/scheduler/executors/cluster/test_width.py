"""Plans follow the width of a cluster; and arrays that lie on workers in this process are not the caller's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.scheduler.executors.cluster.own import LocalCluster

pytestmark = pytest.mark.cluster

X = np.random.default_rng(5).normal(size=(4_000, 50))
W = np.linspace(0.0, 1.0, 50)

heavy = bp.op(np.tanh, vjp=lambda g, out, x: g * (1 - out * out), like=0, name="heavy", seconds=0.2)


def loss(w: Any, x: Any) -> Any:
    return np.mean(heavy(x @ w) ** 2)


GRADIENT = bp.grad(bp.minibatch(loss, 1, shards=6))


def local(workers: int) -> Any:
    return LocalCluster(n_workers=workers, threads_per_worker=1, processes=False, dashboard_address=None)  # type: ignore[no-untyped-call]


def test_a_cluster_that_adapts_is_asked_for_its_maximum() -> None:
    with local(1) as deployment, bp.Cluster(deployment, patience=60.0) as cluster:
        compiled = bp.compile(GRADIENT, executor=cluster)
        assert len(compiled.plan(W, X).tasks) < 3
        expected = compiled(W, X)
        deployment.adapt(minimum=1, maximum=3, interval="20 ms")
        cluster._session.members.forget()
        assert cluster.workers == 3
        assert len(compiled.plan(W, X).tasks) >= 3
        for _ in range(3):
            assert compiled(W, X).tobytes() == expected.tobytes()


def test_workers_that_join_change_the_next_plan_of_a_compiled_function() -> None:
    with local(1) as deployment, bp.Cluster(deployment, patience=60.0) as cluster:
        compiled = bp.compile(GRADIENT, executor=cluster)
        expected = bp.compile(GRADIENT, executor=bp.Serial())(W, X).tobytes()
        found = []
        for count in (1, 3, 2):
            deployment.scale(count)
            deployment.wait_for_workers(count)
            cluster._session.members.forget()
            for _ in range(3):
                assert compiled(W, X).tobytes() == expected
            found.append(len(compiled.plan(W, X).tasks))
        assert found[0] < found[1]
        assert compiled.traces == 1


def test_arrays_that_were_sent_do_not_follow_the_callers() -> None:
    with bp.Cluster(n_workers=1, processes=False) as cluster:
        gradient = bp.grad(lambda w, x: np.sum(heavy(x @ w)), executor=cluster)
        x = X.copy()
        for _ in range(3):
            first = gradient(W, x)
        kept = x[0, 0]
        x[0, 0] = 100.0
        gradient(W, x)
        again = np.where(x == 100.0, kept, x)
        assert gradient(W, again).tobytes() == first.tobytes()
