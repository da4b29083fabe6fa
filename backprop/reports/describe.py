"""Plans and events of runs -> the description: nodes and their costs, put together by task, op, line and direction.

Source: work and span after R. D. Blumofe, C. E. Leiserson, Scheduling multithreaded computations by work stealing,
JACM 46(5), 1999.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ..errors import Source
from ..graph.graph import Graph, Node
from ..graph.subgraph import uses
from ..ops.core.op import Kind
from ..scheduler.events import TaskFinished
from ..scheduler.machine.cost import Cost, Machine, costs, free_nodes
from ..scheduler.planning.plan import Plan, TaskOutput, before
from .description import Description, Interval, Line, Part, Run, Scaling, Step, TaskDescription


class ExecutorFacts(NamedTuple):
    """What a description says of the executor.

    Attributes:
        executor: as it prints.
        kind: the name of its class.
        workers: how many tasks can run at once.
        shares_gil: whether all tasks run in one process.
        overhead: seconds that starting a task costs.
        machine: the rates that costs are predicted with.
    """

    executor: str
    kind: str
    workers: int
    shares_gil: bool
    overhead: float
    machine: Machine


def described(plans: Sequence[Plan], executor: ExecutorFacts, scaling: Iterable[Scaling] = ()) -> Description:
    """The description of plans that run one after the other.

    Arguments:
        plans: the plans.
        executor: where they run.
        scaling: what other numbers of workers would take.
    """
    table, tasks, steps = _Lines(), list[TaskDescription](), list[Step]()
    for number, plan in enumerate(plans):
        shift = len(tasks)
        prices = [costs(task.body, plan.machine or executor.machine) for task in plan.tasks]
        for task, price in zip(plan.tasks, prices, strict=True):
            out = sum([t.nbytes for t in task.body.output_types])
            earlier = tuple([shift + k for k in before(task)])
            parts = _parts(task.body, price, table)
            tasks.append(TaskDescription(task.name, number, earlier, parts, out, peak_bytes(task.body)))
        steps += _steps(_chain(plan, prices), table)
    pinned = {n.op.name for plan in plans for t in plan.tasks for n in t.body.nodes if n.op.kind is Kind.HOST_PINNED}
    return Description(
        *executor[:5],
        plans=len(plans),
        lines=tuple(table.lines),
        tasks=tuple(tasks),
        chain=tuple(steps),
        input_bytes=sum([t.nbytes for plan in plans for t in plan.inputs]),
        host_pinned=tuple(sorted(pinned)),
        scaling=tuple(scaling),
        corrections=tuple([plan.story for plan in plans if plan.story]),
    )


@dataclass(slots=True)
class _Lines:
    """The lines of a description, each once; derivatives of a line are the line's."""

    lines: list[Line] = field(default_factory=list)
    known: dict[tuple[str, int], int] = field(default_factory=dict)

    def index(self, source: Source | None) -> int:
        """The index of a line, -1 for none."""
        if source is None:
            return -1
        at = self.known.setdefault((source.file, source.line), len(self.lines))
        if at == len(self.lines):
            self.lines.append(Line(source.file, source.line, source.function))
        return at


def _is_derivative(node: Node) -> bool:
    return node.source is not None and node.source.derivative


def _parts(body: Graph, prices: Sequence[Cost], table: _Lines) -> tuple[Part, ...]:
    """The nodes of a task by op, line and direction, the dearest first."""
    found: dict[tuple[str, int, bool], list[float]] = {}
    for node, price in zip(body.nodes, prices, strict=True):
        key = node.op.name, table.index(node.source), _is_derivative(node)
        sums = found.setdefault(key, [0, 0.0, 0.0, 0])
        for k, number in enumerate((1, price.seconds, price.gil_s, price.nbytes)):
            sums[k] += number
    parts = [Part(*key, int(count), seconds, gil, int(size)) for key, (count, seconds, gil, size) in found.items()]
    return tuple(sorted(parts, key=lambda part: -part.seconds))


def peak_bytes(body: Graph) -> int:
    """The bytes of the values inside of a graph that are alive at the same time, at most; views take none."""
    unread = uses(body)
    sizes = [t.nbytes for t in body.inputs]
    alive = peak = sum(sizes)
    for node in body.nodes:
        sizes.append(0 if node.op.kind is Kind.VIEW else node.type.nbytes)
        alive += sizes[-1]
        peak = max(peak, alive)
        for i in node.inputs:
            unread[i] -= 1
            if not unread[i] and i >= body.first:  # arguments belong to the caller
                alive -= sizes[i]
    return peak


# The longest chain of ops: of which nodes each has to wait for the one before.


