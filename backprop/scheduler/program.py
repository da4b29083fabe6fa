"""Graph -> straight-line Python: one line for each node, buffers planned by liveness.

Values live in registers. A register is free from the last use of its value on; the result of that very line takes it
over, and an elementwise op writes its result into the dying operand (`out=`) where shape and dtype agree and nothing
else can see that memory. Literals and parameters are constants of the namespace. Graphs above `LONGEST` nodes run by a
loop over the same steps, as compiling them would take longer than running them; results are the same.

Layout rule: every value of an op that is no view is C-contiguous, and so is every result. Tasks get C-contiguous
arguments from the executor. So an op sees operands of the same layout, and gives the same bits, wherever the border
between two tasks runs.

Source: M. Poletto, V. Sarkar, Linear scan register allocation, TOPLAS 21(5), 1999; without holes, as code is straight.
Limits: an op of kind PLAIN might hand back its operand (a user's op may), so its result is never overwritten.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, FunctionType, TracebackType
from typing import Any

import numpy as np

from ..graph.evaluate import contiguous
from ..graph.graph import Graph, Node, NodeId, literal
from ..ops.index import basic_index
from ..ops.op import Kind, Op
from ..ops.shape import reshape_to
from ..ops.tuples import item, make_tuple
from ..ops.types import ArrayType, NumericType, TupleType

LONGEST = 5000
"""Nodes of the longest graph that is turned into code."""

SMALLEST_OUT = 2048
"""Bytes from which `out=` pays: below, NumPy's own cache of small buffers is quicker."""

Step = tuple[NodeId, tuple[int, ...], int, int | None, str, tuple[int, ...]]
"""Node id, operands' registers (constants below 0), target, register for `out=`, wrapper, registers to clear."""


# Values.


def contiguous_items(value: Any) -> Any:
    """A tuple with every item C-contiguous, nested tuples included."""
    if type(value) is not tuple:
        return contiguous(value)
    return tuple([contiguous_items(part) for part in value])


def constant(node: Node) -> Any:
    """The value of a literal: a Python number where its type is weak, else the read-only array or NumPy scalar."""
    value = node.op.compute(**dict(node.params))
    weak = isinstance(node.type, NumericType) and node.type.weak
    return value.item() if weak and hasattr(value, "item") else value


# Layout and aliases, statically.


def keeps_layout(node: Node) -> bool:
    """Whether a view of C-contiguous operands is C-contiguous whatever its shape."""
    if node.op in (reshape_to, make_tuple, item):
        return True
    return node.op is basic_index and _takes_rows(dict(node.params)["key"])


def _takes_rows(key: Any) -> bool:
    return all(isinstance(k, int) for k in key[:-1]) and all(isinstance(k, int) or k.step == 1 for k in key[-1:])


def layouts(graph: Graph) -> list[bool]:
    """For each id, whether its value is known to be C-contiguous under the layout rule."""
    known = [True] * graph.first
    for node in graph.nodes:
        if node.op.kind is not Kind.VIEW:
            known.append(True)
        else:
            known.append(keeps_layout(node) and all([known[i] for i in node.inputs]))
    return known


def wrapper(node: Node, known: list[bool]) -> str:
    """The helper that a node's result goes through: "contiguous", "contiguous_items" or none."""
    if node.op.kind is Kind.VIEW:
        return ""
    if isinstance(node.type, TupleType):
        return "contiguous_items"
    if isinstance(node.type, NumericType) and len(node.type.shape) < 2:
        strided = node.op.kind in (Kind.PLAIN, Kind.LOCAL) and node.type.shape
        return "contiguous" if strided else ""
    fresh = node.op.kind in (Kind.ELEMENTWISE, Kind.INTO)
    return "" if fresh and all([known[i] for i in node.inputs]) else "contiguous"


def bases(graph: Graph) -> list[tuple[NodeId, ...]]:
    """For each id, the ids whose memory its value may share: itself, or for a view those of its operands."""
    found: list[tuple[NodeId, ...]] = [(i,) for i in range(graph.first)]
    for i, node in enumerate(graph.nodes, graph.first):
        if node.op.kind is not Kind.VIEW:
            found.append((i,))
        elif node.op is make_tuple:
            found.append(tuple(dict.fromkeys(base for j in node.inputs for base in found[j])))
        else:
            found.append(found[node.inputs[0]] if node.inputs else (i,))
    return found


def escaping(graph: Graph) -> tuple[bool, ...]:
    """For each output, whether it may share memory with an input, a constant or another output.

    Arguments:
        graph: the graph.
    Returns:
        a bool for each output; where it is True, a caller who hands out arrays to keep must copy.
    """
    found = bases(graph)
    owners: dict[NodeId, int] = {}
    for output in graph.outputs:
        for base in found[output]:
            owners[base] = owners.get(base, 0) + 1
    return tuple(any(_shared(graph, base) or owners[base] > 1 for base in found[output]) for output in graph.outputs)


