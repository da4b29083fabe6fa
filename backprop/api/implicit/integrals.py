"""Integrals and trajectories of functions that capture traced values, as nodes."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ...errors import GraphTypeError
from ...graph.graph import Graph
from ...graph.implicit.integral import integral
from ...graph.implicit.own_steps import step_count, step_times
from ...graph.implicit.trajectory import trajectory
from ...graph.tracing.body import with_numbers
from ...graph.tracing.source_lines import user_line
from ...graph.tracing.structures.structure import unflatten
from ...ops.arrays.as_array import asarray
from ..control_flow.nodes import node_result, node_results
from .equation import Unknowns, cast_to, traced

Y = TypeVar("Y")
Function = Callable[..., Any]


def integrated(f: Function, low: Any, high: Any, **options: Any) -> tuple[Any, Any]:
    """The integral of a function of one number between two limits, and an estimate of its error, as one node.

    Arguments:
        f: the function; it returns a number or an array.
        low, high: the limits, which may be infinite.
        options: of `scipy.integrate.quad`, plain values.
    """
    made = traced(f, Unknowns.of(np.float64(0.0)))
    body = cast_to(made.graph, [_inexact(t) for t in made.graph.output_types])
    limits = [_limit(low), _limit(high)]
    output = with_numbers((tuple(np.zeros(t.shape, t.dtype)[()] for t in body.output_types), np.float64(0.0)))[1]  # type: ignore[attr-defined]
    values, error = node_results(
        integral, [*limits, *made.others], output, bodies=(body,), options=tuple(options.items())
    )
    return (values[0] if len(values) == 1 else values), error


def _limit(limit: Any) -> Any:
    return asarray(limit, np.float64)[()]


def _inexact(type: Any) -> Any:
    if type.dtype.kind in "biu":
        raise GraphTypeError(f"an integrand returns {type}", user_line(), "return real numbers")
    return type


class Equation(NamedTuple):
    """An ordinary differential equation as a body: (time, *state, *captured) -> the derivatives of the state."""

    body: Graph
    unknowns: Unknowns
    captured: tuple[Any, ...]

    @property
    def state(self) -> tuple[Any, ...]:
        """The types of the state."""
        return self.unknowns.types[1:]

    def states(self, times: Any, end: Any, solver: str, options: Sequence[tuple[str, Any]]) -> tuple[Any, Any, Any]:
        """The states at some times, as one node.

        Arguments:
            times: a vector, of which the first is that of the start.
            end: up to where the solver goes.
            solver, options: the name of an integrator, and what it is told.
        Returns:
            the states, stacked along a new first axis, whether all times were reached, and the number of evaluations.
        """
        rows = [np.broadcast_to(np.zeros((), t.dtype), (times.shape[0], *t.shape)) for t in self.state]
        structure = unflatten(self.unknowns.structure, [np.float64(0.0), *rows])[1]
        output = with_numbers((structure, np.bool_(False), np.int64(0)))[1]
        operands = [*self.unknowns.hints[1:], times, _limit(end), *self.captured]
        params = {"bodies": (self.body,), "parts": len(self.state), "solver": (solver, tuple(options))}
        return node_results(trajectory, operands, output, (), **params)  # type: ignore[no-any-return]

    def own_times(self, first: Any, end: Any, options: Sequence[tuple[str, Any]]) -> Any:
        """The times that `solve_ivp` steps to by itself, whose number is a question.

        Arguments:
            first: where the solution starts.
            end: where it ends.
            options: names and values of what `solve_ivp` is told besides.
        """
        operands = [*self.unknowns.hints[1:], _limit(first), _limit(end), *self.captured]
        params = {"bodies": (self.body,), "parts": len(self.state), "solver": ("solve_ivp", tuple(options))}
        count = operator.index(node_result(step_count, operands, **params))
        return node_result(step_times, operands, **params, count=count)


def equation_of(f: Function, y0: Any) -> Equation:
    """An equation of a user's function.

    Arguments:
        f: (time, state) -> the derivatives of the state, in its structure.
        y0: the first state.
    Errors:
        GraphTypeError: derivatives of other shapes.
    """
    unknowns = Unknowns.of((np.float64(0.0), y0))
    state = unknowns.types[1:]
    made = traced(lambda pair: f(pair[0], pair[1]), unknowns)
    found = made.graph.output_types
    if [getattr(t, "shape", None) for t in found] != [t.shape for t in state]:
        raise GraphTypeError(
            f"the equation returns {', '.join(map(str, found))} for the state {', '.join(map(str, state))}",
            user_line(),
            "return the derivatives in the structure and the shapes of the state",
        )
    return Equation(cast_to(made.graph, state), unknowns, made.others)


def odeint(
    f: Callable[..., Y],
    y0: Y,
    t: Any,
    args: Sequence[Any] = (),
    *,
    rtol: float = 1.49012e-8,
    atol: float = 1.49012e-8,
    method: str = "LSODA",
) -> Y:
    """The states y of y' = f(y, t, *args) at times t, by `scipy.integrate.solve_ivp`, with the adjoint equation.

    Arguments:
        f: from a state and a time to the derivatives of the state, in its structure; it may capture traced values. It
            is traced once, so that choices that depend on the state are `numpy.where` or `backprop.switch`.
        y0: the state at t[0], real numbers and arrays in any structure.
        t: times, a vector that rises or falls.
        args: further arguments of `f`.
        rtol, atol: the errors allowed of each step, of the state and of its cotangents alike.
        method: of `scipy.integrate.solve_ivp`.
    Returns:
        y0 and the states at the other times, stacked along a new first axis. They have derivatives, of any order, by
        y0, t, args and what `f` captures. Where the solver failed, states are NaN.
    Errors:
        GraphTypeError: derivatives of other shapes than the state.
    Example:
        >>> slope = bp.grad(lambda rate: bp.odeint(lambda y, t: -rate * y, 1.0, np.array([0.0, 1.0]))[-1])(0.0)
        >>> round(slope, 6)
        -1.0
    """
    options = {"method": method, "rtol": float(rtol), "atol": float(atol)}
    times = asarray(t, np.float64)
    equation = equation_of(lambda time, y: f(y, time, *args), y0)
    return equation.states(times, times[-1], "solve_ivp", tuple(options.items()))[0]  # type: ignore[no-any-return]
