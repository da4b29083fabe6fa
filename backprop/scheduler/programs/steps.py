"""Graph -> steps: for each node what is called, on which named values, and where the result goes.

A value is one of: a constant ("c"), folded when the program is made; an array of the workspace ("b", "o", "p"), which
an op writes to, or a view of one, made with the workspace; or whatever an op allocates itself, in a register ("r"),
which the next value takes over when it dies.

An op of a user's own may hand back its operand, or a view of it; such a result is copied, as the memory of an operand
is used again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...graph.graph import Graph, Node, NodeId, literal, parameters
from ...graph.ownership import contiguous, unshared
from ...ops.core.op import Kind
from ...ops.core.stopping import check_stop
from ...ops.core.types import NumericType, ScalarType
from ..machine.cost import costs
from ..machine.profile import this_machine
from .layouts import Wrap, layouts, wrap_of
from .memory.arena import Buffer, Memory, places, plan_memory
from .memory.workspace import Layout, View, Workspace

SMALLEST_RESULT = 1 << 14
"""Bytes from which an array that is handed out is worth keeping for the next run; below, allocating is as quick."""

LARGEST_CONSTANT = 1 << 16
"""Bytes up to which what depends on constants alone is computed when a program is made."""

UNSTOPPABLE = 1e-3
"""Predicted seconds of work after which a program looks whether it is to stop."""

# Values.


def constant(node: Node) -> Any:
    """The value of a literal: a Python number where its type is weak, else the read-only array or NumPy scalar."""
    value = node.op.compute(**dict(node.params))
    weak = isinstance(node.type, NumericType) and node.type.weak
    return value.item() if weak and hasattr(value, "item") else value


@dataclass(frozen=True, slots=True, eq=False)
class Unshared:
    """An op of a user's own, whose results share no memory with its operands.

    Arguments:
        function: what it computes.
    """

    function: Callable[..., Any]

    def __call__(self, *operands: Any, **params: Any) -> Any:
        """What it computes, copied where it is an operand or a view of one."""
        return unshared(self.function(*operands, **params), operands)


Bind = Callable[[Graph], Callable[..., tuple[Any, ...]]]


# Steps.


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What is done for one node.

    Arguments:
        id: of the node; -1 for none.
        function: what is called.
        operands: names of values.
        params: further arguments.
        out: the name of the buffer that takes the result, or of the argument that it is written over, if one does.
        target: the register that takes the result else; "" where there is nothing to keep.
        wrap: what the result goes through.
        drops: registers that are let go.
    """

    id: NodeId
    function: Callable[..., Any]
    operands: tuple[str, ...]
    params: dict[str, Any]
    out: str = ""
    target: str = ""
    wrap: Wrap | None = None
    drops: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """A graph as steps over named values.

    Arguments:
        steps: what is done, in order.
        inputs: names of the inputs.
        outputs: names of the results, with what each goes through.
        arrays: names of the arrays of the workspace, in order.
        constants: values by name.
        layout: of the workspace.
    """

    steps: list[Step]
    inputs: list[str]
    outputs: list[tuple[str, Wrap | None]]
    arrays: list[str]
    constants: dict[str, Any]
    layout: Layout


