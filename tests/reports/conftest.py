"""Descriptions made by hand, of which every number is known."""

from __future__ import annotations

import pytest

from backprop.reports.description import Description, Interval, Line, Part, Run, Step, TaskDescription


def part(line: int, seconds: float, *, gil: float = 0.0, derivative: bool = False, measured: float = -1.0) -> Part:
    return Part("sin", line, derivative, 1, seconds, gil, 8, measured)


def task(*parts: Part, before: tuple[int, ...] = (), plan: int = 0, measured: float = -1.0) -> TaskDescription:
    return TaskDescription(f"t{len(parts)}", plan, before, parts, 100, 300, measured)


def description(
    *tasks: TaskDescription, workers: int = 2, shares_gil: bool = True, run: Run | None = None
) -> Description:
    lines = tuple(Line("/models/model.py", 10 * k, "loss") for k in range(1, 4))
    return Description(
        *("Threads(2)", "Threads", workers, shares_gil, 0.0, tasks[-1].plan + 1 if tasks else 1),
        *(lines, tasks, (Step(0, False, 0.5, ("sin",)),), 1000, ()),
        run=run,
    )


@pytest.fixture
def diamond() -> Description:
    """A task, two branches that read it, and one that reads both."""
    return description(
        task(part(0, 1.0)),
        task(part(1, 2.0), before=(0,)),
        task(part(1, 1.0), part(2, 3.0, derivative=True), before=(0,)),
        task(part(2, 1.0, derivative=True), before=(1, 2)),
    )


@pytest.fixture
def ran() -> Description:
    """Two branches and a task that reads both, as they ran on two threads, with half a second before and after."""
    tasks = (
        task(part(0, 1.0, measured=1.0), measured=1.5),
        task(part(1, 1.0, measured=2.0), measured=2.0),
        task(part(2, 1.0, measured=1.0), before=(0, 1), measured=1.0),
    )
    intervals = (Interval(0, 0, 0.5, 2.0), Interval(1, 1, 0.5, 2.5), Interval(2, 0, 3.0, 4.0))
    return description(*tasks, run=Run(4.5, intervals, ("MainThread", "backprop-0"), 5000, 3))
