"""What holds where a gradient is taken holds in its tasks: NumPy's error state and the filters of warnings."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import backprop as bp
from backprop.scheduler.events import Recorder
from backprop.scheduler.executors.cluster.executor import Cluster

pytestmark = pytest.mark.cluster

X = np.linspace(-1.0, 1.0, 200_000)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(n_workers=2) as cluster:
        yield cluster


def logs(x: Any) -> Any:
    return np.sum(np.log(x)) + np.sum(np.sqrt(x))


def warned(x: Any) -> Any:
    warnings.warn("of the user's own", UserWarning, stacklevel=1)
    return x


warns = bp.op(warned, vjp=lambda g, out, x: g, like=0, seconds=1.0)


def test_an_error_state_that_raises_raises(cluster: Cluster) -> None:
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        bp.evaluate(logs, executor=cluster)(X)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(bp.evaluate(logs, executor=cluster)(X))


def test_warnings_reach_the_caller_at_every_call(cluster: Cluster) -> None:
    for _ in range(2):
        with pytest.warns(RuntimeWarning, match="invalid value encountered"):
            bp.evaluate(logs, executor=cluster)(X)
        with pytest.warns(UserWarning, match="of the user's own"):
            bp.evaluate(lambda x: np.sum(warns(x)), executor=cluster)(X)


def test_warnings_that_are_errors_are_errors(cluster: Cluster) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning, match="invalid value"):
            bp.evaluate(logs, executor=cluster)(X)


def test_an_executor_is_pickled_without_connecting(cluster: Cluster) -> None:
    there = pickle.loads(pickle.dumps(Cluster(cluster.client, blas_threads=None, recorder=Recorder())))
    assert there.blas_threads is None
    assert there.recorder is not None
    assert there._link.opened is None
    with there:
        assert there.address == cluster.address
        assert bp.grad(logs, executor=there)(abs(X) + 1.0).tobytes() == bp.grad(logs)(abs(X) + 1.0).tobytes()


def test_a_gradient_with_its_executor_runs_on_a_worker(cluster: Cluster) -> None:
    gradient = cluster.client.submit(_nested, Cluster(cluster.client), abs(X) + 1.0).result(timeout=60)
    assert gradient.tobytes() == bp.grad(logs)(abs(X) + 1.0).tobytes()


def _nested(executor: Cluster, x: Any) -> Any:
    with executor:
        return bp.grad(logs, executor=executor)(x)


def test_so_does_one_that_needs_certificates() -> None:
    with Cluster(n_workers=1, processes=False) as cluster:  # of its own, and so over TLS
        there = Cluster(cluster.client)
        assert cluster.address.startswith("tls://")
        gradient = cluster.client.submit(_nested, there, abs(X) + 1.0).result(timeout=60)
    assert gradient.tobytes() == bp.grad(logs)(abs(X) + 1.0).tobytes()
