"""Watching: what the plans of a call are, and what their tasks take, wherever they run.

A watch is of the context that opened it, as the executor of `with use(...)` is: what other threads run is not seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from ..graph.graph import Graph
from ..scheduler.events import Event, Recorder, TaskFinished
from ..scheduler.executors.base import AbstractExecutor
from ..scheduler.executors.telling import Way
from ..scheduler.planning.plan import Plan


class Observer(Protocol):
    """Who is told of what runs."""

    def run(
        self, way: Way, graph: Graph, plan: Plan, values: Sequence[Any], executor: AbstractExecutor
    ) -> Sequence[Any]:
        """Run a plan, and give back its results.

        Arguments:
            way: how it is run.
            graph: what it is a plan of.
            plan: the plan.
            values: of its inputs.
            executor: where it runs.
        """
        ...

    def replaying(self, name: str, kept: Kept, retraced: Callable[[], Kept]) -> None:
        """A compiled function is about to run what it kept.

        Arguments:
            name: of the function.
            kept: what it kept of its trace.
            retraced: traces the call anew.
        """
        ...


class Kept(Protocol):
    """What a compiled function keeps of a trace."""

    @property
    def graph(self) -> Graph:
        """What is left to run after the last question."""
        ...

    @property
    def start(self) -> tuple[int, ...]:
        """The ids that the inputs of the graph stand for."""
        ...

    @property
    def constants(self) -> Mapping[int, Any]:
        """The values that were captured, by ids, in their order."""
        ...


_OBSERVER: ContextVar[Observer | None] = ContextVar("observer", default=None)


class Seen(NamedTuple):
    """A plan that ran.

    Attributes:
        graph: what it is a plan of, after passes.
        plan: the plan.
        executor: where it ran.
        values: of its inputs; () where they are not kept.
        events: of its tasks.
    """

    graph: Graph
    plan: Plan
    executor: AbstractExecutor
    values: tuple[Any, ...]
    events: tuple[TaskFinished, ...]


class _Ran(NamedTuple):
    """A plan that ran, with what took its events; see Seen for the rest."""

    graph: Graph
    plan: Plan
    executor: AbstractExecutor
    values: tuple[Any, ...]
    recorder: Recorder


@dataclass(slots=True)
class Watch:
    """The plans that ran while it was open, in order.

    Arguments:
        keeps_values: whether the values of inputs are kept.
    """

    keeps_values: bool = False
    _ran: list[_Ran] = field(default_factory=list)

    @property
    def seen(self) -> list[Seen]:
        """The plans; their events are looked through here, so that it takes no time of the call that is watched."""
        return [Seen(*ran[:4], ran.recorder.finished) for ran in self._ran]

    def run(
        self, way: Way, graph: Graph, plan: Plan, values: Sequence[Any], executor: AbstractExecutor
    ) -> Sequence[Any]:
        """See Observer: keeps what its tasks took."""
        recorder = Recorder() if executor.recorder is None else _Passing(executor.recorder)
        results = way(executor.recording(recorder), plan, values)
        self._ran.append(_Ran(graph, plan, executor, tuple(values) if self.keeps_values else (), recorder))
        return results

    def replaying(self, name: str, kept: Kept, retraced: Callable[[], Kept]) -> None:
        """See Observer."""


class _Passing(Recorder):
    """A recorder that passes events on to the one that the executor has."""

    def __init__(self, further: Recorder) -> None:
        super().__init__()
        self._further = further

    def record(self, event: Event) -> None:
        super().record(event)
        self._further.record(event)


def observer() -> Observer | None:
    """Who is told in this context of what runs, None where nobody is."""
    return _OBSERVER.get()


class observed:  # noqa: N801 - used as a function; a class, as generators take longer
    """Tell an observer of what runs in a `with` block."""

    __slots__ = ("_by", "_token")

    def __init__(self, by: Observer) -> None:
        self._by = by

    def __enter__(self) -> None:
        self._token = _OBSERVER.set(self._by)

    def __exit__(self, *error: object) -> None:
        _OBSERVER.reset(self._token)


@contextmanager
def watching(keeps_values: bool = False) -> Iterator[Watch]:
    """Watch the plans that run in a `with` block.

    Arguments:
        keeps_values: whether to keep the values of their inputs.
    """
    watch = Watch(keeps_values)
    with observed(watch):
        yield watch


class Timed(NamedTuple):
    """A call that was watched: when it began by `time.perf_counter`, the seconds it took, and who watched it."""

    start: float
    seconds: float
    watch: Watch

    @property
    def seen(self) -> list[Seen]:
        """The plans that ran."""
        return self.watch.seen


def timed(call: Callable[[], Any], keeps_values: bool = False) -> Timed:
    """Call something, watched.

    Arguments:
        call: what to call.
        keeps_values: whether to keep the values of inputs of its plans.
    """
    watch = Watch(keeps_values)
    with observed(watch):
        start = time.perf_counter()
        call()
        seconds = time.perf_counter() - start
    return Timed(start, seconds, watch)
