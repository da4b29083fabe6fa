"""What does a cluster cost, and what does it save? Two worker processes, beside threads and PyTorch's DDP.

A step of a training is the loss and the new parameters, which come back to the client. Data is resident where it lies
on the workers as a dask array, a half each; otherwise it is given as arrays. Bytes are those that cross the loopback
interface, whoever sends them, so that the least of a few calls counts.

Limits: with two cores, the client and the scheduler take time from the workers.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import dask.array as da
import numpy as np
import psutil
from dask import delayed

import backprop as bp

from .ddp import RATE, Pair
from .harness import Case, Variant
from .simulation import checked
from .targets import Figure, Target, ratio

LAYERS = (784, 300, 100, 10)
STEPS = 10
MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is asked for.

    Arguments:
        batches: the rows of a batch.
        captured: the bytes of what is captured.
        length: of vectors of the small plan.
        array: the gigabytes of a dask array, the megabytes of its chunks, and the gigabytes of each of two workers.
        counts: the workers on which the simulation is checked.
    """

    batches: tuple[int, ...] = (8_192, 65_536)
    captured: int = 200 * MB
    length: int = 200_000
    array: tuple[float, float, float] = (16.0, 16.0, 0.5)
    counts: tuple[int, ...] = (1, 2, 3, 4)


FULL, TINY = Sizes(), Sizes((256,), 2 * MB, 1_000, (0.01, 1.0, 0.5), ())


def network(rows: int) -> tuple[Any, Any, Any]:
    """Parameters and a batch."""
    rng = np.random.default_rng(0)
    normal = lambda *shape: rng.normal(size=shape).astype(np.float32)  # noqa: E731
    params = [(0.05 * normal(a, b), np.zeros(b, np.float32)) for a, b in pairwise(LAYERS)]
    return params, normal(rows, LAYERS[0]), normal(rows, LAYERS[-1])


def loss(params: Any, x: Any, y: Any) -> Any:
    """Of a network of tanh."""
    for w, b in params[:-1]:
        x = np.tanh(x @ w + b)
    w, b = params[-1]
    return np.mean((x @ w + b - y) ** 2)


def step(params: Any, x: Any, y: Any) -> Any:
    """A step of a training: the loss, and new parameters."""
    value, gradient = bp.value_and_grad(bp.minibatch(loss, (1, 2)))(params, x, y)
    rate = np.float32(RATE)
    return value, [(w - rate * gw, b - rate * gb) for (w, b), (gw, gb) in zip(params, gradient, strict=True)]


def steps(params: Any, x: Any, y: Any) -> Any:
    """Several steps in one."""
    losses = []
    for _ in range(STEPS):
        value, params = step(params, x, y)
        losses.append(value)
    return losses[-1], params


def in_turn(one: Callable[..., Any]) -> Callable[..., Any]:
    """Several steps one after the other."""

    def run(params: Any, x: Any, y: Any) -> Any:
        for _ in range(STEPS):
            value, params = one(params, x, y)
        return value, params

    return run


def halves(cluster: bp.Cluster, whole: Any) -> Any:
    """An array as a dask array of two chunks, one on each worker."""
    workers = sorted(cluster.client.nthreads())
    parts = list(zip(np.array_split(whole, 2), workers, strict=True))
    held = [cluster.client.scatter(part, workers=[worker], hash=False) for part, worker in parts]
    chunks = [
        da.from_delayed(delayed(future), part.shape, part.dtype) for future, (part, _) in zip(held, parts, strict=True)
    ]
    return cluster.client.persist(da.concatenate(chunks))


def sent(call: Callable[[], Any], calls: int = 3) -> int:
    """The bytes that cross the loopback interface in a call, at least."""
    found = []
    for _ in range(calls):
        before = psutil.net_io_counters(pernic=True)["lo"].bytes_sent
        call()
        found.append(psutil.net_io_counters(pernic=True)["lo"].bytes_sent - before)
    return int(min(found))


def value_of(f: Callable[..., Any], *args: Any) -> Variant:
    """A step as a variant: its loss is what is compared."""
    return Variant(lambda: float(f(*args)[0]))


def training(cluster: bp.Cluster, rows: int, limits: tuple[float, float], with_rivals: bool) -> Iterator[Case]:
    """A step, on clusters, threads and by PyTorch."""
    params, x, y = network(rows)
    held = halves(cluster, x), halves(cluster, y)
    variants = {
        "serial": value_of(bp.compile(step, executor=bp.Serial()), params, x, y),
        "threads": value_of(bp.compile(step, executor=bp.Threads(2)), params, x, y),
        "cluster, resident": value_of(bp.compile(step, executor=cluster), params, *held),
        "cluster, arrays": value_of(bp.compile(step, executor=cluster), params, x, y),
    }
    has_torch = with_rivals and importlib.util.find_spec("torch") is not None
    with closing(Pair(params, x, y)) if has_torch else nullcontext() as pair:
        if pair is not None:
            variants["DDP"] = Variant(pair.step)
        targets = (
            ratio("resident / DDP", "cluster, resident", "DDP", limits[0]),
            ratio("from arrays / DDP", "cluster, arrays", "DDP", limits[1]),
            ratio("resident / serial", "cluster, resident", "serial", None),
            ratio("resident / threads", "cluster, resident", "threads", None),
        )
        yield Case(f"training step, batch {rows:,}", variants, "serial", targets, 1e-4)


