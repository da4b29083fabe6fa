"""How many examples hypothesis tries, a cache folder of the tests' own, and an executor of each kind.

Few examples by default, more and always the same ones where CI is set, many on request:
`pytest --hypothesis-profile=deep`. The folder, since the rates in the user's decide how graphs are cut; it is set
before an executor is made. Clusters start once a session, when a test asks for one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings

from backprop.scheduler.executors.auto import Auto
from backprop.scheduler.executors.base import AbstractExecutor
from backprop.scheduler.executors.cluster.executor import Cluster
from backprop.scheduler.executors.serial import Serial
from backprop.scheduler.executors.threads import Threads

SLOW_IS_FINE = (HealthCheck.too_slow, HealthCheck.data_too_large)

settings.register_profile("dev", max_examples=25, deadline=None, suppress_health_check=SLOW_IS_FINE)
settings.register_profile(
    "ci", max_examples=60, deadline=None, derandomize=True, print_blob=True, suppress_health_check=SLOW_IS_FINE
)
settings.register_profile("deep", max_examples=2_000, deadline=None, suppress_health_check=SLOW_IS_FINE)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

CACHE = TemporaryDirectory(prefix="backprop-")
os.environ["XDG_CACHE_HOME"] = CACHE.name

LOCAL: dict[str, Callable[[], AbstractExecutor]] = {
    "serial": Serial,
    "threads-1": partial(Threads, 1),
    "threads-2": partial(Threads, 2),
    "threads-4": partial(Threads, 4),
    "auto": partial(Auto, 2),
}
CLUSTERS = {"cluster-threads": False, "cluster-processes": True}


def pytest_unconfigure() -> None:
    CACHE.cleanup()


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
        return LOCAL[name]()
    if name not in clusters:
        clusters[name] = Cluster(n_workers=2, processes=CLUSTERS[name])
    return clusters[name]
