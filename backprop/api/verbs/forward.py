"""Forward mode: jvp, and hvp as the forward mode of a gradient.

Forward mode is the transpose of the transposed graph (J. Townsend, A new trick for calculating Jacobian vector
products, 2017); what it does not need of the reverse pass is dead code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, TypeVarTuple, overload

import numpy as np

from ...errors import BadCotangentError, IntegerInputError, NotDifferentiableError
from ...graph.autodiff.differentiate import differentiate
from ...graph.autodiff.split import supply
from ...graph.graph import Graph, Ids
from ...graph.passes import run_passes
from ...graph.tracing.builder import Builder
from ...graph.written import by_lines
from ...ops.arrays.creation import filled
from ...ops.arrays.views import reshape
from ...ops.core.cache import cached
from ...ops.core.types import NumericType
from ...ops.elementwise.trigonometric import sin
from ...ops.reductions.running import cumsum_along
from .arguments import Pick, not_differentiable
from .call import called
from .cotangents import fitted
from .evaluate import Function, as_function
from .gradients import grad

R = TypeVar("R")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


@overload
def jvp(f: Graph, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]: ...
@overload
def jvp(f: Callable[[*Ts], R], primals: tuple[*Ts], tangents: tuple[*Ts]) -> tuple[R, R]: ...
@overload
def jvp(f: Callable[..., R], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[R, R]: ...
@overload
def jvp(f: Callable[[T], R], primals: T, tangents: T) -> tuple[R, R]: ...
@overload
def jvp(f: Graph, primals: Any, tangents: Any) -> tuple[Any, Any]: ...
def jvp(f: Function, primals: Any, tangents: Any) -> tuple[Any, Any]:
    """The value of a function and its directional derivative.

    Arguments:
        f: any function.
        primals: its arguments, in a tuple or list; an only argument that is neither may stand for itself.
        tangents: a direction for each, of its structure and shapes; cast to its dtypes. An argument without a
            derivative (an integer, a string) has the tangent None. Where primals is an argument, that of it.
    Returns:
        (f(*primals), tangent of it), with None where the value has parts without a derivative.
    Errors:
        BadCotangentError: tangents that do not fit the primals.
        IntegerInputError: a tangent of an argument that has none.
    Example:
        >>> bp.jvp(np.sin, (0.0,), (2.0,))
        (0.0, 2.0)
    """
    if not isinstance(primals, tuple | list):
        return _pushed(as_function(f), (primals,), (tangents,), ["tangents"])
    return _pushed(as_function(f), primals, tangents, [f"tangents[{k}]" for k in range(len(tangents))])


def hvp(f: Function, args: Any, v: T) -> T:
    """The product of the Hessian of a scalar function, by its first argument, with a vector.

    Arguments:
        f: returns a real scalar.
        args: its arguments, in a tuple or list; an only argument that is neither may stand for itself.
        v: of the structure and shapes of the first argument.
    Returns:
        H v, of that structure too; it costs about as much as two gradients.
    Errors:
        BadCotangentError: `v` does not fit the first argument.
    Example:
        >>> bp.hvp(lambda x: np.sum(x**3), (np.array([1.0, 2.0]),), np.array([1.0, 0.0]))
        array([6., 0.])
    """
    first, *rest = args if isinstance(args, tuple | list) else (args,)
    gradient: Callable[..., Any] = grad(as_function(f))
    return _pushed(lambda x: gradient(x, *rest), (first,), (v,), ["v"])[1]  # type: ignore[no-any-return]


def _pushed(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], names: Sequence[str]
) -> tuple[Any, Any]:
    if len(primals) != len(tangents):
        raise BadCotangentError(
            f"there are {len(primals)} primals and {len(tangents)} tangents", fix="give a tangent for each primal"
        )
    call = called(f, primals)
    picks, types = call.pick_all(), call.graph.output_types
    given = [leaf for one, t, name in zip(picks.parts, tangents, names, strict=True) for leaf in _leaves(one, t, name)]
    values = call.run(forward_graph(call.graph, picks.ids, call.known), given)
    results = call.hand_out(values, types, given)
    moved = [r if t.differentiable else None for r, t in zip(results[call.count :], types, strict=True)]
    return call.value(results[: call.count]), call.derivative(moved)


def _leaves(one: Pick, tangent: Any, name: str) -> list[Any]:
    """The tangents of the inputs that an argument stands for."""
    if one.ids:
        return fitted(one.structure, tangent, name)
    if isinstance(tangent, int | float | complex | np.ndarray | np.generic) and np.any(tangent):
        raise _no_tangent(not_differentiable(one.structure, name.replace("tangents", "primals")))
    return []


def _no_tangent(error: IntegerInputError) -> IntegerInputError:
    return IntegerInputError(error.what, error.where, "pass a float (3.0 for 3), or give it the tangent None")


def _check_pure(graph: Graph) -> None:
    """Refuse what the transposed graph would run a second time, with another result."""
    for node in graph.nodes:
        if not node.op.pure:
            raise NotDifferentiableError(
                f"{node.op.name} is not pure, and forward mode would run it again",
                node.source,
                "use backprop.vjp or backprop.grad, or hand in its result",
            )


def _irregular(builder: Builder, type: NumericType[Any]) -> Any:
    """Numbers of a type that no sum of some of them cancels."""
    ones = builder.emit(filled, (), {"shape": (type.size,), "dtype": type.dtype.name, "value": "1.0"})
    return reshape(sin(cumsum_along(ones, axis=0, reverse=False)), type.shape)


@cached(by_lines)
def forward_graph(graph: Graph, wrt: Ids, known: Ids = ()) -> Graph:
    """(inputs, values of known ids, tangents of wrt) -> (results, tangents of results).

    Arguments:
        graph: what to differentiate.
        wrt: ids of inputs.
        known: ids of nodes whose values are given.
    """
    _check_pure(graph)
    joint_graph = differentiate(graph, wrt, seeded=True)
    pulled = joint_graph.outputs[len(graph.outputs) :]
    seeds = tuple(range(graph.first, joint_graph.first))
    twice = differentiate(Graph(joint_graph.inputs, joint_graph.nodes, pulled), seeds, seeded=True)
    builder = Builder()
    inputs = [builder.input(type) for type in (*graph.inputs, *map(graph.type_of, known))]
    tangents = [builder.input(graph.inputs[i]) for i in wrt]
    results = builder.inline(supply(graph, graph, known), inputs)
    # The pullback is linear in the seeds, so that any will do; but whether a result depends on what is not determined,
    # such as a column of eigenvectors, is seen by the values of cotangents. So they are no zeros.
    values = [var for var in results if var.type.differentiable]
    any_seeds = [_irregular(builder, var.type) if isinstance(var.type, NumericType) else var for var in values]
    pushed = iter(builder.inline(supply(twice, graph, known), [*inputs, *any_seeds, *tangents])[len(wrt) :])
    outs = [next(pushed) if t.differentiable else r for t, r in zip(graph.output_types, results, strict=True)]
    built, _ = builder.build([var.id for var in (*results, *outs)])
    return run_passes(built)
