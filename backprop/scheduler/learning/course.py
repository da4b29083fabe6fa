"""The course of a graph on a target: its plan, which what was measured corrects, and runs that are timed.

What to do with a run is decided in policy.py. One run at a time is timed; others that come meanwhile run as they are.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ...graph.graph import Graph
from ...graph.handle import Handle
from ...graph.tracing.gc_pause import gc_paused
from .. import learning
from ..events import Recorder, TaskFinished
from ..executors import telling
from ..executors.base import AbstractExecutor, Replayed
from ..executors.cutting import cut
from ..executors.telling import Way
from ..machine.cost import Machine, cost, costs, kinds
from ..machine.learned import Measured, corrected, factors, size_class
from ..planning.plan import Plan, Task, in_words
from ..planning.target import Target
from ..programs.limits import LONGEST
from .book import this_book
from .policy import (
    OFF,
    TIMED,
    Learnt,
    Step,
    Took,
    has_run,
    off,
    pays_beside,
    pays_to_cut,
    was_cut,
    was_slowed,
    was_timed,
    was_watched,
)
from .switch import measures


class Course:
    """A graph on its way to a plan that is right.

    Arguments:
        graph: after all passes.
        target: what it is cut for.
        is_measured: whether plans are corrected there.
    """

    def __init__(self, graph: Graph, target: Target, is_measured: bool) -> None:
        known = this_book().factors if is_measured else {}
        self._target = target
        self._graph = graph if is_measured else None  # which is let go of when nothing is measured any more
        self._known = Learnt() if is_measured else Learnt(Step.LEAVE)
        self._turn = threading.Lock()
        self.plan = _cut(graph, target, corrected(target.machine, known)) if known else cut(graph, target)

    def held(self) -> tuple[int, tuple[Any, ...]]:
        """For the cache: what a course keeps."""
        return 0, (self.plan, self._graph)

    @property
    def has_ended(self) -> bool:
        """Whether nothing is measured any more."""
        return self._known.next is Step.LEAVE

    def run(self, way: Way, executor: AbstractExecutor, values: Sequence[Any]) -> Sequence[Any]:
        """The results of the plan.

        Arguments:
            way: how it is run.
            executor: where, of the target.
            values: of the inputs.
        """
        if self.has_ended or executor.recorder is not None or not measures() or not self._turn.acquire(blocking=False):
            return telling.told_if_long(way, executor, self.plan, values)
        try:
            return self._measured(way, executor, values)
        finally:
            self._turn.release()

    def _measured(self, way: Way, executor: AbstractExecutor, values: Sequence[Any]) -> Sequence[Any]:
        match self._known.next:
            case Step.WATCH:
                return self._watched(way, executor, values)
            case Step.TIME_NODES if not any([isinstance(value, Handle) for value in values]):
                return self._timed(executor, values)
        results = telling.told(way, executor, self.plan, values)  # its time is not known yet
        if self._known.next is Step.RUN:
            self._known = has_run(self._known)
        return results

    def _watched(self, way: Way, executor: AbstractExecutor, values: Sequence[Any]) -> Sequence[Any]:
        """Run, and time the tasks."""
        recorder = Recorder()
        results = telling.told(way, executor.recording(recorder), self.plan, values)
        ended = {event.name: event for event in recorder.finished}
        predicted = [task.seconds for task in self.plan.tasks]
        events = [ended.get(task.name) or _as_predicted(task) for task in self.plan.tasks]
        took = Took([event.seconds for event in events], [event.seconds - event.waited for event in events])
        self._known = was_watched(self._known, took, predicted, self._pays(sum(took.seconds)))
        if self.has_ended:
            self._end(predicted)
        return results

    def _end(self, predicted: Sequence[float]) -> None:
        """Predict what was measured; where tasks are off and no node can be timed, that is all that is learned."""
        found = self._scaled()
        if self._known.cuts == 0 and off(self._known.seconds, predicted):
            this_book().learn(factors(found))
        self._correct(found, self.plan.story)
        self._graph = None

    def _timed(self, executor: AbstractExecutor, values: Sequence[Any]) -> Sequence[Any]:
        """Run one task after the other, time their nodes, and cut the graph anew."""
        results, nodes = learning.run_timed(self.plan, range(len(self.plan.tasks)), values, executor.blas_threads)
        self._known = was_timed(self._known, nodes)
        if self._known.timed == TIMED:
            self._learn()
        return results

    def _learn(self) -> None:
        """Keep what nodes took, and cut the graph anew by it."""
        tasks, nodes = self.plan.tasks, self._known.nodes
        wrong = off(self._known.seconds, [task.seconds for task in tasks])
        found = [part for k, seconds in nodes.items() for part in _priced(tasks[k], seconds, self._target.machine)]
        if found:
            this_book().learn(factors(found))
        if len(tasks) > 1:
            ran, overhead = self._known.ran, self._target.overhead
            alone = [sum(nodes[k]) if k in nodes else seconds for k, seconds in enumerate(ran)]
            beside = [seconds + overhead for seconds in ran]
            self._known = was_slowed(self._known, self._end_by(beside), self._end_by(alone))
        self._anew([*found, *self._scaled(set(nodes))], self._told(wrong))

    def _told(self, wrong: Sequence[int]) -> str:
        """What a report says of tasks that are off, if there are any."""
        if not wrong:
            return ""
        tasks, took = self.plan.tasks, self._known.seconds
        worst = max(wrong, key=lambda k: _ratio(took[k], tasks[k].seconds))
        return (
            f"{len(wrong)} of {len(tasks)} tasks took more than {OFF} times longer or shorter than predicted, at worst "
            f"{in_words(took[worst])} in the place of {in_words(tasks[worst].seconds)}"
        )

    def _end_by(self, seconds: Sequence[float]) -> float:
        """The least after which the plan would end if its tasks took so many seconds."""
        tasks = [replace(task, seconds=took) for task, took in zip(self.plan.tasks, seconds, strict=True)]
        plan = replace(self.plan, tasks=tuple(tasks))
        return max(plan.span, plan.work / self._target.workers)

    def _pays(self, seconds: float) -> bool:
        """Whether a plan of so many seconds is worth more than new predictions: its nodes can be timed, or cut anew."""
        return self._graph is None or len(self._graph) <= LONGEST or self._pays_to_cut(self._graph, seconds)

    def _pays_to_cut(self, graph: Graph, seconds: float) -> bool:
        return pays_to_cut(len(graph), seconds, self._target.workers)

    def _scaled(self, but: set[int] | frozenset[int] = frozenset()) -> list[Measured]:
        """What the nodes of all tasks but some took, each by its share of what its task took."""
        machine = self.plan.machine or self._target.machine
        pairs = enumerate(zip(self.plan.tasks, self._known.seconds, strict=True))
        return [part for k, (task, took) in pairs if k not in but for part in _shares(task, took, machine)]

    @gc_paused()
    def _anew(self, found: Sequence[Measured], told: str) -> None:
        """Cut the graph by what was measured."""
        machine, before, graph = self._machine(found), self.plan, self._graph
        if graph is not None and self._pays_to_cut(graph, sum(self._known.seconds)):
            plan = self._cut_anew(graph, machine)
            self.plan = replace(plan, story=_joined("; then ", before.story, self._change(told, plan)))
        else:
            self._correct(found, _joined("; then ", before.story, told and f"{told}; the costs were corrected"))
        self._known = was_cut(self._known)

    def _change(self, told: str, plan: Plan) -> str:
        """What a report says of a plan that takes the place of another; nothing where nothing was off, and it stays."""
        before, after = self.plan.tasks, plan.tasks
        if [task.body for task in after] == [task.body for task in before]:
            return told and f"{told}; the cut stayed"
        slowed = f"as tasks beside each other took {self._known.slowed:.1f} times as long"
        became = f"{len(before)} tasks became {len(after)}"
        is_slower = len(after) < len(before) and self._known.slowed > OFF
        return _joined("; ", told, _joined(", ", became, slowed if is_slower else ""))

    def _cut_anew(self, graph: Graph, machine: Machine) -> Plan:
        """The plan by what was measured; of one task where tasks were seen to slow each other down too much."""
        plan, target = _cut(graph, self._target, machine), self._target
        if len(plan.tasks) == 1 or pays_beside(self._known.slowed, plan.work, plan.span, target.workers):
            return plan
        return _cut(graph, target._replace(workers=1), machine)

    def _correct(self, found: Sequence[Measured], story: str) -> None:
        """Keep the tasks, and predict what was measured."""
        machine = self._machine(found)
        tasks = [replace(task, seconds=took) for task, took in zip(self.plan.tasks, self._known.seconds, strict=True)]
        self.plan = replace(self.plan, tasks=tuple(tasks), machine=machine, story=story)

    def _machine(self, found: Sequence[Measured]) -> Machine:
        return corrected(self._target.machine, factors(found))


def _cut(graph: Graph, target: Target, machine: Machine) -> Plan:
    """The plan of a graph by corrected rates."""
    return replace(cut(graph, target._replace(machine=machine)), machine=machine)


def _priced(task: Task, seconds: Sequence[float], machine: Machine) -> list[Measured]:
    """For each node of a task its size class, the seconds that the rates say, and those that it took."""
    body, said = task.body, costs(task.body, machine.rates)
    names = [size_class(node, tuple([body.type_of(j) for j in node.inputs])) for node in body.nodes]
    return [(name, price.seconds, took) for name, price, took in zip(names, said, seconds, strict=True)]


def _joined(by: str, *parts: str) -> str:
    """The parts that say something, with something between."""
    return by.join(filter(None, parts))


def _as_predicted(task: Task) -> TaskFinished:
    """What stands for the end of a task that nobody told of."""
    return TaskFinished(0, task.name, "", 0.0, task.seconds)


def _shares(task: Task, took: float, machine: Machine) -> list[Measured]:
    """For each kind of nodes of a task its share of what the task took, by what it is predicted to take."""
    found = kinds(task.body)
    predicted = [count * cost(node, types, machine).seconds for node, types, count in found]
    said = [count * cost(node, types, machine.rates).seconds for node, types, count in found]
    names = [size_class(node, types) for node, types, _ in found]
    whole = sum(predicted) or 1.0
    return [(name, s, p * took / whole) for name, s, p in zip(names, said, predicted, strict=True)]


def _ratio(one: float, other: float) -> float:
    low, high = sorted((one, other))
    return high / low if low > 0.0 else float("inf")


class Replaying:
    """A plan as something to call again and again, which is measured for as long as it takes.

    Arguments:
        course: of the graph.
    """

    __slots__ = ("_course", "_run")

    def __init__(self, course: Course) -> None:
        self._course = course
        self._run: Replayed | None = None

    def __call__(self, executor: AbstractExecutor, values: Sequence[Any]) -> Sequence[Any]:
        """The results, for values that fit and are C-contiguous."""
        if self._run is not None:
            return self._run(executor, values)
        if self._course.has_ended:
            self._run = telling.replayed(executor, self._course.plan)
            return self._run(executor, values)
        return self._course.run(bound, executor, values)


def bound(executor: AbstractExecutor, plan: Plan, values: Sequence[Any]) -> Sequence[Any]:
    """The results of a plan that runs again and again.

    Arguments:
        executor: where.
        plan: the plan.
        values: of its inputs; they are known to fit and to be C-contiguous.
    """
    return executor.bound(plan)(values)


def replayed(executor: AbstractExecutor, course: Course) -> Replayed:
    """The plan of a course as something to call again and again; see `AbstractExecutor.replayed`."""
    return telling.replayed(executor, course.plan) if course.has_ended else Replaying(course)
