"""Builder, which collects nodes into a Graph; the user's code touches them as Vars.

The builder is the only mutable thing in this layer. Each Var carries its own builder, so that nested and concurrent
traces cannot disturb each other: an op whose operands belong to several builders is emitted by the youngest, which
takes in the others' Vars as it takes in arrays, as further inputs.

A Python number takes the dtype of the arrays it meets (NEP 50): it is cast when it enters an op, so that values
at run time are always strongly typed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Hashable, Sequence
from typing import Any, TypeVar

import numpy as np

from ...errors import BackpropError, GraphTypeError, Source
from ...ops.core.op import Kind, Op
from ...ops.core.types import ValueType
from ...ops.elementwise.conversion import cast
from ..graph import NUMBERS, Graph, Literal, Node, NodeId, literal, literal_node, number_node
from ..params import NO_PARAMS, Params
from ..subgraph import reach, remapped, renumber
from ..weak_numbers import Signature, signature
from .boundary.elements import joined
from .memory.guard import Guard, type_taken_in, unchanged
from .memory.handles import viewed
from .source_lines import Lines, located, user_line
from .steering import Owner, Question, Run, ask_now, escaped, no_constant, of_another_graph
from .var import Var, as_it_is

T = TypeVar("T")
EXACT = (int, float, np.float64, np.float32)  # where not zero, such numbers are equal only if their bytes are


class Builder:
    """Collects inputs and nodes, and builds a Graph of them.

    Arguments:
        run: runs a graph on values, for code that asks for the value of a Var; None where there are no values.
    """

    __slots__ = (
        "_casts",
        "_lines",
        "_literals",
        "_params",
        "_signatures",
        "born",
        "captured",
        "closed",
        "guard",
        "inner",
        "names",
        "nodes",
        "questions",
        "refusal",
        "run",
        "source",
        "types",
        "values",
    )

    def __init__(self, run: Run | None = None) -> None:
        self.run = run
        self.born = time.perf_counter_ns()  # nested traces start later than what they stand in
        self.closed = False
        self.inner: Owner | None = None  # takes the nodes, while the body of a node of this one is made
        self.types: list[ValueType[Any]] = []
        self.nodes: list[Node | None] = []  # None for an input
        self.names: dict[NodeId, str] = {}
        self.values: dict[NodeId, Any] = {}  # of inputs, and of what was computed to answer a question
        self.questions: list[Question] = []  # the questions that steered the user's code, in order
        self.source: Source | None = None  # where nodes come from, when it is not the user's current line
        self._literals: dict[Any, NodeId] = {}
        self.captured: dict[int, tuple[Any, Var[Any]]] = {}  # by identity, with what was captured
        self.guard = Guard()
        self.refusal: BackpropError | None = None  # the last conversion of a Var to a plain value that was refused
        self._casts: dict[tuple[NodeId, np.dtype[Any]], NodeId] = {}
        self._params: dict[Params, Params] = {}  # one object for equal ones
        self._signatures: dict[Any, Signature] = {}  # by op, and identities of the params and of the operands' types
        self._lines = Lines()

    # Making nodes.

    def input(self, type: ValueType[T], name: str = "", *value: Any) -> Var[T]:
        """A new input.

        Arguments:
            type: its type.
            name: its name, or its path in the user's arguments.
            value: its value, if it is known.
        """
        i = len(self.nodes)
        self.nodes.append(None)
        self.types.append(type)
        self.names[i] = name
        if value:
            self.values[i] = as_it_is(value[0])
        return Var(self, i, type)

    def emit(self, op: Op, args: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """A new node, or what the builder of a younger operand makes of it.

        Arguments:
            op: the op.
            args: its operands: Vars, arrays, numbers.
            params: its static parameters.
        Returns:
            the Var of the result.
        Errors:
            ShapeError, GraphTypeError: operands that do not fit, with the user's line.
            EscapedVarError: an operand whose trace has ended.
        """
        if self.inner is not None:
            return self.inner.emit(op, args, params)
        ids, types = [], []
        for arg in args:
            if type(arg) is not Var or arg.builder is not self:
                if type(arg) is Var and arg.builder.born > self.born:
                    return arg.builder.emit(op, args, params)
                arg = self.lift(arg)
            ids.append(arg.id)
            types.append(self.types[arg.id])
        if self.closed:
            raise escaped(op.name)
        settled = self._settled(op, params) if params else NO_PARAMS
        key = (op, id(settled), *map(id, types))
        signature = self._signatures.get(key)
        if signature is None:
            signature = self._signatures[key] = self._signature(op, tuple(types), settled)
        result, casts = signature
        for position, dtype in casts:
            ids[position] = self._cast(ids[position], dtype)
        source = self.source or self._lines.current()
        var = self.append(tuple.__new__(Node, (op, tuple(ids), settled, result, source)))  # as Node(...), but quicker
        if op.kind is Kind.VIEW:
            viewed(args[0], op, settled, var)
        return var

    def _settled(self, op: Op, values: dict[str, Any]) -> Params:
        """The parameters of some names, one object for equal ones."""
        try:
            params = Params(tuple(values.items()))
        except TypeError:
            names = ", ".join(name for name, value in values.items() if not isinstance(value, Hashable))
            what = f"{op.name}: the argument {names} is no constant that can be hashed"
            raise GraphTypeError(what, self.source or user_line(), "leave the argument out") from None
        return self._params.setdefault(params, params)

    def line(self) -> Source:
        """The user's line that a node is made at."""
        return self.source or self._lines.current()

    def append(self, node: Node) -> Var[Any]:
        """The Var of a node that reads ids of this builder."""
        self.nodes.append(node)
        self.types.append(node.type)
        return Var(self, len(self.nodes) - 1, node.type)

    def extend(self, nodes: Sequence[Node]) -> None:
        """Take in nodes that read ids of this builder, in order."""
        self.nodes.extend(nodes)
        self.types.extend([node.type for node in nodes])

    def lift(self, value: Any) -> Var[Any]:
        """The Var of something from outside: a number, an array, a Var of an older builder."""
        if type(value) is Var:
            return value if value.builder is self else self._capture(value)
        if isinstance(value, NUMBERS) or (isinstance(value, np.generic) and value.ndim == 0):
            return self.literal(value)
        value = joined(value)
        return self.lift(value) if type(value) is Var else self._capture(value)

    def var(self, i: NodeId) -> Var[Any]:
        """The Var of an id."""
        return Var(self, i, self.types[i])

    def literal(self, value: Any) -> Var[Any]:
        """The Var of a constant that becomes part of the graph."""
        exact = value.__class__ in EXACT and value  # zeros have signs, which == does not see
        key = (value.__class__, value) if exact else Literal.of(value)
        i = self._literals.get(key)
        if i is None:
            if isinstance(value, np.generic):
                type_taken_in(value, self.source)  # refuses a dtype that is not supported, with the user's line
            node = number_node(*key) if isinstance(key, tuple) else literal_node(key)
            i = self._literals[key] = self.append(node).id
        return Var(self, i, self.types[i])

    def _capture(self, value: Any) -> Var[Any]:
        """An array or a Var of an outer trace becomes a further input; where there are no values, a constant."""
        if self.run is None:
            return self._constant(value)
        captured, var = self.captured.get(id(value), (None, None))
        if var is None or not unchanged(self.values[var.id], captured):
            type = value.type if isinstance(value, Var) else type_taken_in(value, self.source)
            if isinstance(value, Var) and value.builder.closed:
                raise escaped("an op")
            var = self.input(type, "captured", self.guard.take(value))
            self.captured[id(value)] = value, var
        return var

    def references_held(self, value: Any) -> int:
        """How many references to a captured array this trace has."""
        _, var = self.captured.get(id(value), (None, None))
        return 0 if var is None else 1 + (self.values[var.id] is value) + self.guard.references_held(value)

    def _constant(self, value: Any) -> Var[Any]:
        if isinstance(value, np.ndarray):
            type_taken_in(value, self.source)
            return self.literal(value)
        if isinstance(value, Var):
            raise of_another_graph(self.source or user_line())
        raise no_constant(value, self.source or user_line())

    def _signature(self, op: Op, types: tuple[Any, ...], params: Params) -> Signature:
        try:
            return signature(op, types, params)
        except (BackpropError, IndexError) as error:
            raise located(error, self.source or user_line()) from None

    def _cast(self, i: NodeId, dtype: np.dtype[Any]) -> NodeId:
        """The id of a weak number as a strong one."""
        known = self._casts.get((i, dtype))
        if known is None:
            known = self._casts[i, dtype] = self._casted(i, self.nodes[i], dtype)
        return known

    def _casted(self, i: NodeId, node: Node | None, dtype: np.dtype[Any]) -> NodeId:
        if node is not None and node.op is literal:
            return self.literal(dtype.type(node.param("value").value)).id
        type = cast.infer(self.types[i], dtype=dtype.name)
        return self.append(Node(cast, (i,), Params.of(dtype=dtype.name), type, self.source)).id

    # Taking graphs in and out.

    def inline(self, graph: Graph, args: Sequence[Any]) -> list[Var[Any]]:
        """The results of a graph, its nodes copied into this builder.

        Arguments:
            graph: the graph.
            args: a Var or value for each of its inputs.
        """
        if self.inner is not None:
            return self.inner.inline(graph, args)
        if self.closed:
            raise escaped("a graph")
        lifted = [self.lift(arg) for arg in args]
        ids = [var.id for var in lifted]
        for node in graph.nodes:
            ids.append(self.append(remapped(node, ids)).id)
        return [Var(self, ids[i], self.types[ids[i]]) for i in graph.outputs]

    def build(self, outputs: Sequence[NodeId], start: Sequence[NodeId] | None = None) -> tuple[Graph, list[NodeId]]:
        """The graph of some outputs.

        Arguments:
            outputs: their ids.
            start: ids that become the inputs of the graph; None takes the builder's inputs, and keeps all nodes.
        Returns:
            the graph, and the ids of this builder that its inputs stand for.
        """
        inputs = list(self.names if start is None else start)
        types = tuple([self.types[i] for i in inputs])
        names = tuple([self.names.get(i, "") for i in inputs])
        if start is None and inputs == list(range(len(inputs))):  # all is where it belongs
            nodes = tuple([node for node in self.nodes if node is not None])
            return Graph(types, nodes, tuple(outputs), names), inputs
        to = {i: k for k, i in enumerate(inputs)}
        kept = range(len(self.nodes)) if start is None else self.needed(outputs, to)
        chosen = [(i, node) for i in kept if i not in to and (node := self.nodes[i]) is not None]
        made = renumber(chosen, to)
        return Graph(types, made, tuple([to[i] for i in outputs]), names), inputs

    def needed(self, outputs: Sequence[NodeId], known: Container[NodeId]) -> list[NodeId]:
        """The ids, in order, that outputs depend on, down to known ones (which are included)."""

        def before(i: NodeId) -> tuple[NodeId, ...]:
            node = self.nodes[i]
            return () if node is None or i in known else node.inputs

        return reach(outputs, before)

    # Values that steer the user's code.

    def answer(self, var: Var[Any], ask: Callable[[Any], T]) -> T:
        """What the user's code learns of a value: the part of the graph that it needs is run now, once.

        Arguments:
            var: a Var of this builder.
            ask: from the plain value to the answer.
        Errors:
            TracedConversionError: there are no values, as in explicit graphs.
        """
        asked = ask_now(self, var, ask)
        self.questions.append(asked)
        return asked.answer  # type: ignore[no-any-return]