def _chain(plan: Plan, prices: Sequence[Sequence[Cost]]) -> list[tuple[Node, float]]:
    """The nodes of the longest chain through the tasks of a plan, with their seconds."""
    ends: list[list[float]] = []  # of each task, of each id of its body
    came: list[list[tuple[int, int]]] = []  # from which task and id, (-1, -1) for none
    for k, task in enumerate(plan.tasks):
        own: list[float] = []
        origin: list[tuple[int, int]] = []
        for slot in task.args:
            if isinstance(slot, TaskOutput):
                source = slot.task, plan.tasks[slot.task].body.outputs[slot.index]
                own.append(ends[source[0]][source[1]])
                origin.append(source)
            else:
                own.append(0.0)
                origin.append((-1, -1))
        free = free_nodes(task.body)
        for i, (node, price) in enumerate(zip(task.body.nodes, prices[k], strict=True), task.body.first):
            latest = max(node.inputs, key=own.__getitem__, default=-1)
            own.append((own[latest] if latest >= 0 else 0.0) + (0.0 if free[i] else price.seconds))
            origin.append((k, latest) if latest >= 0 else (-1, -1))
        ends.append(own)
        came.append(origin)
    return _walked_back(plan, prices, ends, came)


def _walked_back(
    plan: Plan,
    prices: Sequence[Sequence[Cost]],
    ends: Sequence[Sequence[float]],
    came: Sequence[Sequence[tuple[int, int]]],
) -> list[tuple[Node, float]]:
    """The chain that ends last, in order."""
    last = [(own[i], k, i) for k, own in enumerate(ends) for i in plan.tasks[k].body.outputs]
    _, k, i = max(last, default=(0.0, -1, -1))
    chain: list[tuple[Node, float]] = []
    while k >= 0 and i >= 0:
        body = plan.tasks[k].body
        if i >= body.first:
            chain.append((body.node(i), prices[k][i - body.first].seconds))
        k, i = came[k][i]
    return list(reversed(chain))


def _steps(chain: Iterable[tuple[Node, float]], table: _Lines) -> list[Step]:
    """A chain, the nodes of a line that follow each other put together."""
    steps: list[Step] = []
    for node, seconds in chain:
        line, derivative = table.index(node.source), _is_derivative(node)
        if steps and steps[-1][:2] == (line, derivative):
            last = steps[-1]
            ops = last.ops if node.op.name in last.ops else (*last.ops, node.op.name)
            steps[-1] = last._replace(seconds=last.seconds + seconds, ops=ops)
        else:
            steps.append(Step(line, derivative, seconds, (node.op.name,)))
    return steps


# What was measured.


class Watched(NamedTuple):
    """A run as it was recorded.

    Attributes:
        start: when the call began, by `time.perf_counter`.
        seconds: from then to its end.
        finished: the events of each plan, in the order in which plans ran.
    """

    start: float
    seconds: float
    finished: Sequence[Sequence[TaskFinished]]


def measured(description: Description, runs: Sequence[Watched], peak: int = -1) -> Description:
    """A description with what was measured.

    Arguments:
        description: of the plans that ran.
        runs: each ran these plans; one at least.
        peak: bytes allocated at the same time, -1 where that was not measured.
    """
    usual = sorted(runs, key=lambda run: run.seconds)[(len(runs) - 1) // 2]
    times: list[list[float]] = [[] for _ in description.tasks]
    for run in runs:
        for task, event in _numbered(description, run):
            times[task].append(event.seconds)
    tasks = [
        replace(task, measured=statistics.median_low(own)) if own else task
        for task, own in zip(description.tasks, times, strict=True)
    ]
    shown = Run(usual.seconds, *_intervals(description, usual), peak_bytes=peak, repeats=len(runs))
    return replace(description, tasks=tuple(tasks), run=shown)


def with_node_times(description: Description, seconds: Sequence[Mapping[tuple[str, int, bool], float]]) -> Description:
    """A description with the seconds that parts of tasks took.

    Arguments:
        description: the description.
        seconds: for each task, by op, index of the line and direction.
    """
    tasks = [
        replace(
            task, parts=tuple([p._replace(measured=own.get((p.op, p.line, p.derivative), -1.0)) for p in task.parts])
        )
        for task, own in zip(description.tasks, seconds, strict=True)
    ]
    return replace(description, tasks=tuple(tasks))


def _numbered(description: Description, run: Watched) -> Iterable[tuple[int, TaskFinished]]:
    """The events of a run with the index of their task in the description; the last one where a task was repeated."""
    first = {task.plan: k for k, task in reversed(list(enumerate(description.tasks)))}
    found: dict[int, TaskFinished] = {}
    for plan, events in enumerate(run.finished):
        for event in events:
            found[first[plan] + event.task] = event
    return sorted(found.items())


def _intervals(description: Description, run: Watched) -> tuple[tuple[Interval, ...], tuple[str, ...]]:
    """When each task ran, from the start of the call; clocks of other processes are set by the call's end."""
    events = list(_numbered(description, run))
    names = tuple(sorted({event.worker for _, event in events}))
    place = {name: k for k, name in enumerate(names)}
    origin = run.start
    if events and not all(e.at - e.seconds - origin >= 0 and e.at - origin <= run.seconds for _, e in events):
        origin = max([event.at for _, event in events]) - run.seconds
    found = [Interval(k, place[e.worker], e.at - e.seconds - origin, e.at - origin, e.waited) for k, e in events]
    return tuple(sorted(found, key=lambda interval: interval.start)), names
