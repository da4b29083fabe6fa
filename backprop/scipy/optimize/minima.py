"""Minima: their derivatives are those of the equation that the gradient is zero there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

from ...api.implicit.equation import (
    Unknowns,
    flat_start,
    gradient_of,
    is_tracing,
    objective_of,
    traced,
    within_bounds,
)
from ...graph.implicit.jacobian import jacobian_of
from ...ops.arrays import asarray
from ..plain import refuse
from .results import optimize_result, plain_options, with_args

__all__ = ["minimize", "minimize_scalar"]

Function = Callable[..., Any]
WITH_BOUNDS = ("l-bfgs-b", "tnc", "slsqp", "powell", "nelder-mead", "cobyla", "cobyqa", "trust-constr", "bounded")
WITH_HESSIAN = ("dogleg", "trust-ncg", "trust-exact", "trust-krylov")


def minimize(
    fun: Function,
    x0: Any,
    args: Any = (),
    method: Any = None,
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    bounds: Any = None,
    constraints: Any = (),
    tol: float | None = None,
    callback: Any = None,
    options: Any = None,
) -> Any:
    """`scipy.optimize.minimize`: where a function is as small as possible.

    Arguments:
        fun: from a vector to a number, which may capture traced values.
        x0: where to start, a vector; it has no derivative.
        args: further arguments of `fun`, traced or plain.
        method: as of SciPy, but "dogleg", "trust-ncg", "trust-exact" and "trust-krylov", which want a Hessian. Solvers
            that take a gradient get it, as it follows from `fun`.
        jac, hess, hessp: ignored; jac=True is refused.
        bounds: a Bounds, or pairs (low, high), None for no bound; they may be traced.
        constraints: ().
        tol, options: as of SciPy. The derivative is as exact as the minimum: ask for 1e-9, say.
        callback: None.
    Returns:
        an OptimizeResult with x, fun, success, nfev, nit. Where the Hessian is regular, x has its derivatives by what
        `fun` depends on, and by bounds that it lies at; where none was found, they are NaN.
    Errors:
        GraphTypeError: constraints, a callback, jac=True, or a method that takes no bounds.
        LinAlgError: a Hessian that is singular, in the reverse pass.
    """
    if not is_tracing():
        return scipy.optimize.minimize(
            fun, x0, args, method, jac, hess, hessp, bounds, constraints, tol, callback, options
        )
    _check(method, jac, bounds, constraints, callback)
    start = flat_start(x0)
    f, limits = with_args(fun, args), () if bounds is None else _limits(bounds, start)
    made = traced(f, Unknowns.of(start), limits)
    objective = objective_of(made, "minimize")
    gradient = gradient_of(objective, 1)
    residual = within_bounds(gradient) if limits else gradient
    bodies = {"residual": residual, "objective": objective, "gradient": gradient}
    settings: dict[str, Any] = {"method": _method(method, limits), "tol": tol, "options": plain_options(options)}
    answer = made.answer(bodies, "minimize", bounded=bool(limits), **settings)
    return optimize_result(answer, fun=f(answer.unknowns).reshape(()))


def _method(method: Any, limits: Any) -> str:
    return method or ("L-BFGS-B" if limits else "BFGS")


def _check(method: Any, jac: Any, bounds: Any, constraints: Any, callback: Any) -> None:
    if jac is True:
        refuse("minimize", "jac=True", "return the value alone: its gradient follows from it")
    if constraints:
        refuse(
            "minimize",
            "constraints",
            "give bounds, or solve the conditions of the minimum, multipliers included, by backprop.root",
        )
    if callback is not None:
        refuse("minimize", "callback", "leave it out")
    name = str(_method(method, bounds)).lower()
    if callable(method) or name in WITH_HESSIAN:
        refuse("minimize", f"method={method!r}", 'take "Newton-CG", "trust-constr" or another one without a Hessian')
    if bounds is not None and name not in WITH_BOUNDS:
        refuse("minimize", f"bounds with method={method!r}", 'take "L-BFGS-B"')


def _limits(bounds: Any, start: Any) -> tuple[Any, Any]:
    """The bounds of each unknown as two vectors."""
    if isinstance(bounds, scipy.optimize.Bounds):
        pairs: Any = (bounds.lb, bounds.ub)
        return tuple(asarray(limit) + np.zeros(start.shape) for limit in pairs)
    low = [-np.inf if low is None else low for low, _ in bounds]
    high = [np.inf if high is None else high for _, high in bounds]
    return asarray(low, np.float64), asarray(high, np.float64)


def minimize_scalar(
    fun: Function,
    bracket: Any = None,
    bounds: Any = None,
    args: Any = (),
    method: str | None = None,
    tol: float | None = None,
    options: Any = None,
) -> Any:
    """`scipy.optimize.minimize_scalar`: where a function of one number is as small as possible.

    Arguments:
        fun: the function, which may capture traced values.
        bracket: two or three numbers to start with; they have no derivative.
        bounds: two numbers; at them the minimum has their derivative.
        args: further arguments of `fun`, traced or plain.
        method: "brent", "golden" or "bounded".
        tol, options: as of SciPy.
    Returns:
        an OptimizeResult with x, fun, success, nfev, nit.
    """
    if not is_tracing():
        return scipy.optimize.minimize_scalar(fun, bracket, bounds, args, method, tol, options)
    limits = () if bounds is None else tuple(asarray(limit, np.float64) for limit in bounds)
    f = with_args(fun, args)
    made = traced(f, Unknowns.of(np.float64(0.0)), limits)
    objective = objective_of(made, "minimize_scalar")
    gradient = gradient_of(objective, 1)
    residual = within_bounds(gradient) if limits else gradient
    bodies = {"residual": residual, "objective": objective, "jacobian": jacobian_of(residual, 1)}
    settings = {"method": method or ("bounded" if limits else "brent"), "tol": tol, "options": plain_options(options)}
    hints = () if limits or bracket is None else tuple(map(asarray, bracket))
    answer = made.answer(bodies, "minimize_scalar", hints, bounded=bool(limits), **settings)
    return optimize_result(answer, fun=f(answer.unknowns))
