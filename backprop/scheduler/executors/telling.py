"""Plans that take long: a user at a terminal is told of each task that is done, beyond a second of it.

Whether a plan takes long is what is predicted of it, or what its last runs took where those were measured. One that
does not is run as if nothing of this existed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from ..events import Event, Recorder, TaskFinished
from ..patience.waiting import AFTER, Told, told_of
from ..planning.plan import Plan
from .base import AbstractExecutor, Replayed

Way: TypeAlias = Callable[[AbstractExecutor, Plan, Sequence[Any]], Sequence[Any]]
"""How a plan is run: once, or again and again."""


def told_if_long(way: Way, executor: AbstractExecutor, plan: Plan, values: Sequence[Any]) -> Sequence[Any]:
    """The results of a plan, of whose tasks a user is told where it is to take long.

    Arguments:
        way: how it is run.
        executor: where.
        plan: the plan.
        values: of its inputs.
    """
    return way(executor, plan, values) if plan.span < AFTER else told(way, executor, plan, values)


def told(way: Way, executor: AbstractExecutor, plan: Plan, values: Sequence[Any]) -> Sequence[Any]:
    """The results of a plan, of whose tasks a user is told where it takes long, whatever is predicted.

    Arguments:
        way: how it is run.
        executor: where.
        plan: the plan.
        values: of its inputs.
    """
    with _telling(executor, plan) as telling:
        return way(telling, plan, values)


def replayed(executor: AbstractExecutor, plan: Plan) -> Replayed:
    """A plan as something to call again and again, as by `AbstractExecutor.replayed`, telling where it is to take long.

    Arguments:
        executor: where it will run.
        plan: the plan.
    """
    silent = executor.replayed(plan)
    if plan.span < AFTER:
        return silent

    def run(this: AbstractExecutor, values: Sequence[Any]) -> Sequence[Any]:
        with _telling(this, plan) as telling:
            return silent(this, values) if telling is this else telling.bound(plan)(values)

    return run


@contextmanager
def _telling(executor: AbstractExecutor, plan: Plan) -> Iterator[AbstractExecutor]:
    """The executor, which tells of tasks where anybody listens; one that is elsewhere tells of them by itself."""
    total = len(plan.tasks) if executor.is_measured and len(plan.tasks) > 1 else None
    with told_of(running(plan, executor), total=total) as told:
        yield executor.recording(_Counting(told, executor.recorder)) if told.listens and total else executor


def running(plan: Plan, executor: AbstractExecutor) -> str:
    """What is being waited for while a plan runs.

    Arguments:
        plan: the plan.
        executor: where it runs.
    """
    count = len(plan.tasks)
    return f"running {count:,} {'task' if count == 1 else 'tasks'} on {executor}"


class _Counting(Recorder):
    """A recorder that tells a user of each task that is done, and passes events on."""

    def __init__(self, told: Told, further: Recorder | None) -> None:
        super().__init__()
        self._told, self._further = told, further

    def record(self, event: Event) -> None:
        if isinstance(event, TaskFinished):
            self._told.advance()
        if self._further is not None:
            self._further.record(event)
