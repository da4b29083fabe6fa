"""Cluster: tasks on the workers of a Dask cluster.

The body of a task is pickled once for each plan, and compiled on a worker once for each content. Large arguments are
sent ahead, each once; small ones travel inside the graph. The graph has a name of its own, as Dask would otherwise hash
every array in it, and one span, as each unnamed one stays in the scheduler for good.

Source: distributed/client.py, distributed/spans.py; reference/dask.md traps 7, 16, 17.
Limits: an executor that made its own cluster listens on the loopback interface only, without encryption.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Any

import distributed
from dask.highlevelgraph import HighLevelGraph, MaterializedLayer
from dask.system import CPU_COUNT
from distributed.protocol import pickle

from ...ops.types import ArrayType
from ..blas import blas_threads as blas
from ..events import Recorder, TaskFinished, TaskStarted
from ..lower import lower, new_token, plan_input
from ..plan import Plan, PlanInput
from ..program import compile_program
from .base import AbstractExecutor, entered

OVERHEAD = 1e-2
"""Seconds that a task costs on a cluster."""

AHEAD = 1 << 17
"""Bytes from which an argument is sent ahead of the graph."""


class Cluster(AbstractExecutor):
    """Runs tasks on a Dask cluster; a context manager.

    Arguments:
        client: a `distributed.Client`, the address of a scheduler, or None for a cluster of its own on this machine.
        n_workers: of its own cluster, how many; one for each core by default.
        processes: of its own cluster, whether workers are processes rather than threads.
        blas_threads: the threads of BLAS in a task; None leaves what the workers have.
        recorder: takes the events of each run.
    """

    def __init__(
        self,
        client: distributed.Client | str | None = None,
        *,
        n_workers: int | None = None,
        processes: bool = True,
        blas_threads: int | None = 1,
        recorder: Recorder | None = None,
    ) -> None:
        self._own_cluster = _local(n_workers, processes) if client is None else None
        self._own_client = None if isinstance(client, distributed.Client) else _connect(self._own_cluster or client)
        self.client = self._own_client or client
        self._span = f"backprop-{new_token()}"
        super().__init__(max(1, sum(self.client.nthreads().values())), OVERHEAD, blas_threads, recorder)

    @property
    def address(self) -> str:
        """The address of the scheduler."""
        return str(self.client.scheduler.address)

    def run(self, plan: Plan, values: Sequence[Any]) -> tuple[Any, ...]:
        """See AbstractExecutor."""
        given = entered(plan, values)
        ready = lower(plan, self._arguments(plan, given), self._runners(plan), split=True)
        if not ready.keys:
            return ready.results((), given, plan)
        name = ready.keys[0][0]
        graph = HighLevelGraph({name: MaterializedLayer(ready.tasks)}, {name: set()})
        with distributed.span(self._span):
            answers = self.client.get(graph, list(ready.keys))
        return ready.results([self._recorded(answer) for answer in answers], given, plan)

    def _recorded(self, answer: Any) -> Any:
        return answer

    def _arguments(self, plan: Plan, values: Sequence[Any]) -> dict[PlanInput, Any]:
        """What stands for each argument that is an input: the value, or a Future of one that was sent ahead."""
        slots = dict.fromkeys(slot for task in plan.tasks for slot in task.args if isinstance(slot, PlanInput))
        found = {slot: plan_input(values, slot) for slot in slots}
        large = [slot for slot, value in found.items() if _is_large(plan, slot, value)]
        if large:
            sent = self.client.scatter([found[slot] for slot in large], hash=False)
            found.update(zip(large, sent, strict=True))
        return found

    def _runners(self, plan: Plan) -> list[_Shipped]:
        return [
            _Shipped(body, task.name, self.blas_threads) for task, body in zip(plan.tasks, _bodies(plan), strict=True)
        ]

    def close(self) -> None:
        """Close what this executor opened: its client, and its own cluster."""
        if self._own_client is not None:
            self._own_client.close()
        if self._own_cluster is not None:
            self._own_cluster.close()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return Cluster, (self.address,)


def _local(n_workers: int | None, processes: bool) -> distributed.LocalCluster:
    return distributed.LocalCluster(
        n_workers=n_workers or CPU_COUNT,
        threads_per_worker=1,
        processes=processes,
        protocol="tcp://",  # so that the executor pickles by address, with worker threads too
        host="127.0.0.1",
        dashboard_address=None,
    )


def _connect(where: Any) -> distributed.Client:
    return distributed.Client(where, set_as_default=False)


def _is_large(plan: Plan, slot: PlanInput, value: Any) -> bool:
    return isinstance(plan.inputs[slot.index], ArrayType) and value.nbytes >= AHEAD


@lru_cache(maxsize=64)
def _bodies(plan: Plan) -> tuple[bytes, ...]:
    """The pickled body of each task of a plan."""
    return tuple(pickle.dumps(task.body) for task in plan.tasks)


@lru_cache(maxsize=512)
def _unpickled(body: bytes) -> Any:
    return pickle.loads(body)


@dataclass(frozen=True, slots=True, eq=False)
class _Shipped:
    """A task on its way to a worker.

    Arguments:
        body: its graph, pickled.
        name: its name.
        blas_threads: for the run.
    """

    body: bytes
    name: str
    blas_threads: int | None

    def __call__(self, *values: Any) -> tuple[Any, ...]:
        program = compile_program(_unpickled(self.body), self.name)
        with blas(self.blas_threads):
            return program(*values)


__all__ = ["Cluster", "TaskFinished", "TaskStarted", "threading", "time"]
