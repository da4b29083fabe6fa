"""Plan: a graph cut into tasks, as plain data.

A task's body is a closed Graph whose inputs are the task's arguments: inputs of the plan, whole or a run of rows, and
results of tasks with a smaller index. Views and literals are copied into every task that reads them, so that a view
never crosses the border of a task; a result that is a view belongs to the task that computes what it views. Bodies are
numbered afresh, so that tasks which do the same to different data have equal bodies, and share one compiled program.

Source: work and span after R. D. Blumofe, C. E. Leiserson, Scheduling multithreaded computations by work stealing,
JACM 46(5), 1999.
Limits: seconds are estimates (see cost.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

from ...errors import PlanError
from ...graph.graph import Graph, Node, NodeId
from ...graph.passes.dead_code import live
from ...ops.arrays.indexing import Slice, basic_index
from ...ops.core.types import ArrayType, ValueType, array_type
from ..machine.cost import Machine, costs, free_nodes
from .host_pinned import Groups


@dataclass(frozen=True, slots=True)
class PlanInput:
    """An argument that is an input of the plan.

    Arguments:
        index: which input.
        rows: the rows of it that are wanted, from and to; None for all of it.
    """

    index: int
    rows: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class TaskOutput:
    """An argument that is a result of a task.

    Arguments:
        task: the index of the task.
        index: which of its results.
    """

    task: int
    index: int


Slot: TypeAlias = PlanInput | TaskOutput


@dataclass(frozen=True, slots=True)
class Task:
    """One unit of work, which runs in one thread.

    Arguments:
        name: for dashboards, events and notes on exceptions.
        body: what it computes.
        args: what the inputs of the body are.
        seconds: of work, estimated.
        nbytes: of its arguments.
    """

    name: str
    body: Graph
    args: tuple[Slot, ...]
    seconds: float
    nbytes: int


@dataclass(frozen=True, eq=False)
class Plan:
    """Tasks in topological order; compared by identity, so that what is made from a plan can be kept beside it.

    Arguments:
        tasks: the tasks.
        inputs: the types of the inputs.
        outputs: where the results come from.
        names: of the inputs, as far as they have any.
    """

    tasks: tuple[Task, ...]
    inputs: tuple[ValueType[Any], ...]
    outputs: tuple[Slot, ...]
    names: tuple[str, ...] = ()

    @property
    def work(self) -> float:
        """Seconds of all tasks together."""
        return sum([task.seconds for task in self.tasks])

    @cached_property
    def span(self) -> float:
        """Seconds of the longest way through the tasks: what is left with any number of workers."""
        ends: list[float] = []
        for task in self.tasks:
            ends.append(task.seconds + max([ends[t] for t in before(task)], default=0.0))
        return max(ends, default=0.0)

    @property
    def parallelism(self) -> float:
        """Work by span: the number of workers beyond which more are of no use."""
        return self.work / self.span if self.span else 1.0

    def input_name(self, index: int) -> str:
        """How an input is called in errors."""
        return self.names[index] if index < len(self.names) else f"input {index}"


def before(task: Task) -> tuple[int, ...]:
    """The tasks whose results a task reads, each once."""
    return tuple(dict.fromkeys(slot.task for slot in task.args if isinstance(slot, TaskOutput)))


# Making a plan.


def make_plan(graph: Graph, groups: Groups, machine: Machine | None = None) -> Plan:
    """The plan of a graph.

    Arguments:
        graph: the graph.
        groups: of its nodes, in topological order, as `partition` makes them.
        machine: the rates that seconds are estimated with.
    Returns:
        the plan; its tasks are the groups, in their order.
    Errors:
        PlanError: groups that leave out a node that is needed, or are in no topological order.
    """
    machine = machine or Machine()
    if is_whole(graph, groups):
        return _whole(graph, machine)
    return _Planner(graph, groups or ((),), machine).plan()


def is_whole(graph: Graph, groups: Groups) -> bool:
    """Whether a graph is the body of its only task as it is: all of it is needed, and all rows of its inputs."""
    if len(groups) != 1 or len(groups[0]) != free_nodes(graph).count(False) - graph.first:
        return False
    return all(live(graph)) and not any([row_cut(graph, node) for node in graph.nodes])


def _whole(graph: Graph, machine: Machine) -> Plan:
    """The plan of a single task."""
    exported = sorted({i for i in graph.outputs if i >= graph.first})
    place = {i: n for n, i in enumerate(exported)}
    body = replace(graph, outputs=tuple(exported)) if graph.outputs != tuple(exported) else graph
    args = tuple([PlanInput(k) for k in range(graph.first)])
    outputs = tuple([PlanInput(i) if i < graph.first else TaskOutput(0, place[i]) for i in graph.outputs])
    return Plan((finished("bp-0", body, args, machine),), graph.inputs, outputs, graph.names)


def finished(name: str, body: Graph, args: tuple[Slot, ...], machine: Machine) -> Task:
    """The task of a body, with its estimates."""
    seconds = sum([price.seconds for price in costs(body, machine)])
    return Task(name, body, args, seconds, sum([t.nbytes for t in body.inputs]))


class _Planner:
    """What is known of a graph while its plan is made."""

    def __init__(self, graph: Graph, groups: Groups, machine: Machine) -> None:
        self.graph = graph
        self.groups = groups
        self.machine = machine
        self.free = free_nodes(graph)
        self.home = self._homes()
        self.reads = [self._reach(g) for g in range(len(groups))]
        self.exports = self._exports()

    def plan(self) -> Plan:
        tasks = tuple(_Body(self, g).task() for g in range(len(self.groups)) if self.exports[g])
        return Plan(tasks, self.graph.inputs, tuple(map(self.slot, self.graph.outputs)), self.graph.names)

    def slot(self, i: NodeId) -> Slot:
        """Where the value of an id comes from, outside of its task."""
        if i < self.graph.first:
            return PlanInput(i)
        g = self.home[i]
        return TaskOutput(self._number(g), self.exports[g][i])

    def _number(self, g: int) -> int:
        return self._numbers[g]

    def _homes(self) -> list[int]:
        """The group of each id; a view's is the last among those it views, -1 for an input."""
        home = [-1] * (self.graph.first + len(self.graph.nodes))
        for g, group in enumerate(self.groups):
            for i in group:
                home[i] = g
        alive = live(self.graph)
        for i, node in enumerate(self.graph.nodes, self.graph.first):
            if home[i] < 0 and alive[i]:
                _require(self.free[i], f"{node.op.name}, node {i}, is in no group")
                home[i] = max([0, *[home[j] for j in node.inputs]])
        return home

    def _reach(self, g: int) -> tuple[list[NodeId], list[NodeId]]:
        """The nodes of a group with the views it needs, and the nodes of other groups that it reads."""
        own = set(self.groups[g])
        views = [i for i in set(self.graph.outputs) if i not in own and self._is_view_of(i, g)]
        inside, outside = own | set(views), set[NodeId]()
        stack = [*own, *views]
        while stack:
            for j in self.graph.node(stack.pop()).inputs:
                if j < self.graph.first or j in inside:
                    continue
                if self.free[j]:
                    inside.add(j)
                    stack.append(j)
                else:
                    _require(self.home[j] < g, f"group {g} reads node {j} of group {self.home[j]}")
                    outside.add(j)
        return sorted(inside), sorted(outside)

    def _is_view_of(self, i: NodeId, g: int) -> bool:
        return i >= self.graph.first and self.home[i] == g and self.free[i]

    def _exports(self) -> list[dict[NodeId, int]]:
        """For each group, what leaves it, and the place of that among the task's results."""
        leaving: list[set[NodeId]] = [set() for _ in self.groups]
        for _, outside in self.reads:
            for j in outside:
                leaving[self.home[j]].add(j)
        for i in self.graph.outputs:
            if i >= self.graph.first:
                leaving[self.home[i]].add(i)
        kept = [g for g, ids in enumerate(leaving) if ids]
        self._numbers = {g: n for n, g in enumerate(kept)}
        return [{i: n for n, i in enumerate(sorted(ids))} for ids in leaving]


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise PlanError(what)


