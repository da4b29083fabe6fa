"""Compiled functions: trace once for each signature, plan once, and replay.

A signature is the structure, shapes and dtypes of the arguments, and their static parts. Where values steer the
function, each answer becomes a guard: a replay runs the graph up to the question, compares the answer, and goes on
along the path that gave it. An unknown answer is traced anew, with the values that are known already, so that no work
is done twice.
"""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MethodType
from typing import TYPE_CHECKING, Any, Generic

import numpy as np
from typing_extensions import ParamSpec, TypeVar

from ...graph.graph import Graph, NodeId
from ...graph.ownership import copied
from ...graph.tracing.steering import Question
from ...graph.tracing.structures.structure import Structure, unflatten
from ...graph.tracing.trace import Recording
from ...graph.tracing.var import Var
from ...ops.core.cache import Kept
from ...scheduler.executors.base import AbstractExecutor
from ...scheduler.learning.course import replayed
from ...scheduler.machine.profile import this_machine
from ...scheduler.patience.waiting import told_of
from ...scheduler.planning.plan import Plan
from ...scheduler.planning.target import Target
from ...scheduler.programs.memory.rematerialisation import within
from .. import reporting
from ..executors import Where
from ..preparing.courses import course_of, plan_of
from ..preparing.graphs import inline_branches, passing_derivatives, plain
from ..verbs.call import Request, requested
from ..verbs.run import current, handed_out, replay_graph, run_graph
from ..verbs.transformed import name_of, reduced
from ..watching import observer
from .replay import Replay, finishes, matcher

if TYPE_CHECKING:
    from ...reports.report import Report  # imported where a report is asked for

P = ParamSpec("P", default=...)
R = TypeVar("R", default=Any)

PATHS = 64
"""How many are kept for each signature, so that looking for one stays quick; the cache bounds their bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """One way through a function: questions with their answers, and the graph of the rest."""

    steps: tuple[Question, ...]
    graph: Graph
    start: tuple[NodeId, ...]  # ids that the graph's inputs stand for
    constants: Mapping[NodeId, Any]  # captured values
    output: Structure


@dataclass(frozen=True, slots=True, eq=False)
class _Last:
    """What the quick way was looked for last, and the way, where there is one; it keeps no executor alive.

    Arguments:
        path: the path.
        executor: where it ran.
        target: what of that the plan was made for.
        replay: the quick way.
    """

    path: Path
    executor: weakref.ref[AbstractExecutor]
    target: Target
    replay: Replay | None

    def is_for(self, executor: AbstractExecutor) -> bool:
        """Whether an executor is the one of then, and as it was then."""
        if self.executor() is not executor:
            return False
        now = executor.target
        return now is self.target or now == self.target


@dataclass(frozen=True, slots=True, eq=False)
class Rest:
    """What is left to be done of a call.

    Arguments:
        path: whose graph it is.
        inputs: the values of that graph's inputs.
    """

    path: Path
    inputs: list[Any]

    def value(self, results: Sequence[Any]) -> Any:
        """The function's value, from the results of the graph."""
        return unflatten(self.path.output, handed_out(self.path.graph.output_types, results, self.inputs))


