"""Ordinary differential equations, with derivatives by their adjoint equations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate
import scipy.optimize

from ...api.implicit.equation import is_tracing
from ...api.implicit.integrals import equation_of
from ...ops.arrays import asarray, concatenate, expand_dims
from ...ops.elementwise import where
from ..plain import refuse

__all__ = ["odeint", "solve_ivp"]

Function = Callable[..., Any]


def odeint(
    func: Function,
    y0: Any,
    t: Any,
    args: Any = (),
    Dfun: Any = None,
    col_deriv: int = 0,
    full_output: int = 0,
    ml: int | None = None,
    mu: int | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    tcrit: Any = None,
    h0: float = 0.0,
    hmax: float = 0.0,
    hmin: float = 0.0,
    ixpr: int = 0,
    mxstep: int = 0,
    mxhnil: int = 0,
    mxordn: int = 12,
    mxords: int = 5,
    printmessg: int = 0,
    tfirst: bool = False,
) -> Any:
    """`scipy.integrate.odeint`: the states y of y' = func(y, t, *args) at some times.

    Arguments:
        func: the equation, which may capture traced values; func(t, y) with `tfirst`.
        y0: the state at t[0], a vector.
        t: times, traced or plain.
        args: further arguments of `func`, traced or plain.
        Dfun, col_deriv, ml, mu, tcrit, ixpr, mxhnil, printmessg: ignored.
        full_output: 0.
        rtol, atol, h0, hmax, hmin, mxstep, mxordn, mxords: as of SciPy, also for the adjoint equation.
        tfirst: whether the time comes first.
    Returns:
        an array (times, n); NaN where SciPy's solver failed.
    Errors:
        GraphTypeError: full_output, or derivatives of another shape than the state.
    """
    if not is_tracing():
        return scipy.integrate.odeint(
            *(func, y0, t, args, Dfun, col_deriv, full_output, ml, mu, rtol, atol, tcrit, h0, hmax, hmin, ixpr),
            *(mxstep, mxhnil, mxordn, mxords, printmessg, tfirst),
        )
    if full_output:
        refuse("odeint", "full_output", "leave it out")
    more = args if isinstance(args, tuple) else (args,)

    def equation(time: Any, y: Any) -> Any:
        return asarray(func(time, y, *more) if tfirst else func(y, time, *more))

    given = {"rtol": rtol, "atol": atol}
    numbers = {"h0": h0, "hmax": hmax, "hmin": hmin, "mxstep": mxstep, "mxordn": mxordn, "mxords": mxords}
    options = {**{name: value for name, value in given.items() if value is not None}, **numbers}
    times = asarray(t, np.float64)
    made = equation_of(equation, asarray(y0).reshape(-1))
    return made.states(times, times[-1], "odeint", tuple(options.items()))[0]


def solve_ivp(
    fun: Function,
    t_span: Any,
    y0: Any,
    method: Any = "RK45",
    t_eval: Any = None,
    dense_output: bool = False,
    events: Any = None,
    vectorized: bool = False,
    args: Any = None,
    **options: Any,
) -> Any:
    """`scipy.integrate.solve_ivp`: the states y of y' = fun(t, y, *args) at some times.

    Arguments:
        fun: the equation, which may capture traced values.
        t_span: the first and the last time, traced or plain.
        y0: the first state, a vector of real numbers.
        method: "RK45", "RK23", "DOP853", "Radau", "BDF" or "LSODA".
        t_eval: the times wanted, traced or plain. Without them it is the solver's own steps, whose number is a
            question, and which count as constants; naming the times is quicker.
        dense_output, events: left out.
        vectorized: ignored.
        args: further arguments of `fun`, traced or plain.
        options: rtol, atol, first_step, max_step; they hold for the adjoint equation too, and derivatives are as exact.
    Returns:
        an OdeResult with t, y (n, times), success, status, nfev; NaN where the solver did not come.
    Errors:
        GraphTypeError: dense_output, events, another option, or derivatives of another shape than the state.
    """
    if not is_tracing():
        return scipy.integrate.solve_ivp(
            fun, t_span, y0, method, t_eval, dense_output, events, vectorized, args, **options
        )
    _check(method, dense_output, events, options)
    more = () if args is None else args if isinstance(args, tuple) else (args,)
    first, last = (asarray(limit, np.float64) for limit in t_span)
    settings = {"method": method, **{name: float(value) for name, value in options.items() if value is not None}}
    equation, given = (
        equation_of(lambda t, y: asarray(fun(t, y, *more)), asarray(y0).reshape(-1)),
        tuple(settings.items()),
    )
    wanted = equation.own_times(first, last, given) if t_eval is None else asarray(t_eval, np.float64)
    times = concatenate([expand_dims(first, 0), wanted])
    states, success, evaluations = equation.states(times, last, "solve_ivp", given)
    return scipy.optimize.OptimizeResult(
        t=wanted,
        y=states[1:].T,
        sol=None,
        t_events=None,
        y_events=None,
        nfev=evaluations,
        success=success,
        status=where(success, 0, -1),
        message="The solver ended; `success` says whether it came to the end.",
    )


def _check(method: Any, dense_output: bool, events: Any, options: Any) -> None:
    if not isinstance(method, str):
        refuse("solve_ivp", f"method={method!r}", 'take the name of one, such as "RK45"')
    if dense_output:
        refuse("solve_ivp", "dense_output", "give t_eval, the times that are wanted")
    if events is not None:
        refuse("solve_ivp", "events", "find the time of an event by backprop.root of solve_ivp up to a time")
    for name in options:
        if name not in ("rtol", "atol", "first_step", "max_step"):
            refuse("solve_ivp", f"{name}=", "take rtol, atol, first_step and max_step only")