class _Body:
    """A task in the making: its body is numbered afresh, arguments first, in the order of their first use."""

    def __init__(self, planner: _Planner, g: int) -> None:
        self.planner = planner
        self.graph = planner.graph
        self.g = g
        self.ids = planner.reads[g][0]
        self.args: dict[Slot, ValueType[Any]] = {}
        self.cuts = {i: cut for i in self.ids if (cut := row_cut(self.graph, self.graph.node(i))) is not None}

    def task(self) -> Task:
        for i in self.ids:
            for slot, t in self._slots(i):
                self.args.setdefault(slot, t)
        number = {slot: n for n, slot in enumerate(self.args)}
        place: dict[NodeId, int] = {}
        nodes: list[Node] = []
        for i in self.ids:
            if i in self.cuts and not self.cuts[i][1]:
                place[i] = number[self.cuts[i][0]]
                continue
            place[i] = len(number) + len(nodes)
            nodes.append(self._node(i, place, number))
        outputs = tuple(place[i] for i in self.planner.exports[self.g])
        body = Graph(tuple(self.args.values()), tuple(nodes), outputs)
        return finished(f"bp-{self.planner._number(self.g)}", body, tuple(self.args), self.planner.machine)

    def _slots(self, i: NodeId) -> Iterable[tuple[Slot, ValueType[Any]]]:
        """The arguments that a node reads, with their types."""
        if i in self.cuts:
            slot, _ = self.cuts[i]
            yield slot, _rows_type(self.graph.inputs[slot.index], slot.rows)
            return
        for j in self.graph.node(i).inputs:
            if self._is_argument(j):
                yield self.planner.slot(j), self.graph.type_of(j)

    def _is_argument(self, j: NodeId) -> bool:
        return j < self.graph.first or (self.planner.home[j] != self.g and not self.planner.free[j])

    def _node(self, i: NodeId, place: dict[NodeId, int], number: dict[Slot, int]) -> Node:
        node = self.graph.node(i)
        if i in self.cuts:
            slot, key = self.cuts[i]
            return Node(node.op, (number[slot],), (("key", key),), type=node.type, source=node.source)
        inputs = tuple([number[self.planner.slot(j)] if self._is_argument(j) else place[j] for j in node.inputs])
        return Node(node.op, inputs, node.params, type=node.type, source=node.source)


