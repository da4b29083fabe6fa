"""Graph: an immutable program made of ops, as a Wengert list.

Ids are integers: the inputs are 0 .. k-1, and node i has id k+i and reads smaller ids only. Order and the absence of
cycles hold by construction, nothing recurses, equality and hashing are linear, and a graph pickles as plain data.

Source: R. E. Wengert, A simple automatic derivative evaluation program, CACM 7(8), 1964.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from textwrap import indent
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..errors import Source
from ..ops.core.op import Op
from ..ops.core.types import ValueType, type_of, value_type
from .params import NO_PARAMS, Params

NodeId = int
Ids = tuple[NodeId, ...]

_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
"""For HTML; `html` itself, which loads a table of the names of characters, would take 1 ms of each import."""

SHOWN = 40
"""Lines of a graph's text that are printed."""

NODE_BYTES = 250
"""What a node takes in memory, apart from its parameters."""

NUMBERS = (bool, int, float, complex)


class Node(NamedTuple):
    """One application of an op; the first three fields say what it computes."""

    op: Op
    inputs: tuple[NodeId, ...]
    params: Params
    type: ValueType[Any]
    source: Source | None = None

    def param(self, name: str) -> Any:
        """The parameter of a name.

        Errors:
            KeyError: there is none.
        """
        for key, value in self.params.pairs:
            if key == name:
                return value
        raise KeyError(name)

    def reading(self, inputs: tuple[NodeId, ...]) -> Node:
        """The same op applied to other ids."""
        op, _, params, type, source = self
        return tuple.__new__(Node, (op, inputs, params, type, source))  # as Node(...), but quicker


class Codec(NamedTuple):
    """How graphs become bytes, and bytes graphs; the room `wire` gives Graph the one that there is.

    Attributes:
        to_bytes: graph -> bytes.
        from_bytes: (bytes, limits or None) -> graph.
    """

    to_bytes: Callable[[Graph], bytes]
    from_bytes: Callable[[bytes | memoryview, Any], Graph]


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A closed program: typed inputs, nodes in order, and the ids of its results.

    Graphs are equal where they compute the same; names and the user's lines do not count.

    Example:
        >>> graph = bp.compile(lambda x: x * x).graph(3.0)
        >>> bp.Graph.from_bytes(graph.to_bytes()) == graph
        True
    """

    inputs: tuple[ValueType[Any], ...]
    nodes: tuple[Node, ...]
    outputs: tuple[NodeId, ...]
    names: tuple[str, ...] = ()
    _hash: int = field(default=0, init=False, repr=False)  # 0 until it is asked for
    codec: ClassVar[Codec]

    def __len__(self) -> int:
        return len(self.nodes)

    @property
    def first(self) -> NodeId:
        """The id of the first node: the number of inputs."""
        return len(self.inputs)

    def node(self, i: NodeId) -> Node:
        """The node of an id, which must not be an input's."""
        return self.nodes[i - len(self.inputs)]

    def type_of(self, i: NodeId) -> ValueType[Any]:
        """The type of the value of an id."""
        k = len(self.inputs)
        return self.inputs[i] if i < k else self.nodes[i - k].type

    @property
    def output_types(self) -> tuple[ValueType[Any], ...]:
        """The types of the results."""
        return tuple(self.type_of(i) for i in self.outputs)

    def __hash__(self) -> int:
        if not self._hash:
            nodes = tuple([hash(node[:3]) for node in self.nodes])
            object.__setattr__(self, "_hash", hash((self.inputs, nodes, self.outputs)))
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Graph) and hash(self) == hash(other) and self._equals(other))

    def _equals(self, other: Graph) -> bool:
        same = self.inputs == other.inputs and self.outputs == other.outputs and len(self) == len(other)
        return same and all([node[:3] == twin[:3] for node, twin in zip(self.nodes, other.nodes, strict=True)])

    def __repr__(self) -> str:
        lines = to_text(self).splitlines()
        cut = [*lines[: SHOWN - 2], f"  ... {len(lines) - SHOWN + 1} more lines", lines[-1]]
        return "\n".join(lines if len(lines) <= SHOWN else cut)

    def held(self) -> tuple[int, list[Any]]:
        """For the cache: the bytes of the nodes, and the parameters and ops that may hold more."""
        ops: list[Any] = list({id(node.op): node.op for node in self.nodes}.values())
        return NODE_BYTES * len(self.nodes), [*ops, *[node.params for node in self.nodes if node.params.pairs]]

    def to_bytes(self) -> bytes:
        """The graph as a message of the wire format (docs/wire.md), which any language can read and no pickle is in.

        Returns:
            the bytes; the lines of the user's code travel with the graph, for errors.
        Errors:
            CannotTravelError: an op of the user's own, or a value of another class than arrays, numbers and tuples of
                them; names it and the user's line.
        """
        return Graph.codec.to_bytes(self)

    @classmethod
    def from_bytes(cls, data: bytes | memoryview, limits: Any = None) -> Graph:
        """The graph of a message of the wire format, checked; it runs no code of the message, whoever sent it.

        Arguments:
            data: the message.
            limits: what it may ask for, backprop.graph.wire.limits.Limits; None for the default.
        Returns:
            the verified graph.
        Errors:
            WireError: the message is damaged, ill-formed or hostile; WireLimitError: it is beyond a limit.
        """
        return Graph.codec.from_bytes(data, limits)

    def _repr_html_(self) -> str:
        """For notebooks: the numbers of inputs, nodes and results, which open to the whole text."""
        summary = f"Graph: {len(self.inputs)} inputs, {len(self)} nodes, {len(self.outputs)} results"
        return f"<details><summary>{summary}</summary><pre>{to_text(self).translate(_ESCAPED)}</pre></details>"

    def __reduce__(self) -> tuple[Any, ...]:  # hashes differ between processes
        return Graph, (self.inputs, self.nodes, self.outputs, self.names)


