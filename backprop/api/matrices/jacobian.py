"""Matrices of derivatives: jacobian, and hessian as the Jacobian of a gradient.

All rows, or all columns, are computed at once, by sweeps that have a batch as their first axis; which of the two, the
shapes say.

Complex numbers: a row is what the pullback of 1 gives, which is the derivative where the function is holomorphic, and
du/dx - i du/dy where its result is real. Of a function that is neither, it is the derivative of the real part. By a
real argument, a complex result has the derivative of both its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Concatenate, Literal, ParamSpec, TypeAlias, TypeVar, overload

import numpy as np

from ...errors import ArgumentError, NotDifferentiableError
from ...graph.graph import Graph, Ids
from ...graph.sparsity.colouring import count
from ...ops.core.types import NumericType
from ..executors import Where
from ..verbs.arguments import Argnums
from ..verbs.call import Call, called
from ..verbs.evaluate import Function, as_function
from ..verbs.gradients import grad
from ..verbs.run import handed_out, run_graph
from ..verbs.transformed import Transformed
from .dense import dense_graph, dtype_of, seeds, units
from .sparse import Colouring, by_rows_or_columns, by_stars, sparse_blocks, symmetric, wanted_pattern
from .sweeps import Mode, arguments, results

ModeName: TypeAlias = Literal["auto", "forward", "reverse"]


P = ParamSpec("P")
S = TypeVar("S")
Array: TypeAlias = "np.ndarray[Any, Any]"
Value: TypeAlias = "float | np.floating[Any]"


# Checkers know the matrices of functions between arrays and numbers, by the first or second argument.


@overload
def jacobian(
    f: Callable[Concatenate[float, P], float],
    argnums: Literal[0] = 0,
    mode: ModeName = "auto",
    sparsity: None = None,
    *,
    executor: Where | None = None,
) -> Callable[Concatenate[float, P], float]: ...
@overload
def jacobian(
    f: Callable[Concatenate[Array, P], Array | Value],
    argnums: Literal[0] = 0,
    mode: ModeName = "auto",
    sparsity: None = None,
    *,
    executor: Where | None = None,
) -> Callable[Concatenate[Array, P], Array]: ...
@overload
def jacobian(
    f: Callable[Concatenate[S, Array, P], Array | Value],
    argnums: Literal[1],
    mode: ModeName = "auto",
    sparsity: None = None,
    *,
    executor: Where | None = None,
) -> Callable[Concatenate[S, Array, P], Array]: ...
@overload
def jacobian(
    f: Function,
    argnums: Argnums = 0,
    mode: ModeName = "auto",
    sparsity: Any = None,
    *,
    executor: Where | None = None,
) -> Callable[..., Any]: ...
def jacobian(
    f: Function,
    argnums: Argnums = 0,
    mode: ModeName = "auto",
    sparsity: Any = None,
    *,
    executor: Where | None = None,
) -> Callable[..., Any]:
    """A function that returns the Jacobian of a function.

    Arguments:
        f: returns arrays and scalars, in any structure.
        argnums: which arguments to differentiate by; a sequence gives a tuple.
        mode: "reverse" computes all rows at once, "forward" all columns; "auto" takes what is fewer.
        sparsity: None for dense arrays. "auto" finds out which elements depend on which, and gives sparse ones; so does
            a matrix (an array or one of `scipy.sparse`) that is not zero where a derivative may be, with a row for each
            element of the results and a column for each of the arguments.
        executor: where to run; None for the one of `with use(...)`.
    Returns:
        a function of the same arguments. Its result has the structure of `f`'s result, and in the place of each array
        the structure of the argument; each array there has the shape of the one followed by the shape of the other,
        and the argument's dtype (complex where the result is complex). A sparse one is a `scipy.sparse.csr_array` of
        two axes, with a row for each element of the one, in C order, and a column for each of the other.
    Errors:
        ArgumentError: there is no such mode or sparsity.
        IntegerInputError, ArgumentError: when called.
        ShapeError, GraphTypeError: when called, where a pattern does not fit, or is asked for of complex numbers.
    Example:
        >>> bp.jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
        array([[2., 0.],
               [0., 4.]])
    """
    return Jacobian(as_function(f), argnums, _checked(mode, sparsity), sparsity, False, executor)


def _checked(mode: Any, sparsity: Any) -> ModeName:
    if mode not in ("auto", "forward", "reverse"):
        raise ArgumentError(f"there is no mode {mode!r}", fix='use "auto", "forward" or "reverse"')
    if isinstance(sparsity, str) and sparsity != "auto":
        raise ArgumentError(f"there is no sparsity {sparsity!r}", fix='use None, "auto" or a pattern')
    return mode  # type: ignore[no-any-return]


class Jacobian(Transformed):
    """(*args) -> the matrices of derivatives, in the structure of the function's result."""

    __slots__ = ("argnums", "mode", "sparsity", "symmetric", "executor")  # noqa: RUF023 - in the order of the constructor

    argnums: Argnums
    mode: ModeName
    sparsity: Any
    symmetric: bool
    executor: Where | None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The Jacobian."""
        call = called(self.function, args, kwargs, self.executor)
        picks = call.pick(self.argnums)
        blocks = iter(self._blocks(call, picks.ids))
        nothing = picks.paired([None] * len(picks.parts))
        leaves = []
        for type in call.graph.output_types:
            row = [next(blocks) for _ in picks.ids] if type.differentiable else []
            leaves.append(picks.assembled(row) if type.differentiable else nothing)
        return call.derivative(leaves)

    def _blocks(self, call: Call, wrt: Ids) -> list[Any]:
        """For each result with a derivative, its derivatives by each input of `wrt`."""
        if self.sparsity is None:
            return _blocks(call, wrt, self.mode)
        pattern = wanted_pattern(call, wrt, self.sparsity)
        pattern = symmetric(pattern) if self.symmetric else pattern
        colourings = by_stars(pattern) if self.symmetric else by_rows_or_columns(pattern)
        return sparse_blocks(call, wrt, pattern, _in_mode(colourings, self.mode))


def _in_mode(colourings: Sequence[Colouring], mode: ModeName) -> list[Colouring]:
    """The colourings of a mode; for "auto" all, that with the fewest colours first."""
    if mode != "auto":
        return [colouring for colouring in colourings if colouring.mode is Mode(mode)]
    forward, reverse = colourings
    return [forward, reverse] if count(forward.colours) <= count(reverse.colours) else [reverse]


@overload
def hessian(
    f: Callable[Concatenate[float, P], float],
    argnums: Literal[0] = 0,
    mode: ModeName = "auto",
    sparsity: None = None,
    *,
    executor: Where | None = None,
) -> Callable[Concatenate[float, P], float]: ...
@overload
def hessian(
    f: Callable[Concatenate[Array, P], Value],
    argnums: Literal[0] = 0,
    mode: ModeName = "auto",
    sparsity: None = None,
    *,
    executor: Where | None = None,
) -> Callable[Concatenate[Array, P], Array]: ...
@overload
def hessian(
    f: Function,
    argnums: int | str = 0,
    mode: ModeName = "auto",
    sparsity: Any = None,
    *,
    executor: Where | None = None,
) -> Callable[..., Any]: ...
def hessian(
    f: Function,
    argnums: int | str = 0,
    mode: ModeName = "auto",
    sparsity: Any = None,
    *,
    executor: Where | None = None,
) -> Callable[..., Any]:
    """A function that returns the matrix of second derivatives of a scalar function, by one argument.

    Arguments:
        f: returns a real scalar.
        argnums: which argument: an array, a scalar, or a container of them.
        mode: which way the gradient is differentiated, as for `jacobian`.
        sparsity: as for `jacobian`; as the matrix is symmetric, fewer sweeps are needed, and both halves are equal to
            the bit.
        executor: where to run; None for the one of `with use(...)`.
    Returns:
        a function of the same arguments; its result has the argument's shape twice (its structure twice, for a
        container).
    Errors:
        NonScalarOutputError, IntegerInputError, ArgumentError: when called.
    Example:
        >>> bp.hessian(lambda x: x[0] * x[1])(np.array([1.0, 2.0]))
        array([[0., 1.],
               [1., 0.]])
    """
    gradient = grad(as_function(f), argnums, executor=executor)
    return Jacobian(gradient, argnums, _checked(mode, sparsity), sparsity, True, executor)


def _blocks(call: Call, wrt: Ids, mode: ModeName) -> list[Any]:
    """For each differentiable result, its derivatives by each input of `wrt`."""
    outs, ins = results(call.graph), arguments(call.graph, wrt)
    pairs = [(out, by) for out in outs for by in ins]
    if not sum([t.size for t in outs]) or not sum([t.size for t in ins]):
        return [np.zeros((*out.shape, *by.shape), dtype_of(out, by)) for out, by in pairs]
    way, graph = _planned(call, wrt, mode)
    values = [*call.traced.inputs, *seeds(outs, ins, way)]
    types = [_type(out, by, found) for (out, by), found in zip(pairs, graph.output_types, strict=True)]
    return handed_out(types, run_graph(graph, values, call.executor), values)


def _type(out: NumericType[Any], by: NumericType[Any], found: Any) -> Any:
    """The type of a block: that of the argument where it has its shape and dtype, so that floats stay Python's."""
    return by if not (out.shape or by.shape) and found.dtype == by.dtype else found


def _planned(call: Call, wrt: Ids, mode: ModeName) -> tuple[Mode, Graph]:
    """Which way the sweeps go, and their graph."""
    graph, known = call.graph, call.known
    if mode != "auto":
        return Mode(mode), dense_graph(graph, wrt, known, Mode(mode))
    if _has_fewer_columns(graph, wrt):
        try:
            return Mode.FORWARD, dense_graph(graph, wrt, known, Mode.FORWARD)
        except NotDifferentiableError:  # an op has a rule, but none that can be differentiated again
            pass
    return Mode.REVERSE, dense_graph(graph, wrt, known, Mode.REVERSE)


def _has_fewer_columns(graph: Graph, wrt: Ids) -> bool:
    outs, ins = results(graph), arguments(graph, wrt)
    return units(outs, ins, Mode.FORWARD).total < units(outs, ins, Mode.REVERSE).total
