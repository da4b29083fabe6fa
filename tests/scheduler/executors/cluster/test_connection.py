"""Which client an executor talks through, and what is said of arguments that do not go together."""

from __future__ import annotations

from typing import Any

import dask
import distributed
import pytest

import backprop as bp
from backprop.errors import ArgumentError
from backprop.scheduler.executors.cluster.connection import connect


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"n_workers": 0}, "cannot have 0 workers"),
        ({"n_workers": -1}, "cannot have -1 workers"),
        ({"n_workers": True}, "cannot have True workers"),
        ({"client": "tcp://127.0.0.1:1", "n_workers": 2}, "n_workers is for a cluster of its own"),
        ({"client": 3}, "3 is no Dask cluster"),
        ({"client": "tls://127.0.0.1:1"}, "the address asks for TLS, and no certificates are known"),
        ({"security": "strong"}, "'strong' is no security setting"),
    ],
)
def test_arguments_that_do_not_fit(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ArgumentError, match=says) as caught:
        bp.Cluster(**given)
    assert caught.value.fix


@pytest.mark.cluster
def test_clients_that_cannot_be_used() -> None:
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as local:  # type: ignore[no-untyped-call]
        client = distributed.Client(local, set_as_default=False)  # type: ignore[no-untyped-call]
        client.close()  # type: ignore[no-untyped-call]
        with pytest.raises(ArgumentError, match="the Client is closed"):
            bp.Cluster(client)
        waiting = distributed.Client(local, asynchronous=True, set_as_default=False)  # type: ignore[no-untyped-call]
        with pytest.raises(ArgumentError, match="asynchronous"):
            bp.Cluster(waiting)
        local.sync(waiting.close)
        with bp.Cluster(local) as cluster:
            assert cluster.workers == 1


@pytest.mark.cluster
def test_a_cluster_of_its_own_lets_nobody_in_without_its_certificates() -> None:
    with bp.Cluster(n_workers=1, processes=False) as cluster:
        assert cluster.address.startswith("tls://127.0.0.1")
        plain = cluster.address.replace("tls://", "tcp://")
        with (
            dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
            pytest.raises(OSError, match=r"Timed out|Connection"),
        ):
            distributed.Client(plain, timeout=1, set_as_default=False)  # type: ignore[no-untyped-call]
        connection = connect(cluster.address, None, True, cluster.security)
        assert connection.client.submit(abs, -3).result() == 3
        connection.close()
