"""Reverse mode: grad, value_and_grad, elementwise_grad and vjp.

Each traces its function, transforms the graph, and runs it. Where the arguments are Vars of an outer trace, running
means becoming a part of that trace, so that operators nest to any depth.

Checkers see a gradient by the first or second argument as a function of the same signature, with the type of that
argument as its result; by other arguments, its result is Any.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, Literal, ParamSpec, TypeAlias, TypeVar, TypeVarTuple, overload

import numpy as np

from ... import ops
from ...errors import NonScalarOutputError, Source
from ...graph.graph import Graph
from ...graph.ownership import kept, owned_by
from ...graph.tracing.structures.structure import Static, Structure
from ...ops.core.types import NumericType, ValueType
from ...scheduler.executors.base import AbstractExecutor
from .. import executors, preparing
from .arguments import Argnums, Picks
from .call import Call, called
from .cotangents import fitted
from .evaluate import Function, as_function
from .run import current, handed_out, run_graph, run_joint, youngest
from .transformed import Transformed

P = ParamSpec("P")
A = TypeVar("A")
S = TypeVar("S")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Real: TypeAlias = float | np.floating[Any]
R = TypeVar("R", bound=Real)
U = TypeVar("U")
Where: TypeAlias = executors.Where | None
Types: TypeAlias = tuple[ValueType[Any], ...]
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
        f: returns a real scalar, or an array of one real element; with `has_aux`, a pair of it and anything else.
        argnums: which arguments to differentiate by, as positions or names; a sequence gives a tuple of gradients.
        has_aux: whether `f` returns a pair.
        executor: where to run; None for the one of `with use(...)`.
    Returns:
        a function of the same arguments that returns (value, gradient). The gradient has the type and structure of the
        argument, with None where it has parts without a derivative. By a complex argument x + iy it is
        du/dx - i du/dy, as in JAX.
    Errors:
        NonScalarOutputError, IntegerInputError, ArgumentError: when called.
    Example:
        >>> bp.value_and_grad(lambda x: x * x)(3.0)
        (9.0, 6.0)
    """
    return ValueAndGradient(as_function(f), argnums, has_aux, executor)


class ValueAndGradient(Transformed):
    """(*args) -> (value, gradient)."""

    __slots__ = ("argnums", "has_aux", "executor")  # noqa: RUF023 - in the order of the options

    argnums: Argnums
    has_aux: bool
    executor: Where

    def __call__(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """The value and the gradient."""
        call = called(self.function, args, kwargs, self.executor)
        picks = call.pick(self.argnums)
        _check_scalar(call, self.has_aux)
        results = run_joint(call.graph, picks.ids, call.traced.known, call.traced.values, call.executor)
        values = call.hand_out(results, [call.graph.inputs[i] for i in picks.ids])
        return call.value(values[: call.count]), picks.assembled(values[call.count :])


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

    Arguments:
        f, argnums, has_aux, executor: as of `value_and_grad`.
    Returns:
        a function of the same arguments that returns the gradient; with `has_aux`, (gradient, aux).
    Errors:
        as of `value_and_grad`.
    Example:
        >>> bp.grad(lambda w, x: np.sum((w @ x) ** 2))(np.ones((1, 2)), np.array([1.0, 2.0]))
        array([[ 6., 12.]])
        >>> bp.grad(lambda p: p["a"] * p["b"])({"a": 2.0, "b": 3.0})
        {'a': 3.0, 'b': 2.0}
    """
    return Gradient(ValueAndGradient(as_function(f), argnums, has_aux, executor))


class Gradient(Transformed):
    """(*args) -> gradient, made of a ValueAndGradient."""

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The gradient, with what the function returned besides its value where that was asked for."""
        value, result = self.function(*args, **kwargs)
        return (result, value[1]) if self.function.has_aux else result  # type: ignore[attr-defined]


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
    Example:
        >>> bp.elementwise_grad(lambda x: x**2)(np.array([1.0, 2.0]))
        array([2., 4.])
    """
    return grad(Total(as_function(f)), argnums, executor=executor)


class Total(Transformed):
    """(*args) -> the sum of what the function returns."""

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The sum."""
        return ops.sum(self.function(*args, **kwargs))


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
    Example:
        >>> value, pullback = bp.vjp(lambda x: x**2, np.array([1.0, 2.0]))
        >>> value, pullback(np.array([1.0, 10.0]))
        (array([1., 4.]), (array([ 2., 40.]),))
    """
    call = called(as_function(f), args)
    picks = call.pick_all()
    forward, pull = preparing.forward_and_pullback(call.graph, picks.ids, call.known)
    results = call.run(forward)
    users = owned_by(call.traced.values)
    residuals = tuple([kept(value, users) for value in results[call.count :]])
    types = tuple(call.graph.inputs[i] for i in picks.ids)
    value = call.value(call.hand_out(results[: call.count], in_use=residuals))
    return value, Pullback(pull, residuals, picks, types, call.traced.output, call.executor)


class Pullback:
    """A cotangent of a value -> a tuple of cotangents of the arguments.

    Arguments:
        graph: (residuals, cotangents of the value's leaves) -> cotangents of the arguments' leaves.
        residuals: what the forward pass left.
        picks: the arguments.
        types: of the arguments' differentiable leaves.
        output: the structure of the value.
        executor: where the forward pass ran.
    """

    __slots__ = ("_executor", "_graph", "_output", "_picks", "_residuals", "_types")

    def __init__(
        self,
        graph: Graph,
        residuals: tuple[Any, ...],
        picks: Picks,
        types: Types,
        output: Structure,
        executor: AbstractExecutor,
    ) -> None:
        self._graph, self._residuals, self._picks = graph, residuals, picks
        self._types, self._output, self._executor = types, output, executor

    def __call__(self, cotangent: Any) -> Any:
        """The cotangents of the arguments."""
        inputs = [*self._residuals, *fitted(self._output, cotangent, "cotangent")]
        executor = current() if youngest(inputs) is None else self._executor
        results = run_graph(self._graph, inputs, executor)
        return self._picks.assembled(handed_out(self._types, results, inputs))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._graph, self._residuals, self._picks, self._types, self._output, self._executor)


def _check_scalar(call: Call, has_aux: bool) -> None:
    f, output = call.function, call.traced.output
    spec = output.spec
    if has_aux and spec.num_children != 2:
        raise NonScalarOutputError(
            "the function does not return a pair", Source.of(f), "with has_aux=True, return (value, anything else)"
        )
    leaves = output.leaves
    count = spec.children()[0].num_leaves if has_aux else spec.num_leaves
    type = leaves[0] if count == 1 else None
    if isinstance(type, NumericType) and type.size == 1 and type.dtype.kind == "f":
        return
    what = f"{count} values" if count != 1 else f"{type.value!r}" if isinstance(type, Static) else f"a value {type}"
    raise NonScalarOutputError(
        f"a gradient is of a function that returns one real number, and this one returned {what}",
        Source.of(f),
        "sum the result up (numpy.sum), or use backprop.jacobian, backprop.elementwise_grad or backprop.vjp",
    )
