"""A graph as a document, and as bytes.

    {"kind": "graph", "graph": {
        "inputs":  ["float64[3]"],           types
        "names":   ["x"],                    of inputs, as far as they have any
        "lines":   [["user.py", 7, "loss"]], lines of the user's code
        "nodes":   [{"op": "sin", "in": [0], "params": {}, "type": "float64[3]", "line": 0}],
        "outputs": [1]}}

A node without "type" has the one that its op infers. What arrives is checked in the order of its nodes, each by the
type rule of its op; nothing is computed and nothing as large as a value is allocated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...errors import BackpropError, Source, WireError
from ...ops.core.op import Op
from ...ops.core.types import ValueType
from ..graph import Graph as Graph
from ..graph import Node
from ..params import Params
from ..verify import verify
from .checks import a_list, a_map, a_text, an_int, ints
from .frame import Frame, FrameWriter, read_frame
from .limits import DEFAULT_LIMITS, Limits, within
from .params import ParamReader, ParamWriter
from .types import read_type, written_type
from .vocabulary import BUILT_IN, Vocabulary, name_of, op_of


def graph_to_bytes(graph: Graph, vocabulary: Vocabulary = BUILT_IN) -> bytes:
    """See Graph.to_bytes; `vocabulary` has the ops that the other side knows."""
    frame = FrameWriter()
    return frame.message({"kind": "graph", "graph": GraphWriter(frame, vocabulary).write(graph)})


def graph_from_bytes(
    data: bytes | memoryview, limits: Limits = DEFAULT_LIMITS, vocabulary: Vocabulary = BUILT_IN
) -> Graph:
    """See Graph.from_bytes; `vocabulary` has the ops that are known here."""
    frame = read_frame(data, limits)
    if frame.header.get("kind") != "graph":
        raise WireError(f"this is no graph, but of kind {str(frame.header.get('kind'))[:40]!r}")
    return GraphReader(frame, vocabulary).read(frame.header.get("graph"), "graph")


@dataclass(frozen=True, slots=True, eq=False)
class GraphWriter:
    """Writes graphs.

    Arguments:
        frame: takes arrays.
        vocabulary: the ops that the other side knows.
    """

    frame: FrameWriter
    vocabulary: Vocabulary

    def write(self, graph: Graph) -> dict[str, Any]:
        """A graph as a document.

        Errors:
            CannotTravelError: an op, a type or a parameter that does not travel; names it and the user's line.
        """
        lines = {source: k for k, source in enumerate(dict.fromkeys(n.source for n in graph.nodes if n.source))}
        return {
            "inputs": [written_type(t) for t in graph.inputs],
            "names": list(graph.names),
            "lines": [list(source[:3]) for source in lines],  # which of them are derivatives is for reports only
            "nodes": [self._node(node, lines) for node in graph.nodes],
            "outputs": list(graph.outputs),
        }

    def _node(self, node: Node, lines: dict[Source, int]) -> dict[str, Any]:
        op, inputs, params, t, source = node
        try:
            part = {"op": name_of(op, self.vocabulary), "in": list(inputs), "type": written_type(t)}
            if len(params):
                writer = ParamWriter(self.frame, self.write)
                part["params"] = {name: writer.write(value) for name, value in params}
        except BackpropError as error:
            raise type(error)(error.what, error.where or source, error.fix) from error
        return part if source is None else {**part, "line": lines[source]}


@dataclass(slots=True, eq=False)
class GraphReader:
    """Reads the graphs of one message.

    Arguments:
        frame: the message.
        vocabulary: the ops that are known.
        nodes: how many were read until now.
    """

    frame: Frame
    vocabulary: Vocabulary
    nodes: int = 0

    def read(self, value: Any, where: str, depth: int = 0) -> Graph:
        """The verified graph of a document.

        Arguments:
            value: the part of the document.
            where: its path there, for errors.
            depth: how many bodies it stands in.
        Errors:
            WireError: it is damaged or ill-formed.
            WireLimitError: it is beyond a limit.
        """
        limits = self.frame.limits
        within(depth, limits.depth, "bodies inside of each other")
        part = a_map(value, where)
        nodes = a_list(part.get("nodes", []), f"{where}.nodes")
        self.nodes = within(self.nodes + len(nodes), limits.nodes, "nodes of a message")
        inputs = [read_type(t, limits, f"{where}.inputs") for t in a_list(part.get("inputs", []), where)]
        found = _Nodes(self, inputs, _lines(part.get("lines", []), f"{where}.lines"), depth)
        for k, node in enumerate(nodes):
            found.add(a_map(node, f"{where}.nodes[{k}]"), f"{where}.nodes[{k}]")
        outputs = ints(part.get("outputs"), f"{where}.outputs", 0, len(inputs) + len(nodes) - 1)
        names = tuple([a_text(name, f"{where}.names") for name in a_list(part.get("names", []), where)])
        within(len(names), len(inputs), "names of inputs")
        return _verified(Graph(tuple(inputs), tuple(found.nodes), outputs, names), where)


@dataclass(slots=True, eq=False)
class _Nodes:
    """The nodes of a graph, while it is read."""

    reader: GraphReader
    inputs: list[ValueType[Any]]
    lines: list[Source]
    depth: int
    nodes: list[Node] = field(default_factory=list)

    def add(self, part: dict[str, Any], where: str) -> None:
        op = op_of(a_text(part.get("op"), where), self.reader.vocabulary, where)
        last = len(self.inputs) + len(self.nodes) - 1
        inputs = ints(part.get("in", []), where, 0, last)
        params = self._params(part.get("params", {}), where)
        given = part.get("type")
        t = self._inferred(op, inputs, params, where) if given is None else self._type(given, where)
        line = part.get("line")
        source = None if line is None else self.lines[an_int(line, where, 0, len(self.lines) - 1)]
        self.nodes.append(Node(op, inputs, params, type=t, source=source))

    def _type(self, given: Any, where: str) -> ValueType[Any]:
        return read_type(given, self.reader.frame.limits, where)

    def _params(self, part: Any, where: str) -> Params:
        reader = ParamReader(self.reader.frame, lambda body, at: self.reader.read(body, at, self.depth + 1))
        pairs = a_map(part, where).items()
        for name, _ in pairs:
            if not name.isidentifier() or len(name) > 64:
                raise WireError(f"{name[:40]!r} is no name of a parameter", where)
        return Params.of(**{name: reader.read(value, f"{where}.{name}") for name, value in pairs})

    def _inferred(self, op: Op, inputs: tuple[int, ...], params: Params, where: str) -> ValueType[Any]:
        k = len(self.inputs)
        operands = [self.inputs[i] if i < k else self.nodes[i - k].type for i in inputs]
        try:
            t = op.infer(*operands, **dict(params))
        except Exception as error:  # a rule may trip over parameters that it was never meant for
            raise WireError(f"{op.name} does not fit: {error}", where) from error
        return read_type(written_type(t), self.reader.frame.limits, where)


def _lines(value: Any, where: str) -> list[Source]:
    found = []
    for item in a_list(value, where):
        parts = a_list(item, where)
        if len(parts) != 3:
            raise WireError("a line is a file, a number and a function", where)
        found.append(Source(a_text(parts[0], where), an_int(parts[1], where), a_text(parts[2], where)))
    return found


def _verified(graph: Graph, where: str) -> Graph:
    try:
        return verify(graph, "arrival")
    except Exception as error:  # a rule may trip over parameters that it was never meant for
        raise WireError(f"the graph is ill-formed: {str(error)[:500]}", where) from error
