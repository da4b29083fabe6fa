"""Program: a graph as something to call, by generated code or by a loop over steps, which give the same bits.

Graph -> steps (steps.py) over buffers that are planned by liveness (arena.py) -> straight-line Python
(code_generation.py), or a loop for graphs above `LONGEST` nodes (step_loop.py). An exception gets a note that names the
op and the line of the user's code, and a warning of NumPy's names that line: generated code is shared between equal
graphs, and each program runs it as if it stood at the lines that its own graph was written at.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import FrameType, FunctionType, TracebackType
from typing import Any

from ...errors import Source
from ...graph.autodiff.loop import Loop, step_by_step
from ...graph.graph import Graph, Node, NodeId
from ...graph.written import by_lines, by_lines_of_bodies
from ...ops.core.cache import cached
from ...ops.core.types import ValueType
from .code_generation import Code, generate
from .limits import LONGEST
from .line_tables import at_lines, line_at
from .loop_code import generate_loop
from .step_loop import loop_over
from .steps import steps_of
from .warned import WarningsAtLines

FIRST_LINE = 2
"""The line of generated code that the first of a code's ids belongs to."""


def _by_graph(graph: Graph, spent: frozenset[NodeId] = frozenset()) -> tuple[object, frozenset[NodeId]]:
    return by_lines_of_bodies(graph), spent


@cached(_by_graph)
def generated(graph: Graph, spent: frozenset[NodeId] = frozenset()) -> Code:
    """The code of a graph, shared between equal graphs; where they have bodies, of the same lines.

    Arguments:
        graph: the graph.
        spent: the inputs that nobody else reads, and that results may be written over.
    Returns:
        its Code: straight-line Python, or a loop over steps for a graph above `LONGEST` nodes.
    """
    steps = steps_of(graph, compile_program, spent)
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
        located: what runs each code, its lines those of the graph.
    """

    code: Code
    graph: Graph
    name: str = ""
    located: dict[Code, Callable[..., tuple[Any, ...]]] = field(default_factory=dict)

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
        run = self.located.get(code)
        if run is None:
            run = self.located[code] = located(code, self.graph)
        try:
            return run(*values)
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
        if below is not None and below.tb_frame.f_code is _warned.__code__:
            below = below.tb_next
        return -1 if below is None else _node_at(code, below.tb_frame, below.tb_lasti)


def _by_lines(code: Code, graph: Graph) -> tuple[object, ...]:
    return by_lines(graph, code)


@cached(_by_lines)
def located(code: Code, graph: Graph) -> Callable[..., tuple[Any, ...]]:
    """What runs a code so that warnings name the user's lines, shared between graphs of the same lines.

    Arguments:
        code: what was generated.
        graph: a graph that it is the code of.
    """
    at: dict[int, Source] = {}
    for line, i in enumerate(code.ids, FIRST_LINE):
        source = graph.node(i).source if i >= 0 else None
        if source is not None:
            at[line] = source
    files = {source.file for source in at.values()}
    if code.text and len(files) == 1:
        lines = {line: source.line for line, source in at.items()}
        return FunctionType(at_lines(code.run.__code__, files.pop(), lines), code.run.__globals__)
    return partial(_warned, code.run, partial(_node_in, code, graph), {}) if files else code.run


def _node_in(code: Code, graph: Graph, frame: FrameType) -> Node | None:
    """The node that a frame computes, None where it runs another code."""
    if frame.f_code is not code.run.__code__:
        return None
    i = _node_at(code, frame, frame.f_lasti)
    return graph.node(i) if i >= 0 else None


def _node_at(code: Code, frame: FrameType, offset: int) -> NodeId:
    """The node that a frame of a code is at, -1 where it is none."""
    if code.text:
        step = line_at(code.run.__code__, offset) - FIRST_LINE
    else:
        step = len(code.ids) - operator.length_hint(frame.f_locals.get("left")) - 1
    return code.ids[step] if 0 <= step < len(code.ids) else -1


def _warned(
    run: Callable[..., Any], node_in: Callable[[FrameType], Node | None], shown: dict[Any, Any], *values: Any
) -> Any:
    with WarningsAtLines(node_in, shown):
        return run(*values)


def described(node: Node, types: Sequence[ValueType[Any]], source: Source | None) -> str:
    """What an exception of a node is annotated with.

    Arguments:
        node: the node.
        types: of its operands.
        source: the user's line.
    """
    line = f", at {source}" if source is not None else ""
    return f"while backprop ran {node.op.name}({', '.join(map(str, types))}){line}"


def compile_program(graph: Graph, name: str = "", spent: frozenset[NodeId] = frozenset()) -> Program:
    """A graph as something to call.

    Arguments:
        graph: the graph.
        name: of the task, for the notes on exceptions.
        spent: the inputs that nobody else reads, and that results may be written over.
    Returns:
        the Program; its code comes from a cache by the graph's content.
    """
    return Program(generated(graph, spent), graph, name)