def _shared(graph: Graph, i: NodeId) -> bool:
    return i < graph.first or graph.node(i).op is literal


# Liveness.


@lru_cache(maxsize=1024)
def accepts_out(op: Op) -> bool:
    """Whether an elementwise op's compute takes `out=`."""
    if op.kind is not Kind.ELEMENTWISE:
        return False
    if isinstance(op.compute, np.ufunc):
        return True
    try:
        return "out" in inspect.signature(op.compute).parameters
    except (TypeError, ValueError):
        return False


def overwritable(node: Node, j: NodeId) -> bool:
    """Whether an elementwise op may write its result over operand `j`.

    A ufunc may. What is made of several ufuncs, such as a sum of n terms, writes before it has read its third operand.
    """
    return isinstance(node.op.compute, np.ufunc) or j not in node.inputs[2:]


def last_uses(graph: Graph) -> list[NodeId]:
    """For each id, the last node that reads it: itself where none does, the end of the graph for an output."""
    last = list(range(graph.first + len(graph.nodes)))
    for i, node in enumerate(graph.nodes, graph.first):
        for j in node.inputs:
            last[j] = i
    for output in graph.outputs:
        last[output] = len(last)
    return last


def last_views(graph: Graph, last: list[NodeId]) -> list[NodeId]:
    """For each id, the last use of any view of its memory, -1 where there is none."""
    views = [-1] * len(last)
    found = bases(graph)
    for i, node in enumerate(graph.nodes, graph.first):
        if node.op.kind is Kind.VIEW:
            for base in found[i]:
                views[base] = max(views[base], last[i])
    return views


