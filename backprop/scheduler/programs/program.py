"""Program: a graph as something to call, by generated code or by a loop over steps, which give the same bits.

Graph -> steps (steps.py) over buffers that are planned by liveness (arena.py) -> straight-line Python
(code_generation.py), or a loop for graphs above `LONGEST` nodes (step_loop.py). An exception gets a note that names the
op and the line of the user's code.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

from ...errors import Source
from ...graph.autodiff.loop import Loop, step_by_step
from ...graph.graph import Graph, Node, NodeId
from ...graph.written import by_lines_of_bodies
from ...ops.core.cache import cached
from ...ops.core.types import ValueType
from .code_generation import Code, generate
from .loop_code import generate_loop
from .step_loop import loop_over
from .steps import steps_of

LONGEST = 5000
"""Nodes of the longest graph that is turned into code."""


@cached(by_lines_of_bodies)
def generated(graph: Graph) -> Code:
    """The code of a graph, shared between equal graphs; where they have bodies, of the same lines.

    Arguments:
        graph: the graph.
    Returns:
        its Code: straight-line Python, or a loop over steps for a graph above `LONGEST` nodes.
    """
    steps = steps_of(graph, compile_program)
    return generate(steps) if len(graph) <= LONGEST else loop_over(steps)


def _by_body(body: Graph, loop: Loop) -> tuple[object, Loop]:
    return by_lines_of_bodies(body), loop


@cached(_by_body)
def generated_loop(body: Graph, loop: Loop) -> Code:
    """The code of a loop, shared between loops of any length.

    Arguments:
        body: the graph of a step.
        loop: which inputs and results are what; of no length, and forwards.
    """
    return generate_loop(body, steps_of(body, compile_program), loop)


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A graph that can be called: (values) -> results, all C-contiguous.

    Arguments:
        code: what runs.
        graph: says which op and which line of the user's an exception came from.
        name: of the task, for that note.
    """

    code: Code
    graph: Graph
    name: str = ""

    def __call__(self, *values: Any) -> tuple[Any, ...]:
        """The results, for a C-contiguous value of each input."""
        return self._run(self.code, values)

    def run_loop(
        self, loop: Loop, carries: Sequence[Any], rows: Sequence[Any], constants: Sequence[Any], stacks: Sequence[Any]
    ) -> Sequence[Any]:
        """The last carries of a loop over the graph, by one function for all steps.

        Arguments:
            loop: what it is.
            carries: the first ones.
            rows: arrays of rows, in the order of the steps.
            constants: what each step gets.
            stacks: what the results of the steps go into, in their order.
        """
        if len(self.graph) > LONGEST:
            return step_by_step(self, loop, carries, rows, constants, stacks)
        code = generated_loop(self.graph, replace(loop, length=0, backwards=False))
        return self._run(code, [*carries, *rows, *constants, *stacks, loop.length])

    def _run(self, code: Code, values: Sequence[Any]) -> tuple[Any, ...]:
        try:
            return code.run(*values)
        except Exception as error:
            if (where := self._node_of(code, error.__traceback__)) >= 0:
                error.add_note(self.note(where))
            raise

    def note(self, i: NodeId) -> str:
        """What an exception of node `i` is annotated with: the op, its operands, the user's line, the task."""
        node = self.graph.node(i)
        task = f", in task {self.name}" if self.name else ""
        return described(node, [self.graph.type_of(j) for j in node.inputs], node.source) + task

    def _node_of(self, code: Code, trace: TracebackType | None) -> NodeId:
        """The node that raised, -1 where it was none."""
        below = trace.tb_next if trace is not None else None
        if below is None:
            return -1
        left = below.tb_frame.f_locals.get("left")
        step = below.tb_lineno - 2 if code.text else len(code.ids) - operator.length_hint(left) - 1
        return code.ids[step] if 0 <= step < len(code.ids) else -1


def described(node: Node, types: Sequence[ValueType[Any]], source: Source | None) -> str:
    """What an exception of a node is annotated with.

    Arguments:
        node: the node.
        types: of its operands.
        source: the user's line.
    """
    line = f", at {source}" if source is not None else ""
    return f"while backprop ran {node.op.name}({', '.join(map(str, types))}){line}"


def compile_program(graph: Graph, name: str = "") -> Program:
    """A graph as something to call.

    Arguments:
        graph: the graph.
        name: of the task, for the notes on exceptions.
    Returns:
        the Program; its code comes from a cache by the graph's content.
    """
    return Program(generated(graph), graph, name)
