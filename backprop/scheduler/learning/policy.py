"""What to measure of a plan's next run, and what follows from what was measured: decisions over plain data.

The first run of a plan is not measured: memory is fresh, and programs are generated. The next ones are timed task by
task. A task that is off its prediction by more than `OFF` has its nodes timed once, in the next run, and the graph is
cut anew with these costs. A plan that is right is left alone from then on: what is measured costs a run nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from ..planning.partitioning.gate import WORTH_IT

OFF = 1.5
"""How many times as long, or as short, a task takes where its nodes are timed."""

WATCHED = 2
"""Runs of a plan that are timed, task by task."""

CUTS = 2
"""How often a graph is cut anew, at most."""

NOTICED = 0.05
"""The share of the whole below which nobody minds that a task is off."""

CUTTING_S = 3e-5
"""Seconds that a node takes to be cut anew."""

RUNS_AHEAD = 100
"""Runs that a plan may be taken to have before it."""


class Step(Enum):
    """What to do with the next run of a plan."""

    RUN = "run it"
    WATCH = "time its tasks"
    TIME_NODES = "time the nodes of the tasks that are off"
    LEAVE = "nothing any more"


@dataclass(frozen=True, slots=True)
class Learnt:
    """What is known of a plan.

    Arguments:
        next: what to do with its next run.
        watched: how many runs were timed.
        seconds: for each task the least that it took; () before any was timed.
        cuts: how often the graph was cut anew.
    """

    next: Step = Step.RUN
    watched: int = 0
    seconds: tuple[float, ...] = ()
    cuts: int = 0


def has_run(known: Learnt) -> Learnt:
    """What is known after the first run of a plan."""
    return replace(known, next=Step.WATCH)


def was_watched(known: Learnt, seconds: Sequence[float], predicted: Sequence[float], pays: bool = True) -> Learnt:
    """What is known after a run whose tasks were timed.

    Arguments:
        known: what was known.
        seconds: that each task took.
        predicted: for each task.
        pays: whether timing the nodes and cutting the graph anew is worth what it takes.
    """
    best = tuple(map(min, known.seconds, seconds)) if known.seconds else tuple(seconds)
    watched = known.watched + 1
    if watched < WATCHED:
        return replace(known, watched=watched, seconds=best)
    may_cut = pays and known.cuts < CUTS and (known.cuts == 0 or sum(best) > WORTH_IT)
    step = Step.TIME_NODES if may_cut and off(best, predicted) else Step.LEAVE
    return Learnt(step, watched, best, known.cuts)


def off(seconds: Sequence[float], predicted: Sequence[float]) -> tuple[int, ...]:
    """The tasks that take much longer, or shorter, than was predicted, and long enough to matter.

    Arguments:
        seconds: that each task took.
        predicted: for each task.
    """
    least = NOTICED * sum(seconds)
    pairs = enumerate(zip(seconds, predicted, strict=True))
    return tuple([k for k, (took, said) in pairs if max(took, said) > least and not said / OFF <= took <= said * OFF])


def was_cut(known: Learnt) -> Learnt:
    """What is known of a plan that was made anew."""
    return Learnt(cuts=known.cuts + 1)


def pays_to_cut(nodes: int, seconds: float, workers: int) -> bool:
    """Whether a graph is worth being cut anew.

    Arguments:
        nodes: of the graph.
        seconds: that its tasks take together.
        workers: how many tasks can run at once.
    """
    return workers > 1 and CUTTING_S * nodes < RUNS_AHEAD * seconds
