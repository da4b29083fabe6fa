"""How many examples hypothesis tries, a cache folder of the tests' own, and an executor of each class.

Few examples by default, more and always the same ones where CI is set, many on request:
`pytest --hypothesis-profile=deep`. The folder, since the rates in the user's decide how graphs are cut; it is set
before an executor is made. Plans are as predicted, unless a test measures costs. Clusters start once a session, when a
test asks for one.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings

from backprop.scheduler.executors.base import AbstractExecutor
from tests.executors import executors, is_local

SLOW_IS_FINE = (HealthCheck.too_slow, HealthCheck.data_too_large)

settings.register_profile("dev", max_examples=25, deadline=None, suppress_health_check=SLOW_IS_FINE)
settings.register_profile(
    "ci", max_examples=60, deadline=None, derandomize=True, print_blob=True, suppress_health_check=SLOW_IS_FINE
)
settings.register_profile("deep", max_examples=2_000, deadline=None, suppress_health_check=SLOW_IS_FINE)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

CACHE = TemporaryDirectory(prefix="backprop-")
os.environ["XDG_CACHE_HOME"] = CACHE.name
os.environ.setdefault("BACKPROP_MEASURED_COSTS", "0")

EXECUTORS = executors()


def pytest_configure() -> None:
    """Let tests interrupt themselves, also where a shell runs them in the background, and so has SIGINT ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In CI a test with workers that fails runs again, and the summary says so: starved machines lose workers."""
    if os.environ.get("CI"):
        for item in items:
            if item.get_closest_marker("cluster"):
                item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_unconfigure() -> None:
    CACHE.cleanup()


@pytest.fixture(autouse=True)
def no_client_stays_the_default() -> Iterator[None]:
    """Take back what a client that was closed out of turn leaves in Dask's settings: that it is to compute all."""
    yield
    dask, distributed = sys.modules.get("dask"), sys.modules.get("distributed")
    if dask is not None and distributed is not None and str(dask.config.get("scheduler", None)).endswith("distributed"):
        try:
            distributed.default_client()
        except ValueError:
            dask.config.config.pop("scheduler", None)


@pytest.fixture(scope="session")
def clusters() -> Iterator[dict[str, AbstractExecutor]]:
    """Executors of several processes, by name, as far as tests have asked for them."""
    opened: dict[str, AbstractExecutor] = {}
    yield opened
    for cluster in opened.values():
        cluster.close()


@pytest.fixture(
    params=[
        name if is_local(make) else pytest.param(name, marks=pytest.mark.cluster) for name, make in EXECUTORS.items()
    ]
)
def executor(request: pytest.FixtureRequest, clusters: dict[str, AbstractExecutor]) -> AbstractExecutor:
    name: str = request.param
    if is_local(EXECUTORS[name]):
        return EXECUTORS[name]()
    if name not in clusters:
        clusters[name] = EXECUTORS[name]()
    return clusters[name]


@pytest.fixture
def processes(clusters: dict[str, AbstractExecutor]) -> AbstractExecutor:
    """The cluster of two processes, whose workers no test may end."""
    if "cluster:2" not in clusters:
        clusters["cluster:2"] = EXECUTORS["cluster:2"]()
    return clusters["cluster:2"]
