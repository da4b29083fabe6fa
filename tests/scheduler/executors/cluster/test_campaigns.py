"""Campaigns of faults: workers that are killed or end at random moments, workers that join, interrupts in a loop.

Each run gives the bits of Serial, whatever happens; the seed of each campaign is printed. A few of each by default,
200 of each with `make chaos`.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import dask
import distributed
import numpy as np
import pytest
from hypothesis import settings

import backprop as bp
from backprop.scheduler.executors.base import AbstractExecutor

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore")]

IS_DEEP = settings().max_examples >= 2_000
FAULTS = 200 if IS_DEEP else 4
INTERRUPTS = 150 if IS_DEEP else 6

RNG = np.random.default_rng(23)
SMALL = RNG.normal(size=(64, 30)), RNG.normal(size=64), RNG.normal(size=30)
LARGE = RNG.normal(size=(2_000, 300)), RNG.normal(size=2_000), RNG.normal(size=300)


def worked(x: Any) -> Any:
    time.sleep(0.005)  # is work, and does not synchronise anything
    return np.tanh(x)


slow = bp.op(worked, vjp=lambda g, out, x: g * (1 - out * out), like=0, name="slow", seconds=0.2)


def loss(w: Any, x: Any, y: Any) -> Any:
    return np.mean((slow(x @ w) - y) ** 2)


SHARDED = bp.minibatch(loss, (1, 2), shards=6)
GRADIENT = bp.grad(SHARDED)
EXPECTED = [bp.grad(SHARDED, executor=bp.Serial())(w, x, y).tobytes() for x, y, w in (SMALL, LARGE)]


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    seed = random.SystemRandom().randrange(10**6)
    print(f"{request.node.name}: seed {seed}")
    return random.Random(seed)


def until(wanted: int, events: Callable[[], int], gradients: Iterator[Callable[..., Any]]) -> None:
    """Take gradients, small and large, until so many faults have happened; each has the bits of Serial."""
    while events() < wanted:
        gradient = next(gradients)
        for (x, y, w), expected in zip((SMALL, LARGE), EXPECTED, strict=True):
            assert gradient(w, x, y).tobytes() == expected


def ways(cluster: bp.Cluster) -> Iterator[Callable[..., Any]]:
    """By tasks and by resident runners, in turn."""
    plain, compiled = bp.grad(SHARDED, executor=cluster), bp.compile(GRADIENT, executor=cluster)
    while True:
        yield plain
        yield compiled


class Faults:
    """A thread that does something again and again at random moments."""

    def __init__(self, rng: random.Random, fault: Callable[[], bool], pause: float) -> None:
        self.count = 0
        self._rng, self._fault, self._pause = rng, fault, pause
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Faults:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(self._pause * (0.5 + self._rng.random())):
            self.count += self._fault()


def workers_of(cluster: Any) -> list[Any]:
    """The processes of the workers of a LocalCluster that run."""
    found = [getattr(getattr(nanny, "process", None), "process", None) for nanny in cluster.workers.values()]
    return [process for process in found if process is not None and process.pid is not None]


def test_workers_are_killed_at_random_moments(rng: random.Random) -> None:
    with bp.Cluster(n_workers=2, patience=120.0) as cluster:
        local = cluster.client.cluster

        def kill() -> bool:
            running = workers_of(local)
            if len(running) < 2:  # one is always left, as an op is given up where four in a row end
                return False
            os.kill(rng.choice(running).pid, signal.SIGKILL)
            return True

        with Faults(rng, kill, 3.0) as faults:
            until(FAULTS, lambda: faults.count, ways(cluster))


def test_workers_end_gracefully_at_random_moments(rng: random.Random) -> None:
    with bp.Cluster(n_workers=2, patience=120.0) as cluster:
        scheduler = cluster.client

        def retire() -> bool:
            addresses = sorted(scheduler.nthreads())
            if len(addresses) < 2:
                return False
            scheduler.retire_workers([rng.choice(addresses)], close_workers=True)
            cluster.client.cluster.scale(len(cluster.client.cluster.worker_spec) + 1)
            return True

        with Faults(rng, retire, 2.0) as faults:
            until(FAULTS, lambda: faults.count, ways(cluster))


@pytest.mark.skipif(not IS_DEEP, reason="waits for lifetimes; make chaos runs it")
def test_workers_end_by_their_lifetime(rng: random.Random) -> None:
    """As with `dask worker --lifetime 20s --lifetime-stagger 10s --lifetime-restart`, which batch systems ask for.

    The cluster is one of our own, which starts others where Dask gives up on one that ends while it starts.
    """
    settings = {"duration": "20s", "stagger": "10s", "restart": True}
    with (
        dask.config.set({"distributed.worker.lifetime": settings}),
        bp.Cluster(n_workers=2, patience=120.0) as cluster,
    ):
        seen: set[str] = set()

        def ended() -> int:
            seen.update(cluster.client.nthreads())
            return len(seen) - 2

        until(FAULTS, ended, ways(cluster))


def test_workers_join_and_leave_and_plans_follow(rng: random.Random) -> None:
    local = distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None)  # type: ignore[no-untyped-call]
    with local, bp.Cluster(local, patience=120.0) as cluster:
        widths = set()
        gradients = ways(cluster)
        for count in (1, 3, 2, 4, 1):
            local.scale(count)
            local.wait_for_workers(count)  # type: ignore[no-untyped-call]
            cluster._session.members.forget()
            widths.add(cluster.workers)
            until(1, iter([0, 0, 1]).__next__, gradients)
        assert {1, 3} <= widths


@pytest.mark.parametrize("name", ["serial", "threads", "cluster"])
def test_interrupts_in_a_loop_leave_bits_and_threads_as_they_were(name: str, rng: random.Random) -> None:
    made: dict[str, Callable[[], AbstractExecutor]] = {
        "serial": bp.Serial,
        "threads": lambda: bp.Threads(2),
        "cluster": lambda: bp.Cluster(n_workers=2, patience=120.0),
    }
    executor = made[name]()
    compiled = bp.compile(GRADIENT, executor=executor)
    x, y, w = LARGE
    for _ in range(2):
        assert compiled(w, x, y).tobytes() == EXPECTED[1]
    before = threading.active_count()
    for _ in range(INTERRUPTS):
        with pytest.raises(KeyboardInterrupt):
            again_and_again(compiled, 0.1 * rng.random())
        assert compiled(w, x, y).tobytes() == EXPECTED[1]
    compiled(w, x, y)
    assert threading.active_count() <= before + 2  # a thread that was let go may still be ending
    if isinstance(executor, bp.Cluster):
        executor.close()


def again_and_again(compiled: Any, interrupted_after: float) -> None:
    x, y, w = LARGE
    threading.Timer(interrupted_after, os.kill, (os.getpid(), signal.SIGINT)).start()
    while True:
        compiled(w, x, y)
