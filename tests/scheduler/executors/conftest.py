"""One executor of each kind; clusters start once a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backprop.scheduler.executors.auto import Auto
from backprop.scheduler.executors.base import AbstractExecutor
from backprop.scheduler.executors.cluster import Cluster
from backprop.scheduler.executors.serial import Serial
from backprop.scheduler.executors.threads import Threads

LOCAL = {
    "serial": Serial(),
    "threads-1": Threads(1),
    "threads-2": Threads(2),
    "threads-4": Threads(4),
    "auto": Auto(2),
}
CLUSTERS = {"cluster-threads": False, "cluster-processes": True}


@pytest.fixture(scope="session")
def clusters() -> Iterator[dict[str, Cluster]]:
    opened: dict[str, Cluster] = {}
    yield opened
    for cluster in opened.values():
        cluster.close()


@pytest.fixture(params=[*LOCAL, *[pytest.param(name, marks=pytest.mark.cluster) for name in CLUSTERS]])
def executor(request: pytest.FixtureRequest, clusters: dict[str, Cluster]) -> AbstractExecutor:
    name: str = request.param
    if name in LOCAL:
        return LOCAL[name]
    if name not in clusters:
        clusters[name] = Cluster(n_workers=2, processes=CLUSTERS[name])
    return clusters[name]
