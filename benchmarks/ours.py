"""This project's ways to compute a gradient, as variants, and what is asked of all of them on every workload."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import backprop as bp
from backprop.api.reporting.explain import facts
from backprop.reports.describe import described
from backprop.reports.simulate import makespan

from .harness import Variant
from .targets import Medians, Target, ratio_to_best, to_bound

WORKERS = 2
"""Threads of the parallel variants."""

SERIAL, THREADS, AUTO = bp.Serial(), bp.Threads(WORKERS), bp.Auto(WORKERS)


def compiled(f: Callable[..., Any], *args: Any, executor: bp.AbstractExecutor = SERIAL) -> Variant:
    """A function compiled for an executor."""
    call = bp.compile(f, executor=executor)
    return Variant(lambda: call(*args))


def executors(f: Callable[..., Any], *args: Any) -> dict[str, Variant]:
    """A function compiled for Serial, Threads and Auto."""
    return {
        "serial": compiled(f, *args, executor=SERIAL),
        "threads": compiled(f, *args, executor=THREADS),
        "auto": compiled(f, *args, executor=AUTO),
    }


def common_targets(f: Callable[..., Any], *args: Any) -> tuple[Target, ...]:
    """What is asked of every workload: threads near the bound, Auto as good as the better of both."""
    return (
        to_bound("threads / max(T1/2, Tinf)", "threads", "serial", WORKERS, lambda: span_share(f, *args), 1.15),
        ratio_to_best("auto / the better of serial and threads", "auto", ("serial", "threads"), 1.05),
        advice(f, *args),
        prediction("serial", f, *args),
        prediction("threads", f, *args, executor=THREADS),
    )


def advice(f: Callable[..., Any], *args: Any) -> Target:
    """Whether threads are quicker where the report says that they are, and are not where it says that they are not."""

    def wrong_by(medians: Medians) -> float:
        share = medians["threads"] / medians["serial"]
        says_parallel = "parallel: independent" in bp.compile(f, executor=THREADS).explain(*args)
        return share if says_parallel else 1 / share

    return Target("advice: threads / serial where parallel, else the reverse", ("serial", "threads"), wrong_by, 1.1)


def prediction(variant: str, f: Callable[..., Any], *args: Any, executor: bp.AbstractExecutor = SERIAL) -> Target:
    """How far a variant is from what is predicted by now, in either direction; its calls have corrected the plan.

    Arguments:
        variant: its name.
        f: its function.
        args: of the function.
        executor: where it runs.
    """

    def apart(medians: Medians) -> float:
        share = predicted(f, *args, executor=executor) / medians[variant]
        return max(share, 1 / share)

    return Target(f"{variant}: predicted by measured, or the reverse", (variant,), apart, 1.25)


def predicted(f: Callable[..., Any], *args: Any, executor: bp.AbstractExecutor) -> float:
    """The seconds that a function's plan is predicted to take, its tasks played through on the executor's workers."""
    plan = described([bp.compile(f, executor=executor).plan(*args)], facts(executor))
    return makespan(plan.loads(), plan.workers, plan.overhead)


def span_share(f: Callable[..., Any], *args: Any) -> float:
    """The span by the work of a function's plan on threads."""
    plan = bp.compile(f, executor=THREADS).plan(*args)
    return plan.span / plan.work
