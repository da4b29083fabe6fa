"""python -m benchmarks.simulation: a training step on many workers, by a model that is checked against real ones.

A discrete-event model of tasks on workers: the scheduler handles tasks one after the other, each costs it some time; a
worker runs one task at a time; what a task reads of others arrives one after the other, over a link of some latency
and bandwidth. It is checked against runs on 1 to 4 worker processes with what was measured on one, and then run for
more workers than there are here.

    python -m benchmarks.simulation            the tables for up to 1,000 workers
    python -m benchmarks.simulation --check    predictions beside runs on 1 to 4 worker processes

Source: the costs are those of docs/cluster.md; scheduling by earliest finish as in distributed/scheduler.py.
Limits: no contention between links, no failures, all workers alike.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from typing import Any

import click
import distributed
import numpy as np

COUNTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)


@dataclass(frozen=True, slots=True)
class Network:
    """What tasks cost beyond their work.

    Arguments:
        scheduler_s: seconds of the scheduler for each task.
        message_s: seconds from one worker to another, or from the scheduler to a worker and back.
        byte_s: seconds for each byte between workers.
    """

    scheduler_s: float = 4e-4
    message_s: float = 5e-3
    byte_s: float = 1e-9


DIRECT = Network(scheduler_s=5e-5, message_s=1e-3)
"""Resident runners: a call of a worker each, and messages between workers that do not wait for others."""


@dataclass(frozen=True, slots=True)
class Job:
    """A task of the model.

    Arguments:
        seconds: of work.
        reads: the tasks that it reads.
        nbytes: of its result.
        home: the worker that has its data; -1 for any.
    """

    seconds: float
    reads: tuple[int, ...] = ()
    nbytes: int = 0
    home: int = -1


def simulated(jobs: Sequence[Job], workers: int, network: Network) -> float:
    """Seconds until all tasks have ended, each on the worker where it can start first.

    Arguments:
        jobs: the tasks, in topological order.
        workers: how many there are.
        network: what tasks cost beyond their work.
    """
    model = _Model(jobs, workers, network)
    readers: list[list[int]] = [[] for _ in jobs]
    missing = [len(job.reads) for job in jobs]
    for k, job in enumerate(jobs):
        for read in job.reads:
            readers[read].append(k)
    ready = [(0.0, k) for k, count in enumerate(missing) if not count]
    while ready:
        since, k = heappop(ready)
        model.run(k, since)
        for reader in readers[k]:
            missing[reader] -= 1
            if not missing[reader]:
                heappush(ready, (max([model.ends[read] for read in jobs[reader].reads]), reader))
    return max(model.ends, default=0.0) + network.message_s


class _Model:
    """Workers and a scheduler, and when they are free."""

    def __init__(self, jobs: Sequence[Job], workers: int, network: Network) -> None:
        self.jobs = jobs
        self.network = network
        self.ends = [0.0] * len(jobs)
        self.homes = [-1] * len(jobs)
        self.scheduler = 0.0
        self.free = [0.0] * workers
        self.idle = [(0.0, w) for w in range(workers)]
        heapify(self.idle)

    def run(self, k: int, since: float) -> None:
        """Hand a task out, and run it; what it reads has been there since then."""
        self.scheduler = max(self.scheduler, since) + self.network.scheduler_s
        start, worker = min([(self._start(k, since, w), w) for w in self._choices(k)])
        self.ends[k] = self.free[worker] = start + self.jobs[k].seconds
        self.homes[k] = worker
        heappush(self.idle, (self.ends[k], worker))

    def _choices(self, k: int) -> set[int]:
        """The workers that may be the best: the one that is free first, and those that have what the task reads."""
        job = self.jobs[k]
        if job.home >= 0:
            return {job.home}
        while self.idle[0][0] < self.free[self.idle[0][1]]:
            heappop(self.idle)
        return {self.idle[0][1], *[self.homes[read] for read in job.reads]}

    def _start(self, k: int, since: float, worker: int) -> float:
        far = [read for read in self.jobs[k].reads if self.homes[read] != worker]
        sent = sum([self.jobs[read].nbytes for read in far]) * self.network.byte_s
        arrives = since + sent + (self.network.message_s if far else 0.0)
        return max(arrives, self.scheduler + self.network.message_s, self.free[worker])


def training_step(shards: int, seconds: float, nbytes: int, workers: int, arity: int = 2) -> list[Job]:
    """The tasks of a step: a gradient for each shard, and their sum as a tree.

    Arguments:
        shards: of the batch; each lies on a worker, in runs.
        seconds: of a shard, forward and back.
        nbytes: of a gradient.
        workers: how many hold shards.
        arity: how many gradients a sum takes.
    """
    jobs = [Job(seconds, (), nbytes, k * workers // shards) for k in range(shards)]
    level = list(range(shards))
    while len(level) > 1:
        groups = [level[k : k + arity] for k in range(0, len(level), arity)]
        level = []
        for group in groups:
            if len(group) == 1:
                level += group
                continue
            level.append(len(jobs))
            jobs.append(Job(len(group) * nbytes * 3e-10, tuple(group), nbytes))
    return jobs


def step_seconds(work: float, nbytes: int, workers: int, network: Network, arity: int = 2, each: int = 1) -> float:
    """Seconds of a step of some work, `each` shards a worker."""
    shards = each * workers
    return simulated(training_step(shards, work / shards, nbytes, workers, arity), workers, network)


def saturation(seconds: float, network: Network) -> int:
    """The workers that a scheduler can keep busy with tasks of some seconds each."""
    return max(1, int(seconds / network.scheduler_s))


# Tables.


def strong(work: float, nbytes: int, network: Network) -> list[tuple[int, float]]:
    """Workers and speed-up, where the work stays."""
    one = step_seconds(work, nbytes, 1, network)
    return [(n, one / step_seconds(work, nbytes, n, network)) for n in COUNTS]


def weak(work: float, nbytes: int, network: Network) -> list[tuple[int, float]]:
    """Workers and efficiency, where each worker has the same work."""
    one = step_seconds(work, nbytes, 1, network)
    return [(n, one / step_seconds(work * n, nbytes, n, network)) for n in COUNTS]


def best_arity(nbytes: int, workers: int, network: Network) -> int:
    """How many gradients a sum should take, of 2, 4, 8, 16 and all."""
    choices = [arity for arity in (2, 4, 8, 16, workers) if arity <= max(2, workers)]
    return min(choices, key=lambda arity: step_seconds(1.0, nbytes, workers, network, arity))


def best_shards(work: float, nbytes: int, workers: int, network: Network) -> int:
    """How many shards a worker should have, of 1, 2, 4, 8 and 16."""
    return min((1, 2, 4, 8, 16), key=lambda each: step_seconds(work, nbytes, workers, network, 2, each))


def tables() -> str:
    """What the page on clusters says, as text."""
    lines = []
    for name, network in (("tasks", Network()), ("resident runners", DIRECT)):
        lines.append(f"{name}: work of 10 s, gradients of 1 MB")
        for (n, speed), (_, kept) in zip(strong(10.0, 1 << 20, network), weak(1.0, 1 << 20, network), strict=True):
            lines.append(f"  {n:5} workers: strong {speed:7.1f} times, weak {100 * kept:5.1f} %")
        for seconds in (0.01, 0.1, 1.0):
            lines.append(f"  tasks of {seconds:g} s: one scheduler keeps {saturation(seconds, network)} workers busy")
        for nbytes in (1 << 16, 1 << 20, 1 << 24, 1 << 28):
            arity = [best_arity(nbytes, n, network) for n in (8, 64, 512)]
            lines.append(f"  gradients of {nbytes:>10,} bytes: sums of {arity} are best with 8, 64, 512 workers")
        each = [best_shards(10.0, 1 << 20, n, network) for n in (8, 64, 512)]
        lines.append(f"  shards a worker: {each} are best with 8, 64, 512 workers")
    return "\n".join(lines)


# The check against real workers.


def _gradient(seconds: float, nbytes: int) -> Any:
    time.sleep(seconds)  # is work that takes no core, so that four workers run on two
    return np.zeros(nbytes // 8)


def _sum(*parts: Any) -> Any:
    return sum(parts)


def measured(jobs: Sequence[Job], client: Any) -> float:
    """Seconds that the tasks of a model take on real workers."""
    workers = sorted(client.nthreads())
    futures: list[Any] = []
    start = time.perf_counter()
    for job in jobs:
        where = [workers[job.home]] if job.home >= 0 else None
        call = (_sum, *[futures[k] for k in job.reads]) if job.reads else (_gradient, job.seconds, job.nbytes)
        futures.append(client.submit(*call, workers=where, pure=False))
    client.gather(futures[-1:])
    return time.perf_counter() - start


def fitted(client: Any) -> Network:
    """The costs of this machine, from empty tasks."""

    def seconds(count: int) -> float:
        return min(measured([Job(0.0)] * count + [Job(0.0, tuple(range(count)))], client) for _ in range(3))

    few, many = seconds(2), seconds(202)
    return replace(Network(), scheduler_s=(many - few) / 200, message_s=max(1e-3, few / 3))


def checked(counts: Sequence[int] = (1, 2, 3, 4)) -> list[tuple[int, float, float]]:
    """Workers, predicted and measured seconds of a step of 16 shards of 0.1 s."""
    rows = []
    for count in counts:
        with (
            distributed.LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=None) as local,  # type: ignore[no-untyped-call]
            distributed.Client(local) as client,  # type: ignore[no-untyped-call]
        ):
            jobs = training_step(16, 0.1, 1 << 20, count)
            network = fitted(client)
            found = min(measured(jobs, client) for _ in range(3))
            rows.append((count, simulated(jobs, count, network), found))
    return rows


@click.command()
@click.option("--check", is_flag=True, help="Compare with runs on 1 to 4 worker processes.")
def main(check: bool) -> None:
    """Print the tables, or the check."""
    if not check:
        print(tables())
        return
    for count, predicted, found in checked():
        off = 100 * (predicted / found - 1)
        print(f"{count} workers: predicted {predicted:.3f} s, measured {found:.3f} s, {off:+.0f} %")


if __name__ == "__main__":
    main()
