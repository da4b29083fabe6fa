"""Roots: of functions of one variable, of systems, and fixed points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

from ...api.implicit.equation import Traced, Unknowns, flat_start, is_tracing, residual_of, traced
from ...api.implicit.root import found_root
from ...errors import ArgumentError
from ...graph.implicit.jacobian import jacobian_of
from ...graph.tracing.source_lines import user_line
from ...ops.arrays import asarray
from ..plain import refuse
from .results import optimize_result, root_results, with_args

__all__ = [
    "bisect",
    "brenth",
    "brentq",
    "fixed_point",
    "fsolve",
    "newton",
    "ridder",
    "root",
    "root_scalar",
    "toms748",
]

Function = Callable[..., Any]
THEIRS: Any = scipy.optimize
"""SciPy's functions, whose stubs are narrower than they are."""
XTOL, RTOL = 2e-12, 4 * float(np.finfo(float).eps)

# Between two points of different signs.


def _bracketed(name: str, f: Function, a: Any, b: Any, args: Any, full: bool, options: dict[str, Any]) -> Any:
    made = traced(with_args(f, args), Unknowns.of(np.float64(0.0)))
    residual = residual_of(made, name)
    answer = made.answer({"residual": residual}, "bracketed", tuple(map(asarray, (a, b))), method=name, **options)
    return (answer.unknowns, root_results(answer, name)) if full else answer.unknowns


def _bracketing(name: str) -> Function:
    solver = getattr(scipy.optimize, name)

    def find(
        f: Function,
        a: Any,
        b: Any,
        args: Any = (),
        xtol: float = XTOL,
        rtol: float = RTOL,
        maxiter: int = 100,
        full_output: bool = False,
        disp: bool = True,
    ) -> Any:
        options: dict[str, Any] = {"xtol": xtol, "rtol": rtol, "maxiter": maxiter, "disp": disp}
        if not is_tracing():
            return solver(f, a, b, args=args, full_output=full_output, **options)
        return _bracketed(name, f, a, b, args, full_output, options)

    find.__name__ = find.__qualname__ = name
    find.__doc__ = f"""`scipy.optimize.{name}`: the x between two points with f(x, *args) = 0.

    Arguments:
        f: a function of a number, which may capture traced values.
        a, b: the points, at which f has different signs; they have no derivative.
        args: further arguments of `f`, traced or plain.
        xtol, rtol, maxiter: as of SciPy.
        full_output: whether to return (x, what RootResults holds).
        disp: whether not to converge is an error.
    Returns:
        x, a number.
    Errors:
        ValueError: equal signs, when it runs. RuntimeError: it did not converge, when it runs.
    """
    return find


brentq, brenth, ridder, bisect = map(_bracketing, ("brentq", "brenth", "ridder", "bisect"))


def toms748(
    f: Function,
    a: Any,
    b: Any,
    args: Any = (),
    k: int = 1,
    xtol: float = XTOL,
    rtol: float = RTOL,
    maxiter: int = 100,
    full_output: bool = False,
    disp: bool = True,
) -> Any:
    """`scipy.optimize.toms748`: as `brentq`, by the algorithm of this name; k is the number of its steps at once."""
    options: dict[str, Any] = {"k": k, "xtol": xtol, "rtol": rtol, "maxiter": maxiter, "disp": disp}
    if not is_tracing():
        return scipy.optimize.toms748(f, a, b, args=args, full_output=full_output, **options)
    return _bracketed("toms748", f, a, b, args, full_output, options)


# From one point.


def newton(
    func: Function,
    x0: Any,
    fprime: Any = None,
    args: Any = (),
    tol: float = 1.48e-08,
    maxiter: int = 50,
    fprime2: Any = None,
    x1: Any = None,
    rtol: float = 0.0,
    full_output: bool = False,
    disp: bool = True,
) -> Any:
    """`scipy.optimize.newton`: a root near a point, by the secant method or Newton's.

    Arguments:
        func: a function of a number, or of an array, element by element.
        x0: where to start; it has no derivative.
        fprime, fprime2: where one is given, Newton's method is used, with derivatives that follow from `func`.
        args: further arguments of `func`, traced or plain.
        tol, maxiter, rtol: as of SciPy.
        x1: a second point for the secant method.
        full_output: whether to return (x, what RootResults holds).
        disp: whether not to converge is an error.
    Returns:
        x, of the shape of `x0`.
    Errors:
        RuntimeError: it did not converge, when it runs.
    """
    if not is_tracing():
        return scipy.optimize.newton(func, x0, fprime, args, tol, maxiter, fprime2, x1, rtol, full_output, disp)
    made = traced(with_args(func, args), Unknowns.of(x0))
    residual = residual_of(made, "newton")
    exact = fprime is not None or fprime2 is not None
    bodies = {"residual": residual, **({"jacobian": jacobian_of(residual, 1)} if exact else {})}
    if x1 is not None and np.ndim(x0):
        refuse("newton", "x1 beside an array", "leave it out")
    hints = (*made.unknowns.hints, *(() if x1 is None else (asarray(x1),)))
    more = {"tol": tol, "maxiter": maxiter, "rtol": rtol, "disp": disp}
    answer = made.answer(bodies, "newton", hints, exact=exact, second=x1 is not None, **more)
    return (answer.unknowns, root_results(answer, "newton")) if full_output else answer.unknowns


