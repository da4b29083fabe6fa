"""The reverse pass of `differentiate`: what has been contributed to the cotangents, and how a node hands it on."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import BadCotangentError, GraphTypeError, NotDifferentiableError, Source
from ...ops.arrays.accumulate import accumulate, accumulate_values, zero_value
from ...ops.arrays.creation import filled
from ...ops.arrays.tuples import item, make_tuple, taken
from ...ops.arrays.views import sum_to
from ...ops.core.types import NumericType, TupleType, UserType, ValueType, numeric
from ...ops.elementwise.conversion import cast
from ...ops.elementwise.masking import masked
from ..graph import Graph, Node, NodeId
from ..tracing.builder import Builder
from ..tracing.var import Var
from .masking.mask import whole
from .masking.masks import Masks
from .masking.pulling import pulled_back
from .shortcuts.pairs import shortcut


class ReversePass:
    """The reverse pass: what has been contributed to the cotangent of each id so far.

    The contributions to a tuple are kept item by item, so that an item that nobody reads costs nothing.
    """

    def __init__(self, graph: Graph, builder: Builder, active: list[bool]) -> None:
        self.graph = graph
        self.builder = builder
        self.active = active
        self.contributions: dict[NodeId, list[Var[Any]]] = {}  # of a tuple: empty, but there
        self.items: dict[tuple[NodeId, int], list[Var[Any]]] = {}  # of the items of tuples
        self.masks = Masks(builder)
        self.lines: dict[int, Source] = {}  # of derivatives, by the identity of the line they are derivatives of

    def contribute(self, i: NodeId, cotangent: Var[Any]) -> None:
        """Add to the cotangent of an id."""
        type = self.builder.types[i]
        if isinstance(type, TupleType):
            for k, part in enumerate(type.items):
                if part.differentiable:
                    self.contribute_item(i, k, item(cotangent, index=k))
        elif self.active[i]:
            self.contributions.setdefault(i, []).append(cotangent)

    def contribute_item(self, i: NodeId, k: int, cotangent: Var[Any]) -> None:
        """Add to the cotangent of an item of a tuple.

        Arguments:
            i: the id of the tuple.
            k: the place of the item.
            cotangent: what is added.
        """
        if self.active[i]:
            self.contributions.setdefault(i, [])
            self.items.setdefault((i, k), []).append(cotangent)

    def walk(self) -> None:
        """Pull all cotangents back to the inputs."""
        graph, first = self.graph, self.graph.first
        for k in range(len(graph.nodes) - 1, -1, -1):
            if first + k in self.contributions:
                self.pull(first + k, graph.nodes[k])

    def pull(self, i: NodeId, node: Node) -> None:
        """Send the cotangent of a node on to its inputs."""
        self.builder.source = self.derivative_of(node.source)
        g = self.total(i)
        del self.contributions[i]  # for memory's sake: it is complete, and has been read
        self.hand_on(i, node, g)

    def hand_on(self, i: NodeId, node: Node, g: Var[Any]) -> None:
        """Send a cotangent on to the inputs of its node.

        Arguments:
            i: the id of the node.
            node: the node.
            g: its cotangent.
        """
        builder = self.builder
        if node.op is item or node.op is taken:
            self.contribute_item(node.inputs[0], node.param("index"), g)
            return
        short = shortcut(self.graph, node)
        inner, rule = (node, node.op.vjp) if short is None else short
        if rule is None:
            raise _no_derivative(node)
        operands = [Var(builder, j, builder.types[j]) for j in inner.inputs]
        params = self.params(inner) if inner.params else {}
        answer = pulled_back(self.masks, inner, rule, g, Var(builder, i, node.type), operands, params)
        if len(answer) != len(operands):
            raise BadCotangentError(
                f"the rule of {node.op.name} returned {len(answer)} cotangents for {len(operands)} inputs",
                node.source,
                "return one for each input, None where there is none",
            )
        for operand, cotangent in zip(operands, answer, strict=True):
            if cotangent is not None and self.active[operand.id]:
                if cotangent is NotImplemented:
                    raise _no_derivative(node)
                self.contribute(operand.id, fit(builder, node, cotangent, operand.type))

    def derivative_of(self, source: Source | None) -> Source | None:
        """The line of what is the derivative of a line."""
        if source is None or source.derivative:
            return source
        line = self.lines.get(id(source))
        if line is None:
            line = self.lines[id(source)] = source._replace(derivative=True)
        return line

    def params(self, node: Node) -> dict[str, Any]:
        """The parameters of a rule; that of an op which holds graphs is told which operands are active, and masks."""
        params = dict(node.params)
        if "bodies" not in params:
            return params
        return {**params, "active": tuple(self.active[j] for j in node.inputs), "masks": self.masks}

    def total(self, i: NodeId) -> Var[Any]:
        """The cotangent of an id: the sum of its contributions in the order of its consumers, or zeros."""
        terms, type = self.contributions.get(i), self.builder.types[i]
        if isinstance(type, TupleType):
            return make_tuple(*(self._part(self.items.get((i, k)), t, i, k) for k, t in enumerate(type.items)))  # type: ignore[no-any-return]
        return terms[0] if terms is not None and len(terms) == 1 else self._part(terms, type, i)

    def _part(self, terms: list[Var[Any]] | None, type: ValueType[Any], i: NodeId, k: int | None = None) -> Var[Any]:
        if terms is not None:
            return self.sum(terms[::-1], type)
        if isinstance(type, UserType):
            primal = Var(self.builder, i, self.builder.types[i])
            return zero_value(primal if k is None else item(primal, index=k), of=type)  # type: ignore[no-any-return]
        # Nobody reads the cotangent of what has none, but each item of a tuple needs a value.
        return zero(self.builder, type) if isinstance(type, NumericType) else self.builder.literal(0)

    def sum(self, terms: list[Var[Any]], type: ValueType[Any]) -> Var[Any]:
        """The sum of cotangents; what all of them are masked by is applied to it."""
        builder = self.builder
        if len(terms) == 1:
            return terms[0]
        if isinstance(type, TupleType):
            parts = [[item(term, index=k) for term in terms] for k in range(len(type.items))]
            return make_tuple(*(self.sum(p, t) for p, t in zip(parts, type.items, strict=True)))  # type: ignore[no-any-return]
        if isinstance(type, UserType):
            return builder.emit(accumulate_values, tuple(terms), {"of": type})  # type: ignore[no-any-return]
        live = self.masks.common(terms)
        if live is None:
            return builder.emit(accumulate, tuple(terms), {})  # type: ignore[no-any-return]
        bare = [whole(self.masks.unmasked(term), term.shape) for term in terms]
        return masked(builder.emit(accumulate, tuple(bare), {}), live)  # type: ignore[no-any-return]


def fit(builder: Builder, node: Node, cotangent: Any, type: ValueType[Any]) -> Var[Any]:
    """The cotangent of an input, with broadcasting undone and of the input's dtype.

    Arguments:
        builder: what the cotangent becomes part of.
        node: the node whose vjp rule gave it, for errors and their line.
        cotangent: what the rule gave: a Var, an array or a number.
        type: the type of the input.
    Errors:
        BadCotangentError: it is no value of a graph, or has a shape to which the input does not broadcast.
    """
    if cotangent.__class__ is Var and cotangent.type is type and cotangent.builder is builder:
        return cotangent
    try:
        var = builder.lift(cotangent)
    except GraphTypeError as error:
        what = f"the rule of {node.op.name} returned {cotangent!r} for an input {type}"
        raise BadCotangentError(what, node.source, "return None where there is no cotangent") from error
    if isinstance(type, UserType) and var.type != type:
        raise BadCotangentError(f"the rule of {node.op.name} returned {var.type} for an input {type}", node.source)
    if not isinstance(type, NumericType) or not isinstance(var.type, NumericType):
        return var
    if var.type.shape != type.shape:
        if not _broadcasts(type.shape, var.type.shape):
            raise BadCotangentError(
                f"the rule of {node.op.name} returned a cotangent of shape {var.type.shape} for an input of shape"
                f" {type.shape}",
                node.source,
                "return a cotangent of the input's shape, or of one that the input broadcasts to",
            )
        var = builder.emit(sum_to, (var,), {"shape": type.shape})
    if numeric("differentiate", var.type)[0].dtype != type.dtype:
        var = builder.emit(cast, (var,), {"dtype": type.dtype.name})
    return var


def _broadcasts(small: tuple[int, ...], large: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(small, large) == large
    except ValueError:
        return False


def zero(builder: Builder, type: ValueType[Any]) -> Var[Any]:
    """The zero of a type."""
    assert isinstance(type, NumericType)
    params = {"shape": type.shape, "dtype": type.dtype.name, "value": repr(type.dtype.type(0).item())}
    return builder.emit(filled, (), params)  # type: ignore[no-any-return]


def _no_derivative(node: Node) -> NotDifferentiableError:
    return NotDifferentiableError(
        f"{node.op.name} has no derivative, and the result depends on it",
        node.source,
        "give the op a rule with .defvjp, or leave it out of the gradient with backprop.stop_gradient",
    )
