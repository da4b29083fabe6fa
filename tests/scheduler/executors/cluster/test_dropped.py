"""A cluster of one's own that is dropped, and not closed, ends its processes."""

from __future__ import annotations

import gc

import psutil
import pytest

from backprop.scheduler.executors.cluster.executor import Cluster

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
