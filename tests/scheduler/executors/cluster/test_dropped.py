"""A cluster of one's own that is dropped, and not closed, ends its processes."""

from __future__ import annotations

import gc
import threading
from typing import Any

import psutil
import pytest

from backprop.scheduler.executors.cluster.executor import Cluster
from tests.executors import FURTHER, IN_THREADS, status_when_let_go

TRACKER = "multiprocessing.resource_tracker"
"""A process that Python itself keeps for as long as it runs."""


@pytest.mark.cluster
def test_a_dropped_cluster_ends_its_processes() -> None:
    before = set(psutil.Process().children(recursive=True))
    cluster = Cluster(n_workers=1)
    started = set(psutil.Process().children(recursive=True)) - before
    workers = [process for process in started if TRACKER not in " ".join(process.cmdline())]
    assert workers
    del cluster
    gc.collect()
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert not alive


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
