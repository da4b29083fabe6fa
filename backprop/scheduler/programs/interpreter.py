"""Graphs that run once: node by node, where making a program of a node takes longer than running it.

A value is dropped after its last use. When a graph runs again, a program is made of it; the bits are the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ...graph.graph import Graph, Node, NodeId, parameters
from ...graph.ownership import contiguous
from ...graph.subgraph import uses
from ...ops.core.op import Kind
from ...ops.core.stopping import check_stop
from .. import programs
from .limits import LONGEST

OFTEN, LARGE = 256, 1 << 16
"""Nodes, and bytes of the result of one, after which the interpreter looks whether it is to stop."""


GENERATING_S = 2e-5
"""Seconds that the code of a node takes to generate."""


def runner_of(
    graph: Graph, name: str = "", seconds: float = math.inf, spent: frozenset[NodeId] = frozenset()
) -> Callable[..., tuple[Any, ...]]:
    """A graph as something to call, on C-contiguous values: a program, where that takes long from its second run on.

    Arguments:
        graph: the graph.
        name: of the task, for the notes on exceptions.
        seconds: that its runs are predicted to take, in all tasks that share it.
        spent: the inputs that nobody else reads, and that results may be written over.
    """
    is_late = len(graph) > LONGEST or seconds < GENERATING_S * len(graph)
    return LateProgram(graph, name, spent) if is_late else programs.compile_program(graph, name, spent)


@dataclass(slots=True, eq=False)
class LateProgram:
    """A graph as something to call: interpreted the first time, then a program.

    Arguments:
        graph: the graph.
        name: of the task, for the notes on exceptions.
        spent: the inputs that results may be written over.
        has_run: whether it has been called.
        program: of the graph, from the second call on.
    """

    graph: Graph
    name: str
    spent: frozenset[NodeId]
    has_run: bool = False
    program: programs.Program | None = None

    def __call__(self, *values: Any) -> tuple[Any, ...]:
        """The results."""
        if not self.has_run:
            self.has_run = True
            return interpreter(self.graph, self.name)(*values)
        if self.program is None:
            self.program = programs.compile_program(self.graph, self.name, self.spent)
        return self.program(*values)


def interpreter(graph: Graph, name: str = "") -> programs.Program:
    """A program that goes through a graph node by node.

    Arguments:
        graph: the graph.
        name: of the task, for the notes on exceptions.
    """

    def run(*values: Any) -> tuple[Any, ...]:
        cells = list(values)
        left = iter(graph.nodes)  # Program reads off the frame of an exception how many are left
        _go_through(left, cells, uses(graph))
        return tuple([contiguous(cells[i]) for i in graph.outputs])

    return programs.Program(programs.Code(run, tuple(range(graph.first, graph.first + len(graph)))), graph, name)


def _go_through(left: Iterator[Node], cells: list[Any], unread: list[int]) -> None:
    compile_program = programs.compile_program
    for k, node in enumerate(left):
        op, inputs = node.op, node.inputs
        if not k % OFTEN or node.type.nbytes > LARGE or not op.is_built_in:
            check_stop()
        args = [cells[i] for i in inputs]
        value = op.compute(*args, **parameters(node, compile_program)) if node.params else op.compute(*args)
        cells.append(value if op.kind is Kind.VIEW else contiguous(value))
        for i in inputs:
            unread[i] -= 1
            if not unread[i]:
                cells[i] = None
