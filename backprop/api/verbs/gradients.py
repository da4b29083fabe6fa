"""Reverse mode: grad, value_and_grad, elementwise_grad and vjp.

Each traces its function, transforms the graph, and runs it. Where the arguments are Vars of an outer trace, running
means becoming a part of that trace, so that operators nest to any depth.

Checkers see a gradient by the first or second argument as a function of the same signature, with the type of that
argument as its result; by other arguments, its result is Any.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, Literal, ParamSpec, TypeAlias, TypeVar, TypeVarTuple, overload

import numpy as np

from ... import ops
from ...errors import NonScalarOutputError, Source
from ...graph.graph import Graph
from ...graph.tracing.guard import frozen, writable
from ...graph.tracing.structure import Static, unflatten
from ...graph.tracing.trace import Trace, trace
from ...ops.core.types import NumericType
from ...scheduler.executors.base import AbstractExecutor
from .arguments import Argnums, assembled, is_many, pick
from .cotangents import fitted
from .evaluate import Function, as_function
from .run import current, halves, handed_out, joint, memory, run_graph, runner, youngest

P = ParamSpec("P")
A = TypeVar("A")
S = TypeVar("S")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Real: TypeAlias = float | np.floating[Any]
R = TypeVar("R", bound=Real)
U = TypeVar("U")
Where: TypeAlias = AbstractExecutor | None
No: TypeAlias = Literal[False]
Yes: TypeAlias = Literal[True]


@overload
def value_and_grad(
    f: Callable[Concatenate[T, P], R], argnums: Literal[0] = 0, has_aux: No = False, executor: Where = None
) -> Callable[Concatenate[T, P], tuple[R, T]]: ...
@overload
def value_and_grad(
    f: Callable[Concatenate[S, T, P], R], argnums: Literal[1], has_aux: No = False, executor: Where = None
) -> Callable[Concatenate[S, T, P], tuple[R, T]]: ...
@overload
def value_and_grad(
    f: Callable[Concatenate[T, P], tuple[R, A]], argnums: Literal[0] = 0, *, has_aux: Yes, executor: Where = None
) -> Callable[Concatenate[T, P], tuple[tuple[R, A], T]]: ...
@overload
def value_and_grad(
    f: Callable[P, Any], argnums: Argnums, has_aux: bool = False, executor: Where = None
) -> Callable[P, tuple[Any, Any]]: ...
@overload
def value_and_grad(
    f: Graph, argnums: Argnums = 0, has_aux: bool = False, executor: Where = None
) -> Callable[..., tuple[Any, Any]]: ...
def value_and_grad(
    f: Function, argnums: Argnums = 0, has_aux: bool = False, executor: Where = None
) -> Callable[..., Any]:
    """A function that returns the value of a function and its gradient.

    Arguments:
        f: returns a real scalar; with `has_aux`, a pair of it and anything else.
        argnums: which arguments to differentiate by, as positions or names; a sequence gives a tuple of gradients.
        has_aux: whether `f` returns a pair.
        executor: where to run; None for the one of `with use(...)`.
    Returns:
        a function of the same arguments that returns (value, gradient). The gradient has the type and structure of the
        argument, with None where it has parts without a derivative. By a complex argument x + iy it is
        du/dx - i du/dy, as in JAX.
    Errors:
        NonScalarOutputError, IntegerInputError, ArgumentError: when called.
    """
    function = as_function(f)

    @functools.wraps(function)
    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        chosen = current(executor)
        traced = trace(function, args, kwargs, runner(chosen))
        picks = pick(function, traced.arguments, argnums)
        _check_scalar(function, traced, has_aux)
        wrt = tuple(i for one in picks for i in one.ids)
        results = run_graph(joint(traced.graph, wrt, False, tuple(traced.known)), traced.inputs, chosen)
        count = len(traced.graph.outputs)
        types = (*traced.graph.output_types, *(traced.graph.inputs[i] for i in wrt))
        values = handed_out(types, results, traced.values)
        gradients = assembled(picks, values[count:])
        return unflatten(traced.output, values[:count]), gradients if is_many(argnums) else gradients[0]

    return value_and_gradient


@overload
def grad(
    f: Callable[Concatenate[T, P], Real], argnums: Literal[0] = 0, has_aux: No = False, executor: Where = None
) -> Callable[Concatenate[T, P], T]: ...
@overload
def grad(
    f: Callable[Concatenate[S, T, P], Real], argnums: Literal[1], has_aux: No = False, executor: Where = None
) -> Callable[Concatenate[S, T, P], T]: ...
@overload
def grad(
    f: Callable[Concatenate[T, P], tuple[Real, A]], argnums: Literal[0] = 0, *, has_aux: Yes, executor: Where = None
) -> Callable[Concatenate[T, P], tuple[T, A]]: ...
@overload
def grad(f: Callable[P, Any], argnums: Argnums, has_aux: bool = False, executor: Where = None) -> Callable[P, Any]: ...
@overload
def grad(f: Graph, argnums: Argnums = 0, has_aux: bool = False, executor: Where = None) -> Callable[..., Any]: ...
def grad(f: Function, argnums: Argnums = 0, has_aux: bool = False, executor: Where = None) -> Callable[..., Any]:
    """A function that returns the gradient of a function.

    Arguments, errors: as of `value_and_grad`.
    Returns:
        a function of the same arguments that returns the gradient; with `has_aux`, (gradient, aux).
    """
    both: Callable[..., Any] = value_and_grad(as_function(f), argnums, has_aux, executor)

    @functools.wraps(both)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, result = both(*args, **kwargs)
        return (result, value[1]) if has_aux else result

    return gradient


@overload
def elementwise_grad(  # type: ignore[overload-overlap]
    f: Callable[Concatenate[T, P], Any], argnums: Literal[0] = 0, executor: Where = None
) -> Callable[Concatenate[T, P], T]: ...
@overload
def elementwise_grad(f: Callable[P, Any], argnums: Argnums, executor: Where = None) -> Callable[P, Any]: ...
@overload
def elementwise_grad(f: Graph, argnums: Argnums = 0, executor: Where = None) -> Callable[..., Any]: ...
def elementwise_grad(f: Function, argnums: Argnums = 0, executor: Where = None) -> Callable[..., Any]:
    """A function that returns the derivative of each element of a result by the same element of an argument.

    Arguments:
        f: returns a real array, each element of which depends on the same element of the argument only. Of another
            function this is the gradient of the sum of its results.
        argnums, executor: as of `value_and_grad`.
    Returns:
        a function of the same arguments; its result has the type of the argument.
    Errors:
        as of `value_and_grad`.
    """
    function = as_function(f)

    @functools.wraps(function)
    def total(*args: Any, **kwargs: Any) -> Any:
        return ops.sum(function(*args, **kwargs))

    return grad(total, argnums, executor=executor)


@overload
def vjp(f: Graph, /, *args: Any) -> tuple[Any, Callable[[Any], Any]]: ...
@overload
def vjp(f: Callable[[*Ts], U], /, *args: *Ts) -> tuple[U, Callable[[U], tuple[*Ts]]]: ...
def vjp(  # type: ignore[misc] # mypy does not see that *args: Any takes *args: *Ts
    f: Function, /, *args: Any
) -> tuple[Any, Callable[[Any], Any]]:
    """The value of a function, and its pullback.

    Arguments:
        f: any function of arrays and containers of them.
        args: its arguments.
    Returns:
        (f(*args), pullback): the pullback takes a cotangent of the structure and shapes of the value, and returns a
        tuple with a cotangent for each argument. It may be called often, on any thread, and inside a trace. What it
        needs of the arguments it keeps for itself, so that they may be written to.
    Errors:
        BadCotangentError: the pullback got a cotangent that does not fit.
    """
    function = as_function(f)
    chosen = current()
    traced = trace(function, args, {}, runner(chosen))
    picks = pick(function, traced.arguments, tuple(range(len(args))), lenient=True)
    wrt = tuple(i for one in picks for i in one.ids)
    forward, pull = halves(traced.graph, wrt, tuple(traced.known))
    results = list(run_graph(forward, traced.inputs, chosen))
    count = len(traced.graph.outputs)
    users = {id(owner) for value in traced.values for owner in memory(value)}
    residuals = [_kept(value, users) for value in results[count:]]
    types = tuple(traced.graph.inputs[i] for i in wrt)

    def pullback(cotangent: Any) -> Any:
        inputs = [*residuals, *fitted(traced.output, cotangent, "cotangent")]
        values = run_graph(pull, inputs, current() if youngest(inputs) is None else chosen)
        return assembled(picks, handed_out(types, values, inputs))

    values = handed_out(traced.graph.output_types, results[:count], [*traced.values, *residuals])
    return unflatten(traced.output, values), pullback


def _kept(residual: Any, users: set[int]) -> Any:
    """The residual, or a copy where its memory is an array's that the user can write to."""
    if isinstance(residual, np.ndarray) and writable(residual) and any(id(o) in users for o in memory(residual)):
        return frozen(residual)
    return residual


def _check_scalar(f: Callable[..., Any], traced: Trace, has_aux: bool) -> None:
    spec = traced.output.spec
    if has_aux and spec.num_children != 2:
        raise NonScalarOutputError(
            "the function does not return a pair", Source.of(f), "with has_aux=True, return (value, anything else)"
        )
    leaves = traced.output.leaves
    count = spec.children()[0].num_leaves if has_aux else spec.num_leaves
    type = leaves[0] if count == 1 else None
    if isinstance(type, NumericType) and type.shape == () and type.dtype.kind == "f":
        return
    what = f"{count} values" if count != 1 else f"{type.value!r}" if isinstance(type, Static) else f"a value {type}"
    raise NonScalarOutputError(
        f"a gradient is of a function that returns one real number, and this one returned {what}",
        Source.of(f),
        "sum the result up (numpy.sum), or use backprop.jacobian, backprop.elementwise_grad or backprop.vjp",
    )