# Rows: what takes a few rows of an input is sent these rows only.


def row_cut(graph: Graph, node: Node) -> tuple[PlanInput, tuple[Any, ...]] | None:
    """How a node that takes rows of an input is cut.

    Arguments:
        graph: the graph.
        node: a node of it.
    Returns:
        the rows, and what remains of the key, () where nothing does; None where the node takes no run of rows.
    """
    if node.op is not basic_index or node.inputs[0] >= graph.first:
        return None
    key: Any = dict(node.params)["key"]
    t = graph.inputs[node.inputs[0]]
    rows = _rows(key[0]) if key and isinstance(t, ArrayType) else None
    if rows is None or not isinstance(t, ArrayType) or rows[1] - rows[0] == t.shape[0]:
        return None
    return PlanInput(node.inputs[0], rows), _relative(key)


def _rows(item: Any) -> tuple[int, int] | None:
    if isinstance(item, int):
        return item, item + 1
    return (item.start, max(item.start, item.stop)) if item.step == 1 and item.stop is not None else None


def _relative(key: tuple[Any, ...]) -> tuple[Any, ...]:
    if isinstance(key[0], int):
        return (0, *key[1:])
    return (Slice(0, key[0].stop - key[0].start, 1), *key[1:]) if len(key) > 1 else ()


def _rows_type(t: ValueType[Any], rows: tuple[int, int] | None) -> ValueType[Any]:
    if rows is None:
        return t
    assert isinstance(t, ArrayType)
    return array_type((rows[1] - rows[0], *t.shape[1:]), t.dtype)


# Checking a plan.


def verify_plan(plan: Plan) -> Plan:
    """The plan itself, if it is well formed.

    Arguments:
        plan: the plan.
    Returns:
        the same plan.
    Errors:
        PlanError: an argument that no earlier task and no input provides, or whose type does not fit.
    """
    for index, task in enumerate(plan.tasks):
        where = f"task {index} ({task.name})"
        _require(len(task.args) == len(task.body.inputs), f"{where} has arguments for another number of inputs")
        for slot, t in zip(task.args, task.body.inputs, strict=True):
            got = slot_type(plan, slot, index, where)
            _require(got == t, f"{where} takes {t}, but {slot} is {got}")
    for slot in plan.outputs:
        slot_type(plan, slot, len(plan.tasks), "the plan")
    return plan


def slot_type(plan: Plan, slot: Slot, limit: int, where: str) -> ValueType[Any]:
    """The type of what a slot holds.

    Arguments:
        plan: the plan.
        slot: the slot.
        limit: the tasks below this index may be read.
        where: who reads it, for errors.
    Returns:
        its type.
    Errors:
        PlanError: a slot that nothing provides.
    """
    if isinstance(slot, TaskOutput):
        _require(0 <= slot.task < limit, f"{where} reads task {slot.task}, which does not come before it")
        body = plan.tasks[slot.task].body
        there = 0 <= slot.index < len(body.outputs)
        _require(there, f"{where} reads result {slot.index} of task {slot.task}: there is none")
        return body.type_of(body.outputs[slot.index])
    _require(0 <= slot.index < len(plan.inputs), f"{where} reads input {slot.index}, which does not exist")
    t = plan.inputs[slot.index]
    if slot.rows is not None:
        fits = isinstance(t, ArrayType) and t.shape and 0 <= slot.rows[0] <= slot.rows[1] <= t.shape[0]
        _require(bool(fits), f"{where} reads rows {slot.rows} of input {slot.index}, which is {t}")
    return _rows_type(t, slot.rows)