def root_scalar(
    f: Function,
    args: Any = (),
    method: str | None = None,
    bracket: Any = None,
    fprime: Any = None,
    fprime2: Any = None,
    x0: Any = None,
    x1: Any = None,
    xtol: float | None = None,
    rtol: float | None = None,
    maxiter: int | None = None,
    options: Any = None,
) -> Any:
    """`scipy.optimize.root_scalar`: a root of a function of one number; what RootResults holds.

    Arguments:
        f: the function, which may capture traced values.
        args: further arguments of `f`, traced or plain.
        method: "brentq", "brenth", "bisect", "ridder", "toms748", "newton", "secant" or "halley".
        bracket: two points of different signs.
        fprime, fprime2: whether to use derivatives; they follow from `f`.
        x0, x1: where to start.
        xtol, rtol, maxiter: as of SciPy.
        options: None.
    Errors:
        ArgumentError: no method, bracket or start.
    """
    if not is_tracing():
        return scipy.optimize.root_scalar(
            f, args, method, bracket, fprime, fprime2, x0, x1, xtol, rtol, maxiter, options
        )
    limits = {"xtol": xtol, "rtol": rtol, "maxiter": maxiter}
    given: dict[str, Any] = {name: value for name, value in limits.items() if value is not None}
    chosen = (method or ("brentq" if bracket is not None else "newton" if fprime else "secant")).lower()
    if bracket is not None and chosen in ("brentq", "brenth", "bisect", "ridder", "toms748"):
        settings = {"xtol": XTOL, "rtol": RTOL, "maxiter": 100, "disp": False, **given}
        low, high = bracket
        return _bracketed(chosen, f, low, high, args, True, settings)[1]
    if x0 is None or chosen not in ("newton", "secant", "halley"):
        raise ArgumentError(f"root_scalar: {chosen} wants another start", user_line(), "give bracket=(a, b), or x0")
    exact = chosen != "secant" or None
    tol = given.pop("xtol", 1.48e-08)
    return newton(f, x0, exact, args, tol=tol, x1=x1, full_output=True, disp=False, **given)[1]


# Of systems.


def _system(fun: Function, x0: Any, args: Any) -> Traced:
    return traced(with_args(fun, args), Unknowns.of(flat_start(x0)))


def root(
    fun: Function,
    x0: Any,
    args: Any = (),
    method: str = "hybr",
    jac: Any = None,
    tol: float | None = None,
    callback: Any = None,
    options: Any = None,
) -> Any:
    """`scipy.optimize.root`: the x with fun(x, *args) = 0.

    Arguments:
        fun: from a vector to as many numbers, which may capture traced values.
        x0: where to start, a vector; it has no derivative.
        args: further arguments of `fun`, traced or plain.
        method: as of SciPy.
        jac: where it is given, the solver gets the Jacobian, which follows from `fun`; jac=True is refused.
        tol, options: as of SciPy.
        callback: None.
    Returns:
        an OptimizeResult with x, fun, success, nfev, nit.
    Errors:
        GraphTypeError: jac=True or a callback. ShapeError: another number of results than of unknowns.
    """
    if not is_tracing():
        return scipy.optimize.root(fun, x0, args, method, jac, tol, callback, options)
    if jac is True:
        refuse("root", "jac=True", "return the values alone: their Jacobian follows from them")
    if callback is not None:
        refuse("root", "callback", "leave it out")
    made = _system(fun, x0, args)
    answer = found_root(made, method, tol, options, exact=bool(jac))
    return optimize_result(answer, fun=with_args(fun, args)(answer.unknowns))


def fsolve(
    func: Function,
    x0: Any,
    args: Any = (),
    fprime: Any = None,
    full_output: bool = False,
    col_deriv: bool = False,
    xtol: float = 1.49012e-08,
    maxfev: int = 0,
    band: Any = None,
    epsfcn: float | None = None,
    factor: float = 100,
    diag: Any = None,
) -> Any:
    """`scipy.optimize.fsolve`: the x with func(x, *args) = 0; arguments as of `root`, the rest as of SciPy.

    Errors:
        GraphTypeError: full_output, band, epsfcn or diag.
    """
    if not is_tracing():
        return THEIRS.fsolve(func, x0, args, fprime, full_output, col_deriv, xtol, maxfev, band, epsfcn, factor, diag)
    unknown = {"full_output": full_output, "band": band, "epsfcn": epsfcn, "diag": diag}
    for name, value in unknown.items():
        if value is not None and value is not False:
            refuse("fsolve", f"{name}=", "leave it out, or use root")
    options = {"xtol": xtol, "maxfev": maxfev, "factor": factor}
    return found_root(_system(func, x0, args), "hybr", None, options, exact=fprime is not None).unknowns


def fixed_point(
    func: Function, x0: Any, args: Any = (), xtol: float = 1e-08, maxiter: int = 500, method: str = "del2"
) -> Any:
    """`scipy.optimize.fixed_point`: the x with func(x, *args) = x, of the shape of `x0`; arguments as of SciPy.

    Errors:
        RuntimeError: it did not converge, when it runs.
    """
    if not is_tracing():
        return scipy.optimize.fixed_point(func, x0, args, xtol, maxiter, method)
    f = with_args(func, args)
    made = traced(lambda x: f(x) - x, Unknowns.of(x0))
    residual = residual_of(made, "fixed_point")
    return made.answer({"residual": residual}, "fixed_point", xtol=xtol, maxiter=maxiter, method=method).unknowns
