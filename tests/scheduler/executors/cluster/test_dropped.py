"""A cluster that is dropped, and not closed, closes its client."""

from __future__ import annotations

import gc
import threading
from typing import Any

import pytest

from backprop.scheduler.executors.cluster.executor import Cluster
from tests.executors import FURTHER, IN_THREADS, status_when_let_go


@pytest.mark.cluster
def test_one_that_is_dropped_in_the_thread_of_dask_closes_its_client(clusters: dict[str, Any]) -> None:
    if IN_THREADS not in clusters:
        clusters[IN_THREADS] = FURTHER[IN_THREADS]()
    running = clusters[IN_THREADS]
    held = [Cluster(running.address, security=running.security)]
    client, dropped = held[0].client, threading.Event()

    def drop() -> None:
        held.clear()
        gc.collect()
        dropped.set()

    client.loop.add_callback(drop)
    assert dropped.wait(30)
    assert status_when_let_go(client) == "closed"
