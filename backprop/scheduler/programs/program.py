"""Graph -> straight-line Python: one line for each step, over buffers planned by liveness.

Graphs above `LONGEST` nodes run by a loop over the same steps, as compiling them would take longer than running them;
results are the same. See memory.py for the layout rule and the buffers, workspace.py for who owns them, steps.py for
what a line consists of.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, FunctionType, TracebackType
from typing import Any

import numpy as np

from ...graph.graph import Graph, NodeId
from .steps import Step, Steps, steps_of
from .workspace import Pool

LONGEST = 5000
"""Nodes of the longest graph that is turned into code."""

INFIX = {operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/"}


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """What runs a graph, without the graph: shared between equal graphs.

    Arguments:
        run: (values) -> results.
        ids: for each line of generated code from the second on, or for each turn of the loop, the node; -1 for none.
        text: the generated code, empty for a loop.
    """

    run: Callable[..., tuple[Any, ...]]
    ids: tuple[NodeId, ...]
    text: str = ""


# Code.


class _Functions:
    """The names of the functions and parameters that lines refer to."""

    def __init__(self, constants: dict[str, Any]) -> None:
        self.values = dict(constants)
        self._names: dict[Any, str] = {}

    def name(self, function: Callable[..., Any]) -> str:
        name = self._names.setdefault(function, f"f{len(self._names)}")
        self.values[name] = function
        return name

    def parameter(self, step: Step, key: str) -> str:
        name = f"k{step.id}_{key}"
        self.values[name] = step.params[key]
        return name


def _line(step: Step, functions: _Functions) -> str:
    value = _call(step, functions)
    if step.wrap is not None:
        value = f"{functions.name(step.wrap)}({value})"
    kept = f"{step.target} = {value}" if step.target else value
    return "    " + "; ".join([kept, *[f"{name} = None" for name in step.drops]])


def _call(step: Step, functions: _Functions) -> str:
    if step.function in INFIX:
        return f" {INFIX[step.function]} ".join(step.operands)
    if step.function is operator.neg:
        return f"-{step.operands[0]}"
    args = list(step.operands)
    if step.out and by_position(step.function):
        args.append(step.out)
    args += [f"{key}={functions.parameter(step, key)}" for key in step.params]
    if step.out and not by_position(step.function):
        args.append(f"out={step.out}")
    return f"{functions.name(step.function)}({', '.join(args)})"


def by_position(function: Callable[..., Any]) -> bool:
    """Whether a function takes `out` behind its operands, which is quicker than by name."""
    deprecated = function is np.maximum or function is np.minimum
    return function is np.dot or (isinstance(function, np.ufunc) and not deprecated)


def _generate(graph: Graph) -> Code:
    steps = steps_of(graph, compile_program)
    functions = _Functions(steps.constants)
    before, after = _around(steps, functions)
    lines = [f"def program({', '.join(steps.inputs)}):", *before, *[_line(step, functions) for step in steps.steps]]
    results = [f"{functions.name(wrap)}({name})" if wrap else name for name, wrap in steps.outputs]
    lines += [*after, f"    return ({', '.join(results)}{',' if results else ''})"]
    text = "\n".join(lines)
    ids = (*[-1] * len(before), *[step.id for step in steps.steps])
    return Code(_defined(text, functions.values), ids, text)


def _around(steps: Steps, functions: _Functions) -> tuple[list[str], list[str]]:
    """The lines before the steps, which fetch the arrays, and those behind, which give them back."""
    if not steps.arrays:
        return [], []
    pool = Pool(steps.layout)
    before = [
        f"    workspace = {functions.name(pool.enter)}()",
        f"    [{', '.join(steps.arrays)}] = workspace.arrays()",
    ]
    return before, [f"    {functions.name(pool.leave)}(workspace)"]


def _defined(text: str, names: dict[str, Any]) -> Callable[..., tuple[Any, ...]]:
    module = compile(text, "<backprop program>", "exec")
    code = next(part for part in module.co_consts if isinstance(part, CodeType))
    return FunctionType(code, names)


# The loop, for long graphs.

Row = tuple[int, Callable[..., Any], int, int, int]
"""What is to be done, the function, and the cells of two operands and of the result or its buffer."""

ONE, TWO, ONE_INTO, TWO_INTO, ANY = range(5)


def _looped(graph: Graph) -> Code:
    steps = steps_of(graph, compile_program)
    names = [*steps.inputs, *steps.arrays, *steps.constants]
    cell = {name: k for k, name in enumerate(names)}
    rows = [_row(step, cell) for step in steps.steps]
    constants = list(steps.constants.values())
    spare: list[Any] = [None] * (len(cell) - len(names))
    results = [(cell[name], wrap) for name, wrap in steps.outputs]
    pool = Pool(steps.layout)

    def run(*values: Any) -> tuple[Any, ...]:
        workspace = pool.enter()
        cells = [*values, *workspace.arrays(), *constants, *spare]
        left = iter(rows)  # Program reads off the frame of an exception how many are left
        _perform(left, cells)
        pool.leave(workspace)
        return tuple([wrap(cells[k]) if wrap else cells[k] for k, wrap in results])

    return Code(run, tuple([step.id for step in steps.steps]))


def _perform(left: Iterator[Row], cells: list[Any]) -> None:
    for kind, function, x, y, target in left:
        if kind == TWO:
            cells[target] = function(cells[x], cells[y])
        elif kind == ONE:
            cells[target] = function(cells[x])
        elif kind == TWO_INTO:
            function(cells[x], cells[y], cells[target])
        elif kind == ONE_INTO:
            function(cells[x], cells[target])
        else:
            function(cells)


def _row(step: Step, cell: dict[str, int]) -> Row:
    operands = [cell[name] for name in step.operands]
    drops = tuple([cell[name] for name in step.drops])
    target = cell.setdefault(step.out or step.target or "_", len(cell))
    into = bool(step.out) and by_position(step.function)
    plain = not step.params and step.wrap is None and not drops and (into or not step.out)
    if plain and 0 < len(operands) < 3:
        kind = (ONE, TWO, ONE_INTO, TWO_INTO)[len(operands) - 1 + 2 * into]
        return kind, step.function, operands[0], operands[-1], target
    return ANY, _Performed(step, tuple(operands), target, drops), 0, 0, 0


@dataclass(frozen=True, slots=True, eq=False)
class _Performed:
    """A step of any kind, on cells."""

    step: Step
    operands: tuple[int, ...]
    target: int
    drops: tuple[int, ...]

    def __call__(self, cells: list[Any]) -> None:
        step, args = self.step, [cells[k] for k in self.operands]
        if step.out:
            step.function(*args, **step.params, out=cells[self.target])
        else:
            value = step.function(*args, **step.params)
            cells[self.target] = step.wrap(value) if step.wrap else value
        for k in self.drops:
            cells[k] = None


@lru_cache(maxsize=64)
def generated(graph: Graph) -> Code:
    """The code of a graph, shared between equal graphs.

    Arguments:
        graph: the graph.
    Returns:
        its Code: straight-line Python, or a loop over steps for a graph above `LONGEST` nodes.
    """
    return _generate(graph) if len(graph) <= LONGEST else _looped(graph)


# Programs.


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
        try:
            return self.code.run(*values)
        except Exception as error:
            if (where := self._node_of(error.__traceback__)) >= 0:
                error.add_note(self.note(where))
            raise

    def note(self, i: NodeId) -> str:
        """What an exception of node `i` is annotated with: the op, its operands, the user's line, the task."""
        node = self.graph.node(i)
        operands = ", ".join(str(self.graph.type_of(j)) for j in node.inputs)
        line = f", at {node.source}" if node.source is not None else ""
        task = f", in task {self.name}" if self.name else ""
        return f"while backprop ran {node.op.name}({operands}){line}{task}"

    def _node_of(self, trace: TracebackType | None) -> NodeId:
        """The node that raised, -1 where it was none."""
        below = trace.tb_next if trace is not None else None
        if below is None:
            return -1
        left = below.tb_frame.f_locals.get("left")
        step = below.tb_lineno - 2 if self.code.text else len(self.code.ids) - operator.length_hint(left) - 1
        return self.code.ids[step] if 0 <= step < len(self.code.ids) else -1


def compile_program(graph: Graph, name: str = "") -> Program:
    """A graph as something to call.

    Arguments:
        graph: the graph.
        name: of the task, for the notes on exceptions.
    Returns:
        the Program; its code comes from a cache by the graph's content.
    """
    return Program(generated(graph), graph, name)
