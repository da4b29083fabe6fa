"""Steering: a value that is traced, and the questions that the user's code asks of it, as `if` and `int()` do.

The answer depends on the value, so the part of the graph that computes it is run at once. The questions are kept with
their answers: who runs the same trace again, as a compiled function does, asks them again, and takes another way where
the answers differ.

An answer that would lose the derivative, as `float(v)` would, is an error; `v.value` asks for the plain value on
purpose.
"""

from __future__ import annotations

import operator
import os
import sys
from collections.abc import Callable, Container, Sequence
from functools import partial
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from ...errors import BackpropError, EscapedVarError, GraphTypeError, Source, TracedConversionError
from ...ops.core.op import Op
from ...ops.core.types import NumericType, ValueType
from ..graph import Graph, Node, NodeId
from ..ownership import copied
from ..subgraph import reach
from .boundary.answers import AS_BOOL, AS_CEIL, AS_COMPLEX, AS_FLOAT, AS_FLOOR, AS_INT, Conversion, formatted
from .boundary.conversions import no_number
from .boundary.failures import refused
from .boundary.plain_classes import check_at, is_only_looked_at, number_for_check
from .memory.guard import Guard
from .source_lines import user_line

T = TypeVar("T")
Run = Callable[[Graph, Sequence[Any]], Sequence[Any]]
"""Runs a graph on the values of its inputs, and gives those of its outputs."""


def is_integral(type: ValueType[Any]) -> bool:
    """Whether values of a type are integers or booleans, which have no derivatives."""
    return isinstance(type, NumericType) and type.dtype.kind in "biu"


NO_ANSWER = "use numpy.where, backprop.switch or backprop.match for a choice that depends on values"


class Question(NamedTuple):
    """A question that the user's code asked of a value, and what was run to answer it."""

    id: NodeId
    ask: Callable[[Any], Any]
    answer: Any
    graph: Graph | None  # None where the value was known
    start: tuple[NodeId, ...]  # ids that its inputs stand for
    made: tuple[NodeId, ...]  # ids that its outputs stand for


