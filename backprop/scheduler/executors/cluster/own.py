"""A cluster of our own on this machine: how it starts, and how it keeps its workers.

It listens on the loopback interface, and only who has its certificates can submit work: anyone who reaches a scheduler
runs code. Its workers keep the memory that they free (Dask's nanny starts workers with MALLOC_TRIM_THRESHOLD_=65536,
which costs each large array its page faults again: a factor of 1.38 on gradients), run the BLAS kernels of this
process, and leave the terminal's SIGINT to the process that asked.

Source: distributed/nanny.py, distributed/deploy/local.py, distributed/deploy/spec.py, mallopt(3).
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
from typing import Any

import distributed
from distributed.core import Status
from distributed.security import Security

from ....errors import ClusterError
from ...machine.blas_architecture import inherited
from ...patience.waiting import Told, told_of

KEEP_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(1 << 30), "MALLOC_MMAP_THRESHOLD_": str(1 << 30)}
"""Settings of the allocator of glibc for workers of our own: freed memory stays with the process."""

PRELOAD = "backprop.scheduler.executors.cluster.worker"

DEATHS = 6
"""Workers that end while they have a task, after which Dask blames the task. It also counts those on which the task
only waits for another one, or for data: four, Dask's default, may be chance where workers are often killed."""

GIVEN_UP = (Status.closed, Status.failed)
"""What a worker or its nanny is that Dask does not start again."""


class LocalCluster(distributed.LocalCluster):
    """As Dask's, whose watch over workers ends, and lets `close` fail, where one is gone before it was announced."""

    def _update_worker_status(self, op: str, msg: Any) -> None:
        with contextlib.suppress(KeyError):
            super()._update_worker_status(op, msg)  # type: ignore[no-untyped-call]


def start(n_workers: int, processes: bool, security: Security | None) -> Any:
    """A new `distributed.LocalCluster`.

    Arguments:
        n_workers: how many workers, of one thread each.
        processes: whether they are processes.
        security: the certificates; None for none.
    Errors:
        ClusterError: the workers do not start.
    """
    if processes and getattr(multiprocessing.current_process(), "_inheriting", False):
        # A worker imports the user's script, which would start a cluster again, and so on.
        sys.exit("backprop.Cluster: put what starts a cluster under `if __name__ == '__main__':`")
    if processes:
        # For those too that Dask starts later, in the place of lost ones. The environment overrides its settings.
        os.environ.update({**inherited(), **KEEP_MEMORY})
    of_processes: dict[str, Any] = {"preload": [PRELOAD]} if processes else {}
    try:
        with told_of(f"starting a cluster of {n_workers} workers", total=n_workers) as told:
            cluster = LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=n_workers,
                threads_per_worker=1,
                processes=processes,
                security=security,
                protocol="tls://" if security is not None else "tcp://",  # a name that other processes can use
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                scheduler_kwargs={
                    "dashboard": False,
                    "allowed_failures": DEATHS - 1,
                    "plugins": [_Arrivals(told)],
                },
                silence_logs=50,
                **of_processes,
            )
    except RuntimeError as error:
        what = "the worker processes of a new cluster did not start"
        fix = "in a script, put what starts a cluster under `if __name__ == '__main__':`"
        raise ClusterError(what, fix=fix) from error
    return cluster


class _Arrivals(distributed.SchedulerPlugin):
    """Tells whoever waits for a cluster of each worker that has come.

    Arguments:
        told: is told.
    """

    def __init__(self, told: Told) -> None:
        self._told = told

    def add_worker(self, scheduler: object, worker: str) -> None:
        """See Dask."""
        self._told.advance()


def mend(cluster: Any) -> None:
    """Start workers in the place of those that Dask has given up on, so that a cluster stays as wide as was asked for.

    Dask's nanny gives up on a worker that ends while it starts, and the cluster on one that is not back after 15 s.

    Arguments:
        cluster: a `distributed.LocalCluster`.
    """
    if _given_up(cluster) or len(cluster.workers) < len(cluster.worker_spec):
        cluster.loop.add_callback(_replace, cluster)


def _given_up(cluster: Any) -> list[Any]:
    """The names of the workers that Dask has given up on."""
    return [name for name, worker in list(cluster.workers.items()) if worker.status in GIVEN_UP]


def _replace(cluster: Any) -> None:
    """Ask for new workers; in the event loop, where nothing else changes the cluster meanwhile.

    They have new names: what Dask still plans to do about the old ones must not meet them.
    """
    if cluster.status is not Status.running:
        return
    gone = _given_up(cluster)
    cluster.scale(len(cluster.worker_spec) + sum(name in cluster.worker_spec for name in gone))
    for name in gone:
        cluster.workers.pop(name)
        cluster.worker_spec.pop(name, None)


def kill(cluster: Any) -> None:
    """End the worker processes of a cluster of our own, as Dask waits for ever for one that ended while it started."""
    for nanny in getattr(cluster, "workers", {}).values():
        process = getattr(getattr(nanny, "process", None), "process", None)
        if process is not None and process.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