class _Writer:
    """Turns nodes into steps, in order."""

    def __init__(self, graph: Graph, bind: Bind, spent: frozenset[NodeId]) -> None:
        self.graph = graph
        self.bind = bind
        self.memory: Memory = plan_memory(graph, SMALLEST_RESULT, spent)
        self.last = self.memory.life.value
        self.is_contiguous = layouts(graph)
        self.names = [f"r{k}" for k in range(graph.first)]  # of each id
        self.registers = graph.first
        self.spare: list[str] = []
        self.steps: list[Step] = []
        self.constants: dict[str, Any] = {}
        self.as_array: dict[str, str] = {}  # constants as arrays without axes
        self.slots: dict[Buffer, str] = {}
        self.fixed: list[Buffer | View] = []
        self.pieces: list[str] = []
        self.sample = Workspace(Layout(self.memory.slabs, (), (), ()))
        for k, t in enumerate(self.memory.results):
            self.slots[Buffer(k, 0, t, True)] = f"o{k}"

    def written(self) -> Steps:
        graph, since = self.graph, 0.0
        prices = costs(graph, this_machine().machine)
        for i, (node, price) in enumerate(zip(graph.nodes, prices, strict=True), graph.first):
            since += price.seconds
            if since > UNSTOPPABLE or not node.op.is_built_in:
                self.steps.append(Step(-1, check_stop, (), {}))
                since = 0.0
            self.names.append(self._name(i, node))
        wraps: list[Wrap | None] = [None if self.is_contiguous[i] else contiguous for i in graph.outputs]
        outputs = [(self.names[i], wrap) for i, wrap in zip(graph.outputs, wraps, strict=True)]
        results = [f"o{k}" for k in range(len(self.memory.results))]
        arrays = [f"b{k}" for k in range(len(self.fixed))] + results + self.pieces
        pieces = tuple(buffer for buffer, name in self.slots.items() if name in set(self.pieces))
        layout = Layout(self.memory.slabs, tuple(self.fixed), self.memory.results, pieces)
        return Steps(self.steps, self.names[: graph.first], outputs, arrays, self.constants, layout)

    def _name(self, i: NodeId, node: Node) -> str:
        """Write the step of a node, if it takes one; the name of its value."""
        if node.op is literal:
            return self._constant(constant(node))
        operands = tuple([self.names[j] for j in node.inputs])
        function = self.memory.kernels[i - self.graph.first]
        params = parameters(node, self.bind) if node.op.kernel is None else {}
        name = self._folded(node, function, operands, params) or self._viewed(node, function, operands, params)
        if name:
            self._drop(i, node)
        elif i in self.memory.joined:
            name = self._joined(i, node, operands)
        elif i in self.memory.over:
            name = self._written_over(i, node, function, operands, params)
        elif i in self.memory.buffers:
            name = self._slot(self.memory.buffers[i])
            operands = self._as_arrays(function, operands)
            self.steps.append(Step(i, function, operands, params, name, drops=self._dropped(i, node)))
        else:
            name = self._computed(i, node, function, operands, params)
        return name

    # Constants.

    def _constant(self, value: Any) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return name

    def _folded(self, node: Node, function: Any, operands: tuple[str, ...], params: dict[str, Any]) -> str:
        """The name of a value that depends on constants alone, "" for any other."""
        may_fold = isinstance(node.type, NumericType) and (
            node.type.nbytes <= LARGEST_CONSTANT or node.op.kind is Kind.VIEW
        )
        if not may_fold or node.op.kind is Kind.HOST_PINNED or not all([name in self.constants for name in operands]):
            return ""
        try:
            with np.errstate(all="ignore"):
                value = function(*[self.constants[name] for name in operands], **params)
        except Exception:  # it would raise at run time, where the user sees it with the line
            return ""
        if node.op.kind is not Kind.VIEW:
            value = contiguous(value)
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
        return self._constant(value)

    def _as_arrays(self, function: Any, operands: tuple[str, ...]) -> tuple[str, ...]:
        """Operands of a ufunc whose result is an array: it takes arrays without axes quicker than NumPy's numbers."""
        if not isinstance(function, np.ufunc):
            return operands
        return tuple([self._as_array(name) if name in self.constants else name for name in operands])

    def _as_array(self, name: str) -> str:
        value = self.constants[name]
        if isinstance(value, np.generic) and name not in self.as_array:
            array = np.asarray(value)
            array.flags.writeable = False
            self.as_array[name] = self._constant(array)
        return self.as_array.get(name, name)

    # The workspace.

    def _slot(self, buffer: Buffer) -> str:
        """The name of the array of a buffer."""
        name = self.slots.get(buffer)
        if name is None and buffer.result:
            name = self.slots[buffer] = f"p{len(self.pieces)}"
            self.pieces.append(name)
        elif name is None:
            name = self.slots[buffer] = self._fix(buffer)
        return name

    def _fix(self, entry: Buffer | View) -> str:
        self.fixed.append(entry)
        self.sample.add(entry)
        return f"b{len(self.fixed) - 1}"

    def _viewed(self, node: Node, function: Any, operands: tuple[str, ...], params: dict[str, Any]) -> str:
        """The name of a view that is made with the workspace, "" for any other value."""
        if node.op.kind is not Kind.VIEW or not operands or not all([name[0] == "b" for name in operands]):
            return ""
        view = View(function, tuple([int(name[1:]) for name in operands]), params)
        return self._fix(view) if self.sample.is_view(view) else ""

    def _joined(self, i: NodeId, node: Node, operands: tuple[str, ...]) -> str:
        """Copy what is not in its place in a concatenation yet."""
        whole = self.memory.buffers[i]
        for k, (offset, t) in enumerate(places(self.graph, node)):
            if k in self.memory.joined[i] and t.nbytes:
                place = self._slot(Buffer(whole.slab, whole.offset + offset, t, whole.result))
                self.steps.append(Step(i, np.copyto, (place, operands[k]), {}))
        self._drop(i, node)
        return self._slot(whole)

    # Registers.

    def _written_over(
        self, i: NodeId, node: Node, function: Any, operands: tuple[str, ...], params: dict[str, Any]
    ) -> str:
        """Write a result over an argument, whose register stays in use."""
        name, drops = self.names[self.memory.over[i]], self._dropped(i, node)
        self.spare.remove(name)
        kept = tuple([drop for drop in drops if drop != name])
        self.steps.append(Step(i, function, self._as_arrays(function, operands), params, name, drops=kept))
        return name

    def _computed(self, i: NodeId, node: Node, function: Any, operands: tuple[str, ...], params: dict[str, Any]) -> str:
        if node.op.kind is not Kind.VIEW and not node.op.is_fresh:
            function = Unshared(function)
        drops = self._dropped(i, node)
        target = self.spare.pop() if self.spare else self._register()
        kept = tuple([name for name in drops if name != target])
        self.steps.append(Step(i, function, operands, params, "", target, wrap_of(node, self.is_contiguous), kept))
        if self.last[i] == i:
            self.spare.append(target)
        return target

    def _register(self) -> str:
        self.registers += 1
        return f"r{self.registers - 1}"

    def _dropped(self, i: NodeId, node: Node) -> tuple[str, ...]:
        """The registers of operands that die here, which become spare; those that hold numbers need no clearing."""
        dying = [j for j in dict.fromkeys(node.inputs) if self.last[j] == i and self.names[j][0] == "r"]
        self.spare += [self.names[j] for j in dying]
        return tuple([self.names[j] for j in dying if not isinstance(self.graph.type_of(j), ScalarType)])

    def _drop(self, i: NodeId, node: Node) -> None:
        """Let operands go after a node that took no step of its own."""
        dying = self._dropped(i, node)
        if dying and self.steps:
            last = self.steps[-1]
            self.steps[-1] = replace(last, drops=(*last.drops, *dying))


def steps_of(graph: Graph, bind: Bind, spent: frozenset[NodeId] = frozenset()) -> Steps:
    """The steps of a graph.

    Arguments:
        graph: the graph.
        bind: from the body of a node that holds graphs to what runs it.
        spent: the inputs that nobody else reads, and that results may be written over.
    """
    return _Writer(graph, bind, spent).written()