def same_nodes(one: Sequence[Node], other: Sequence[Node]) -> bool:
    """Whether these are the very same nodes."""
    return len(one) == len(other) and all(map(operator.is_, one, other))


def bodies(node: Node) -> tuple[Graph, ...]:
    """The graphs that a node holds: its parameter `bodies`."""
    params = node.params
    return () if params is NO_PARAMS else params.get("bodies", ())


def with_params(node: Node, **changed: Any) -> Node:
    """The node with some of its parameters changed."""
    return Node(node.op, node.inputs, node.params.changed(**changed), type=node.type, source=node.source)


def with_bodies(graph: Graph, change: Callable[[Graph], Graph]) -> Graph:
    """The graph with each body in it changed."""
    if not any(map(bodies, graph.nodes)):
        return graph
    held = {id(body): body for node in graph.nodes for body in bodies(node)}
    changed = {key: change(body) for key, body in held.items()}  # equal branches hold the same body
    nodes = [with_params(n, bodies=tuple([changed[id(b)] for b in bodies(n)])) if bodies(n) else n for n in graph.nodes]
    return Graph(graph.inputs, tuple(nodes), graph.outputs, graph.names)


def parameters(node: Node, bind: Callable[[Graph], Any]) -> dict[str, Any]:
    """The parameters as the op's `compute` takes them: in the place of each body something to call.

    Arguments:
        node: the node.
        bind: from a body to what runs it, (*values) -> results, with the body itself as its attribute `graph`.
    """
    params = dict(node.params)
    if "bodies" in params:
        params["bodies"] = tuple([bind(body) for body in params["bodies"]])
    return params


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant that is part of a graph, compared by its bytes (so -0.0 and 0.0 differ, and NaN equals itself)."""

    dtype: str
    shape: tuple[int, ...] | None  # None for a scalar
    data: bytes
    weak: bool = False

    @classmethod
    def of(cls, value: Any) -> Literal:
        """The literal of an array or a number."""
        array = np.asarray(value)
        shape = array.shape if isinstance(value, np.ndarray) else None
        weak = isinstance(value, NUMBERS) and not isinstance(value, np.generic)
        return cls(array.dtype.str, shape, array.tobytes(), weak)

    @property
    def value(self) -> Any:
        """The constant itself: a read-only array, a NumPy scalar, or where weak a Python number."""
        array = np.frombuffer(self.data, self.dtype).reshape(self.shape or ())
        if self.shape is not None:
            return array
        return array.item() if self.weak else array[()]


def _literal_type(value: Literal) -> ValueType[Any]:
    if value.weak:
        return type_of(value.value)
    if value.shape is None:
        return value_type((), np.dtype(value.dtype))
    return type_of(value.value)


def _literal_value(value: Literal) -> Any:
    return value.value


literal = Op("literal", _literal_type, _literal_value, home=__name__, cheap=True)


def literal_node(constant: Literal, source: Source | None = None) -> Node:
    """The node of a constant."""
    return Node(literal, (), Params.of(value=constant), literal.infer(constant), source)


@lru_cache(maxsize=4096)
def number_node(cls: type, number: float) -> Node:
    """The node of a number of a class that is not zero (as zeros of two signs are equal)."""
    return literal_node(Literal.of(cls(number)))


# A graph as text.


def to_text(graph: Graph) -> str:
    """A graph as text, a node a line: its id, op, operands, parameters and type; below it the bodies that it holds."""
    names = [f"%{i}{': ' + name if name else ''} {type}" for i, (name, type) in enumerate(_inputs(graph))]
    lines = [f"graph({', '.join(names)})"]
    for i, node in enumerate(graph.nodes, graph.first):
        lines.append(f"  %{i} = {_call(node)}  {node.type}")
        lines += [indent(to_text(body), "    ") for body in bodies(node)]
    return "\n".join([*lines, f"return {', '.join(f'%{i}' for i in graph.outputs)}"])


def _inputs(graph: Graph) -> list[tuple[str, object]]:
    names = (*graph.names, *("" for _ in range(graph.first - len(graph.names))))
    return list(zip(names, graph.inputs, strict=True))


def _call(node: Node) -> str:
    if node.op is literal:
        return _literal(node.param("value"))
    operands = [f"%{i}" for i in node.inputs]
    return f"{node.op.name}({', '.join([*operands, *(f'{k}={value}' for k, value in node.params if k != 'bodies')])})"


def _literal(value: object) -> str:
    assert isinstance(value, Literal)
    return f"literal {value.value}" if not value.shape else f"literal of shape {value.shape}"
