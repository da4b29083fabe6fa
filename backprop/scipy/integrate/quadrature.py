"""Integrals of functions: derivatives by limits, by arguments and by what a function captures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate

from ...api.implicit.equation import is_tracing
from ...api.implicit.integrals import integrated
from ...ops.arrays import asarray
from ...ops.reductions import sum
from ..plain import refuse
from .samples import nodes_and_weights

__all__ = ["dblquad", "fixed_quad", "quad", "quad_vec", "tplquad"]

Function = Callable[..., Any]
THEIRS: Any = scipy.integrate
"""SciPy's functions, whose stubs are narrower than they are."""


PRINCIPAL_VALUE = "integrate (f(x) - f(c)) / (x - c), and add f(c) * numpy.log((b - c) / (c - a))"


def _with_args(f: Function, args: Any) -> Callable[[Any], Any]:
    more = args if isinstance(args, tuple) else (args,)
    return lambda x: asarray(f(x, *more))


def quad(
    func: Function,
    a: Any,
    b: Any,
    args: Any = (),
    full_output: int = 0,
    epsabs: float = 1.49e-08,
    epsrel: float = 1.49e-08,
    limit: int = 50,
    points: Any = None,
    weight: str | None = None,
    wvar: Any = None,
    wopts: Any = None,
    maxp1: int = 50,
    limlst: int = 50,
    complex_func: bool = False,
) -> Any:
    """`scipy.integrate.quad`: the integral of a function of one number, and an estimate of its error.

    Arguments:
        func: the function, which may capture traced values.
        a, b: the limits, traced or plain; they may be infinite.
        args: further arguments of `func`, traced or plain.
        full_output: 0.
        epsabs, epsrel, limit: as of SciPy; the derivative is as exact.
        points: where the function is singular, plain numbers.
        weight, wvar, wopts, maxp1, limlst, complex_func: left out.
    Returns:
        the integral, and the error, which has no derivative.
    Errors:
        GraphTypeError: full_output, weight or complex_func.
    """
    if not is_tracing():
        weighted = {"weight": weight, "wvar": wvar, "wopts": wopts, "maxp1": maxp1, "limlst": limlst}
        return scipy.integrate.quad(
            func, a, b, args, full_output, epsabs, epsrel, limit, points, **weighted, complex_func=complex_func
        )
    if full_output:
        refuse("quad", "full_output", "leave it out")
    if weight is not None:
        refuse("quad", f"weight={weight!r}", PRINCIPAL_VALUE if weight == "cauchy" else "multiply the function by it")
    if complex_func:
        refuse("quad", "complex_func", "integrate the real and the imaginary part")
    places = {} if points is None else {"points": tuple(map(float, points))}
    options = {"epsabs": float(epsabs), "epsrel": float(epsrel), "limit": int(limit), **places}
    return integrated(_with_args(func, args), a, b, **options)


def quad_vec(
    f: Function,
    a: Any,
    b: Any,
    epsabs: float = 1e-200,
    epsrel: float = 1e-08,
    norm: str = "2",
    cache_size: float = 100e6,
    limit: float = 10000,
    workers: Any = 1,
    points: Any = None,
    quadrature: str | None = None,
    full_output: bool = False,
    *,
    args: Any = (),
) -> Any:
    """`scipy.integrate.quad_vec`: the integral of a function of one number to an array; see `quad`.

    `norm`, `cache_size`, `workers` and `quadrature` are ignored; full_output is refused.
    """
    if not is_tracing():
        more = {"args": args} if args else {}
        return THEIRS.quad_vec(
            f, a, b, epsabs, epsrel, norm, cache_size, limit, workers, points, quadrature, full_output, **more
        )
    if full_output:
        refuse("quad_vec", "full_output", "leave it out")
    places = {} if points is None else {"points": tuple(map(float, points))}
    options = {"epsabs": float(epsabs), "epsrel": float(epsrel), "limit": int(limit), **places}
    return integrated(_with_args(f, args), a, b, **options)


def fixed_quad(func: Function, a: Any, b: Any, args: Any = (), n: int = 5) -> tuple[Any, None]:
    """`scipy.integrate.fixed_quad`: the integral by Gauss and Legendre's rule of n points, and None.

    Arguments:
        func: a function of a vector, whose last axis is integrated over.
        a, b: finite limits, traced or plain.
        args: further arguments of `func`.
        n: the number of points.
    """
    nodes, weights = nodes_and_weights(n)
    points = (b - a) * (nodes + 1) / 2.0 + a
    return (b - a) / 2.0 * sum(weights * asarray(func(points, *args)), axis=-1), None


def dblquad(
    func: Function,
    a: Any,
    b: Any,
    gfun: Any,
    hfun: Any,
    args: Any = (),
    epsabs: float = 1.49e-08,
    epsrel: float = 1.49e-08,
) -> Any:
    """`scipy.integrate.dblquad`: the integral of func(y, x) for x from a to b and y from gfun(x) to hfun(x).

    Arguments and errors are those of `quad`; `gfun` and `hfun` may be numbers.
    """
    if not is_tracing():
        return scipy.integrate.dblquad(func, a, b, gfun, hfun, args, epsabs, epsrel)
    limits: dict[str, Any] = {"epsabs": epsabs, "epsrel": epsrel}

    def inner(x: Any) -> Any:
        return quad(lambda y: func(y, x, *args), _at(gfun, x), _at(hfun, x), **limits)[0]

    return quad(inner, a, b, **limits)


def _at(limit: Any, *where: Any) -> Any:
    return limit(*where) if callable(limit) else np.float64(limit) if isinstance(limit, int | float) else limit


def tplquad(
    func: Function,
    a: Any,
    b: Any,
    gfun: Any,
    hfun: Any,
    qfun: Any,
    rfun: Any,
    args: Any = (),
    epsabs: float = 1.49e-08,
    epsrel: float = 1.49e-08,
) -> Any:
    """`scipy.integrate.tplquad`: the integral of func(z, y, x), z from qfun(x, y) to rfun(x, y); see `dblquad`."""
    if not is_tracing():
        return scipy.integrate.tplquad(func, a, b, gfun, hfun, qfun, rfun, args, epsabs, epsrel)
    limits: dict[str, Any] = {"epsabs": epsabs, "epsrel": epsrel}

    def inner(y: Any, x: Any) -> Any:
        return quad(lambda z: func(z, y, x, *args), _at(qfun, x, y), _at(rfun, x, y), **limits)[0]

    return dblquad(inner, a, b, gfun, hfun, **limits)