class Owner(Protocol):
    """What a traced value knows of the Builder that it belongs to, as do those who extend its graph."""

    born: int
    closed: bool
    inner: Owner | None
    run: Run | None
    source: Source | None
    nodes: list[Node | None]
    types: list[ValueType[Any]]
    names: dict[NodeId, str]
    values: dict[NodeId, Any]
    guard: Guard
    refusal: BackpropError | None

    def emit(self, op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """A new node of an op, as a Var.

        Arguments:
            op: the op.
            args: its operands: Vars, arrays, numbers.
            params: its static parameters.
        """
        ...

    def append(self, node: Node) -> Any:
        """A node that reads ids of this builder, as a Var."""
        ...

    def extend(self, nodes: Sequence[Node]) -> None:
        """Take in nodes that read ids of this builder, in order."""
        ...

    def inline(self, graph: Graph, args: Sequence[Any]) -> list[Any]:
        """The results of a graph, its nodes copied into this builder, as Vars."""
        ...

    def lift(self, value: Any) -> Any:
        """The Var of a value from outside."""
        ...

    def var(self, i: NodeId) -> Any:
        """The Var of an id."""
        ...

    def line(self) -> Source:
        """The user's line that a node is made at."""
        ...

    def literal(self, value: Any) -> Any:
        """The Var of a constant that becomes part of the graph."""
        ...

    def build(self, outputs: Sequence[NodeId], start: Sequence[NodeId] | None = None) -> tuple[Graph, list[NodeId]]:
        """The graph of some outputs, and the ids that its inputs stand for."""
        ...

    def references_held(self, value: Any) -> int:
        """How many references to a captured array the trace has."""
        ...

    def needed(self, outputs: Sequence[NodeId], known: Container[NodeId]) -> list[NodeId]:
        """The ids that outputs depend on, down to known ones."""
        ...

    def answer(self, var: Any, ask: Callable[[Any], T]) -> T:
        """What the user's code learns of the value of a Var."""
        ...


class TracedValue(Generic[T]):
    """A value of a graph that is being made: its builder, its id there, and its type."""

    __slots__ = ("__weakref__", "builder", "id", "memory", "type")

    def __init__(self, builder: Owner, id: NodeId, type: ValueType[T]) -> None:
        self.builder = builder
        self.id = id
        self.type = type
        self.memory: Any = None  # what it shares memory with, once a view of it was made, or it was written to

    def __repr__(self) -> str:
        return f"Var({self.type}, {self._origin()})"

    def _origin(self) -> str:
        """What made the value: an input by its name or number, or an op and the user's line."""
        node = self.builder.nodes[self.id]
        if node is None:
            return f"input {self.builder.names.get(self.id) or self.id}"
        line = "" if node.source is None else f" at {os.path.basename(node.source.file)}:{node.source.line}"
        return f"{node.op.name}{line}"

    @property
    def value(self) -> Any:
        """The plain value, for code that is steered by it; it carries no gradient."""
        return self.builder.answer(self, copied)

    def __bool__(self) -> bool:
        return self.builder.answer(self, AS_BOOL)

    def __int__(self) -> int:
        return self.builder.answer(self, AS_INT)

    __trunc__ = __int__

    def __floor__(self) -> int:
        return self.builder.answer(self, AS_FLOOR)

    def __ceil__(self) -> int:
        return self.builder.answer(self, AS_CEIL)

    def __index__(self) -> int:
        if not isinstance(self.type, NumericType) or self.type.dtype.kind not in "iu" or self.type.shape:
            raise TracedConversionError(
                f"{self!r} is no integer, as an index or a count has to be", user_line(), "write int(v)"
            )
        return self.builder.answer(self, operator.index)

    def __float__(self) -> float:
        check = check_at(sys._getframe(1))
        if check is not None:
            return self.builder.answer(self, partial(number_for_check, check=check))
        if self._is_data() or is_only_looked_at(sys._getframe(1)):
            return self.builder.answer(self, AS_FLOAT)
        raise refused(self.builder, no_number(repr(self)))

    def _is_data(self) -> bool:
        """Whether the value is made of integers and booleans alone, so that no derivative could be lost."""
        nodes, types = self.builder.nodes, self.builder.types

        def before(i: NodeId) -> tuple[NodeId, ...]:
            node = nodes[i]
            return () if node is None or is_integral(types[i]) else node.inputs

        return all([nodes[i] is not None or is_integral(types[i]) for i in reach([self.id], before)])

    def __complex__(self) -> complex:
        if self._is_data():
            return self.builder.answer(self, AS_COMPLEX)
        what = f"complex() of {self!r} would lose its gradient"
        raise refused(self.builder, TracedConversionError(what, user_line(), "write v + 0j, or take v.value"))

    def __format__(self, spec: str) -> str:
        try:
            return self.builder.answer(self, Conversion(partial(formatted, spec=spec)))
        except TracedConversionError:
            if spec:
                raise
            return str(self)  # a graph without values says what it has


def ask_now(owner: Owner, var: TracedValue[Any], ask: Callable[[Any], Any]) -> Question:
    """What the user's code learns of a value: the part of the graph that computes it is run, unless it is known.

    Arguments:
        owner: the builder of the value; what is computed is added to the values that it knows.
        var: the value.
        ask: from the plain value to the answer.
    Returns:
        the question with its answer.
    Errors:
        TracedConversionError: there are no values, as in explicit graphs.
        EscapedVarError: the trace has ended.
    """
    graph, start, made = run_up_to(owner, var)
    value = owner.values[var.id]
    answer = value.builder.answer(value, ask) if isinstance(value, TracedValue) else ask(value)
    return Question(var.id, ask, answer, graph, start, made)


def run_up_to(owner: Owner, var: TracedValue[Any]) -> tuple[Graph | None, tuple[NodeId, ...], tuple[NodeId, ...]]:
    """Run what a value depends on and nobody has computed yet: the graph, and the ids of its inputs and outputs."""
    if var.id in owner.values:
        return None, (), ()
    if owner.closed:
        raise escaped("a question about a value")
    ids = owner.needed([var.id], owner.values)
    start = tuple(i for i in ids if i in owner.values)
    made = tuple(i for i in ids if i not in owner.values)
    if owner.run is None or any(owner.nodes[i] is None for i in made):
        raise TracedConversionError(
            f"{var!r} has no value yet, as its graph is only being built",
            user_line(),
            NO_ANSWER if not is_integral(var.type) else f"{NO_ANSWER}, and backprop.ops.getitem(x, i) for an item",
        )
    graph, _ = owner.build(made, start)
    owner.values.update(zip(made, owner.run(graph, [owner.values[i] for i in start]), strict=True))
    return graph, start, made


def escaped(what: str) -> EscapedVarError:
    """The error of a Var that is used after its trace has ended.

    Arguments:
        what: what got the Var, such as the name of an op.
    """
    return EscapedVarError(
        f"{what} got a Var whose trace has ended",
        user_line(),
        "return the value from the traced function, or take its plain number inside with v.value",
    )


def no_constant(value: object, where: Source) -> GraphTypeError:
    """The error of something that a graph without values got, and that it cannot hold as a constant."""
    return GraphTypeError(
        f"{type(value).__name__} cannot be a constant of a graph", where, "make it an input, with .input(...)"
    )


def of_another_graph(where: Source) -> EscapedVarError:
    """The error of a Var that is used in another graph than its own, where neither has values."""
    return EscapedVarError(
        "a Var of one graph was used in another", where, "make it an input of this one, with .input(...)"
    )
