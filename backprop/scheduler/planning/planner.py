"""Graph and groups -> plan: each group becomes the closed body of a task.

Views and literals are copied into every task that reads them, so that a view never crosses the border of a task; a
result that is a view belongs to the task that computes what it views. Bodies are numbered afresh, so that tasks which
do the same to different data have equal bodies, and share one compiled program.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ...graph.graph import Graph, Node, NodeId
from ...graph.params import Params
from ...graph.passes.inlining import inline_branches
from ...graph.subgraph import live, renumber
from ...graph.written import Written
from ...ops.core.types import ValueType
from ..machine.cost import Machine, costs, free_nodes
from .checks import require
from .host_pinned import Groups
from .plan import Plan, PlanInput, Slot, Task, TaskOutput
from .row_cuts import row_cut, rows_type


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
    """The task of a body, with its estimates.

    Arguments:
        name: of the task.
        body: a closed graph; those of its branches come into their place.
        args: where each input of the body comes from.
        machine: the rates that its seconds are estimated with.
    """
    flat = inline_branches(body)
    seconds = sum([price.seconds for price in costs(flat, machine)])
    return Task(name, flat, args, seconds, sum([t.nbytes for t in flat.inputs]))


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
        self.made: dict[Written, Task] = {}

    def plan(self) -> Plan:
        tasks = tuple(_Body(self, g).task() for g in range(len(self.groups)) if self.exports[g])
        return Plan(tasks, self.graph.inputs, tuple(map(self.slot, self.graph.outputs)), self.graph.names)

    def finished(self, name: str, body: Graph, args: tuple[Slot, ...]) -> Task:
        """The task of a body; equal bodies are one.

        Arguments:
            name: of the task.
            body: a closed graph.
            args: where each input of the body comes from.
        """
        key = Written(body)
        if key not in self.made:
            self.made[key] = finished(name, body, args, self.machine)
        return replace(self.made[key], name=name, args=args)

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
                require(self.free[i], f"{node.op.name}, node {i}, is in no group")
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
                    require(self.home[j] < g, f"group {g} reads node {j} of group {self.home[j]}")
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


class _Body:
    """A task in the making: its body is numbered afresh, arguments first, in the order of their first use.

    Until then the n-th argument has an id beyond those of the graph, `beyond + n`.
    """

    def __init__(self, planner: _Planner, g: int) -> None:
        self.planner = planner
        self.graph = planner.graph
        self.g = g
        self.ids = planner.reads[g][0]
        self.args: dict[Slot, ValueType[Any]] = {}
        self.beyond = self.graph.first + len(self.graph)
        self.cuts = {i: cut for i in self.ids if (cut := row_cut(self.graph, self.graph.node(i))) is not None}

    def task(self) -> Task:
        for i in self.ids:
            for slot, t in self._slots(i):
                self.args.setdefault(slot, t)
        number = {slot: n for n, slot in enumerate(self.args)}
        to: dict[NodeId, NodeId] = {self.beyond + n: n for n in number.values()}
        to.update({i: number[slot] for i, (slot, key) in self.cuts.items() if not key})
        nodes = renumber([(i, self._node(i, number)) for i in self.ids if i not in to], to, len(number))
        body = Graph(tuple(self.args.values()), nodes, tuple([to[i] for i in self.planner.exports[self.g]]))
        return self.planner.finished(f"bp-{self.planner._number(self.g)}", body, tuple(self.args))

    def _slots(self, i: NodeId) -> Iterable[tuple[Slot, ValueType[Any]]]:
        """The arguments that a node reads, with their types."""
        if i in self.cuts:
            slot, _ = self.cuts[i]
            yield slot, rows_type(self.graph.inputs[slot.index], slot.rows)
            return
        for j in self.graph.node(i).inputs:
            if self._is_argument(j):
                yield self.planner.slot(j), self.graph.type_of(j)

    def _is_argument(self, j: NodeId) -> bool:
        return j < self.graph.first or (self.planner.home[j] != self.g and not self.planner.free[j])

    def _node(self, i: NodeId, number: Mapping[Slot, int]) -> Node:
        """A node that reads arguments by their ids beyond the graph."""
        node, slot = self.graph.node(i), self.planner.slot
        if i in self.cuts:
            rows, key = self.cuts[i]
            operands = (self.beyond + number[rows],)
            return Node(node.op, operands, Params.of(key=key), type=node.type, source=node.source)
        inputs = [self.beyond + number[slot(j)] if self._is_argument(j) else j for j in node.inputs]
        return node.reading(tuple(inputs))
