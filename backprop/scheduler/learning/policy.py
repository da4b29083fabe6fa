"""What to measure of a plan's next run, and what follows from what was measured: decisions over plain data.

The first two runs of a plan are not measured: memory is fresh, and programs are generated, of what runs quickly in the
second. The next ones are timed task by task. As soon as a task is off its prediction by more than `OFF`, all nodes are
timed in the next two runs, and the graph is cut anew with these costs: after five calls. That is done once with each
plan of several tasks, as what they take beside each other does not tell what a single one would take. A plan that is
right is left alone from then on: what is measured costs a run nothing more.

Of each task and of each node the least of two times counts: what disturbs a run only adds to it, and a thread that has
to wait for a processor in the middle of a node of a microsecond makes it one of ten milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import NamedTuple

from ..planning.partitioning.gate import WORTH_IT

OFF = 1.5
"""How many times as long, or as short, a task takes where its nodes are timed."""

UNWATCHED = 2
"""Runs of a plan before any is timed."""

WATCHED = 2
"""Runs of a plan that are timed, task by task, at most."""

TIMED = 2
"""Runs of a plan whose nodes are timed."""

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
    TIME_NODES = "time the nodes"
    LEAVE = "nothing any more"


class Took(NamedTuple):
    """What the tasks of a plan took.

    Attributes:
        seconds: of each task.
        ran: of these seconds, those in which its thread ran.
    """

    seconds: Sequence[float]
    ran: Sequence[float]


@dataclass(frozen=True, slots=True)
class Learnt:
    """What is known of a plan.

    Arguments:
        next: what to do with its next run.
        runs: how many runs were not timed.
        watched: how many runs were timed.
        seconds: for each task the least that it took; () before any was timed.
        ran: for each task the least that its thread ran meanwhile.
        cuts: how often the graph was cut anew.
        timed: how many runs had nodes timed.
        nodes: for each task whose nodes were timed, the least that each of them took.
        slowed: how many times as long plans took as they would if their tasks did not slow each other down.
    """

    next: Step = Step.RUN
    runs: int = 0
    watched: int = 0
    seconds: tuple[float, ...] = ()
    ran: tuple[float, ...] = ()
    cuts: int = 0
    timed: int = 0
    nodes: Mapping[int, Sequence[float]] = field(default_factory=dict)
    slowed: float = 1.0


def has_run(known: Learnt) -> Learnt:
    """What is known after a run of a plan that was not timed."""
    runs = known.runs + 1
    return replace(known, next=Step.RUN if runs < UNWATCHED else Step.WATCH, runs=runs)


def was_watched(known: Learnt, took: Took, predicted: Sequence[float], pays: bool = True) -> Learnt:
    """What is known after a run whose tasks were timed.

    Arguments:
        known: what was known.
        took: what each task took.
        predicted: for each task.
        pays: whether timing the nodes and cutting the graph anew is worth what it takes.
    """
    best = tuple(map(min, known.seconds or took.seconds, took.seconds))
    ran = tuple(map(min, known.ran or took.ran, took.ran))
    watched = known.watched + 1
    may_cut = pays and known.cuts < CUTS and (known.cuts == 0 or sum(best) > WORTH_IT)
    is_doubtful = bool(off(best, predicted)) or (len(best) > 1 and known.cuts == 0)
    again = Step.WATCH if watched < WATCHED else Step.LEAVE
    step = Step.TIME_NODES if may_cut and is_doubtful else again
    return replace(known, next=step, watched=watched, seconds=best, ran=ran)


def was_timed(known: Learnt, nodes: Mapping[int, Sequence[float]]) -> Learnt:
    """What is known after a run whose nodes were timed.

    Arguments:
        known: what was known.
        nodes: for each task whose nodes were timed, the seconds that each of them took.
    """
    best = {k: tuple(map(min, known.nodes.get(k, took), took)) for k, took in nodes.items()}
    return replace(known, timed=known.timed + 1, nodes=best)


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
    return Learnt(cuts=known.cuts + 1, slowed=known.slowed)


def was_slowed(known: Learnt, beside: float, alone: float) -> Learnt:
    """What is known of a plan of several tasks.

    Arguments:
        known: what was known.
        beside: seconds after which it would end by what its tasks ran beside each other.
        alone: those by what they ran one after the other.
    """
    return replace(known, slowed=max(known.slowed, beside / alone)) if alone > 0.0 else known


def pays_beside(slowed: float, work: float, span: float, workers: int) -> bool:
    """Whether tasks that slow each other down, as they want the GIL or the memory, still end sooner than a single one.

    Arguments:
        slowed: how many times as long they take as if they did not.
        work: seconds that they take together, one after the other.
        span: those of the longest chain of them.
        workers: how many can run at once.
    """
    return slowed * max(span, work / workers) < work


def pays_to_cut(nodes: int, seconds: float, workers: int) -> bool:
    """Whether a graph is worth being cut anew.

    Arguments:
        nodes: of the graph.
        seconds: that its tasks take together.
        workers: how many tasks can run at once.
    """
    return workers > 1 and CUTTING_S * nodes < RUNS_AHEAD * seconds