class _Registers:
    """Hands out registers, while the steps of a graph are made."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.last = last_uses(graph)
        self.views = last_views(graph, self.last)
        self.known = layouts(graph)
        self.place = list(range(graph.first)) + [0] * len(graph.nodes)
        self.size = graph.first
        self.spare: list[int] = []
        self.constants: list[Any] = []

    def keep(self, i: NodeId, node: Node) -> None:
        """Make a literal a constant."""
        self.constants.append(constant(node))
        self.place[i] = -len(self.constants)

    def step(self, i: NodeId, node: Node) -> Step:
        """The step of a node, with its target chosen."""
        operands = tuple([self.place[j] for j in node.inputs])
        dying = [j for j in dict.fromkeys(node.inputs) if self.last[j] == i and self.place[j] >= 0]
        out = self._out(i, node, dying)
        freed = [self.place[j] for j in dying]
        target = self._target(freed)
        self.place[i] = target
        cleared = [r for r in freed if r != target] + ([target] if self.last[i] == i else [])
        self.spare.extend(cleared)
        return i, operands, target, out, wrapper(node, self.known), tuple(cleared)

    def _target(self, freed: list[int]) -> int:
        if freed:
            return freed[0]
        if self.spare:
            return self.spare.pop()
        self.size += 1
        return self.size - 1

    def _out(self, i: NodeId, node: Node, dying: list[NodeId]) -> int | None:
        t = node.type
        if not isinstance(t, ArrayType) or not t.shape or t.nbytes < SMALLEST_OUT or not accepts_out(node.op):
            return None
        for j in dying:
            if self.graph.type_of(j) == t and self._owned(j) and self.views[j] < i and overwritable(node, j):
                return self.place[j]
        return None

    def _owned(self, j: NodeId) -> bool:
        return j >= self.graph.first and self.graph.node(j).op.kind in (Kind.ELEMENTWISE, Kind.INTO)


def _plan_steps(graph: Graph) -> tuple[list[Step], _Registers]:
    registers = _Registers(graph)
    steps: list[Step] = []
    for i, node in enumerate(graph.nodes, graph.first):
        if node.op is literal:
            registers.keep(i, node)
        else:
            steps.append(registers.step(i, node))
    return steps, registers


# Code.


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """What runs a graph, without the graph: shared between equal graphs.

    Arguments:
        run: (values) -> results.
        ids: the node id of each step: of each line of generated code, from line 2 on.
        text: the generated code, empty for a loop.
    """

    run: Callable[..., tuple[Any, ...]]
    ids: tuple[NodeId, ...]
    text: str = ""


def _name(register: int) -> str:
    return f"r{register}" if register >= 0 else f"c{-register - 1}"


def _line(step: Step, params: dict[str, Any], function: str, names: dict[str, Any]) -> str:
    i, operands, target, out, wrap, cleared = step
    args = [_name(r) for r in operands]
    for key, value in params.items():
        names[f"k{i}_{key}"] = value
        args.append(f"{key}=k{i}_{key}")
    if out is not None:
        args.append(f"out={_name(out)}")
    call = f"{function}({', '.join(args)})"
    value = f"{wrap}({call})" if wrap else call
    return f"    {_name(target)} = {value}" + "".join(f"; {_name(r)} = None" for r in cleared)


def _returned(graph: Graph, registers: _Registers) -> list[str]:
    names = [_name(registers.place[i]) for i in graph.outputs]
    wraps = [_wrap_of_output(graph, i, registers.known) for i in graph.outputs]
    return [f"{wrap}({name})" if wrap else name for name, wrap in zip(names, wraps, strict=True)]


def _wrap_of_output(graph: Graph, i: NodeId, known: list[bool]) -> str:
    return "" if known[i] else "contiguous_items"


def _generate(graph: Graph) -> Code:
    steps, registers = _plan_steps(graph)
    names: dict[str, Any] = {"contiguous": contiguous, "contiguous_items": contiguous_items}
    names.update((f"c{k}", value) for k, value in enumerate(registers.constants))
    functions: dict[Op, str] = {}
    lines = [f"def program({', '.join(f'r{k}' for k in range(graph.first))}):"]
    for step in steps:
        node = graph.node(step[0])
        function = functions.setdefault(node.op, f"f{len(functions)}")
        lines.append(_line(step, dict(node.params), function, names))
    lines.append(f"    return ({', '.join(_returned(graph, registers))}{',' if graph.outputs else ''})")
    names.update((name, op.compute) for op, name in functions.items())
    text = "\n".join(lines)
    return Code(_defined(text, names), tuple(step[0] for step in steps), text)


def _defined(text: str, names: dict[str, Any]) -> Callable[..., tuple[Any, ...]]:
    module = compile(text, "<backprop program>", "exec")
    code = next(part for part in module.co_consts if isinstance(part, CodeType))
    return FunctionType(code, names)


# The loop, for long graphs.


def _looped(graph: Graph) -> Code:
    steps, registers = _plan_steps(graph)
    blank: list[Any] = [None] * (registers.size - graph.first) + registers.constants[::-1]
    wraps: dict[str, Callable[[Any], Any] | None] = {
        "": None, "contiguous": contiguous, "contiguous_items": contiguous_items,
    }  # fmt: skip
    table = [(*_bound(graph.node(s[0])), s[1], s[2], s[3], wraps[s[4]], s[5]) for s in steps]
    ids = tuple(s[0] for s in steps)
    results = [(registers.place[i], wraps[_wrap_of_output(graph, i, registers.known)]) for i in graph.outputs]

    def run(*values: Any) -> tuple[Any, ...]:
        cells = [*values, *blank]
        for at, row in enumerate(table):  # noqa: B007  # Program reads `at` off the frame of an exception
            _perform(cells, *row)
        return tuple([wrap(cells[r]) if wrap else cells[r] for r, wrap in results])

    return Code(run, ids)


def _bound(node: Node) -> tuple[Callable[..., Any], dict[str, Any]]:
    return node.op.compute, dict(node.params)


def _perform(
    cells: list[Any],
    compute: Callable[..., Any],
    params: dict[str, Any],
    operands: tuple[int, ...],
    target: int,
    out: int | None,
    wrap: Callable[[Any], Any] | None,
    cleared: tuple[int, ...],
) -> None:
    args = [cells[r] for r in operands]
    value = compute(*args, **params) if out is None else compute(*args, **params, out=cells[out])
    cells[target] = wrap(value) if wrap else value
    for r in cleared:
        cells[r] = None


@lru_cache(maxsize=512)
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
            if (where := self._node_of(error.__traceback__)) is not None:
                error.add_note(self.note(where))
            raise

    def note(self, i: NodeId) -> str:
        """What an exception of node `i` is annotated with: the op, its operands, the user's line, the task."""
        node = self.graph.node(i)
        operands = ", ".join(str(self.graph.type_of(j)) for j in node.inputs)
        line = f", at {node.source}" if node.source is not None else ""
        task = f", in task {self.name}" if self.name else ""
        return f"while backprop ran {node.op.name}({operands}){line}{task}"

    def _node_of(self, trace: TracebackType | None) -> NodeId | None:
        below = trace.tb_next if trace is not None else None
        if below is None:
            return None
        step = below.tb_lineno - 2 if self.code.text else below.tb_frame.f_locals.get("at", -1)
        return self.code.ids[step] if 0 <= step < len(self.code.ids) else None


def compile_program(graph: Graph, name: str = "") -> Program:
    """A graph as something to call.

    Arguments:
        graph: the graph.
        name: of the task, for the notes on exceptions.
    Returns:
        the Program; its code comes from a cache by the graph's content.
    """
    return Program(generated(graph), graph, name)