class Compiled(Generic[P, R]):
    """A function that is traced once for each signature; call it like the function itself.

    Attributes:
        traces: how often the function has been traced.
    Example:
        >>> step = bp.compile(bp.grad(lambda x: np.sum(x * x)))
        >>> step(np.ones(2)), step(np.arange(2.0)), step.traces
        (array([2., 2.]), array([0., 2.]), 1)
    """

    def __init__(self, f: Callable[P, R], executor: Where | None, memory_limit: int | None) -> None:
        functools.update_wrapper(self, f)
        self.traces = 0
        self._function = f
        self._executor = executor
        self._memory_limit = memory_limit
        self._paths = Kept(lasting=True)  # by signature; lasting, as what it has captured is to stay what it was
        self._lock = threading.RLock()
        self._last: _Last | None = None

    def __repr__(self) -> str:
        signatures = self._paths.values()
        nodes = sum(len(path.graph) for paths in signatures for path in paths)
        traced = f"{_counted(len(signatures), 'signature')}; {_counted(nodes, 'node')}"
        return f"Compiled({name_of(self._function)}; {traced}; {current(self._executor)})"

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> str | tuple[Any, ...]:
        # What was traced stays here: a copy traces anew.
        return reduced(self, self._function, self._executor, self._memory_limit)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The function's result."""
        executor, last, told = current(self._executor), self._last, observer()
        if last is not None and last.replay is not None and last.is_for(executor):
            matched = last.replay.match(args, kwargs)
            if matched is not None:
                if told is None:
                    return last.replay(executor, matched)  # type: ignore[no-any-return]
                told.replaying(name_of(self._function), last.path, lambda: self._retraced(args, kwargs, executor))
                return last.replay.told(told, executor, matched)  # type: ignore[no-any-return]
        request = requested(self._function, args, kwargs, executor)
        values, structure = request.flat()
        if any(isinstance(value, Var) for value in values):
            return request.function(*request.args, **request.kwargs)  # type: ignore[no-any-return]  # a part of an outer trace
        path, env = self._walk(request, values, structure)
        if told is not None:
            told.replaying(name_of(self._function), path, lambda: self._retraced(args, kwargs, executor))
        inputs = [env[i] for i in path.start]
        results = replay_graph(path.graph, inputs, executor)
        if last is None or last.path is not path or not last.is_for(executor):
            quick = self._quick(path, structure, request)
            self._last = _Last(path, weakref.ref(executor), executor.target, quick)
        return unflatten(path.output, handed_out(path.graph.output_types, results, inputs))  # type: ignore[no-any-return]

    def rest(self, args: Sequence[Any], executor: AbstractExecutor) -> Rest:
        """What is left to be done of a call that is to run elsewhere: its questions have been answered."""
        request = requested(self._function, args, {}, executor)
        path, env = self._walk(request, *request.flat())
        return Rest(path, [env[i] for i in path.start])

    def graph(self, *args: P.args, **kwargs: P.kwargs) -> Graph:
        """The graph, after all passes, that a call with some arguments runs."""
        return self._path(args, kwargs).graph

    def plan(self, *args: P.args, **kwargs: P.kwargs) -> Plan:
        """The plan that a call with some arguments runs: its tasks, work and span."""
        return plan_of(current(self._executor), self.graph(*args, **kwargs))

    def explain(self, *args: P.args, **kwargs: P.kwargs) -> Report:
        """What a call with some arguments runs: the plan's work, span and tasks, and why; printing it gives text."""
        path = self._path(args, kwargs)
        graphs = [step.graph for step in path.steps if step.graph is not None]
        return reporting.explain.report([*graphs, path.graph], current(self._executor))

    def _path(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Path:
        request = requested(self._function, args, kwargs, self._executor)
        return self._walk(request, *request.flat())[0]

    def _walk(self, request: Request, values: Sequence[Any], structure: Structure) -> tuple[Path, dict[NodeId, Any]]:
        """The path that some values take, and the values of ids known at its end."""
        paths = self._paths_of(structure)
        known: dict[NodeId, Any] = dict(enumerate(values))
        steps: list[Question] = []  # what has been asked, with the answers of this call
        while paths:
            path, place = paths[0], len(steps)
            if place == len(path.steps):
                return path, {**path.constants, **known}
            steps.append(_answered(path.steps[place], path.constants, known, request.executor))
            paths = tuple([p for p in paths if same_answer(p.steps[place].answer, steps[place].answer)])
        return self._trace(request, structure, known, steps)

    def _paths_of(self, structure: Structure) -> tuple[Path, ...]:
        found: tuple[Path, ...] = self._paths.get(structure, ())
        return found

    def _quick(self, path: Path, structure: Structure, request: Request) -> Replay | None:
        """The quick way along a path without questions, where there is one.

        Arguments:
            path: the path.
            structure: of the arguments of a call that took it.
            request: that call.
        """
        return None if path.steps else _replay(path, structure, request)

    def _path_of(self, recording: Recording, steps: Sequence[Question]) -> Path:
        """The path of a recording whose first steps are known."""
        return _path_of(recording, steps, self._memory_limit)

    def _retraced(self, args: Sequence[Any], kwargs: Mapping[str, Any], executor: AbstractExecutor) -> Path:
        """The path of a call that is traced as if it were the first."""
        return self._path_of(requested(self._function, args, kwargs, executor).record(), ())

    def _trace(
        self, request: Request, structure: Structure, known: Mapping[NodeId, Any], steps: Sequence[Question]
    ) -> tuple[Path, dict[NodeId, Any]]:
        """A new path, which starts with steps that are known."""
        with told_of(f"compiling {name_of(self._function)}"), passing_derivatives():
            recording = request.record(known)
            path = self._path_of(recording, steps)
        with self._lock:
            self.traces += 1
            paths = (path, *self._paths_of(structure))[:PATHS]
            self._paths.put(structure, paths)
        return path, {**recording.builder.values, **path.constants}


def _path_of(recording: Recording, steps: Sequence[Question], memory_limit: int | None) -> Path:
    """The path of a recording: its steps, the first of them known, and the graph of what they leave to do."""
    builder = recording.builder
    new = [a._replace(graph=None if a.graph is None else plain(a.graph)) for a in builder.questions[len(steps) :]]
    known = builder.values
    arguments = len(recording.arguments.types)
    constants = {i: copied(v) for i, v in known.items() if i >= arguments and builder.nodes[i] is None}
    start = tuple(i for i in builder.needed(recording.ids, known) if i in known)
    graph, _ = builder.build(recording.ids, start)
    rest = plain(graph)
    if memory_limit is not None:
        rest = within(inline_branches(rest), memory_limit, this_machine().machine)
    return Path((*steps, *new), rest, start, constants, recording.output)


def _replay(path: Path, structure: Structure, request: Request) -> Replay | None:
    """The quick way along a path without questions, where there is one; the arguments are those of `_quick`."""
    match = matcher(structure, path.start, path.constants, (request.args, request.kwargs))
    if match is None:
        return None
    course = course_of(request.executor, path.graph)
    return Replay(match, path.graph, course, replayed(request.executor, course), finishes(path.graph), path.output)


def _answered(
    step: Question, constants: Mapping[NodeId, Any], known: dict[NodeId, Any], executor: AbstractExecutor
) -> Question:
    """The step with the answer of this call; what was run for it is known from now on."""
    if step.graph is not None:
        values = [known[i] if i in known else constants[i] for i in step.start]
        known.update(zip(step.made, run_graph(step.graph, values, executor), strict=True))
    return step._replace(answer=step.ask(known[step.id] if step.id in known else constants[step.id]))


def same_answer(one: Any, other: Any) -> bool:
    """Whether two answers steer a function the same way; NaN is like itself."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same_answer, one, other))
    if isinstance(one, np.ndarray | float | complex | np.generic):
        return np.array_equal(one, other, equal_nan=np.asarray(one).dtype.kind in "fc")
    return type(one) is type(other) and bool(one == other)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
