"""The explicit style: a graph built by hand, each op applied by name."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar, overload

from ...errors import GraphError
from ...graph.graph import Graph
from ...graph.tracing.builder import Builder
from ...graph.tracing.source_lines import user_line
from ...graph.tracing.var import Var
from ...graph.verify import verify
from ...ops.core.op import Op1, Op2, Op3, Op4
from ...ops.core.types import ValueType

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
R = TypeVar("R")
T = TypeVar("T")


class Plain(Protocol):
    """A function of Vars, as checkers see it: an op has no `__name__`."""

    __name__: str

    def __call__(self, *args: Any, **params: Any) -> Any: ...  # noqa: D102 - a protocol


class GraphBuilder:
    """Builds a Graph node by node.

        g = bp.GraphBuilder()
        x = g.input("x", bp.ArrayType((3,), "float64"))
        g.output(g.apply(bp.ops.sum, g.apply(bp.ops.exp, x)))
        graph = g.build()

    The graph can be printed, differentiated and run: `bp.grad(graph)(np.ones(3))`.

    Example:
        >>> g = bp.GraphBuilder()
        >>> x = g.input("x", bp.ArrayType((2,), "float64"))
        >>> norm = g.output(g.apply(bp.ops.dot, x, x))
        >>> bp.grad(g.build())(np.array([1.0, 2.0]))
        array([2., 4.])
    """

    def __init__(self) -> None:
        self._builder = Builder()
        self._outputs: list[Var[Any]] = []

    def input(self, name: str, type: ValueType[T]) -> Var[T]:
        """A new input.

        Arguments:
            name: shown in texts and errors.
            type: its ArrayType, ScalarType or OpaqueType.
        """
        return self._builder.input(type, name)

    @overload
    def apply(self, op: Op1[A, R], a: Var[A] | A, /, **params: Any) -> Var[R]: ...
    @overload
    def apply(self, op: Op2[A, B, R], a: Var[A] | A, b: Var[B] | B, /, **params: Any) -> Var[R]: ...
    @overload
    def apply(self, op: Op3[A, B, C, R], a: Var[A] | A, b: Var[B] | B, c: Var[C] | C, /, **params: Any) -> Var[R]: ...
    @overload
    def apply(
        self, op: Op4[A, B, C, D, R], a: Var[A] | A, b: Var[B] | B, c: Var[C] | C, d: Var[D] | D, /, **params: Any
    ) -> Var[R]: ...
    @overload
    def apply(self, op: Plain, /, *operands: Any, **params: Any) -> Any: ...
    def apply(self, op: Any, /, *operands: Any, **params: Any) -> Any:
        """The Var of an op applied to operands.

        Arguments:
            op: an op of `bp.ops`, or any function made of them.
            operands: Vars of this builder, arrays, numbers.
            params: the op's static parameters, such as axis=0.
        Returns:
            the Var of the result, of the type that the op infers; what the function returns, for a function.
        Errors:
            ShapeError, GraphTypeError: operands that do not fit, at once.
            EscapedVarError: a Var of another builder.
        """
        for operand in operands:
            if type(operand) is Var:
                self._builder.lift(operand)  # complains about another builder's
        return op(*operands, **params)

    def constant(self, value: Any) -> Var[Any]:
        """The Var of a value that becomes part of the graph."""
        return self._builder.literal(value)

    def output(self, var: Var[T]) -> Var[T]:
        """Make a Var the next output of the graph."""
        self._outputs.append(self._builder.lift(var))
        return var

    def build(self) -> Graph:
        """The graph.

        Errors:
            GraphError: it has no output.
        """
        if not self._outputs:
            raise GraphError("the graph has no output", user_line(), "call .output(var) for each result")
        graph, _ = self._builder.build([var.id for var in self._outputs])
        return verify(graph)
