"""A cluster of our own keeps the width that was asked for."""

from __future__ import annotations

import numpy as np
import pytest

import backprop as bp
from backprop.scheduler.executors.cluster.own import mend

pytestmark = pytest.mark.cluster

X = np.linspace(0.0, 1.0, 300_000)


def test_workers_that_dask_has_given_up_on_are_replaced_by_others() -> None:
    with bp.Cluster(n_workers=2, processes=False, patience=120.0) as cluster:
        local = cluster.client.cluster
        first = dict(local.workers)
        assert len(first) == 2
        gradient = bp.grad(lambda x: np.sum(np.sin(x) ** 2), executor=cluster)
        expected = gradient(X).tobytes()
        for worker in first.values():
            local.sync(worker.close)
        assert gradient(X).tobytes() == expected
        cluster.client.wait_for_workers(2)
        mend(local)  # does nothing where nothing is lost
        assert gradient(X).tobytes() == expected
        assert len(local.worker_spec) == 2
        assert not set(local.workers) & set(first)


def test_a_cluster_that_its_user_has_made_smaller_stays_so() -> None:
    with bp.Cluster(n_workers=2, processes=False, patience=120.0) as cluster:
        local = cluster.client.cluster
        local.scale(1)
        gradient = bp.grad(lambda x: np.sum(np.sin(x) ** 2), executor=cluster)
        for _ in range(3):
            gradient(X)
        mend(local)
        local.sync(local._correct_state)
        assert len(local.workers) == len(local.worker_spec) == 1
