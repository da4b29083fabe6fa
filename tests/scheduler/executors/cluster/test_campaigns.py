"""Campaigns of faults: workers that are killed or end at random moments, workers that join, interrupts in a loop.

Each run gives the bits of Serial, whatever happens; the seed of each campaign is printed. A few of each by default,
200 of each with `make chaos`.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import dask
import numpy as np
import pytest
from distributed.utils import get_mp_context
from hypothesis import settings

import backprop as bp
from backprop.scheduler.executors.base import AbstractExecutor
from backprop.scheduler.executors.cluster.own import LocalCluster
from tests.processes import workers_of

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore")]

IS_DEEP = settings().max_examples >= 2_000
FAULTS = 200 if IS_DEEP else 4
INTERRUPTS = 150 if IS_DEEP else 6
WORKERS = 4 if IS_DEEP else 2

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


@pytest.fixture(scope="module", autouse=True)
def quick_starts() -> Iterator[None]:
    """Workers are forked from a process that has imported everything: a start takes a tenth of the time."""
    with dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}):
        get_mp_context().set_forkserver_preload(["distributed", "backprop.scheduler.executors.cluster.executor"])
        yield


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    seed = random.SystemRandom().randrange(10**6)
    print(f"{request.node.name}: seed {seed}")
    return random.Random(seed)


def gradients(cluster: bp.Cluster) -> Iterator[Callable[[], bool]]:
    """Whether a gradient has the bits of Serial: small and large, by tasks and by resident runners."""
    for way in (bp.grad(SHARDED, executor=cluster), bp.compile(GRADIENT, executor=cluster)):
        for (x, y, w), expected in zip((SMALL, LARGE), EXPECTED, strict=True):
            yield partial(_is_right, way, (w, x, y), expected)


def _is_right(way: Callable[..., Any], args: tuple[Any, ...], expected: bytes) -> bool:
    return bool(way(*args).tobytes() == expected)


class Strike:
    """A fault at a moment of a run: nothing happens where the run ends before."""

    def __init__(self, fault: Callable[[], None], after: float) -> None:
        self.happened = False
        self._fault = fault
        self._timer = threading.Timer(after, self._strike)

    def __enter__(self) -> Strike:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()

    def _strike(self) -> None:
        self.happened = True
        self._fault()


def strike(cluster: bp.Cluster, rng: random.Random, fault: Callable[[], None]) -> None:
    """Take gradients until so many were struck at a random moment; each has the bits of Serial.

    Arguments:
        cluster: of some workers, of which one is always left.
        rng: tells the moments.
        fault: has one of the workers end.
    """
    runs = list(gradients(cluster))
    took = [0.0] * len(runs)
    count = hits = 0
    while hits < FAULTS or count < 2 * len(runs):
        k = count % len(runs)
        count += 1
        one_is_left = len(cluster.client.nthreads()) > 1
        after = took[k] * rng.random() if took[k] and one_is_left else 1e6
        began = time.monotonic()
        with Strike(fault, after) as struck:
            assert runs[k]()
            seconds = time.monotonic() - began
        if not struck.happened:
            took[k] = seconds
            continue
        hits += 1
        print(f"{hits} of {count} gradients were struck, and all are right", flush=True)


def test_workers_are_killed_at_random_moments(rng: random.Random) -> None:
    with bp.Cluster(n_workers=WORKERS, patience=120.0) as cluster:

        def kill() -> None:
            os.kill(rng.choice(workers_of(cluster.client.cluster)).pid, signal.SIGKILL)

        strike(cluster, rng, kill)


async def end(dask_worker: Any) -> None:
    await dask_worker.close_gracefully(restart=True)


def test_workers_end_gracefully_at_random_moments(rng: random.Random) -> None:
    """By themselves, as at the end of their lifetime, and for good, as by a scheduler that takes them out."""
    with bp.Cluster(n_workers=WORKERS, patience=120.0) as cluster:

        def retire() -> None:
            address = rng.choice(sorted(cluster.client.nthreads()))
            if rng.random() < 0.5:
                cluster.client.run(end, workers=[address], wait=False, on_error="ignore")
            else:
                cluster.client.retire_workers([address], close_workers=True)

        strike(cluster, rng, retire)


@pytest.mark.skipif(not IS_DEEP, reason="waits for lifetimes; make chaos runs it")
def test_workers_end_by_their_lifetime(rng: random.Random) -> None:
    """As with `dask worker --lifetime 20s --lifetime-stagger 10s --lifetime-restart`, which batch systems ask for."""
    lifetime = {"duration": "20s", "stagger": "10s", "restart": True}
    with (
        dask.config.set({"distributed.worker.lifetime": lifetime}),
        bp.Cluster(n_workers=WORKERS, patience=120.0) as cluster,
    ):
        runs = itertools.cycle(gradients(cluster))
        seen: set[str] = set()
        count = 0
        while len(seen) < FAULTS + WORKERS:
            assert next(runs)()
            count += 1
            before = len(seen)
            seen.update(cluster.client.nthreads())
            if len(seen) > before:
                print(f"{len(seen) - WORKERS} workers ended in {count} gradients, and all are right", flush=True)


def test_workers_join_and_leave_and_plans_follow(rng: random.Random) -> None:
    local = LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None)  # type: ignore[no-untyped-call]
    with local, bp.Cluster(local, patience=120.0) as cluster:
        widths = set()
        runs = list(gradients(cluster))
        for count in (1, 3, 2, 4, 1):
            local.scale(count)  # type: ignore[no-untyped-call]
            local.wait_for_workers(count)
            cluster._session.members.forget()
            widths.add(cluster.workers)
            assert all(run() for run in runs)
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
