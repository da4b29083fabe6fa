"""profile: what calls of a function take, task by task, beside what was predicted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from typing import Any

from ...errors import ArgumentError
from ...graph.tracing.source_lines import user_line
from ...reports.describe import Watched, described, measured, with_node_times
from ...reports.description import Description
from ...reports.report import Report
from ...scheduler.patience.waiting import told_of
from ...scheduler.planning.plan import Plan
from ..executors import Where
from ..verbs.evaluate import evaluate
from ..verbs.run import use
from ..verbs.transformed import Transformed, name_of
from ..watching import Seen, Timed, timed
from .allocation import allocated
from .explain import facts, scalings
from .node_times import node_times


def profile(f: Callable[..., Any], *args: Any, repeat: int = 3, executor: Where | None = None, **kwargs: Any) -> Report:
    """What calls of a function take: each task measured beside what was predicted, by line, op and worker.

    The function is called `repeat` times after a first call that is not counted, once more to find what it allocates,
    and the nodes of each task run once one after the other, to share the task's time among lines. Timing tasks costs a
    run some microseconds for each of them.

    Arguments:
        f: any function, also one made by grad and its kin or by compile; one of plain NumPy runs as `evaluate(f)` does.
        args: its arguments.
        repeat: how many calls are timed.
        executor: where to run; None for the one of `with use(...)`, or that of a compiled function.
        kwargs: its further arguments.
    Returns:
        a Report of the call of median length.
    Errors:
        ArgumentError: `repeat` is below 1, or nothing of the function runs here. Whatever the function raises.
    Example:
        >>> report = bp.profile(bp.compile(bp.grad(lambda x: np.sum(np.sin(x)))), np.ones(3), repeat=2)
        >>> report.description.run is not None
        True
    """
    if repeat < 1:
        raise ArgumentError(f"repeat is {repeat}", user_line(), "time one call at least")
    function = f if _is_ours(f) else evaluate(f)

    def call() -> Any:
        result = function(*args, **kwargs)
        told.advance()
        return result

    what = told_of(f"profiling {name_of(f)}", total=repeat + 3)
    with what as told, use(executor) if executor is not None else nullcontext():
        call()
        runs = [timed(call) for _ in range(repeat)]
        return Report(_profiled(runs, timed(call, keeps_values=True), allocated(call)))


def _is_ours(f: Callable[..., Any]) -> bool:
    """Whether a function runs its plans itself, as what grad, evaluate and compile make does."""
    return isinstance(f, Transformed) or hasattr(f, "explain")


def _profiled(runs: Sequence[Timed], kept: Timed, peak: int) -> Description:
    """The description of runs; those that ran other plans than the last, as values steered otherwise, do not count."""
    same = [run for run in runs if _plans(run.seen) == _plans(kept.seen)] or [kept]
    if not kept.seen:
        raise ArgumentError("the function ran no plan", user_line(), "profile one of grad, evaluate or compile")
    executor = kept.seen[-1].executor
    plain = described(_plans(kept.seen), facts(executor), scalings([seen.graph for seen in kept.seen], executor))
    watched = [Watched(run.start, run.seconds, [seen.events for seen in run.seen]) for run in same]
    times = [time for seen in kept.seen for time in node_times(seen, plain)]
    return measured(with_node_times(plain, times), watched, peak)


def _plans(seen: Iterable[Seen]) -> list[Plan]:
    return [one.plan for one in seen]
