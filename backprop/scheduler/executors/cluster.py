"""Cluster: tasks on the workers of a Dask cluster.

The body of a task is pickled once for each plan, and compiled on a worker once for each content. Large arguments are
sent ahead, each once; small ones travel inside the graph. The graph has a name of its own, as Dask would otherwise hash
every array in it, and one span, as each unnamed one stays in the scheduler for good.

Source: distributed/client.py, distributed/spans.py.
Limits: an executor that made its own cluster listens on the loopback interface only, without encryption.
"""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from types import TracebackType
from typing import Any

import distributed
from dask.highlevelgraph import HighLevelGraph, MaterializedLayer
from dask.system import CPU_COUNT
from dask.task_spec import Task as DaskTask
from dask.task_spec import TaskRef
from distributed.protocol import pickle

from ...ops.core.types import ArrayType
from ..events import Recorder, TaskFinished, TaskStarted
from ..lower import Key, Lowered, lower, new_token, plan_input
from ..machine.blas import blas_threads as blas
from ..machine.blas_architecture import fingerprint_here, inherited
from ..planning.plan import Plan, PlanInput
from ..planning.stages import run_staged
from ..programs.program import compile_program
from .base import AbstractExecutor, entered, run_inline

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

    shares_gil = False

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
        self._owns_client = not isinstance(client, distributed.Client)
        self.client: Any = _connect(self._own_cluster or client) if self._owns_client else client
        self._span = f"backprop-{new_token()}"
        if client is not None:
            _compare_kernels(_kernels(self.client))
        super().__init__(max(1, _threads(self.client)), OVERHEAD, blas_threads, recorder)

    @property
    def address(self) -> str:
        """The address of the scheduler."""
        return str(self.client.scheduler.address)

    def run(self, plan: Plan, values: Sequence[Any]) -> tuple[Any, ...]:
        """See AbstractExecutor."""
        return run_staged(plan, entered(plan, values), self._run, self._inline)

    def _inline(self, plan: Plan, values: Sequence[Any]) -> tuple[Any, ...]:
        with blas(self.blas_threads):
            return run_inline(plan, values, self.recorder)

    def _run(self, plan: Plan, given: Sequence[Any]) -> tuple[Any, ...]:
        ready = lower(plan, self._arguments(plan, given), self._runners(plan), split=True)
        if not ready.keys:
            return ready.results((), given, plan)
        clocks = _clocks(ready, plan) if self.recorder is not None else {}
        name = ready.keys[0][0]
        graph = HighLevelGraph({name: MaterializedLayer({**ready.tasks, **clocks})}, {name: set()})
        with distributed.span(self._span):
            answers = self.client.get(graph, [*ready.keys, *clocks])
        self._record(plan, answers[len(ready.keys) :])
        return ready.results(answers[: len(ready.keys)], given, plan)

    def _record(self, plan: Plan, times: Sequence[tuple[str, float, float]]) -> None:
        for index, (worker, start, end) in enumerate(times):
            assert self.recorder is not None
            name = plan.tasks[index].name
            self.recorder.record(TaskStarted(index, name, worker, start))
            self.recorder.record(TaskFinished(index, name, worker, end, end - start))

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
            _Shipped(body, task.name, self.blas_threads, self.recorder is not None)
            for task, body in zip(plan.tasks, _bodies(plan), strict=True)
        ]

    def close(self) -> None:
        """Close what this executor opened: its client, and its own cluster."""
        if self._owns_client:
            self.client.close()
        if self._own_cluster is not None:
            self._own_cluster.close()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return Cluster, (self.address,)


def _local(n_workers: int | None, processes: bool) -> distributed.LocalCluster:
    if processes:
        os.environ.update(inherited())  # for those too that Dask starts later, in the place of lost ones
    return distributed.LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=n_workers or CPU_COUNT,
        threads_per_worker=1,
        processes=processes,
        protocol="tcp://",  # so that the executor pickles by address, with worker threads too
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
    )


def _kernels(client: Any) -> dict[str, tuple[str, ...]]:
    """The kernels of BLAS on each worker that can tell."""
    return dict(client.run(fingerprint_here, on_error="ignore"))


def _compare_kernels(found: Mapping[str, tuple[str, ...]]) -> None:
    """Warn of workers whose BLAS runs other kernels than this process; `found` has those of each worker."""
    mine = set(fingerprint_here())
    for address, theirs in found.items():
        if not mine <= set(theirs) and not set(theirs) <= mine:
            warnings.warn(
                f"the worker {address} runs other kernels of BLAS, {', '.join(theirs)}, than this process, "
                f"{', '.join(sorted(mine))}, and so may give other bits; `backprop doctor` tells what to set",
                RuntimeWarning,
                stacklevel=3,
            )


def _connect(where: Any) -> distributed.Client:
    return distributed.Client(where, set_as_default=False)  # type: ignore[no-untyped-call]


def _threads(client: Any) -> int:
    return sum(client.nthreads().values())


def _is_large(plan: Plan, slot: PlanInput, value: Any) -> bool:
    return isinstance(plan.inputs[slot.index], ArrayType) and value.nbytes >= AHEAD


@lru_cache(maxsize=64)
def _bodies(plan: Plan) -> tuple[bytes, ...]:
    """The pickled body of each task of a plan."""
    return tuple(pickle.dumps(task.body) for task in plan.tasks)  # type: ignore[no-untyped-call]


@lru_cache(maxsize=512)
def _unpickled(body: bytes) -> Any:
    return pickle.loads(body)  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True, eq=False)
class _Shipped:
    """A task on its way to a worker.

    Arguments:
        body: its graph, pickled.
        name: its name.
        blas_threads: for the run.
        timed: whether to add where and when it ran, as one more result.
    """

    body: bytes
    name: str
    blas_threads: int | None
    timed: bool

    def __call__(self, *values: Any) -> tuple[Any, ...]:
        program = compile_program(_unpickled(self.body), self.name)
        with blas(self.blas_threads):
            start = time.perf_counter()
            results = program(*values)
        return (*results, (_here(), start, time.perf_counter())) if self.timed else results


def _here() -> str:
    return f"{distributed.get_worker().address} {threading.current_thread().name}"


def _clocks(ready: Lowered, plan: Plan) -> dict[Key, DaskTask]:
    """A Dask task for each task of the plan, which asks when it ran."""
    keys = [key for key in ready.tasks if len(key) == 2]
    places = [len(task.body.outputs) for task in plan.tasks]
    clocks = [("bp-clock" + key[0][7:], key[1]) for key in keys]
    return {c: DaskTask(c, itemgetter(at), TaskRef(k)) for c, k, at in zip(clocks, keys, places, strict=True)}
