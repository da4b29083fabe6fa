"""Measuring the rates of this machine, and refining them by the times of a run.

Each rate is the best of some rounds, as whatever else a machine does only makes it slower; all together take about two
seconds. What passes between tasks is not measured: threads share their memory, and networks differ.

Limits: the machine should be idle. A processor that lowers its clock after a while of work is measured before it does.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.special

from ..graph.graph import Graph, Node
from ..graph.params import NO_PARAMS
from ..ops.core.costs import SCALAR, VECTORISED
from ..ops.core.types import scalar_type
from ..ops.elementwise.trigonometric import sin
from .events import Event, TaskFinished
from .executors.threads import Threads
from .machine.blas import blas_threads
from .machine.cost import Machine
from .planning.plan import Plan
from .planning.planner import make_plan

FUNCTIONS = (
    (np.exp, VECTORISED),
    (np.log, VECTORISED),
    (np.tanh, VECTORISED),
    (np.sin, SCALAR),
    (scipy.special.expit, SCALAR),
    (scipy.special.gammaln, SCALAR),
)
"""Functions to measure, with their operations."""

CACHE = Path("/sys/devices/system/cpu/cpu0/cache/index2/size")
"""Where Linux tells the size of the second cache, as in "1024K"."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Measures calls.

    Arguments:
        total: about the seconds that one measurement takes.
        rounds: of which the best counts.
    """

    total: float
    rounds: int = 60

    def seconds(self, call: Callable[[], object], share: float = 1.0) -> float:
        """The seconds of a call.

        Arguments:
            call: what to measure.
            share: of the total.
        """
        once = max(_timed(call, 2), 1e-8)
        count = max(1, int(share * self.total / self.rounds / once))
        rounds = min(self.rounds, max(3, int(share * self.total / once)))
        return min([_timed(call, count) for _ in range(rounds)])


def calibrate(clock: Clock = Clock(0.1)) -> Machine:
    """The rates of this machine, measured now.

    Arguments:
        clock: measures.
    """
    with blas_threads(1):
        products, single = ([_product(clock, n, dtype) for n in (128, 256, 512)] for dtype in ("float64", "float32"))
        elements = _mean([_ufunc(clock, f) for f in (np.add, np.multiply, np.maximum)])
        return Machine(
            blas_per_s=_mean(products),
            elements_per_s=elements,
            functions_per_s=_mean([flops.count * _ufunc(clock, f) for f, flops in FUNCTIONS]),
            single=max(1.0, _mean(single) / _mean(products)),
            cache_bytes=_cache(),
            bytes_per_s=_bytes(clock, elements),
            call_s=_call(clock),
            view_s=_view(clock),
            task_s=_task(clock),
        )


def refined(machine: Machine, plan: Plan, events: Iterable[Event]) -> Machine:
    """The rates with which a plan would have been predicted to take as long as it took.

    Arguments:
        machine: the rates that the plan was made with.
        plan: what ran, once or several times.
        events: of these runs; the best one of each task counts, and none in which it failed.
    Returns:
        the machine slower, or faster, by what the tasks took over what was predicted.
    """
    best: dict[int, float] = {}
    for event in events:
        if isinstance(event, TaskFinished) and not event.error:
            best[event.task] = min(event.seconds, best.get(event.task, math.inf))
    measured, predicted = sum(best.values()), sum([plan.tasks[task].seconds for task in best])
    return machine.slower(measured / predicted) if measured > 0 and predicted > 0 else machine


# One rate each.


def _product(clock: Clock, n: int, dtype: str) -> float:
    a = np.full((n, n), 0.5, dtype)
    out = np.empty_like(a)
    return 2.0 * n**3 / clock.seconds(lambda: np.matmul(a, a, out=out), 2.0)


def _ufunc(clock: Clock, f: np.ufunc, n: int = 8192) -> float:
    """The elements a second of a ufunc, without the call."""
    x, out = np.linspace(0.1, 0.9, n), np.empty(n)
    whole = clock.seconds(lambda: f(*(x,) * f.nin, out=out), 0.2)
    empty = clock.seconds(lambda: f(*(x[:0],) * f.nin, out=out[:0]), 0.1)
    return n / max(whole - empty, 0.1 * whole)


def _bytes(clock: Clock, elements_per_s: float, n: int = 2_000_000) -> float:
    """The bytes a second beyond the cache: what adding large arrays takes longer than adding small ones."""
    x, y, out = np.ones(n), np.ones(n), np.ones(n)
    whole = clock.seconds(lambda: np.add(x, y, out=out))
    return 3 * x.nbytes / max(whole - n / elements_per_s, 0.1 * whole)


def _call(clock: Clock) -> float:
    x, a = np.ones(8), np.ones((8, 8))
    calls: tuple[Callable[[], object], ...] = (lambda: np.add(x, x), lambda: np.matmul(a, a), lambda: np.add.reduce(a))
    return _mean([clock.seconds(call, 0.1) for call in calls])


def _view(clock: Clock) -> float:
    a = np.ones((8, 8))
    return _mean([clock.seconds(call, 0.1) for call in (lambda: a.T, lambda: a[1:], lambda: a.reshape(64))])


def _task(clock: Clock, tasks: int = 64) -> float:
    """The seconds of a task on threads: those of a plan of many tasks, each next to nothing."""
    t = scalar_type(np.dtype("float64"))
    graph = Graph(
        (t,) * tasks, tuple([Node(sin, (k,), NO_PARAMS, t) for k in range(tasks)]), tuple(range(tasks, 2 * tasks))
    )
    plan = make_plan(graph, tuple([(k,) for k in graph.outputs]))
    threads, values = Threads(2), [np.float64(1.0)] * tasks
    return clock.seconds(lambda: threads.run(plan, values)) / tasks


def _cache(path: Path = CACHE) -> float:
    """The bytes of the second cache; the default of Machine where nobody tells."""
    try:
        return 1024.0 * int(path.read_text(encoding="ascii").strip().removesuffix("K"))
    except (OSError, ValueError):
        return Machine().cache_bytes


def _mean(rates: list[float]) -> float:
    """The geometric mean, so that rates and their inverses agree."""
    return math.exp(sum([math.log(rate) for rate in rates]) / len(rates))


def _timed(call: Callable[[], object], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count