def several(cluster: bp.Cluster, rows: int) -> Case:
    """Ten steps as one call, and as ten."""
    params, x, y = network(rows)
    held = halves(cluster, x), halves(cluster, y)
    variants = {
        "one call": value_of(bp.compile(steps, executor=cluster), params, *held),
        "ten calls": value_of(in_turn(bp.compile(step, executor=cluster)), params, *held),
        "ten calls as tasks": value_of(in_turn(bp.evaluate(step, executor=cluster)), params, *held),
    }
    targets = (
        ratio("one call / ten calls", "one call", "ten calls", 0.7),
        ratio("one call / ten calls as tasks", "one call", "ten calls as tasks", None),
    )
    return Case(f"{STEPS} steps, batch {rows:,}", variants, "ten calls", targets, 1e-4)


def traffic(cluster: bp.Cluster, sizes: Sizes) -> Iterator[Figure]:
    """What crosses the network."""
    params, x, y = network(sizes.batches[0])
    held = halves(cluster, x), halves(cluster, y)
    compiled = bp.compile(step, executor=cluster)
    nbytes = sum([w.nbytes + b.nbytes for w, b in params])
    compiled(params, *held)
    beyond = sent(lambda: compiled(params, *held)) - 4 * nbytes  # to both workers, between them, and back
    yield Figure(
        "resident step: bytes beyond parameters and gradients, of the data", beyond / (x.nbytes + y.nbytes), 0.01
    )
    table = np.random.default_rng(1).normal(size=(sizes.captured // 16_000, 2_000))
    w = np.ones(2_000)
    captured = bp.grad(lambda w: np.sum((table @ w) ** 2), executor=cluster)
    first = sent(lambda: captured(w), 1)
    yield Figure("captured array: MB of the first call", first / MB, None, "MB")
    yield Figure("captured array: MB of the next", sent(lambda: captured(w)) / MB, 1.0, "MB")
    parts = halves(cluster, table[: len(table) // 2])
    gradient = bp.grad(bp.minibatch(lambda w, x: np.mean((x @ w) ** 2), 1), executor=cluster)
    gradient(w, parts)
    yield Figure("gradient over futures: MB", sent(lambda: gradient(w, parts)) / MB, 1.0, "MB")


def overhead(cluster: bp.Cluster, sizes: Sizes) -> Case:
    """A plan of eight tasks, replayed, and eight tasks of Dask that compute the same."""
    x = [np.full(sizes.length, 0.1 * (k + 1)) for k in range(8)]
    held = [cluster.client.scatter(each, hash=False) for each in x]
    work = bp.op(branch, vjp=lambda g, out, x: g, like=0, name="branch", seconds=0.05)
    compiled = bp.compile(lambda *parts: [np.max(work(part)) for part in parts], executor=cluster)

    def plain() -> Any:
        futures = [cluster.client.submit(largest, part, pure=False) for part in held]
        return cluster.client.gather(futures)

    target = Target(
        "replayed plan beyond tasks of Dask",
        ("replayed", "tasks of Dask"),
        lambda m: (m["replayed"] - m["tasks of Dask"]) * 1e3,
        3.0,
        "ms",
    )
    variants = {"tasks of Dask": Variant(plain), "replayed": Variant(lambda: compiled(*held))}
    return Case("overhead of 8 tasks", variants, "tasks of Dask", (target,))


def branch(x: Any) -> Any:
    """Some work."""
    for _ in range(20):
        x = np.sin(x)
    return x


def largest(x: Any) -> Any:
    """Some work, and one number of it."""
    return np.max(branch(x))


def large_array(sizes: Sizes) -> Iterator[Figure]:
    """The most memory that a client has which takes a gradient over more data than all workers can hold."""
    gigabytes, chunk, worker = sizes.array
    options = {"--gigabytes": gigabytes, "--chunk": chunk, "--worker": worker, "--limit": 300}
    words = [str(word) for option in options.items() for word in option]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.larger_than_memory", *words], capture_output=True, text=True, check=True
    )
    before, most = re.findall(r"([0-9.]+) MB resident before, at most ([0-9.]+) MB", done.stdout)[0]
    yield Figure("client before, its modules alone", float(before), None, "MB")
    yield Figure(f"client, {gigabytes:g} GB in chunks, workers of {worker:g} GB", float(most), 300.0, "MB")


def simulations(sizes: Sizes) -> Iterator[Figure]:
    """How far the model of a cluster is from real runs."""
    for count, predicted, found in checked(sizes.counts):
        yield Figure(f"{count} workers, predicted", predicted, None, "s")
        yield Figure(f"{count} workers, measured", found, None, "s")
        yield Figure(f"{count} workers, off by", 100 * abs(predicted / found - 1), 15.0, "%")


def cases(sizes: Sizes = FULL, with_rivals: bool = False) -> Iterator[Case]:
    """The whole table: steps, traffic and overhead on one cluster, then what needs clusters of its own."""
    limits: Sequence[tuple[float, float]] = ((1.05, 1.6), (0.85, 1.3))
    with bp.Cluster(n_workers=2) as cluster:
        for rows, limit in zip(sizes.batches, limits, strict=False):
            yield from training(cluster, rows, limit, with_rivals)
        yield several(cluster, sizes.batches[0])
        yield overhead(cluster, sizes)
        yield Case("traffic of a cluster", {}, measures=lambda: tuple(traffic(cluster, sizes)))
    yield Case("an array larger than memory", {}, measures=lambda: tuple(large_array(sizes)))
    yield Case("the simulation beside workers", {}, measures=lambda: tuple(simulations(sizes)))
